"""The rules of EN 16931 under their own numbers, whatever artefact found them.

The CII artefacts of Factur-X check code lists under numbers of their own (`FX-SCH-A-000595: Value of
'ram:InvoiceCurrencyCode' is not allowed`); the Schematron of EN 16931 calls the same rule BR-CL-04.
`code_lists.csv` says which is which, by element and by what stands above it (EN 16931-1, 6.4.1; CEN CII
codelist binding). Rules of Factur-X about the shape of its own profiles bind nobody else: a document that
does not promise them does not break them.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.einvoice.checking import Finding

_VALUE = re.compile(r"Value of '(?:ram:|rsm:|udt:|qdt:)?(@?\w+)' is not allowed")
_OF_FACTURX = ("FX-", "PEPPOL-")
_FACTURX_PROFILES = ("factur-x", "zugferd")


class _CodeList(NamedTuple):
    element: str
    below: str
    rule_id: str


@cache
def _code_lists() -> tuple[_CodeList, ...]:
    with Path(__file__).with_name("code_lists.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_CodeList(**row) for row in csv.DictReader(file))


def under_its_number(finding: Finding, profile: str | None) -> Finding | None:
    """A finding in a CII document with that profile (BT-24); None when it promises no such rule.

    ZUGFeRD 2.0 had other cardinalities than the Factur-X of today: there the shape is a warning.
    """
    if not finding.rule_id.startswith(_OF_FACTURX):
        return finding
    if value := _VALUE.match(finding.message):
        for entry in _code_lists():
            if entry.element == value[1] and entry.below in finding.location:
                return finding._replace(rule_id=entry.rule_id)
    promised = (profile or "").casefold()
    if not finding.rule_id.startswith("FX-") or not any(name in promised for name in _FACTURX_PROFILES):
        return None
    return finding if "factur-x" in promised else finding._replace(severity="warning")
