"""The dbt manifest: parsed once per process, and kept on disk for those that only need to look.

Belongs here: when dbt has to parse. Importing dbt and parsing the project takes several seconds, so
the code server and every child process read the kept file unless a project file has changed.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_project.run_identity import PROJECT, project_files
from pipelines.settings import Settings


class DbtError(RuntimeError):
    """dbt could not do what was asked; the message is dbt's own."""


# Python of the matching engine is called by a model, but no part of what dbt parses.
_ENGINE = PROJECT / "matching"


def _fingerprint(settings: Settings) -> str:
    """Of everything that a parsed manifest depends on: project files, paths in it, dbt itself."""
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')} {settings.warehouse}".encode())
    for path in project_files(settings):
        if not path.is_relative_to(_ENGINE):
            digest.update(f"{path}:{path.stat().st_mtime_ns}:{path.stat().st_size}\n".encode())
    return digest.hexdigest()


def _kept(settings: Settings) -> Path:
    """Of the last parse: `manifest.json`, `manifest.msgpack` and the fingerprint of what was parsed."""
    return settings.dbt_target / "definitions"


def _is_current(settings: Settings, fingerprint: str) -> bool:
    folder = _kept(settings)
    stamp = folder / "fingerprint"
    there = all((folder / f"manifest.{form}").is_file() for form in ("json", "msgpack"))
    return there and stamp.is_file() and stamp.read_text() == fingerprint


def _parse(settings: Settings, fingerprint: str) -> None:
    """Parse the project and keep what came of it."""
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import extended_mashumaro_encoder

    result = dbtRunner().invoke(["parse", "--quiet", "--no-use-colors", "--log-level", "none"])
    if not result.success:
        raise DbtError(f"The dbt project does not parse: {result.exception}")
    folder = _kept(settings)
    # Replaced whole, the stamp last: a code server may read them while a run writes them.
    stamp = folder / "fingerprint"
    stamp.unlink(missing_ok=True)
    _replace(folder / "manifest.json", (settings.dbt_target / "manifest.json").read_bytes())
    _replace(folder / "manifest.msgpack", result.result.to_msgpack(extended_mashumaro_encoder))
    _replace(stamp, fingerprint.encode())


@cache
def _loaded(kept: Path, fingerprint: str) -> Any:
    """dbt's Manifest object, read in half a second where parsing takes eight. Once per process."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed = Manifest.from_msgpack((kept / "manifest.msgpack").read_bytes(), extended_mashumuro_decoder)
    parsed.build_flat_graph()
    return parsed


def parse_meanwhile(settings: Settings) -> None:
    """Begin to parse in a process of its own, when a project file has changed: a first run has a sample
    company to write and Dagster to import meanwhile. When that process fails, whoever needs the manifest
    parses and raises what is wrong."""
    if not _is_current(settings, _fingerprint(settings)):
        command = [sys.executable, "-m", "dagster_project.transform.manifest"]
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _make_current(settings: Settings) -> str:
    """Parse unless it is done; whoever comes second waits and finds it done. dbt writes its files in place:
    two that parse at once (a code server, what a killed run left behind) could keep half of each."""
    fingerprint = _fingerprint(settings)
    if _is_current(settings, fingerprint):
        return fingerprint
    folder = _kept(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fingerprint = _fingerprint(settings)
        if not _is_current(settings, fingerprint):
            _parse(settings, fingerprint)
    return fingerprint


def parsed_manifest(settings: Settings) -> Any:
    """The manifest as dbt's object, for `dbtRunner`."""
    return _loaded(_kept(settings), _make_current(settings))


def manifest(settings: Settings) -> dict[str, Any]:
    """The manifest as JSON, for the definitions; parsed when a project file has changed."""
    _make_current(settings)
    return json.loads((_kept(settings) / "manifest.json").read_bytes())


def _replace(target: Path, content: bytes) -> None:
    building = target.with_name(f".{target.name}.{os.getpid()}")
    building.write_bytes(content)
    building.replace(target)


if __name__ == "__main__":
    from pipelines.settings import settings as read_settings

    _make_current(read_settings())
