"""What a delimited text is: the export of a known product, or columns with usual names.

Belongs here: choosing the mappings of a file that nobody described, and saying why. A source with a mapping
of its own needs none of this.
"""

import itertools
import re
from collections.abc import Mapping
from typing import NamedTuple

from pipelines.bank.accounts import is_iban
from pipelines.config import CsvMapping
from pipelines.tabular import profiles
from pipelines.tabular.guess import UNKNOWN_ACCOUNT, UNKNOWN_CURRENCY, guessed_mapping
from pipelines.tabular.layout import UnusableFile, settle
from pipelines.tabular.text import cells_of_line

_IBAN = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Z0-9])"
)
_ACCOUNT_LABEL = re.compile(
    r"(?i)^\W*(?:iban|konto(?:nummer|-?nr\.?)?|account(?: ?(?:number|no\.?|#))?|rekening(?:nummer)?|compte|n(?:uméro|°) de compte|"
    r"cuenta|conto|número de cuenta|rachunek|numer rachunku|kontonr)\W*$"
)
_CURRENCY_LABEL = re.compile(
    r"(?i)^\W*(?:currency|währung|waehrung|devise|moneda|valuta|waluta|bewertet in|munt)\W*$"
)
_CODE = re.compile(r"^[A-Z]{3}$")
# Streams of a shop: its own export names no currency where it sells in one, that of its books.
OF_A_SHOP = ("orders", "order_lines")
ASSUMED = "currency_is_assumed"  # among the constants of a mapping; no column of any stream
NO_CURRENCY = "names no currency: taken as"


class Recognised(NamedTuple):
    """mappings: one per stream in the file. reason: what in it decided that. known: headers of the file that
    belong to its product."""

    mappings: tuple[CsvMapping, ...]
    reason: str
    known: frozenset[str] = frozenset()


def recognise(
    text: str, constants: Mapping[str, str], is_configured: bool, base_currency: str | None = None
) -> Recognised:
    """The mappings of a text. `constants`: what the source says that its files do not. `base_currency`: that of
    the entity, in which a shop's orders are when neither of them names one.

    Raises UnusableFile with the reason when nothing fits, or when a source would have to load money
    without a currency.
    """
    fit = profiles.fitting(text)
    if fit is not None:
        return _by_profile(fit, text, constants, is_configured, base_currency)
    mapping, reason = guessed_mapping(text)
    if mapping is None:
        raise UnusableFile(reason)
    mapping = _completed(mapping, text, mapping.skip_rows, constants, is_configured, base_currency)
    return Recognised((mapping,), reason + _assumed((mapping,)))


def _assumed(mappings: tuple[CsvMapping, ...]) -> str:
    """What a reader of the file must know where its currency is only the entity's."""
    assumed = {m.constants["currency"] for m in mappings if m.constants.get(ASSUMED)}
    return f"; {NO_CURRENCY} {assumed.pop()}, the entity's base currency" if assumed else ""


def says_only_a_stream(mapping: CsvMapping | None) -> bool:
    """Whether a source leaves to its files how they are read."""
    if mapping is None:
        return False
    return mapping.model_fields_set <= {"stream", "constants", *(() if mapping.columns else ("columns",))}


def recognise_stream(text: str, mapping: CsvMapping, base_currency: str | None = None) -> Recognised | None:
    """The profile's reading of one stream, where a source says no more of it; None when no profile has it.

    Orders come with their lines, or as lines alone; a source that says `orders` takes both.
    """
    wanted = {mapping.stream, *(("order_lines",) if mapping.stream == "orders" else ())}
    fit = profiles.fitting(text)
    if fit is not None and wanted & {part["stream"] for part in fit.profile.parts}:
        found = _by_profile(fit, text, mapping.constants, True, base_currency)
        return found._replace(mappings=tuple(m for m in found.mappings if m.stream in wanted))
    if fit is not None or mapping.stream not in OF_A_SHOP:
        return None
    guessed, reason = guessed_mapping(text)
    if guessed is None or guessed.stream not in wanted:
        return None
    if guessed.stream == mapping.stream and "currency" not in guessed.constants:
        return None
    completed = _completed(guessed, text, guessed.skip_rows, mapping.constants, True, base_currency)
    return Recognised((completed,), reason + _assumed((completed,)))


def _by_profile(
    fit: profiles.Fit,
    text: str,
    constants: Mapping[str, str],
    is_configured: bool,
    base_currency: str | None = None,
) -> Recognised:
    preamble = text.split("\n", fit.above)[: fit.above]
    currency = profiles.currency_in_headers(fit)
    account = account_above(preamble)
    if account is None and fit.profile.account:
        told = re.search(fit.profile.account, "\n".join(preamble))
        account = told[1] if told else None
    found = tuple(
        _with_constants(
            mapping,
            account or fit.profile.name.upper(),
            currency,
            preamble,
            text,
            constants,
            is_configured,
            base_currency if fit.profile.is_shop else None,
        )
        for mapping in profiles.mappings(fit)
    )
    told = ", ".join(f"'{name}'" for name in fit.profile.headers[:4]) or "cells of its shape"
    reason = f"profile {fit.profile.name} ({fit.profile.title}) by {told}"
    return Recognised(found, reason + _assumed(found), profiles.known_headers(fit))


