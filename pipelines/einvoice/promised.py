"""What a document promises beside EN 16931, and how that changes the findings of EN 16931.

Belongs here: which rules of Peppol and XRechnung are asked of which document, in which order. Does not belong
here: the rules (`peppol`, `peppol_cii`, `xrechnung`, `xrechnung_extension`).
"""

from collections.abc import Iterator

from pipelines.einvoice import peppol, peppol_cii, xrechnung, xrechnung_extension
from pipelines.einvoice.checking import Checker, Finding
from pipelines.einvoice.content import Document
from pipelines.einvoice.rulesets import PEPPOL_UBL


def findings(
    document: Document, profile: str | None, found: list[Finding], checker: Checker
) -> Iterator[Finding]:
    """The findings of EN 16931 (`found`), as the profile (BT-24) sees them, and those of its own rules.

    Raises NotChecked.
    """
    root, is_ubl = document.root, document.syntax.startswith("ubl")
    if document.syntax == "zugferd_1":
        yield from found
        return
    yield from xrechnung_extension.widened(found, profile, root)
    if is_ubl and xrechnung_extension.is_extension(profile):
        yield from xrechnung_extension.findings(root)
    if peppol.promises(profile):
        broken = {finding.rule_id for finding in found}
        yield from (
            peppol.today(_peppol(document, checker), root, broken) if is_ubl else peppol_cii.findings(root)
        )
    if xrechnung.promises(profile):
        yield from xrechnung.findings(root)
        if xrechnung.is_current(profile):
            of_peppol = _peppol(document, checker) if is_ubl else peppol_cii.findings(root)
            yield from (
                finding
                for finding in of_peppol
                if finding.rule_id in peppol.IN_XRECHNUNG
                and (is_ubl or finding.rule_id != "PEPPOL-EN16931-R120")
            )
        if is_ubl and xrechnung_extension.is_of_vehicles(profile):
            yield from xrechnung_extension.of_vehicles(root)


def _peppol(document: Document, checker: Checker) -> list[Finding]:
    return checker.findings(PEPPOL_UBL, document.xml)
