"""Which published columns hold personal data, and what stands in their place in a masked export.

Belongs here: reading the tags of the models (`config: {meta: {personal_data: name}}` at a column) and
the pseudonyms. A pseudonym is an HMAC-SHA256 of the value under a secret of the environment: equal values
have equal pseudonyms in every table of an export, so that joins work, and without the secret nobody can
try out names. Keys are masked as a class (`*_id`, file names, record hashes): the key of a bank line
holds the account number, and a hash without a secret confirms a guess.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal, get_args

import yaml

from dagster_project.run_identity import PROJECT
from dagster_project.warehouse import quoted

Kind = Literal["name", "email", "account", "address", "free_text", "identifier", "none"]
KINDS: frozenset[str] = frozenset(get_args(Kind))

# Names that a person would take for personal data: each such column says what it is, or `none`.
LOOKS_PERSONAL = re.compile(
    r"(^|_)(name|mail|email|phone|mobile|iban|address|street|city|postal|postcode|zip|birth|text|title|"
    r"description|explanation|comments?|notes?|memo|remittance|info|counterparty|party|merchant|references?|"
    r"mandate|payload|value|message|destination|user|by|reason|descriptor|action|documents|items|links|"
    r"account|bic)(_|$)"
)
# Keys that are codes of ours and name nobody.
CODES = frozenset({"entity_id", "legal_entity_id", "load_id", "run_id", "posting_rule_id", "match_rule_id"})
_KEYS = re.compile(r"(_ids?|_hash|^hash|^source_file)$")
_TEXTS = ("VARCHAR", "JSON", "BLOB", "UUID")

SHORTEST_SECRET = 16
_BLOCK = 64  # bytes of a block of SHA-256, RFC 2104
_DIGITS = 24  # hex digits kept: 96 bits, so that a billion values have no two alike


class MaskingError(ValueError):
    """An export cannot be masked; the message says why and what to do."""


@cache
def tags() -> Mapping[tuple[str, str], Mapping[str, str | None]]:
    """(schema, table) of every published model to its columns and their tags; None where there is none."""
    found: dict[tuple[str, str], dict[str, str | None]] = {}
    for schema in ("canonical", "ledger", "reconciliation"):
        for path in sorted((PROJECT / "models" / schema).glob("*.yml")):
            for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
                found[schema, model["name"]] = {
                    column["name"]: column.get("config", {}).get("meta", {}).get("personal_data")
                    for column in model.get("columns", [])
                }
    return found


def is_text(data_type: str) -> bool:
    """Whether a column can hold words: text, and lists and structures of it."""
    return any(name in data_type.upper() for name in _TEXTS)


def undeclared(columns: Mapping[str, str | None], types: Mapping[str, str]) -> list[str]:
    """Text columns whose name looks personal and that do not say whether they are."""
    return [
        name
        for name, data_type in types.items()
        if is_text(data_type)
        and columns.get(name) is None
        and LOOKS_PERSONAL.search(name)
        and not _KEYS.search(name)
    ]


def masked_columns(table: tuple[str, str], types: Mapping[str, str]) -> dict[str, str]:
    """Column to kind of every column of a table that is masked. Raises MaskingError for a table of which
    nobody has said what is personal."""
    name = ".".join(table)
    if table not in tags():
        raise MaskingError(f"{name} has no model that says which of its columns are personal; leave it out.")
    declared = tags()[table]
    if unknown := undeclared(declared, types):
        raise MaskingError(
            f"{name}: {', '.join(unknown)} may hold personal data and is not declared. Add to the column in "
            f"dbt/models/{table[0]}/{table[1]}.yml: config: {{meta: {{personal_data: name}}}} "
            f"(one of {', '.join(sorted(KINDS))})."
        )
    found: dict[str, str] = {}
    for column, data_type in types.items():
        kind = declared.get(column)
        if kind is None and is_text(data_type) and _KEYS.search(column) and column not in CODES:
            kind = "identifier"
        if kind is not None and kind != "none":
            found[column] = kind
    return found


def pads(secret: str) -> dict[str, bytes]:
    """The two keys of HMAC-SHA256 (RFC 2104), as parameters of the query. Raises MaskingError."""
    if len(secret) < SHORTEST_SECRET:
        raise MaskingError(
            f"set TIEOUT_MASKING_KEY to a secret of at least {SHORTEST_SECRET} characters; who has it can try "
            "out names on the export. The same secret gives the same pseudonyms in the next export."
        )
    import hashlib

    key = secret.encode("utf-8")
    key = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return {
        "inner": bytes(byte ^ 0x36 for byte in key),
        "outer": bytes(byte ^ 0x5C for byte in key),
    }


def pseudonym(column: str, kind: str) -> str:
    """SQL of a column's pseudonym, with $inner and $outer of `pads`; null and '' stay what they are."""
    value = f"cast({quoted(column)} as varchar)"
    digest = f"sha256($outer || unhex(sha256($inner || encode({value}))))"
    return (
        f"case when {value} is null or {value} = '' then {value} "
        f"else '{kind}_' || substr({digest}, 1, {_DIGITS}) end as {quoted(column)}"
    )


def masked_select(table: tuple[str, str], types: Mapping[str, str]) -> str:
    """The table with pseudonyms in place of personal data and keys, ordered by all columns."""
    masked = masked_columns(table, types)
    columns: Iterable[str] = (
        pseudonym(column, masked[column]) if column in masked else quoted(column) for column in types
    )
    return f"select {', '.join(columns)} from {quoted(*table)} order by all"
