"""A source that cannot be loaded does not keep the others waiting.

Belongs here: loading a kind source by source after it could not be loaded whole, and noting who failed.
What concerns the installation (disk full, warehouse locked or not writable) is nobody's file and stops
the run. The failures go to `checks.source_status`, so that the published tables say which part is stale.
"""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from dagster_project.retries import is_transient
from pipelines.config import Configuration, ConfigurationError, Kind
from pipelines.kinds import KINDS
from pipelines.loading import Extraction, ReaderError, extract
from pipelines.redaction import redact
from pipelines.settings import Settings


def is_of_a_source(error: BaseException, settings: Settings) -> bool:
    """Whether an error comes from what a source delivered, and not from the installation."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ReaderError | ConfigurationError):
            return not is_transient(error)
        if isinstance(seen, OSError) and seen.filename:
            # A file that cannot be opened (no permission, vanished), as opposed to a disk that is full.
            path = Path(str(seen.filename))
            return path.is_relative_to(settings.landing) and isinstance(
                seen, PermissionError | FileNotFoundError | IsADirectoryError
            )
        seen = seen.__cause__ or seen.__context__
    return False


def load(kind: Kind, configuration: Configuration, settings: Settings) -> tuple[Extraction, dict[str, str]]:
    """Load every new file of a kind; returns what was done, and source name to why it could not be loaded."""
    failures: dict[str, str] = {}
    try:
        done = extract(kind, configuration, settings)
    except Exception as error:
        if not is_of_a_source(error, settings):
            raise
        done, failures = _one_by_one(kind, configuration, settings)
    _keep(kind, failures, settings)
    return done, failures


def _one_by_one(
    kind: Kind, configuration: Configuration, settings: Settings
) -> tuple[Extraction, dict[str, str]]:
    # Without any source: the tables have to exist, whatever the sources do.
    parts = [extract(kind, Configuration(sources=()), settings)]
    failures: dict[str, str] = {}
    for name in sorted({instance.name for instance in configuration.of_kind(kind)}):
        own = tuple(instance for instance in configuration.of_kind(kind) if instance.name == name)
        try:
            parts.append(extract(kind, Configuration(sources=own), settings))
        except Exception as error:
            if not is_of_a_source(error, settings):
                raise
            failures[name] = redact(str(error))
    return _together(parts), failures


def _together(parts: list[Extraction]) -> Extraction:
    tables: Counter[str] = Counter()
    for part in parts:
        tables.update(part.tables)
    return replace(
        parts[0],
        instances=sum(part.instances for part in parts),
        files=tuple(file for part in parts for file in part.files),
        known_files=sum(part.known_files for part in parts),
        size_bytes=sum(part.size_bytes for part in parts),
        tables=dict(tables),
        rejects=sum(part.rejects for part in parts),
        seconds=sum(part.seconds for part in parts),
        is_skipped=all(part.is_skipped for part in parts),
        resumed_packages=sum(part.resumed_packages for part in parts),
    )


def _note(kind: Kind, settings: Settings) -> Path:
    return settings.warehouse.with_name(f"{kind}.failures.json")


def _keep(kind: Kind, failures: dict[str, str], settings: Settings) -> None:
    """Replaced whole: a killed process leaves the old note or the new one."""
    note = _note(kind, settings)
    if not failures:
        note.unlink(missing_ok=True)
        return
    building = note.with_suffix(".building")
    building.write_text(json.dumps(failures, indent=1, sort_keys=True), encoding="utf-8")
    building.replace(note)


def failures(settings: Settings) -> dict[str, str]:
    """Source name to why it could not be loaded, of the last extraction of every kind."""
    found: dict[str, str] = {}
    for kind in KINDS:
        note = _note(kind, settings)
        if note.is_file():
            found |= json.loads(note.read_text(encoding="utf-8"))
    return found
