"""Rejects read again: after a mapping, a reader or the file itself was put right.

Belongs here: which deliveries hold rejects, reading them again with the readers as they are now, and what came
of each. What was read before is taken out first, so that nothing is there twice; a crash in between leaves
files that the next run reads. Does not belong here: publishing (`tieout run`) or how it is shown.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.config import Configuration, Kind
from pipelines.kinds import KINDS, kind_spec
from pipelines.loading import extract
from pipelines.replaced import note_replaced, replaced_load_ids
from pipelines.rereading import forget
from pipelines.settings import Settings


class ReplayError(ValueError):
    """What was asked for is not there; the message says what is."""


@dataclass(frozen=True)
class Delivery:
    """A delivery with rejects. rejects: position in the file (0: the file) to what is wrong with it."""

    kind: Kind
    source_name: str
    source_file: str
    load_id: str
    rejects: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Replayed:
    """What came of one delivery. landed: rejects of before that are rejects no more; still: those that are."""

    delivery: Delivery
    outcome: str
    landed: tuple[int, ...]
    still: dict[int, str]


def rejected_deliveries(settings: Settings) -> list[Delivery]:
    """The deliveries whose rejects are open: the newest under their name, and not replaced by another."""
    if not settings.warehouse.exists():
        return []
    gone = replaced_load_ids(settings)
    found: list[Delivery] = []
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        there = set(
            connection.execute(
                "select table_schema, table_name from information_schema.tables "
                "where table_catalog = current_database()"
            ).fetchall()
        )
        for kind in KINDS:
            schema = f"raw_{kind}"
            if not {(schema, "rejects"), (schema, "files")} <= there:
                continue
            rows = connection.execute(
                f"""
                select distinct rejects.source_name, rejects.source_file, rejects.load_id,
                    rejects.source_position, rejects.message
                from {schema}.rejects as rejects
                inner join (
                    select source_name, source_file, arg_max(load_id, _dlt_load_id) as load_id
                    from {schema}.files group by source_name, source_file
                ) as newest using (source_name, source_file, load_id)
                order by all
                """
            ).fetchall()
            by_load: dict[str, Delivery] = {}
            for name, file, load_id, position, message in rows:
                if load_id not in gone:
                    delivery = by_load.setdefault(load_id, Delivery(kind, name, file, load_id))
                    delivery.rejects[position] = message
            found += by_load.values()
    return found


def chosen(deliveries: Iterable[Delivery], names: Iterable[str]) -> list[Delivery]:
    """The deliveries by reject (`file#12`), by file or by the end of its path; all without names."""
    deliveries, names = list(deliveries), list(names)
    if not names:
        return deliveries
    result: dict[str, Delivery] = {}
    for name in names:
        file, _, position = name.rpartition("#") if name.rpartition("#")[2].isdigit() else (name, "", "")
        hits = [
            delivery
            for delivery in deliveries
            if (delivery.source_file == file or delivery.source_file.endswith("/" + file))
            and (not position or int(position) in delivery.rejects)
        ]
        if not hits:
            held = ", ".join(sorted({delivery.source_file for delivery in deliveries})) or "none"
            raise ReplayError(f"no open reject in '{name}'; files with rejects: {held}")
        result.update({hit.load_id: hit for hit in hits})
    return list(result.values())


def replay(deliveries: list[Delivery], configuration: Configuration, settings: Settings) -> list[Replayed]:
    """Read the deliveries again. Raises LoadingError as an extraction does."""
    kinds = Counter(delivery.kind for delivery in deliveries)
    for kind in kinds:
        forget(settings, kind_spec(kind), [d.load_id for d in deliveries if d.kind == kind])
    for kind in kinds:
        extract(kind, configuration, settings)
    after = {(d.kind, d.source_name, d.source_file): d for d in rejected_deliveries(settings)}
    return [_replayed(d, after.get((d.kind, d.source_name, d.source_file)), settings) for d in deliveries]


def _replayed(before: Delivery, after: Delivery | None, settings: Settings) -> Replayed:
    if not (settings.landing / before.source_file).is_file():
        return Replayed(before, "gone from the landing folder: closed", tuple(before.rejects), {})
    still = after.rejects if after else {}
    changed = "corrected file, " if after is not None and after.load_id != before.load_id else ""
    outcome = f"{changed}{len(still)} still rejected" if still else "landed"
    return Replayed(before, outcome, tuple(at for at in before.rejects if at not in still), still)


def replace(delivery: Delivery, new_file: Path, configuration: Configuration, settings: Settings) -> Replayed:
    """Let `new_file` (in the landing folder) stand for the delivery. Raises ReplayError when it is not there
    or has rejects itself: the old reject then stays open."""
    landing = settings.landing.resolve()
    path = new_file if new_file.is_absolute() else landing / new_file
    if not path.resolve().is_relative_to(landing) or not path.is_file():
        raise ReplayError(
            f"{new_file}: not in the landing folder; put the corrected file below {landing} first"
        )
    name = path.resolve().relative_to(landing).as_posix()
    if name == delivery.source_file:
        raise ReplayError(f"{name} is the rejected file itself; replay it without --replaced-by")
    spec = kind_spec(delivery.kind)
    extract(delivery.kind, configuration, settings)
    if any(d.source_file == name for d in rejected_deliveries(settings)):
        raise ReplayError(f"{name} has rejects itself; {delivery.source_file} stays open")
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        loaded = connection.execute(
            f"select count(*) from {spec.dataset}.files where source_file = ? and source_name = ?",
            [name, delivery.source_name],
        ).fetchone()
    if not loaded or not loaded[0]:
        raise ReplayError(
            f"{name} is not read by source '{delivery.source_name}'; its path says which files are"
        )
    note_replaced(settings, delivery.load_id, delivery.source_file, name)
    forget(settings, spec, [delivery.load_id])
    return Replayed(delivery, f"replaced by {name}", tuple(delivery.rejects), {})
