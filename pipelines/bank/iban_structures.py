"""Where bank, branch and account stand inside an IBAN, by country: the registry of the library as a seed.

Belongs here: writing `seeds/iban_structures.csv`, with which dbt recognises a national account number (bank code
and account, as MT940 and CSV exports write it) as the IBAN that contains it. Does not belong here: doing so
(`stg_bank__account_names`).

Write it anew after an update of the library, a test says when: `python -m pipelines.bank.iban_structures`.

Source: ISO 13616 and the SWIFT IBAN Registry, as `schwifty` keeps them.
"""

import csv
import io
import string
import sys
from itertools import product

from schwifty import registry
from schwifty.domain import Component
from schwifty.exceptions import SchwiftyException

COLUMNS = (
    "country_code", "iban_length", "bank_position", "bank_length", "branch_position", "branch_length",
    "account_position", "account_length",
)  # fmt: skip
_BEFORE_BBAN = 4  # country and check digits


def structures() -> str:
    """The seed as text: one row per country, positions within the IBAN from 1, length 0 where there is no such
    part."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for letters in product(string.ascii_uppercase, repeat=2):
        country = "".join(letters)
        try:
            spec = registry.get_iban_spec(country)
        except (KeyError, SchwiftyException):
            continue
        row: list[str | int] = [country, spec.iban_length]
        for part in (Component.BANK_CODE, Component.BRANCH_CODE, Component.ACCOUNT_CODE):
            place = spec.positions[part]
            row += [_BEFORE_BBAN + place.start + 1, place.end - place.start]
        writer.writerow(row)
    return out.getvalue()


if __name__ == "__main__":
    sys.stdout.write(structures())
