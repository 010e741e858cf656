"""Loading: every new file of a kind through its reader into raw_<kind>, in one dlt package.

Belongs here: which files are new, running the readers, and dlt. Does not belong here: what a record
looks like (the kinds) or what its money means (dbt).

Raw tables are append-only. A file is loaded once: its load_id is derived from its content, and it is
skipped when a *completed* package holds it, read with the entry of `sources.yml` as it is now. Completed means listed in dlt's own `_dlt_loads`; a file
whose package was cut off between two tables is therefore loaded again, and its first half shows up as
replayed rows (same load_id and source_position), which staging removes.
"""

import logging
import os
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config import Configuration, Kind, SourceInstance
from pipelines.control_totals import merge_control_totals
from pipelines.kinds import KindSpec, kind_spec
from pipelines.landing import FILES, claimed_files, file_row, landing_file
from pipelines.limits import apply_limits
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import Reason
from pipelines.replaced import replaced_load_ids
from pipelines.rereading import forget, forget_outdated
from pipelines.schema_drift import merge_schema_drift
from pipelines.settings import Settings

# dlt reads its settings from the environment. Set before it is imported (late: the import takes 1 s).
_DLT_SETTINGS = {
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # Off by default for Arrow, and it cannot be switched on after the first load.
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    # The landing folder is the archive; keeping every loaded package would double the disk.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    # One table at a time: DuckDB uses all cores for it, and memory stays that of one insert.
    "LOAD__WORKERS": "1",
}

# New tables and columns may come with a new version of a reader. A type may not change: by default dlt
# would store 1.1234 in a decimal(18,2) column as 1.12 and say nothing.
_SCHEMA_CONTRACT = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}

# What a batch has at least before dlt gets it; the readers' own batches are of this size.
_BATCH_ROWS = 50_000


class LoadingError(RuntimeError):
    """A load that could not be done; the message says of what, why, and what to do."""


class ReaderError(LoadingError):
    """What a source delivered could not be read; the other sources have nothing to do with it."""


@dataclass(frozen=True)
class Extraction:
    """What one extraction did.

    files: new files loaded, as paths below the landing folder. tables: rows written per raw table.
    rejects: rows among them in `rejects`. is_skipped: nothing was new, dlt was not started.
    resumed_packages: packages of a crashed run that were finished first.
    """

    kind: Kind
    instances: int
    files: tuple[str, ...]
    known_files: int
    size_bytes: int
    tables: dict[str, int]
    rejects: int
    seconds: float
    is_skipped: bool = False
    resumed_packages: int = 0

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


@dataclass
class _Written:
    """Counts kept while batches stream by."""

    rows: Counter[str] = field(default_factory=Counter)


def extract(kind: Kind, configuration: Configuration, settings: Settings) -> Extraction:
    """Load every new file of one kind; with nothing new, return at once.

    Leaves no connection to the warehouse open. Raises LoadingError, or ConfigurationError when the
    landing folder and the configuration contradict each other.
    """
    started = time.perf_counter()
    spec = kind_spec(kind)
    instances = configuration.of_kind(kind)
    unfinished = _unfinished_marker(settings, spec)
    resumed = _resume(settings, spec) if unfinished.exists() else 0

    known = _completed_files(settings.warehouse, spec)
    gone = replaced_load_ids(settings)
    claimed = [
        (file, instance)
        for path, instance in claimed_files(settings.landing, instances).items()
        if (file := landing_file(settings.landing, path, instance)).load_id not in gone
    ]
    if known is None:
        # Tables of an older version, or none: nothing that they hold of these files may stay beside them.
        forget(settings, spec, [file.load_id for file, _ in claimed])
    loaded = [(file.load_id, instance) for file, instance in claimed if file.load_id in (known or ())]
    outdated = forget_outdated(settings, spec, instances, loaded)
    completed = (known or set()) - outdated
    new_files = [(file, instance) for file, instance in claimed if file.load_id not in completed]
    known_files = len(claimed) - len(new_files)

    written = _Written()
    is_skipped = not new_files and known is not None
    if not is_skipped:
        _load(settings, spec, new_files, written)
    return Extraction(
        kind=kind,
        instances=len({instance.name for instance in instances}),
        files=tuple(file.source_file for file, _ in new_files),
        known_files=known_files,
        size_bytes=sum(file.size for file, _ in new_files),
        tables={name: written.rows[name] for name in spec.all_tables},
        rejects=written.rows["rejects"],
        seconds=time.perf_counter() - started,
        is_skipped=is_skipped,
        resumed_packages=resumed,
    )


