"""The dbt manifest: parsed once per process, and kept on disk for those that only need to look.

Belongs here: when dbt has to parse. Importing dbt and parsing the project takes several seconds, so
the code server and every child process read the kept file unless a project file has changed.
"""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.run_identity import PROJECT, project_files
from pipelines.settings import Settings


class DbtError(RuntimeError):
    """dbt could not do what was asked; the message is dbt's own."""


def _fingerprint(settings: Settings) -> str:
    digest = hashlib.sha256()
    for path in [*project_files(settings), PROJECT / "dbt_project.yml", PROJECT / "profiles.yml"]:
        digest.update(f"{path}:{path.stat().st_mtime_ns}:{path.stat().st_size}\n".encode())
    return digest.hexdigest()


@cache
def _parse(fingerprint: str) -> Any:
    """dbt's Manifest object. Cached for the process: each build would otherwise parse again, because
    dbt drops its partial parse whenever the variables differ."""
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(["parse", "--quiet", "--no-use-colors", "--log-level", "none"])
    if not result.success:
        raise DbtError(f"The dbt project does not parse: {result.exception}")
    return result.result


def parsed_manifest(settings: Settings) -> Any:
    """The manifest as dbt's object, for `dbtRunner`."""
    return _parse(_fingerprint(settings))


def manifest(settings: Settings) -> dict[str, Any]:
    """The manifest as JSON, for the definitions; parsed when a project file has changed."""
    kept = settings.dbt_target / "definitions" / "manifest.json"
    stamp = kept.with_name("fingerprint")
    fingerprint = _fingerprint(settings)
    if not kept.is_file() or not stamp.is_file() or stamp.read_text() != fingerprint:
        parsed_manifest(settings)
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Replaced whole: a code server may read it while a run writes it.
        _replace(kept, (settings.dbt_target / "manifest.json").read_bytes())
        _replace(stamp, fingerprint.encode())
    return json.loads(kept.read_bytes())


def _replace(target: Path, content: bytes) -> None:
    building = target.with_name(f".{target.name}.{os.getpid()}")
    building.write_bytes(content)
    building.replace(target)
