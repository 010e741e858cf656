"""The rules of EN 16931 under their own numbers, whatever artefact found them.

The CII artefacts of Factur-X check code lists under numbers of their own (`FX-SCH-A-000595: Value of
'ram:InvoiceCurrencyCode' is not allowed`); the Schematron of EN 16931 calls the same rule BR-CL-04.
`code_lists.csv` says which is which, by element and by what stands above it (EN 16931-1, 6.4.1; CEN CII
codelist binding). Rules of Factur-X about the shape of its own profiles bind nobody else: to a document that
does not promise them, how often an element stands is a warning, and the rest is nothing.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from pipelines.einvoice.checking import Finding

_VALUE = re.compile(r"Value of '(?:ram:|rsm:|udt:|qdt:)?(@?\w+)[^']*' is not allowed")
_HOW_OFTEN = re.compile(r"(must occur exactly|may occur at maximum|must occur at least)")
_OF_FACTURX = ("FX-", "PEPPOL-")
_ALLOWANCE, _CHARGE = "BR-CL-19", "BR-CL-20"
_FACTURX_PROFILES = ("factur-x", "zugferd")


class _CodeList(NamedTuple):
    element: str
    below: str
    rule_id: str


@cache
def _code_lists() -> tuple[_CodeList, ...]:
    with Path(__file__).with_name("code_lists.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_CodeList(**row) for row in csv.DictReader(file))


def under_its_number(finding: Finding, profile: str | None, root: etree._Element) -> Finding | None:
    """A finding in a CII document (bare element names) with that profile (BT-24); None when it promises no
    such rule.

    ZUGFeRD 2.0 had other cardinalities than the Factur-X of today: there the shape is a warning.
    """
    if not finding.rule_id.startswith(_OF_FACTURX):
        return finding
    if value := _VALUE.match(finding.message):
        for entry in _code_lists():
            if entry.element == value[1] and entry.below in finding.location:
                rule = (
                    _CHARGE if entry.rule_id == _ALLOWANCE and _is_of_charge(finding, root) else entry.rule_id
                )
                return finding._replace(rule_id=rule)
    promised = (profile or "").casefold()
    if not finding.rule_id.startswith("FX-") or not any(name in promised for name in _FACTURX_PROFILES):
        is_shape = finding.rule_id.startswith("FX-") and _HOW_OFTEN.search(finding.message)
        return finding._replace(severity="warning") if is_shape else None
    return finding if "factur-x" in promised else finding._replace(severity="warning")


def _is_of_charge(finding: Finding, root: etree._Element) -> bool:
    """Reasons of charges have a list of their own; the path of the finding says whose reason it is."""
    place = root.getroottree().xpath(finding.location)
    parent = place[0].getparent() if isinstance(place, list) and place else None
    return parent is not None and (parent.findtext("ChargeIndicator/Indicator") or "").strip() in (
        "true",
        "1",
    )
