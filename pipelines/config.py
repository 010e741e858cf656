"""The source configuration: which instances of which kind exist, and how each is read.

Belongs here: the shape of `sources.yml` and its checks. A second store or bank account is another
entry in that file, never code. Does not belong here: paths of the installation (`settings`).
"""

from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Kind = Literal["shopify", "stripe", "bank", "csv", "ecb", "decisions", "einvoice", "payment_files"]
Stream = Literal[
    "orders",
    "order_lines",
    "payments",
    "invoices",
    "invoice_lines",
    "bills",
    "bill_lines",
    "expenses",
    "card_transactions",
    "bank_transactions",
    "balance_transactions",
    "payouts",
    "gl_entries",
]


class ConfigurationError(ValueError):
    """The source configuration cannot be used; the message says where and what was expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Freshness(_Strict):
    """Hours since the newest record after which a source is late (warn) or stale (error)."""

    warn_after_hours: float = 30
    error_after_hours: float = 54


class LeaveOut(_Strict):
    """Rows of an export that are no records, and why: those in which `empty` columns hold nothing, or in
    which the column `header` holds one of `values` (or, with `other_than`, anything else)."""

    reason: str
    empty: tuple[str, ...] = ()
    header: str | None = None
    values: tuple[str, ...] = ()
    other_than: tuple[str, ...] = ()


class Indicator(_Strict):
    """A column that says whether an unsigned amount is negative."""

    column: str
    negative: tuple[str, ...]


class CsvMapping(_Strict):
    """How one export maps to a stream. `columns` maps our column to the header in the file; without it
    the columns are found by their usual names. `A | B` in `columns` are spellings of one header.

    Amounts: `decimal` and `thousands` give the punctuation. Sign conventions: `negate` lists columns
    to flip; `debit_column`/`credit_column` name two columns whose difference (credit - debit) becomes
    `amount`; `sign_column` with `negative_values` names an indicator column (D/C, debit/credit).
    `sums` make an amount of several columns (`Amount`, `-Fee`); `signs` give an indicator to any amount;
    `joined` texts stand in several columns (remittance information in parts); `by_sign` texts stand in one
    column for money in and in another for money out; `time_zone` is that of times without an offset;
    `minor_units` are amounts without a decimal mark (cents). `constants` fill columns that the file does
    not have; `values` translates codes ({column: {code in the file: our code}}).

    What is no record: `skip_rows` lines above the header, rows of `leave_out`, and lines that do not match
    the pattern `record_lines`. `header` names the columns of a file without a header. `fill_down` columns
    are written on the first row of a group only; `heading` names a column whose value stands alone on a row
    above its records. `date_formats` are those among which the file decides.
    """

    stream: Stream
    columns: dict[str, str] = Field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    quote: str = '"'
    skip_rows: int = 0
    decimal: str = "."
    thousands: str = ""
    date_format: str = "%Y-%m-%d"
    timestamp_format: str | None = None
    negate: tuple[str, ...] = ()
    debit_column: str | None = None
    credit_column: str | None = None
    sign_column: str | None = None
    negative_values: tuple[str, ...] = ()
    constants: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    sums: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    signs: dict[str, Indicator] = Field(default_factory=dict)
    joined: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    by_sign: dict[str, tuple[str, str]] = Field(default_factory=dict)
    time_zone: str | None = None
    minor_units: bool = False
    leave_out: tuple[LeaveOut, ...] = ()
    record_lines: str | None = None
    header: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()
    heading: str | None = None
    date_formats: tuple[str, ...] = ()


class SourceInstance(_Strict):
    """One store, account or export. `path` is a glob below the landing folder. A csv source without a
    mapping is read by what its files hold: each by the ready profile of its product, or by its headers;
    `constants` then fill columns that the files do not have (account_number, currency)."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind
    entity_id: str
    path: str
    time_zone: str = "UTC"
    description: str = ""
    csv: CsvMapping | None = None
    constants: dict[str, str] = Field(default_factory=dict)
    freshness: Freshness = Freshness()
    owner: str = "data-platform"

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError(f"'{value}' is not an IANA time zone such as Europe/Berlin") from error
        return value

    @field_validator("path")
    @classmethod
    def _inside_landing(cls, value: str) -> str:
        if Path(value).is_absolute() or ".." in Path(value).parts:
            raise ValueError(f"'{value}' must be a path below the landing folder, without '..'")
        return value

    @model_validator(mode="after")
    def _mapping_for_csv(self) -> "SourceInstance":
        if self.kind != "csv" and self.csv is not None:
            raise ValueError("only kind csv takes a 'csv:' mapping")
        if self.constants and (self.kind != "csv" or self.csv is not None):
            raise ValueError(
                "'constants:' belong to a csv source without a 'csv:' mapping, or inside the mapping"
            )
        return self


