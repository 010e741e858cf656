"""Ready profiles: what the exports of known products look like, as data, and finding the one that fits.

Belongs here: reading `profiles/*.yml`, recognising a file by its header record, and turning a profile into
the mapping of that file. Does not belong here: files that no profile fits (`guess`) or reading records.

A profile names the headers that every export of its product has, in each language that the product
exports (`A | B`); a header with `{currency}` in it says the currency of its column. The file name decides
nothing. Of several that fit, the one with most of its headers in the file wins.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict

from pipelines.config import CsvMapping
from pipelines.tabular.headers import key_of, spellings
from pipelines.tabular.text import DELIMITERS, cells_of_line

FOLDER = Path(__file__).with_name("profiles")
_MOST_ABOVE = 60  # lines looked through for the header record
_CURRENCY = "{currency}"
_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD"}


class Profile(BaseModel):
    """One product's export. headers: those that tell it; without: those that tell another; pattern: for
    files without a header record, a regular expression per cell; account: one for the account in the lines
    above, where no label tells it; is_shop: whether what names no currency is in the entity's; parts: one mapping per stream in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    source: str
    headers: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    pattern: tuple[str, ...] = ()
    header_names: tuple[str, ...] = ()
    delimiters: str = "".join(DELIMITERS)
    encodings: tuple[str, ...] = ()
    documentation: str = ""
    notes: str = ""
    account: str = ""
    is_shop: bool = False
    parts: tuple[dict[str, Any], ...]


class Fit(NamedTuple):
    """A profile in a file: the lines above its header record, the delimiter, its cells."""

    profile: Profile
    above: int
    delimiter: str
    cells: tuple[str, ...]
    score: tuple[int, int]


@cache
def profiles() -> tuple[Profile, ...]:
    """All ready profiles by name. A file with `mapping` has one part, with `parts` several."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        parts = content.pop("parts", None) or (content.pop("mapping"),)
        found.append(Profile(name=path.stem, parts=tuple(parts), **content))
    return tuple(found)


def encodings() -> tuple[str, ...]:
    """Encodings that some product writes and that cannot be told from the bytes alone."""
    return tuple(dict.fromkeys(name for profile in profiles() for name in profile.encodings))


def fitting(text: str, name: str | None = None) -> Fit | None:
    """The profile that fits the first lines of a text best; None when none does."""
    best: Fit | None = None
    for fit in _fits(text, name):
        if best is None or fit.score > best.score:
            best = fit
    return best


def _fits(text: str, name: str | None) -> Iterator[Fit]:
    candidates = [profile for profile in profiles() if name in (None, profile.name)]
    for above, line in enumerate(text.split("\n", _MOST_ABOVE)[:_MOST_ABOVE]):
        if not line.strip():
            continue
        for delimiter in DELIMITERS:
            if delimiter not in line:
                continue
            cells = cells_of_line(line, delimiter)
            keys = frozenset(map(key_of, cells))
            for profile in candidates:
                if delimiter not in profile.delimiters:
                    continue
                if score := _score(profile, cells, keys, above):
                    yield Fit(profile, above, delimiter, tuple(cells), score)


def _score(profile: Profile, cells: list[str], keys: frozenset[str], above: int) -> tuple[int, int] | None:
    """(headers that tell it, headers that it knows) when all that tell it are there, in one record."""
    if profile.pattern:
        if len(cells) != len(profile.pattern) or above > 0:
            return None
        fits = all(re.fullmatch(p, cell.strip()) for p, cell in zip(profile.pattern, cells, strict=True))
        return (1, 0) if fits else None
    if not all(_place(header, cells, keys) is not None for header in profile.headers):
        return None
    if any(_place(header, cells, keys) is not None for header in profile.without):
        return None
    return len(profile.headers), _known(profile, keys)


def _known(profile: Profile, keys: frozenset[str]) -> int:
    return sum(
        any(key_of(name) in keys for name in spellings(header)) for part in profile.parts
        for header in part.get("columns", {}).values()
    )  # fmt: skip


@cache
def _compiled(header: str) -> re.Pattern[str]:
    before, _, after = re.sub(r"\s+", "", header.casefold()).partition(_CURRENCY)
    return re.compile(re.escape(before) + r"(?P<currency>[a-z]{3}|[€£$])" + re.escape(after))


def _place(header: str, cells: list[str] | tuple[str, ...], keys: frozenset[str]) -> int | None:
    """The first cell that is one of a header's spellings."""
    for name in spellings(header):
        if _CURRENCY in name:
            pattern = _compiled(name)
            for index, cell in enumerate(cells):
                if pattern.fullmatch(re.sub(r"\s+", "", cell.strip().lstrip("\ufeff").casefold())):
                    return index
        elif key_of(name) in keys:
            exact = [index for index, cell in enumerate(cells) if cell.strip() == name]
            if exact:
                return exact[0]
            return next(index for index, cell in enumerate(cells) if key_of(cell) == key_of(name))
    return None


