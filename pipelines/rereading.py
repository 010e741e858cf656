"""A changed entry of `sources.yml`, or a changed reader: files are read again; tables never mix two readings.

Belongs here: noticing the change, and taking out what was read with the old entry. Raw tables are
append-only for deliveries; what a wrong mapping made of them is no delivery, and the landing folder
still holds every file. The note of what was read how is written after the rows are out: a crash in
between repeats the work and loses nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from pipelines.config import SourceInstance
from pipelines.kinds import KindSpec
from pipelines.settings import Settings

_TABULAR = Path(__file__).parent / "tabular"
_HEADER_NAMES = _TABULAR / "synonyms.csv"


def _entry(instance: SourceInstance) -> str:
    return f"{instance.name}:{instance.csv.stream}" if instance.csv else instance.name


def _fingerprint(instance: SourceInstance, spec: KindSpec) -> str:
    """Of everything that decides what a file of this entry says, and of nothing else."""
    decisive = instance.model_dump_json(
        include={"entity_id", "time_zone", "csv", "constants"}, exclude_unset=True
    )
    digest = hashlib.sha256(decisive.encode())
    if instance.kind == "csv" and not (instance.csv and instance.csv.columns):
        digest.update(_HEADER_NAMES.read_bytes())
        for profile in sorted((_TABULAR / "profiles").glob("*.yml")):
            digest.update(profile.read_bytes())
    if spec.version > 1:
        digest.update(f"reader {spec.version}".encode())
    return digest.hexdigest()


def _note(settings: Settings, spec: KindSpec) -> Path:
    return settings.warehouse.with_name(f"{spec.kind}.entries.json")


def _noted(note: Path, now: Mapping[str, str]) -> dict[str, str]:
    """Entry to its fingerprint when its files were read. Where the note is damaged nobody knows, and every
    file is read again: that costs time, an unnoticed change of a mapping would cost money."""
    if not note.is_file():
        return {}
    try:
        found = json.loads(note.read_text())
    except ValueError:
        found = None
    return found if isinstance(found, dict) else dict.fromkeys(now, "unknown")


def forget_outdated(
    settings: Settings,
    spec: KindSpec,
    instances: Iterable[SourceInstance],
    loaded: Iterable[tuple[str, SourceInstance]],
) -> set[str]:
    """Take out the deliveries (load_id, entry) whose entry has changed since; return their load_ids."""
    note = _note(settings, spec)
    now = {_entry(instance): _fingerprint(instance, spec) for instance in instances}
    before = _noted(note, now)
    changed = {entry for entry, value in now.items() if before.get(entry, value) != value}
    outdated = sorted(load_id for load_id, instance in loaded if _entry(instance) in changed)
    forget(settings, spec, outdated)
    if now != before:
        note.parent.mkdir(parents=True, exist_ok=True)
        building = note.with_suffix(".building")
        building.write_text(json.dumps(before | now, indent=1, sort_keys=True))
        building.replace(note)
    return set(outdated)


def forget(settings: Settings, spec: KindSpec, load_ids: Iterable[str]) -> None:
    """Take out what was read from these deliveries, so that reading them again doubles nothing."""
    chosen = sorted(load_ids)
    if not chosen or not settings.warehouse.exists():
        return
    with duckdb.connect(str(settings.warehouse)) as connection:
        tables = connection.execute(
            "select distinct table_name from information_schema.columns "
            "where table_catalog = current_database() and table_schema = ? and column_name = 'load_id'",
            [spec.dataset],
        ).fetchall()
        connection.begin()
        for (table,) in tables:
            if table in spec.all_tables:
                connection.execute(
                    f"delete from {spec.dataset}.{table} where load_id in (select unnest(?))", [chosen]
                )
        connection.commit()
