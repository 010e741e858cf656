"""SQL that follows from the description of a JSON object: shred, checks, declared totals, drift.

Belongs here: pure functions from a description to statements. They read `records` and `objects`
(see json_records.RECORDS; the latter are those of one type) and write the temporary tables r<level>, `broken` and `extras`. Running
them is `json_shredding`.
"""

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.json_objects import Field, JsonSource, Level, struct_path
from pipelines.json_types import CURRENCY
from pipelines.rejects import MAX_VALUE, UNKNOWN_CURRENCY, UNKNOWN_STREAM, Reason

# Unknown fields listed per slice: a source that invents a key per record must not fill the memory.
MAX_UNKNOWN_FIELDS = 200

# Provenance that belongs to the file; the other columns belong to the record.
FILE_COLUMNS = ("source_name", "entity_id", "load_id", "source_file")

# What every row carries along: the record it is part of.
_IDENTITY = "record, file, source_position, record_hash"

_SQL_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.bool_(): "boolean", pa.date32(): "date"}


def literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def literals(values: Any) -> str:
    return ", ".join(literal(value) for value in values)


@dataclass(frozen=True, eq=False)
class Place:
    """A level with its number, parent and depth; its rows are in the temporary table r<number>."""

    number: int
    level: Level
    parent: "Place | None"

    @property
    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth + 1

    @property
    def path_down(self) -> list["Place"]:
        return [self] if self.parent is None else [*self.parent.path_down, self]

    @property
    def inherited(self) -> list[str]:
        return [name for place in self.path_down[:-1] for name in place.level.exports]

    @property
    def ordinals(self) -> list[str]:
        return [f"o{depth}" for depth in range(1, self.depth + 1)]

    @property
    def prefix(self) -> str:
        """SQL of where the row is in the record, for people: `line_items[0].tax_lines[1].`."""
        parts = [f"'{place.level.at}[' || (o{place.depth} - 1) || '].'" for place in self.path_down[1:]]
        return " || ".join(parts) or "''"

    def json_path(self, below: str) -> str:
        """SQL of the JSON path of `below` in the record's text."""
        return f"'$.' || {self.prefix} || '{below}'"


def places(root: Level) -> list[Place]:
    """All levels, parents before children."""
    found: list[Place] = []

    def visit(level: Level, parent: Place | None) -> None:
        place = Place(len(found), level, parent)
        found.append(place)
        for child in level.children:
            visit(child, place)

    visit(root, None)
    return found


def structure(level: Level) -> dict[str, Any]:
    """The `from_json` structure: every path that a level or its children read, with its leaf type."""
    tree: dict[str, Any] = {}
    paths: dict[str, str] = dict.fromkeys(level.exports.values(), "VARCHAR")
    paths |= {path: type_.leaf for path, type_ in level.more.items()}
    paths |= {field.path: field.type.leaf for field in level.fields if field.path}
    for path, leaf in paths.items():
        _put(tree, path, leaf)
    for child in level.children:
        _put(tree, child.at, [structure(child)])
    return tree


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        tree = tree.setdefault(part, {})
    if last in tree and isinstance(value, list):
        value = [{**tree[last][0], **value[0]}]
    tree[last] = value


def shred(place: Place) -> str:
    """Statement that makes r<number>: one row per object of the level, still as text."""
    level, parent = place.level, place.parent
    if parent is None:
        return (
            f"create or replace temp table r0 as select {_IDENTITY}, context, "
            f"from_json(text, {literal(json.dumps(structure(level)))}) as r from objects"
        )
    exported = [f"{struct_path(path)} as {name}" for name, path in parent.level.exports.items()]
    columns = [_IDENTITY, *parent.inherited, *exported, *parent.ordinals]
    list_ = struct_path(level.at)
    return (
        f"create or replace temp table r{place.number} as select {', '.join(columns)}, "
        f"generate_subscripts({list_}, 1) as o{place.depth}, unnest({list_}) as r from r{parent.number}"
    )


def rows(place: Place, schema: pa.Schema, *, has_broken: bool, has_extras: bool) -> str:
    """Query of the level's rows, typed, in the schema's columns, with `file` for the provenance that
    is the file's; records that are broken left out."""
    level = place.level
    fields = {field.column: field for field in level.fields}
    columns = ["t.file"]
    for column in schema:
        name = column.name
        if name in FILE_COLUMNS:
            continue
        if name in ("source_position", "record_hash"):
            value = f"t.{name}"
        elif name in fields:
            value = fields[name].value
        elif name == level.ordinal:
            value = f"o{place.depth}"
        elif name in level.constants:
            value = literal(level.constants[name])
        elif name in level.inherits:
            value = level.inherits[name]
        elif name in place.inherited:
            value = name
        elif name == "extra_json" and has_extras:
            value = "extras.extra_json"
        else:
            value = "null"
        sql_type = _SQL_TYPES.get(column.type)
        columns.append(f"cast({value} as {sql_type}) as {name}" if sql_type else f"{value} as {name}")
    sql = f"select {', '.join(columns)} from r{place.number} as t"
    if level.reads_root:
        sql = (
            f"select {', '.join(columns)} from (select this.*, top.r as root from r{place.number} as this "
            "inner join r0 as top on this.record = top.record) as t"
        )
    if has_extras and "extra_json" in schema.names:
        sql += " left join extras on t.record = extras.record"
    if has_broken:
        sql += " where t.record not in (select record from broken)"
    return sql