#: What people decided (`tieout match accept` ...) is a source of every company, without an entry of its own.
DECISIONS = SourceInstance(
    name="decisions",
    kind="decisions",
    entity_id="*",
    path="decisions/decisions.jsonl",
    description="Decisions of people about matches",
)


class Configuration(_Strict):
    """The whole of `sources.yml`. A source may have several entries (one per export) under one name."""

    sources: tuple[SourceInstance, ...]

    @model_validator(mode="after")
    def _one_entry_per_export(self) -> "Configuration":
        seen: set[tuple[str, str, str]] = set()
        for source in self.sources:
            key = (source.name, source.kind, source.csv.stream if source.csv else "")
            if key in seen:
                raise ValueError(f"source '{source.name}' has two entries for the same export {key[1:]}")
            seen.add(key)
        return self

    def of_kind(self, kind: Kind) -> tuple[SourceInstance, ...]:
        return tuple(source for source in (*self.sources, DECISIONS) if source.kind == kind)


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not a field that we know; see pipelines/config.py for those there are",
    "string_pattern_mismatch": "should be lower-case letters, digits and _, beginning with a letter",
    "tuple_type": "should be a list of entries, each beginning with '- name:'",
    "model_type": "expected 'sources:' and below it a list of entries, each beginning with '- name:'",
}


def _place(location: tuple[int | str, ...], content: Any) -> str:
    """`entry 3 (books), csv.stream`: where a person finds it."""
    if len(location) < 2 or location[0] != "sources":
        return ".".join(map(str, location)) or "the file"
    entry = content["sources"][location[1]]
    name = entry.get("name") if isinstance(entry, dict) else None
    field = ".".join(map(str, location[2:]))
    return f"entry {int(location[1]) + 1}" + (f" ({name})" if name else "") + (f", {field}" if field else "")


def _problems(error: ValidationError, content: Any) -> str:
    """One line per problem: where, what was expected, what was found."""
    lines = []
    for problem in error.errors():
        said = _SAID.get(problem["type"]) or problem["msg"].removeprefix("Value error, ").replace(
            "Input ", ""
        )
        found = problem["input"]
        shown = (
            f"; found '{found}'" if isinstance(found, str | int | float) and f"'{found}'" not in said else ""
        )
        lines.append(f"  {_place(problem['loc'], content)}: {said}{shown}")
    return "\n".join(lines)


@cache
def _read(path: Path, modified: float) -> Configuration:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path}: not readable as YAML; texts with ': ' or '#' in them need quotes.\n{error}"
        ) from error
    try:
        return Configuration.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(
            f"{path}: not a valid source configuration.\n{_problems(error, content)}"
        ) from error


def read_configuration(path: Path) -> Configuration:
    """Read `sources.yml`. Raises ConfigurationError with file, entry, field and what was expected."""
    if not path.is_file():
        raise ConfigurationError(f"{path}: no source configuration there; set TIEOUT_SOURCES to yours.")
    return _read(path, path.stat().st_mtime)