def _with_constants(
    mapping: CsvMapping,
    account: str,
    header_currency: str | None,
    preamble: list[str],
    text: str,
    constants: Mapping[str, str],
    is_configured: bool,
    base_currency: str | None,
) -> CsvMapping:
    """Account and currency of a profile's file: what the source says, what the file says, what is usual."""
    own = dict(mapping.constants)
    if mapping.stream == "bank_transactions" and "account_number" not in mapping.columns:
        own["account_number"] = account
    if "currency" not in mapping.columns:
        written = header_currency or currency_above(preamble) or _in_amounts(text, mapping)
        own["currency"] = written or own.get("currency", "")
    own |= {name: value for name, value in constants.items() if name not in mapping.columns}
    if not own.get("currency", "x"):
        own |= _no_currency(is_configured, base_currency)
    return mapping.model_copy(update={"constants": own})


def _completed(
    mapping: CsvMapping,
    text: str,
    above: int,
    constants: Mapping[str, str],
    is_configured: bool,
    base_currency: str | None = None,
) -> CsvMapping:
    own = dict(mapping.constants)
    preamble = text.split("\n", above)[:above]
    if "currency" in own:
        own["currency"] = currency_above(preamble) or _in_amounts(text, mapping) or own["currency"]
    if own.get("account_number") == UNKNOWN_ACCOUNT:
        account = account_above(preamble)
        if account:
            own["account_number"] = account
        elif is_configured:
            own.pop("account_number")  # the source's name stands in for it
    own |= constants
    if own.get("currency") == UNKNOWN_CURRENCY and is_configured:
        own |= _no_currency(is_configured, base_currency if mapping.stream in OF_A_SHOP else None)
    return mapping.model_copy(update={"constants": own})


def _no_currency(is_configured: bool, base_currency: str | None) -> dict[str, str]:
    """Constants that stand for a currency that nobody names."""
    if base_currency:
        return {"currency": base_currency, ASSUMED: "yes"}
    if is_configured:
        raise UnusableFile(
            "the file does not say in which currency its amounts are; name it where the source is configured "
            "(constants: {currency: EUR})"
        )
    return {"currency": UNKNOWN_CURRENCY}


def account_above(preamble: list[str]) -> str | None:
    """The account that lines above the table name: its IBAN, else what stands behind a label."""
    written = _IBAN.findall("\n".join(preamble).upper())
    ibans = {iban for iban in (found.replace(" ", "") for found in written) if is_iban(iban)}
    if len(ibans) == 1:
        return ibans.pop()
    for cells in _labelled(preamble):
        for label, value in cells:
            digits = sum(character.isdigit() for character in value)
            if _ACCOUNT_LABEL.match(label) and digits >= 4 and len(value) < 40:
                return re.sub(r"[\s=\"]", "", value).upper()
    return None


def currency_above(preamble: list[str]) -> str | None:
    for cells in _labelled(preamble):
        for label, value in cells:
            if _CURRENCY_LABEL.match(label) and _CODE.match(value.strip('=" ')):
                return value.strip('=" ')
    return None


def _labelled(preamble: list[str]) -> list[list[tuple[str, str]]]:
    """Pairs of neighbouring cells in each line, by any delimiter."""
    found = []
    for line in preamble:
        delimiter = max(";,\t|", key=line.count)
        cells = [cell.strip() for cell in cells_of_line(line, delimiter)]
        if len(cells) == 1 and ":" in cells[0]:
            cells = [part.strip() for part in cells[0].split(":", 1)]
        found.append(list(itertools.pairwise(cells)))
    return found


def _in_amounts(text: str, mapping: CsvMapping) -> str | None:
    """The one code or symbol that stands beside the amounts (`-15,00 PLN`, `€1,000`)."""
    try:
        layout = settle(
            text[: 1 << 16].rpartition("\n")[0] or text,
            mapping.model_copy(update={"constants": {**mapping.constants, "currency": "XXX"}}),
        )
    except UnusableFile:
        return None
    if layout is None:
        return None
    places = [
        layout.at[name]
        for name in (
            "amount",
            "debit",
            "credit",
            "balance_amount",
            "total_amount",
            "unit_price",
            "line_amount",
        )
        if name in layout.at
    ]
    places += [index for terms in layout.sums.values() for _, index in terms]
    codes = set()
    for line in text[: 1 << 16].split("\n")[layout.header_line :][:500]:
        cells = cells_of_line(line, layout.delimiter)
        if len(cells) == layout.width:
            for place in places:
                codes |= set(re.findall(r"[€£]|(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", cells[place]))
    codes = {{"€": "EUR", "£": "GBP"}.get(code, code) for code in codes} - {"DEB", "CRD"}
    return codes.pop() if len(codes) == 1 else None