BROKEN = (
    "create or replace temp table broken (record bigint, level int, place varchar, "
    "check_number int, reason varchar, field varchar, value varchar, expected varchar)"
)


def broken_fields(place: Place) -> str | None:
    """Statement that lists, for each row with an invalid or missing field, the first such field."""
    checked = [field for field in place.level.fields if field.sql is None and _check(field)]
    if not checked:
        return None
    number = "".join(f" when {_check(field)} then {i}" for i, field in enumerate(checked))
    reason = "".join(f" when {i} then {_reason(field)}" for i, field in enumerate(checked))
    names = "".join(f" when {i} then '{field.path}'" for i, field in enumerate(checked))
    values = "".join(f" when {i} then cast({field.raw} as varchar)" for i, field in enumerate(checked))
    expected = "".join(f" when {i} then {literal(field.type.expected)}" for i, field in enumerate(checked))
    return (
        f"insert into broken select record, {place.number}, {place.prefix}, n, "
        f"case n{reason} end, {place.prefix} || case n{names} end, left(case n{values} end, {MAX_VALUE}), "
        f"case n{expected} end from (select *, case{number} else -1 end as n from r{place.number}) "
        "where n >= 0"
    )


def _check(field: Field) -> str | None:
    """SQL: the field makes its record a reject. An empty text counts as absent."""
    if field.is_required:
        return f"({field.value}) is null"
    if field.type.value == "{x}":
        return None
    present = f"json_type({field.raw}) <> 'NULL'" if field.type.leaf == "JSON" else f"{field.raw} <> ''"
    return f"({present} and ({field.value}) is null)"


def _reason(field: Field) -> str:
    return (
        f"(case when coalesce(cast({field.raw} as varchar), '') in ('', 'null') then '{Reason.MISSING_FIELD}' "
        f"when {field.type.is_out_of_range(field.raw)} then '{Reason.OUT_OF_RANGE}' "
        f"else '{Reason.INVALID_VALUE}' end)"
    )


@dataclass(frozen=True)
class Container:
    """A list or object that some level reads. `is_suspicious`: SQL that is true when nothing was found
    in it; `statement` then looks whether it is something else, whose rows would be lost silently."""

    is_suspicious: str
    statement: str


def containers(place: Place) -> list[Container]:
    level, found = place.level, []
    for i, child in enumerate(level.children):
        empty = f"{struct_path(child.at)} is null"
        found.append(_container(place, child.at, empty, "ARRAY", 1000 + i, is_required=child.is_required))
    below: dict[str, list[str]] = {}
    paths = [field.path for field in level.fields if field.path] + list(level.more)
    for path in [*paths, *(child.at for child in level.children)]:
        parts = path.split(".")
        for depth in range(1, len(parts)):
            below.setdefault(".".join(parts[:depth]), []).append(path)
    for i, (path, leaves) in enumerate(sorted(below.items())):
        empty = " and ".join(f"{struct_path(leaf)} is null" for leaf in leaves)
        found.append(_container(place, path, empty, "OBJECT", 2000 + i, is_required=False))
    return found


def suspicious(place: Place, found: list[Container]) -> str:
    """Query of one row with one flag per container: looked at together, since reading r is the cost."""
    flags = ", ".join(f"coalesce(bool_or({container.is_suspicious}), false)" for container in found)
    return f"select {flags} from r{place.number}"


def _container(
    place: Place, path: str, is_suspicious: str, json_type: str, number: int, *, is_required: bool
) -> Container:
    condition = f"found <> '{json_type}'" if is_required else f"found not in ('{json_type}', 'NULL')"
    words = "a list" if json_type == "ARRAY" else "an object"
    statement = (
        f"insert into broken select record, {place.number}, {place.prefix}, {number}, "
        f"case when found = 'NULL' then '{Reason.MISSING_FIELD}' else '{Reason.INVALID_VALUE}' end, "
        f"{place.prefix} || '{path}', lower(found), '{words}' from ("
        f"select t.*, coalesce(json_type(objects.text, {place.json_path(path)}), 'NULL') as found "
        f"from (select * exclude (r) from r{place.number} where {is_suspicious}) as t "
        f"inner join objects on t.record = objects.record) where {condition}"
    )
    return Container(is_suspicious, statement)


