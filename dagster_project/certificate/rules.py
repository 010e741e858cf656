"""By which rules and with which programs a run worked: hashes of seeds, models and sources, versions."""

import hashlib
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from dagster_project.run_identity import PROJECT, project_files
from pipelines.hash_chain import content_hash
from pipelines.settings import REPOSITORY, Settings

# Those that decide figures; `environment_sha256` is over all that are installed.
_NAMED = (
    "duckdb",
    "dbt-core",
    "dbt-duckdb",
    "dlt",
    "dagster",
    "great-expectations",
    "pyarrow",
    "numpy",
    "scipy",
    "rapidfuzz",
)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rule_hashes(settings: Settings) -> dict[str, Any]:
    """seeds: per file. models: one hash over the dbt project with the matching engine. code: one over
    the Python packages that read, check and publish. sources: of sources.yml."""
    seeds = sorted(settings.seeds.glob("*.csv"))
    models = [path for path in project_files(settings) if path.is_relative_to(PROJECT)]
    code = [
        path
        for package in ("pipelines", "expectations", "dagster_project")
        for path in sorted((REPOSITORY / package).rglob("*.py"))
    ]
    return {
        "seeds": {path.name: file_hash(path) for path in seeds},
        "models": _tree(models, PROJECT),
        "code": _tree(code, REPOSITORY),
        "sources": file_hash(settings.sources_file) if settings.sources_file.is_file() else None,
    }


def _tree(paths: list[Path], root: Path) -> str:
    return content_hash([[path.relative_to(root).as_posix(), file_hash(path)] for path in paths])


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """What git says of this checkout; None where there is no git, no repository, or no permission."""
    try:
        done = subprocess.run(
            ["git", "-C", str(REPOSITORY), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, Any]:
    """Programs: tieout, Python, packages, and the commit when this is a checkout."""
    commit = _git("rev-parse", "HEAD") if (REPOSITORY / ".git").exists() else None
    changed = _git("status", "--porcelain", "--untracked-files=no") if commit else None
    installed = sorted({f"{one.name}=={one.version}" for one in metadata.distributions()})
    return {
        "tieout": _installed("tieout"),
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": {name: version for name in _NAMED if (version := _installed(name))},
        "environment_sha256": content_hash(installed),
        "git_commit": commit,
        "git_is_changed": None if changed is None else bool(changed),
    }