def _completed_files(warehouse: Path, spec: KindSpec) -> set[str] | None:
    """load_ids held by completed packages; None when a table or column is still to be made.

    dbt reads every raw table, so all of them have to exist even if no file ever came.
    """
    if not warehouse.exists():
        return None
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = current_database() and table_schema = ?",
            [spec.dataset],
        ).fetchall()
        expected = {(name, column) for name, schema in spec.all_tables.items() for column in schema.names}
        if not expected <= set(found) or ("_dlt_loads", "load_id") not in found:
            return None
        rows = connection.execute(
            f"select distinct files.load_id from {spec.dataset}.files as files "
            f"inner join {spec.dataset}._dlt_loads as loads on files._dlt_load_id = loads.load_id "
            "where loads.status = 0"
        ).fetchall()
    return {row[0] for row in rows}


def _unfinished_marker(settings: Settings, spec: KindSpec) -> Path:
    """There while a load is running; found at the start, the run before did not end."""
    return settings.dlt / f"{spec.kind}.unfinished"


@contextmanager
def _pipeline(settings: Settings, spec: KindSpec) -> Iterator[Any]:
    """The kind's pipeline, with the warehouse open as long as it is used: left to itself, dlt opens and
    closes the file for each table, and every closing writes a checkpoint."""
    for name, value in _DLT_SETTINGS.items():
        os.environ[name] = value
    import dlt

    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    settings.dlt.mkdir(parents=True, exist_ok=True)
    with closing(duckdb.connect(str(settings.warehouse))) as warehouse:
        apply_limits(warehouse)
        pipeline = dlt.pipeline(
            pipeline_name=f"tieout_{spec.kind}",
            pipelines_dir=str(settings.dlt),
            destination=dlt.destinations.duckdb(warehouse),
            dataset_name=spec.dataset,
        )
        try:
            yield pipeline
        finally:
            with suppress(Exception):
                pipeline.deactivate()


def _resume(settings: Settings, spec: KindSpec) -> int:
    """Finish the packages of a run that was cut off; return how many.

    A package that cannot be finished (its files damaged by the crash) is thrown away: its source
    files are in no completed package, so they are simply read again.
    """
    working_folder = settings.dlt / f"tieout_{spec.kind}"
    resumed = 0
    try:
        with _pipeline(settings, spec) as pipeline:
            if pipeline.has_pending_data:
                pipeline.normalize()
                resumed = len(pipeline.list_normalized_load_packages())
                pipeline.load()
    except Exception:
        # Nothing is lost: the files are read again. But whoever looks for the reason must find it.
        logging.getLogger(__name__).warning(
            "%s: a pending load could not be finished", spec.kind, exc_info=True
        )
        resumed = 0
    # Also removes what a half-done extraction left behind; dlt keeps its state in the warehouse.
    shutil.rmtree(working_folder, ignore_errors=True)
    _unfinished_marker(settings, spec).unlink(missing_ok=True)
    return resumed


def _load(
    settings: Settings, spec: KindSpec, files: list[tuple[LandingFile, SourceInstance]], written: _Written
) -> None:
    marker = _unfinished_marker(settings, spec)
    with _pipeline(settings, spec) as pipeline:
        import dlt

        marker.touch()
        resource = dlt.resource(_items(spec, files, written), name=spec.kind)
        try:
            pipeline.run(dlt.source(lambda: resource, name=spec.kind)())
        except Exception as error:
            # Nothing of a failed extraction may stay behind as a half package of the next one.
            shutil.rmtree(settings.dlt / f"tieout_{spec.kind}", ignore_errors=True)
            marker.unlink(missing_ok=True)
            cause = _cause(error)
            what = str(cause) if isinstance(cause, LoadingError) else f"{type(cause).__name__}: {cause}"
            raise LoadingError(
                f"raw_{spec.kind}: the load did not complete: {what}\n"
                "Nothing of it counts as loaded; correct the cause and run again."
            ) from error
    marker.unlink(missing_ok=True)


