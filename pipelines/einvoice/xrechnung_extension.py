"""Rules of the extension of XRechnung (BR-DEX), and of its variant for clean vehicles (BR-DE-CVD).

Source: KoSIT, XRechnung 3.0.2, Extension XRechnung and XRechnung CVD; Schematron 2.2. The extension replaces rules
of EN 16931 by wider ones: sub-lines, payments by third parties, XML attachments, identifiers of health apps.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from lxml import etree

from pipelines.einvoice.checking import Finding
from pipelines.einvoice.values import number

_CIUS = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
# Of every version: before 3.0 it was urn:xoev-de:kosit:extension:xrechnung_2.3 and the like.
_EXTENSION = ":kosit:extension:xrechnung_"
_CVD = f"{_CIUS}#compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_"
_CENT = Decimal("0.01")

# A rule of EN 16931, the one that replaces it, the attribute with the code, and the codes that it adds.
_HEALTH_APPS = ("XR01", "XR02", "XR03")
_WIDER = {
    "BR-CL-10": ("BR-DEX-04", "schemeID", _HEALTH_APPS),
    "BR-CL-11": ("BR-DEX-05", "schemeID", _HEALTH_APPS),
    "BR-CL-21": ("BR-DEX-06", "schemeID", _HEALTH_APPS),
    "BR-CL-25": ("BR-DEX-07", "schemeID", _HEALTH_APPS),
    "BR-CL-26": ("BR-DEX-08", "schemeID", _HEALTH_APPS),
    "BR-CL-24": ("BR-DEX-01", "mimeCode", ("application/xml",)),
}

_OF_VEHICLES = {"BR-CL-13": ("BR-TMP-CVD-01", "listID", ("CVD",))}


def is_extension(profile: str | None) -> bool:
    return _EXTENSION in (profile or "")


def is_of_vehicles(profile: str | None) -> bool:
    return (profile or "").strip().startswith(_CVD)


def widened(found: Iterable[Finding], profile: str | None, root: etree._Element) -> Iterator[Finding]:
    """Findings of EN 16931 as the profile sees them: under its numbers, less what it allows."""
    wider = _WIDER if is_extension(profile) else _OF_VEHICLES if is_of_vehicles(profile) else {}
    # BR-DEX-09 knows payments by third parties, which CII has not.
    overridden = "BR-CO-16" if is_extension(profile) and root.tag != "CrossIndustryInvoice" else None
    for finding in found:
        if finding.rule_id == overridden:
            continue
        if finding.rule_id not in wider:
            yield finding
            continue
        rule, attribute, added = wider[finding.rule_id]
        place = root.getroottree().xpath(finding.location) if finding.location.startswith("/") else []
        code = place[0].get(attribute) if isinstance(place, list) and place else None
        if code not in added:
            yield finding._replace(rule_id=rule)


def findings(root: etree._Element) -> Iterator[Finding]:
    """Rules of the extension that a UBL document (bare element names) breaks."""
    tree = root.getroottree()

    def broken(rule: str, element: etree._Element, message: str, severity: str = "fatal") -> Finding:
        return Finding(f"BR-DEX-{rule}", severity, tree.getpath(element), message)

    for line in (*root.iterfind("InvoiceLine"), *root.iter("SubInvoiceLine")):
        parts = line.findall("SubInvoiceLine")
        whole = _amount(line.find("LineExtensionAmount"))
        below = sum((_amount(part.find("LineExtensionAmount")) for part in parts), Decimal(0))
        if parts and whole != below:
            message = f"The net amount of a line should be that of its sub-lines: expected {below:f}, found {whole:f}."
            yield broken("02", line, message, "warning")
    for line in root.iter("SubInvoiceLine"):
        for item in line.findall("Item"):
            if len(item.findall("ClassifiedTaxCategory")) != 1:
                yield broken("03", line, "A sub-line must give its VAT category exactly once.")
    yield from _third_parties(root, broken)


def _third_parties(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    paid = root.findall("PrepaidPayment")
    for payment in paid:
        for rule, name, words in (
            ("10", "ID", "type"),
            ("11", "PaidAmount", "amount"),
            ("12", "InstructionID", "description"),
        ):
            if not (payment.findtext(name) or "").strip():
                yield broken(rule, payment, f"A payment of a third party must give its {words}.")
        amount = payment.find("PaidAmount")
        if amount is not None and len((amount.text or "").strip().partition(".")[2]) > 2:
            yield broken("13", payment, "A payment of a third party has at most two decimals.")
        currency = (root.findtext("DocumentCurrencyCode") or "").strip()
        if amount is None or amount.get("currencyID") != currency:
            yield broken("14", payment, f"A payment of a third party must be in {currency}.")
    for total in root.iterfind("LegalMonetaryTotal"):
        due, gross, prepaid, rounding = (
            _amount(total.find(name))
            for name in ("PayableAmount", "TaxInclusiveAmount", "PrepaidAmount", "PayableRoundingAmount")
        )
        others = sum((_amount(payment.find("PaidAmount")) for payment in paid), Decimal(0))
        expected = gross - prepaid + rounding + others
        if due.quantize(_CENT) != expected.quantize(_CENT):
            message = f"The amount due is total - paid + rounding + third parties: expected {expected:f}, found {due:f}."
            yield broken("09", total, message)


def of_vehicles(root: etree._Element) -> Iterator[Finding]:
    """Rules of XRechnung CVD that a UBL document (bare element names) breaks."""
    tree = root.getroottree()

    def broken(rule: str, element: etree._Element, message: str) -> Finding:
        return Finding(f"BR-DE-CVD-{rule}", "fatal", tree.getpath(element), message)

    for rule, name, words in (
        ("01", "ContractDocumentReference", "contract (BT-12)"),
        ("02", "OriginatorDocumentReference", "tender or lot (BT-17)"),
    ):
        if not (root.findtext(f"{name}/ID") or "").strip():
            yield broken(rule, root, f"The {words} must be given.")
    items = [*root.iterfind("InvoiceLine/Item"), *root.iterfind("CreditNoteLine/Item")]
    vehicles = 0
    for item in items:
        classes = [
            part
            for part in item.findall("CommodityClassification/ItemClassificationCode")
            if part.get("listID") == "CVD"
        ]
        attributes = [
            part
            for part in item.findall("AdditionalItemProperty")
            if (part.findtext("Name") or "").strip() == "cva"
        ]
        vehicles += bool(classes and attributes)
        if classes and len(attributes) != 1:
            yield broken("06-a", item, "A line with a vehicle category must have one attribute 'cva'.")
        if attributes and len(classes) != 1:
            yield broken("06-b", item, "A line with an attribute 'cva' must have one vehicle category.")
    if not vehicles:
        yield broken(
            "03", root, "At least one line must have a vehicle category (CVD) and an attribute 'cva'."
        )


def _amount(element: etree._Element | None) -> Decimal:
    return (None if element is None else number(element.text, "", 18, 4, [])) or Decimal(0)
