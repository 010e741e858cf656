"""From the records of a JSON file to typed raw rows, rejects, declared totals and drift.

Belongs here: running the SQL of `json_sql` on a slice of records at a time. Does not belong here:
which fields a vendor has (the kinds) or what a valid value is (`json_types`).

Two paths through the payload, on purpose: rows come from a typed shred of the whole record, declared
totals from JSON paths on its text. If one of them loses or changes a record, the totals differ.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import json_sql
from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.json_documents import UnreadableFile
from pipelines.json_objects import JsonSource, ObjectSpec
from pipelines.json_records import read_records
from pipelines.landing import file_row
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import (
    MAX_PAYLOAD,
    MAX_VALUE,
    REJECTS,
    UNKNOWN_CURRENCY,
    WHOLE_FILE,
    Reason,
    reject_row,
    rejects_table,
)
from pipelines.schema_drift import schema_drift_table


def read_json(source: JsonSource, file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    """All batches of one file of a JSON source; never raises because of its content."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        shredder = _Shredder(connection, source, file, instance)
        count = 0
        try:
            for records in read_records(connection, source, file.path):
                count += records.num_rows
                yield from shredder.batches(records)
        except UnreadableFile as error:
            yield from _unreadable(source, file, instance, str(error))
            return
    yield Batch(
        "files",
        file_row(
            file,
            instance,
            format=f"{source.name}_json",
            recognised_by="content",
            status="loaded",
            record_count=count,
        ),
    )


class _Shredder:
    """One file's records on their way to raw rows."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: JsonSource,
        file: LandingFile,
        instance: SourceInstance,
    ) -> None:
        self._connection = connection
        self._source = source
        self._file = file
        self._instance = instance
        self._declared = json_sql.declared(source, instance.time_zone)
        self._provenance = {
            "source_name": instance.name,
            "entity_id": instance.entity_id,
            "load_id": file.load_id,
            "source_file": file.source_file,
        }

    def batches(self, records: pa.Table) -> Iterator[Batch]:
        """Rows of one slice, then its rejects and its share of the declared totals."""
        with self._registered("records", records):
            self._connection.execute(json_sql.BROKEN)
            yield Batch("control_totals", self._control_totals())
            for spec, objects in self._by_type(records):
                with self._registered("objects", objects):
                    yield from self._object(spec)
            if self._count("broken"):
                yield Batch("rejects", self._rejects())

    @contextmanager
    def _registered(self, name: str, table: pa.Table) -> Iterator[None]:
        self._connection.register(name, table)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def _count(self, table: str) -> int:
        (count,) = self._connection.execute(f"select count(*) from {table}").fetchone() or (0,)
        return int(count)

    def _control_totals(self) -> pa.Table:
        cells = self._connection.execute(
            "select stream, currency, business_date, count(*) as declared_count, "
            f"sum(amount) as declared_amount from ({self._declared}) group by all order by all"
        ).fetchall()
        names = ("stream", "currency", "business_date", "declared_count", "declared_amount")
        return control_totals_table(
            self._file, self._instance, (dict(zip(names, cell, strict=True)) for cell in cells)
        )

    def _by_type(self, records: pa.Table) -> Iterator[tuple[ObjectSpec, pa.Table]]:
        """The records of each known type; malformed and unknown ones are noted as broken."""
        malformed = records.column("is_malformed")
        if pc.any(malformed).as_py():
            self._connection.execute(
                f"insert into broken select source_position, -1, '', 0, '{Reason.MALFORMED_RECORD}', null, "
                f"left(text, {MAX_VALUE}), 'one JSON document' from records where is_malformed"
            )
            records = records.filter(pc.invert(malformed))
        first = self._source.objects[0]
        if first.object_type is None:
            yield first, records
            return
        with self._registered("good", records):
            types = (
                self._connection.execute("select json_extract_string(text, '$.object') as type from good")
                .to_arrow_table()
                .column("type")
            )
        for spec in self._source.objects:
            objects = records.filter(pc.equal(types, spec.object_type))
            if objects.num_rows:
                yield spec, objects
        known = pa.array([spec.object_type for spec in self._source.objects], pa.string())
        unknown = records.filter(pc.invert(pc.is_in(types, value_set=known)))
        if unknown.num_rows:
            with self._registered("unknown", unknown):
                self._connection.execute(
                    f"insert into broken select source_position, -1, '', 0, '{Reason.UNEXPECTED_RECORD}', "
                    f"'object', left(json_extract_string(text, '$.object'), {MAX_VALUE}), "
                    f"{json_sql.literal(self._source.expected)} from unknown"
                )

    def _object(self, spec: ObjectSpec) -> Iterator[Batch]:
        places = json_sql.places(spec.root)
        for place in places:
            if place.level.table is None:
                continue
            self._connection.execute(json_sql.shred(place))
            for statement in [json_sql.broken_fields(place), *json_sql.broken_containers(place)]:
                if statement is not None:
                    self._connection.execute(statement)
        drift, has_extras = self._drift(spec, places)
        if drift is not None:
            yield Batch("schema_drift", drift)
        has_broken = self._count("broken") > 0
        for place in places:
            if place.level.table is None:
                continue
            schema = self._source.tables[place.level.table]
            query = json_sql.rows(place, schema, self._provenance, has_broken=has_broken, extras=has_extras)
            rows = self._connection.execute(query).to_arrow_table()
            if rows.num_rows:
                yield Batch(place.level.table, rows.cast(schema))

    def _drift(self, spec: ObjectSpec, places: list[json_sql.Place]) -> tuple[pa.Table | None, bool]:
        unknown = []
        for place in places:
            if place.level.known is not None:
                keys = [key for (key,) in self._connection.execute(json_sql.unknown_keys(place)).fetchall()]
                if keys:
                    unknown.append((place, keys))
        if not unknown:
            return None, False
        fields = [
            {"stream": spec.stream, "field": field, "example": example, "occurrences": occurrences}
            for place, keys in unknown
            for field, example, occurrences in self._connection.execute(
                json_sql.drift(place, keys)
            ).fetchall()
        ]
        self._connection.execute(json_sql.extras(unknown))
        return schema_drift_table(self._file, self._instance, fields), True

    def _rejects(self) -> pa.Table:
        query = json_sql.rejects(self._provenance, self._declared, MAX_PAYLOAD)
        return self._connection.execute(query).to_arrow_table().select(REJECTS.names).cast(REJECTS)


def _unreadable(
    source: JsonSource, file: LandingFile, instance: SourceInstance, reason: str
) -> Iterator[Batch]:
    """The whole file as one reject: declared once, with unknown currency, date and amount 0."""
    try:
        with file.path.open("rb") as content:
            payload = content.read(2000).decode(errors="replace").replace("\x00", "\ufffd")
    except OSError:
        payload = ""
    reject = reject_row(
        file,
        instance,
        stream=source.unreadable_stream,
        position=WHOLE_FILE,
        reason=Reason.UNREADABLE_FILE,
        expected=source.expected,
        message=f"{file.source_file}: {reason}",
        payload=payload,
    )
    cell = {
        "stream": source.unreadable_stream,
        "currency": UNKNOWN_CURRENCY,
        "business_date": None,
        "declared_count": 1,
        "declared_amount": Decimal(0),
    }
    yield Batch("rejects", rejects_table([reject]))
    yield Batch("control_totals", control_totals_table(file, instance, [cell]))
    yield Batch(
        "files",
        file_row(file, instance, format="unknown", recognised_by="none", status="rejected", record_count=1),
    )