def _cause(error: BaseException) -> BaseException:
    """What went wrong, below the layers in which dlt wraps it."""
    while not isinstance(error, LoadingError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _items(
    spec: KindSpec, files: list[tuple[LandingFile, SourceInstance]], written: _Written
) -> Iterator[Any]:
    """What dlt consumes: first every table empty with its columns, then the batches as they come."""
    import dlt
    from dlt.common.libs.pyarrow import py_arrow_to_table_schema_columns

    for name, schema in spec.all_tables.items():
        hints = dlt.mark.make_hints(
            table_name=name,
            columns=py_arrow_to_table_schema_columns(schema),
            write_disposition="append",
            schema_contract=_SCHEMA_CONTRACT,
        )
        yield dlt.mark.with_hints(schema.empty_table(), hints, create_table_variant=True)
    found = (batch for instance, group in _by_instance(files) for batch in read_files(spec, group, instance))
    for batch in _filled(found):
        written.rows[batch.table] += batch.rows.num_rows
        yield dlt.mark.with_table_name(batch.rows, batch.table)


def _filled(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same rows in fewer batches: dlt spends some milliseconds on each, however small it is, and of
    six hundred daily exports most hold a handful of records."""
    waiting: dict[str, list[pa.Table]] = defaultdict(list)
    counted: Counter[str] = Counter()
    for table, rows in batches:
        if rows.num_rows == 0:
            continue
        waiting[table].append(rows)
        counted[table] += rows.num_rows
        if counted[table] >= _BATCH_ROWS:
            del counted[table]
            yield Batch(table, pa.concat_tables(waiting.pop(table)))
    for table, parts in waiting.items():
        yield Batch(table, pa.concat_tables(parts))


def _by_instance(
    files: list[tuple[LandingFile, SourceInstance]],
) -> list[tuple[SourceInstance, list[LandingFile]]]:
    groups: dict[int, tuple[SourceInstance, list[LandingFile]]] = {}
    for file, instance in files:
        groups.setdefault(id(instance), (instance, []))[1].append(file)
    return list(groups.values())


def read_file(spec: KindSpec, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """All batches of one file, as `read_files`: for whoever looks into a file without loading it."""
    return read_files(spec, [file], instance)


def read_files(spec: KindSpec, files: list[LandingFile], instance: SourceInstance) -> Iterator[Batch]:
    """All batches of an instance's files, checked against their schemas; small tables merged, last.

    Control totals, drift and the rows of `files` are small and are kept until the end; everything else
    streams.
    """
    kept: dict[str, list[pa.Table]] = defaultdict(list)
    rejected: set[str] = set()
    for batch in _read(spec, files, instance):
        if batch.table in ("control_totals", "schema_drift", "files"):
            kept[batch.table].append(batch.rows)
            continue
        if batch.table == "rejects":
            whole = pc.equal(batch.rows.column("reason_code"), Reason.UNREADABLE_FILE.value)
            rejected.update(batch.rows.filter(whole).column("load_id").to_pylist())
        yield batch
    totals = merge_control_totals(kept["control_totals"])
    yield Batch("control_totals", totals)
    yield Batch("schema_drift", merge_schema_drift(kept["schema_drift"]))
    yield Batch("files", _file_rows(spec, files, instance, kept["files"], totals, rejected))


def _read(spec: KindSpec, files: list[LandingFile], instance: SourceInstance) -> Iterator[Batch]:
    """What the reader yields, conformed. A reader that raises has a bug: the load stops, loudly."""
    reading = files[0]
    try:
        if spec.read_many is not None:
            for batch in spec.read_many(files, instance):
                yield Batch(batch.table, _conform(spec, batch))
            return
        for file in files:
            reading = file
            for batch in spec.read(file, instance):
                yield Batch(batch.table, _conform(spec, batch))
    except Exception as error:
        where = reading.source_file if spec.read_many is None else f"{len(files)} files"
        raise ReaderError(
            f"{where} (source '{instance.name}'): the {spec.kind} reader failed: "
            f"{type(error).__name__}: {error}"
        ) from error


def _file_rows(
    spec: KindSpec,
    files: list[LandingFile],
    instance: SourceInstance,
    known: list[pa.Table],
    totals: pa.Table,
    rejected: set[str],
) -> pa.Table:
    """One row per file: the reader's, or else one from what was declared and rejected."""
    told = pa.concat_tables([FILES.empty_table(), *known])
    missing = {file.load_id: file for file in files}
    for load_id in told.column("load_id").to_pylist():
        missing.pop(load_id, None)
    if not missing:
        return told
    counts: Counter[str] = Counter()
    declared = zip(
        totals.column("load_id").to_pylist(), totals.column("declared_count").to_pylist(), strict=True
    )
    for load_id, count in declared:
        counts[load_id] += count
    rows = [
        file_row(
            file,
            instance,
            format=spec.kind,
            recognised_by="source configuration",
            status="rejected" if load_id in rejected else "loaded",
            record_count=counts[load_id],
        )
        for load_id, file in missing.items()
    ]
    return pa.concat_tables([told, *rows])


def _conform(spec: KindSpec, batch: Batch) -> pa.Table:
    """The batch with exactly the columns, order and types promised; a difference is a reader's bug."""
    schema = spec.all_tables.get(batch.table)
    if schema is None:
        raise TypeError(f"rows for '{batch.table}', which is no table of raw_{spec.kind}")
    if batch.rows.schema.equals(schema):
        return batch.rows
    missing = set(schema.names) ^ set(batch.rows.column_names)
    if missing:
        raise TypeError(f"'{batch.table}' has other columns than its schema: {sorted(missing)}")
    rows = batch.rows.select(schema.names)
    for expected in schema:
        found = rows.schema.field(expected.name).type
        if found != expected.type and not pa.types.is_null(found):
            raise TypeError(f"'{batch.table}.{expected.name}' is {found}, expected {expected.type}")
    return rows.cast(schema)
