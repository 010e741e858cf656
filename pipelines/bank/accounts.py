"""Accounts as banks write them: one key for the account, and what else the field holds.

Belongs here: taking BIC and currency off an account field, and telling an IBAN by its check digits.
"""

import re
from typing import NamedTuple

from pipelines.bank import values

_BIC = re.compile(r"^([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)/(?=.)")
_BIC_ALONE = re.compile(r"^[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$")
_WITH_CURRENCY = re.compile(r"^(.*\d)[/ ]?([A-Z]{3})$")
_IBAN = re.compile(r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")

_AS_DIGITS = str.maketrans({chr(ord("A") + n): str(10 + n) for n in range(26)})


class Account(NamedTuple):
    number: str | None
    currency: str | None = None
    bic: str | None = None


def account_of(field: str, currency: str | None) -> Account:
    """`DE89...EUR`, `COBADEFFXXX/123EUR`, account and BIC on two lines: number, currency, BIC.

    A currency behind the number is taken off when the statement is in it, or when the number is an IBAN
    or digits without it; an account number may end in letters.
    """
    first, _, second = field.strip().partition("\n")
    number = values.account_number(first)
    if number is None:
        return Account(None)
    bic = second.strip() if _BIC_ALONE.match(second.strip()) else None
    prefix = _BIC.match(number)
    if prefix:
        bic, number = prefix[1], number[prefix.end() :]
    found = _WITH_CURRENCY.match(number)
    if found and not is_iban(number):
        bare, suffix = found.groups()
        if suffix == currency or (currency is None and (is_iban(bare) or re.fullmatch(r"[\d/]+", bare))):
            return Account(bare, suffix, bic)
    return Account(number, None, bic)


def is_iban(text: str) -> bool:
    """By shape and check digits (ISO 13616, ISO 7064 mod 97-10)."""
    if not _IBAN.match(text):
        return False
    return int((text[4:] + text[:4]).translate(_AS_DIGITS)) % 97 == 1
