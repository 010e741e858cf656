"""A changed entry of `sources.yml`: its files are read again, so that tables never mix two mappings.

Belongs here: noticing the change, and taking out what was read with the old entry. Raw tables are
append-only for deliveries; what a wrong mapping made of them is no delivery, and the landing folder
still holds every file. The note of what was read how is written after the rows are out: a crash in
between repeats the work and loses nothing.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.config import SourceInstance
from pipelines.kinds import KindSpec
from pipelines.settings import Settings

_TABULAR = Path(__file__).parent / "tabular"
_HEADER_NAMES = _TABULAR / "synonyms.csv"


def _entry(instance: SourceInstance) -> str:
    return f"{instance.name}:{instance.csv.stream}" if instance.csv else instance.name


def _fingerprint(instance: SourceInstance) -> str:
    """Of everything that decides what a file of this entry says, and of nothing else."""
    decisive = instance.model_dump_json(
        include={"entity_id", "time_zone", "csv", "constants"}, exclude_unset=True
    )
    digest = hashlib.sha256(decisive.encode())
    if instance.kind == "csv" and not (instance.csv and instance.csv.columns):
        digest.update(_HEADER_NAMES.read_bytes())
    if instance.kind == "csv" and instance.csv is None:
        for profile in sorted((_TABULAR / "profiles").glob("*.yml")):
            digest.update(profile.read_bytes())
    return digest.hexdigest()


def _note(settings: Settings, spec: KindSpec) -> Path:
    return settings.warehouse.with_name(f"{spec.kind}.entries.json")


def forget_outdated(
    settings: Settings,
    spec: KindSpec,
    instances: Iterable[SourceInstance],
    loaded: Iterable[tuple[str, SourceInstance]],
) -> set[str]:
    """Take out the deliveries (load_id, entry) whose entry has changed since; return their load_ids."""
    note = _note(settings, spec)
    before = json.loads(note.read_text()) if note.is_file() else {}
    now = {_entry(instance): _fingerprint(instance) for instance in instances}
    changed = {entry for entry, value in now.items() if before.get(entry, value) != value}
    outdated = sorted(load_id for load_id, instance in loaded if _entry(instance) in changed)
    if outdated:
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.begin()
            for table in spec.all_tables:
                connection.execute(
                    f"delete from {spec.dataset}.{table} where load_id in (select unnest(?))", [outdated]
                )
            connection.commit()
    if now != before:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(before | now, indent=1, sort_keys=True))
    return set(outdated)
