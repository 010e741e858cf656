"""IBAN and BIC: which are valid, by the registries in the library `schwifty`.

Belongs here: what is wrong with an identifier, in words. An invalid one stays where it is: it is what the bank
wrote, and a transposed digit is found by looking at it, not by dropping it.

The library takes 80 microseconds per IBAN, so lines by the million are first sieved by their check digits
(`accounts.is_iban`); what passes there can still have a wrong length or bank code, which only statement
accounts and `tieout inspect` are asked for.

Source: ISO 13616 (IBAN), ISO 9362 (BIC).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank.accounts import is_iban
from pipelines.bank.reading import Drift

_IBAN_SHAPE = r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,32}$"


@lru_cache(4096)
def iban_problem(text: str) -> str | None:
    """Why a text of the shape of an IBAN is none; None for valid ones, and for other account numbers."""
    if not re.match(_IBAN_SHAPE, text):
        return None
    from schwifty import IBAN
    from schwifty.exceptions import SchwiftyException

    try:
        IBAN(text, allow_invalid=True).validate()
    except SchwiftyException as error:
        return str(error)
    return None


@lru_cache(4096)
def bic_problem(text: str) -> str | None:
    """Why a text of the length of a BIC is none; None for valid ones, and for national bank codes."""
    if not re.fullmatch(r"[A-Z][A-Z0-9]{7}(?:[A-Z0-9]{3})?", text):
        return None
    from schwifty import BIC
    from schwifty.exceptions import SchwiftyException

    try:
        BIC(text, allow_invalid=True).validate()
    except SchwiftyException as error:
        return str(error)
    return None


def wrong_ibans(accounts: pa.Array) -> Iterator[Drift]:
    """The other accounts of lines that look like an IBAN and have wrong check digits."""
    shaped = accounts.filter(pc.fill_null(pc.match_substring_regex(accounts, _IBAN_SHAPE), False))
    if not len(shaped):
        return
    counts = pc.value_counts(shaped)
    wrong = [(row["values"], row["counts"]) for row in counts.to_pylist() if not is_iban(row["values"])]
    if wrong:
        problem = iban_problem(wrong[0][0]) or "invalid checksum digits"
        yield Drift(
            "counterparty_account (not a valid IBAN, kept as it is)",
            f"{wrong[0][0]}: {problem}",
            sum(count for _, count in wrong),
        )


def wrong_bics(banks: pa.Array) -> Iterator[Drift]:
    """The other banks of lines that look like a BIC and are none. There are few banks, however many lines."""
    if banks.null_count == len(banks):
        return
    counts = pc.value_counts(banks).to_pylist()
    wrong = [
        (row["values"], problem, row["counts"])
        for row in counts
        if row["values"] and (problem := bic_problem(row["values"]))
    ]
    if wrong:
        yield Drift(
            "counterparty_bank (not a valid BIC, kept as it is)",
            f"{wrong[0][0]}: {wrong[0][1]}",
            sum(count for _, _, count in wrong),
        )