def declared(source: JsonSource, time_zone: str) -> str:
    """Query over `records`: record, file, stream, currency, business_date and amount of each, by JSON path only.

    What cannot be read counts too: as currency XXX, no date, amount 0.
    """
    amounts = sorted({spec.amount for spec in source.objects})
    paths = ["$.object", source.currency, source.created, *amounts]
    if source.objects[0].object_type is None:
        stream = literal(source.objects[0].stream)
        amount = "v[4]"
    else:
        streams = "".join(f" when '{s.object_type}' then '{s.stream}'" for s in source.objects)
        values = "".join(
            f" when '{s.object_type}' then v[{amounts.index(s.amount) + 4}]" for s in source.objects
        )
        stream = f"coalesce(case v[1]{streams} end, '{UNKNOWN_STREAM}')"
        amount = f"(case v[1]{values} end)"
    currency = f"coalesce({CURRENCY.of('v[2]')}, '{UNKNOWN_CURRENCY}')"
    declared_amount = source.declared_amount.replace("{x}", amount).replace("{currency}", currency)
    return (
        f"select record, file, case when is_malformed then '{source.unreadable_stream}' else {stream} end as stream, "
        f"{currency} as currency, "
        f"cast(({source.created_type.of('v[3]')}) at time zone {literal(time_zone)} as date) "
        "as business_date, "
        f"cast(coalesce({declared_amount}, 0) as decimal(18,4)) as amount "
        f"from (select record, file, is_malformed, case when not is_malformed then "
        f"json_extract_string(text, [{literals(paths)}]) end as v from records)"
    )


def keys_of(place: Place) -> str:
    """Query of (record, file, o1, text, k): the keys of the record or of each object in a list."""
    if place.parent is None:
        return "select record, file, 0 as o1, text, unnest(list_distinct(json_keys(text))) as k from objects"
    return (
        "select record, file, o1, text, unnest(list_distinct(json_keys(text))) as k from ("
        "select record, file, generate_subscripts(parts, 1) as o1, unnest(parts) as text from ("
        f"select record, file, json_extract(text, '$.{place.level.at}[*]') as parts from objects)) "
        "where json_type(text) = 'OBJECT'"
    )


def unknown_keys(place: Place) -> str:
    """Query of the distinct undocumented keys, by the cheapest way over all records."""
    keys = "json_keys(text)" if place.parent is None else f"flatten(json_keys(text, '$.{place.level.at}[*]'))"
    return (
        f"select distinct k from (select unnest({keys}) as k from objects) "
        f"where k not in ({literals(sorted(place.level.known or ()))}) order by k limit {MAX_UNKNOWN_FIELDS}"
    )


_VALUE = "json_extract(text, '/' || replace(replace(k, '~', '~0'), '/', '~1'))"


def _object_of(value: str) -> str:
    """SQL aggregate: the JSON object of the keys k and their values, keys in order."""
    return f"'{{' || string_agg(cast(to_json(k) as varchar) || ':' || {value}, ',' order by k) || '}}'"


def drift(place: Place, stream: str) -> str:
    """Query of (file, stream, field, example, occurrences) for the level's `unknown_keys`."""
    prefix = "" if place.parent is None else f"{place.level.at}[]."
    return (
        f"select file, {literal(stream)} as stream, {literal(prefix)} || k as field, "
        f"min(left(cast({_VALUE} as varchar), {MAX_VALUE})) as example, count(*) as occurrences "
        f"from ({keys_of(place)}) where {_is_unknown(place)} group by file, k order by file, k"
    )


def extras(unknown: list[Place]) -> str:
    """Statement that makes `extras`: one JSON object per record with its unknown fields; those of a
    list as objects with the id of their row."""
    parts = []
    for place in unknown:
        if place.parent is None:
            parts.append(
                f"select record, k, cast({_VALUE} as varchar) as v from ({keys_of(place)}) "
                f"where {_is_unknown(place)}"
            )
            continue
        parts.append(
            f"select record, '{place.level.at}' as k, '[' || string_agg(v, ',' order by o1) || ']' as v from ("
            f"select record, o1, {_object_of(f'cast({_VALUE} as varchar)')} as v "
            f"from ({keys_of(place)}) where k = 'id' or {_is_unknown(place)} "
            "group by record, o1 having count(*) filter (where k <> 'id') > 0) "
            "group by record"
        )
    return (
        f"create or replace temp table extras as select record, {_object_of('v')} as extra_json "
        f"from ({' union all '.join(parts)}) group by record"
    )


def _is_unknown(place: Place) -> str:
    # Keys come as a table and never as SQL text: they are the sender's, with quotes and NULs in them.
    return f"k in (select k from unknown_keys where level = {place.number})"


def rejects(declared_query: str, max_payload: int) -> str:
    """Query of one reject per broken record, for the first broken field in reading order."""
    return (
        "select records.file, records.source_position, records.record_hash, declared.stream, "
        "declared.currency, declared.business_date, declared.amount, first.reason as reason_code, "
        "first.field, first.value, first.expected, "
        "'record ' || records.source_position || ': ' || case when first.field is null then 'not readable' "
        "else first.field || ' is ' || coalesce('''' || first.value || '''', 'missing') end "
        "|| ', expected ' || first.expected as message, "
        f"case when strlen(records.text) <= {max_payload} then records.text "
        f"else left(records.text, {max_payload // 4}) end as payload "
        "from (select *, row_number() over (partition by record order by level, place, check_number) "
        "as n from broken) as first "
        "inner join records on first.record = records.record "
        f"inner join ({declared_query}) as declared on first.record = declared.record "
        "where first.n = 1 order by records.record"
    )