def known_headers(fit: Fit) -> frozenset[str]:
    """The headers of the file that tell the product, as the file writes them."""
    keys = frozenset(map(key_of, fit.cells))
    places = [_place(header, fit.cells, keys) for header in fit.profile.headers]
    return frozenset(
        fit.cells[place].strip().lstrip("\ufeff") for place in places if place is not None and fit.cells
    )


def currency_in_headers(fit: Fit) -> str | None:
    """The currency that a header of the file names, where the profile says that it does."""
    names = {name for header in fit.profile.headers for name in spellings(header) if _CURRENCY in name}
    for name in names:
        for cell in fit.cells:
            found = _compiled(name).fullmatch(re.sub(r"\s+", "", cell.strip().lstrip("\ufeff").casefold()))
            if found:
                return _SYMBOLS.get(found["currency"], found["currency"].upper())
    return None


def mappings(fit: Fit) -> tuple[CsvMapping, ...]:
    """The profile's mappings with the headers as this file writes them; what the file lacks is left out."""
    return tuple(CsvMapping(**_resolved(part, fit)) for part in fit.profile.parts)


def _resolved(part: dict[str, Any], fit: Fit) -> dict[str, Any]:
    profile = fit.profile
    names = profile.header_names or tuple(
        cell if cell.strip() else f"column {number}" for number, cell in enumerate(fit.cells, 1)
    )
    names += (part["heading"],) if "heading" in part else ()
    keys = frozenset(map(key_of, names))

    def written(header: str) -> str | None:
        place = _place(header, names, keys)
        return None if place is None else names[place].strip().lstrip("\ufeff")

    mapping = {**part, "delimiter": fit.delimiter, "skip_rows": fit.above}
    if profile.pattern:
        mapping |= {"header": profile.header_names, "skip_rows": 0}
    mapping["columns"] = {
        ours: found for ours, header in part.get("columns", {}).items() if (found := written(header))
    }
    for field in ("debit_column", "credit_column", "sign_column"):
        if field in part:
            mapping[field] = written(part[field])
    mapping["sums"] = {
        ours: terms
        for ours, listed in part.get("sums", {}).items()
        if (terms := tuple(_term(term, written) for term in listed if _term(term, written)))
    }
    mapping["joined"] = {
        ours: names_
        for ours, listed in part.get("joined", {}).items()
        if (names_ := tuple(found for header in listed if (found := written(header))))
    }
    mapping["by_sign"] = {
        ours: (one, other)
        for ours, (first, second) in part.get("by_sign", {}).items()
        if (one := written(first)) and (other := written(second))
    }
    mapping["signs"] = {
        ours: {**sign, "column": found}
        for ours, sign in part.get("signs", {}).items()
        if (found := written(sign["column"]))
    }
    mapping["fill_down"] = tuple(found for header in part.get("fill_down", ()) if (found := written(header)))
    mapping["leave_out"] = tuple(
        _rule(rule, written) for rule in part.get("leave_out", ()) if _rule(rule, written)
    )
    return mapping


def _term(term: str, written: Any) -> str | None:
    sign, header = ("-", term[1:]) if term.startswith("-") else ("", term)
    found = written(header)
    return f"{sign}{found}" if found else None


def _rule(rule: dict[str, Any], written: Any) -> dict[str, Any] | None:
    """A rule about columns that this file does not have says nothing about its rows."""
    if "header" in rule:
        found = written(rule["header"])
        return {**rule, "header": found} if found else None
    empty = tuple(written(header) for header in rule["empty"])
    return {**rule, "empty": empty} if all(empty) else None
