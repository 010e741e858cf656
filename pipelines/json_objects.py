"""How a vendor's JSON object maps to raw tables, as data: levels, fields and their types.

Belongs here: the description that each JSON kind writes for its objects. The SQL that follows from it
is in `json_sql`.
"""

from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.json_types import JsonType
from pipelines.rejects import UNKNOWN_STREAM


@dataclass(frozen=True, eq=False)
class Field:
    """One column. `path` is dotted, relative to its level. `sql` is for a value made of several
    fields (`r` is the level's struct, `root` the record's); it is never the cause of a reject."""

    column: str
    path: str
    type: JsonType
    is_required: bool = False
    sql: str | None = None

    @property
    def raw(self) -> str:
        return struct_path(self.path)

    @property
    def value(self) -> str:
        return self.sql if self.sql is not None else self.type.of(self.raw)


@dataclass(frozen=True, eq=False)
class Level:
    """A nested list of objects (or the record itself, at ""), and the table that its rows go to.

    at: dotted path of the list below its parent. table: None when only other levels look into it.
    fields: columns; required ones make the record a reject when absent. exports: what the levels below
    inherit, {column: path}. inherits: {column of the table: exported name}, where the names differ.
    constants: fixed columns. ordinal: column for the 1-based place in the list. more: further paths,
    with types, that some `sql` reads. known: the vendor's documented fields; others are drift (None:
    not looked at). reads_root: some `sql` uses `root`.
    """

    at: str
    table: str | None
    fields: tuple[Field, ...] = ()
    children: tuple["Level", ...] = ()
    exports: dict[str, str] = field(default_factory=dict)
    inherits: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    ordinal: str | None = None
    more: dict[str, JsonType] = field(default_factory=dict)
    known: frozenset[str] | None = None
    is_required: bool = False
    reads_root: bool = False


@dataclass(frozen=True, eq=False)
class ObjectSpec:
    """One type of object. object_type: value of its `object` field, None when the source has only one
    type. amount: JSON path of the amount in the declared total."""

    stream: str
    object_type: str | None
    amount: str
    root: Level


@dataclass(frozen=True, eq=False)
class JsonSource:
    """A vendor's files: how pages wrap their objects, the objects, and where a total is counted from.

    list_at: key of a page's list (`orders`). wrapper: key of a single object in an answer (`order`).
    currency, created: JSON paths of the declared total. declared_amount: SQL of its exact amount in
    units of the currency, null when invalid (`{x}` the amount's text, `{currency}` the code). context: key of the page that its records need
    (`url`); what `context_pattern` (one group) finds there becomes part of them.
    """

    name: str
    list_at: str
    objects: tuple[ObjectSpec, ...]
    tables: dict[str, pa.Schema]
    currency: str
    created: str
    created_type: JsonType
    declared_amount: str
    expected: str
    wrapper: str | None = None
    context: str | None = None
    context_pattern: str | None = None

    @property
    def unreadable_stream(self) -> str:
        """The stream of what cannot be read; a source of several types cannot tell which it was."""
        return self.objects[0].stream if self.objects[0].object_type is None else UNKNOWN_STREAM


def struct_path(path: str, of: str = "r") -> str:
    """SQL of a dotted path below a struct: `r."customer"."email"`."""
    return ".".join([of, *(f'"{part}"' for part in path.split("."))])
