"""Rules of Peppol BIS Billing 3 beside those of EN 16931, for UBL documents that promise them.

Source: Peppol BIS Billing 3.0, validation rules PEPPOL-EN16931-R001 to R130, P0100 to P0111 and F001
(docs.peppol.eu/poacc/billing/3.0/rules). Their Schematron is in no package that is kept, so they are written here
on the document itself; `tests/pipelines/test_einvoice_rules.py` says each. Code lists are those of EN 16931
(BR-CL), rules of single countries (NO-R, DK-R ...) are not checked.
"""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from lxml import etree

from pipelines.einvoice.checking import Finding

_PROMISE = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PROCESS = re.compile(r"urn:fdc:peppol\.eu:2017:poacc:billing:(\d{2}):1\.0")
_SLACK = Decimal("0.02")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_DATES = ("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
_AMOUNTS = (
    "Amount", "BaseAmount", "PriceAmount", "TaxableAmount", "LineExtensionAmount", "TaxExclusiveAmount",
    "TaxInclusiveAmount", "AllowanceTotalAmount", "ChargeTotalAmount", "PrepaidAmount", "PayableRoundingAmount",
    "PayableAmount",
)  # fmt: skip
_INVOICE_TYPES = frozenset(
    [
        "71",
        "80",
        "82",
        "84",
        "102",
        "218",
        "219",
        "326",
        "331",
        "380",
        "382",
        "383",
        "384",
        "386",
        "388",
        "393",
        "395",
        "553",
        "575",
        "623",
        "780",
        "817",
        "870",
        "875",
        "876",
        "877",
    ]
)
_CREDIT_NOTE_TYPES = frozenset(["381", "396", "81", "83", "532"])
# Exemption code -> the category that it belongs to, and the number of the rule that says so.
_EXEMPTIONS = {
    "VATEX-EU-G": ("G", "P0104"), "VATEX-EU-O": ("O", "P0105"), "VATEX-EU-IC": ("K", "P0106"),
    "VATEX-EU-AE": ("AE", "P0107"), "VATEX-EU-D": ("E", "P0108"), "VATEX-EU-F": ("E", "P0109"),
    "VATEX-EU-I": ("E", "P0110"), "VATEX-EU-J": ("E", "P0111"),
}  # fmt: skip


def promises(profile: str | None) -> bool:
    """Whether a specification identifier (BT-24) is Peppol BIS Billing 3."""
    return "urn:fdc:peppol.eu:2017:poacc:billing:3.0" in (profile or "")


def findings(root: etree._Element) -> Iterator[Finding]:
    """Rules that a UBL document (bare element names) breaks."""
    tree = root.getroottree()

    def broken(rule: str, element: etree._Element, message: str, severity: str = "fatal") -> Finding:
        return Finding(f"PEPPOL-EN16931-{rule}", severity, tree.getpath(element), message)

    yield from _header(root, broken)
    yield from _parties(root, broken)
    yield from _taxes(root, broken)
    currency = _text(root, "DocumentCurrencyCode")
    for element in root.iter():
        name = str(element.tag)
        if len(element) == 0 and not (element.text or "").strip():
            yield broken("R008", element, "Document MUST not contain empty elements.")
        is_total = name == "TaxAmount" and element.getparent().find("TaxSubtotal") is not None
        if (name in _AMOUNTS or is_total) and element.get("currencyID") != currency:
            yield broken("R051", element, f"All amounts must be in the document currency {currency}.")
        if name in _DATES and not _DATE.fullmatch((element.text or "").strip()):
            yield broken("F001", element, "A date MUST be formatted YYYY-MM-DD.")
    parts = [
        *root.iterfind("AllowanceCharge"),
        *root.iterfind("InvoiceLine/AllowanceCharge"),
        *root.iterfind("CreditNoteLine/AllowanceCharge"),
    ]
    for part in parts:
        yield from _allowance(part, broken)
    for line in (*root.iterfind("InvoiceLine"), *root.iterfind("CreditNoteLine")):
        yield from _line(root, line, broken)


def _header(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    process = _text(root, "ProfileID")
    number = _PROCESS.search(process)
    if root.find("ProfileID") is None:
        yield broken("R001", root, "Business process MUST be provided.")
    if number is None:
        yield broken("R007", root, "Business process MUST be 'urn:fdc:peppol.eu:2017:poacc:billing:NN:1.0'.")
    if len(root.findall("Note")) > 1:
        yield broken("R002", root, "No more than one note is allowed on document level.")
    if root.find("BuyerReference") is None and root.find("OrderReference/ID") is None:
        yield broken("R003", root, "A buyer reference or purchase order reference MUST be provided.")
    if not _text(root, "CustomizationID").startswith(_PROMISE):
        yield broken("R004", root, f"Specification identifier MUST have the value '{_PROMISE}'.")
    tax_currency = root.find("TaxCurrencyCode")
    if tax_currency is not None and (tax_currency.text or "").strip() == _text(root, "DocumentCurrencyCode"):
        yield broken(
            "R005", tax_currency, "VAT accounting currency MUST be different from the invoice currency."
        )
    objects = [
        part
        for part in root.iterfind("AdditionalDocumentReference")
        if _text(part, "DocumentTypeCode") == "50"
    ]
    if root.tag == "CreditNote" and len(objects) > 1:
        yield broken("R080", root, "Only one project reference is allowed on document level.")
    if number is not None and number[1] == "01":
        for name, allowed, rule in (
            ("InvoiceTypeCode", _INVOICE_TYPES, "P0100"),
            ("CreditNoteTypeCode", _CREDIT_NOTE_TYPES, "P0101"),
        ):
            code = root.find(name)
            if code is not None and (code.text or "").strip() not in allowed:
                yield broken(
                    rule, code, f"{name} {(code.text or '').strip()} is not allowed in this process."
                )


def _parties(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    for path, rule, who in (
        ("AccountingCustomerParty/Party", "R010", "Buyer"),
        ("AccountingSupplierParty/Party", "R020", "Seller"),
    ):
        for party in root.iterfind(path):
            if party.find("EndpointID") is None:
                yield broken(rule, party, f"{who} electronic address MUST be provided.")
    for means in root.iterfind("PaymentMeans"):
        if _text(means, "PaymentMeansCode") in ("49", "59") and means.find("PaymentMandate/ID") is None:
            yield broken("R061", means, "Mandate reference MUST be provided for direct debit.")


def _taxes(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    totals = root.findall("TaxTotal")
    with_parts = [total for total in totals if total.find("TaxSubtotal") is not None]
    if len(with_parts) != 1:
        yield broken("R053", root, "Only one tax total with tax subtotals MUST be provided.")
    has_tax_currency = root.find("TaxCurrencyCode") is not None
    if len(totals) - len(with_parts) != (1 if has_tax_currency else 0):
        yield broken(
            "R054",
            root,
            "One tax total without subtotals MUST be provided when, and only when, there is a tax currency.",
        )
    if has_tax_currency:
        signs = []
        for name in ("TaxCurrencyCode", "DocumentCurrencyCode"):
            amounts = [
                _number(total.find("TaxAmount")) for total in totals if _currency(total) == _text(root, name)
            ]
            signs.append([amount for amount in amounts if amount is not None])
        same = any(
            all(any(test(amount) for amount in group) for group in signs)
            for test in (lambda a: a <= 0, lambda a: a >= 0)
        )
        if not same:
            yield broken(
                "R055",
                root,
                "Total VAT in accounting currency MUST have the same sign as in document currency.",
            )
    for category in root.iter("TaxCategory"):
        exemption = _EXEMPTIONS.get(_text(category, "TaxExemptionReasonCode").upper())
        if exemption and _text(category, "ID") != exemption[0]:
            yield broken(
                exemption[1], category, f"This exemption code belongs to tax category {exemption[0]}."
            )


def _allowance(part: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    factor, base = part.find("MultiplierFactorNumeric"), part.find("BaseAmount")
    if factor is not None and base is None:
        yield broken("R041", part, "The base amount MUST be provided when there is a percentage.")
    if factor is None and base is not None:
        yield broken("R042", part, "The percentage MUST be provided when there is a base amount.")
    percent, on = _number(factor), _number(base)
    if percent is not None and on is not None:
        amount = _number(part.find("Amount")) or Decimal(0)
        expected = on * percent / 100
        if abs(amount - expected) > _SLACK:
            yield broken(
                "R040",
                part,
                f"Amount must be base amount times percentage: expected {expected:f}, found {amount:f}.",
            )
    if _text(part, "ChargeIndicator") not in ("true", "false"):
        yield broken("R043", part, "The charge indicator MUST be true or false.")


def _line(root: etree._Element, line: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    quantity = line.find("InvoicedQuantity")
    quantity = line.find("CreditedQuantity") if quantity is None else quantity
    price = line.find("Price")
    yield from _line_sum(line, quantity, broken)
    base = None if price is None else price.find("BaseQuantity")
    if base is not None and (_number(base) or Decimal(0)) <= 0:
        yield broken("R121", line, "Base quantity MUST be a positive number above zero.")
    references = line.findall("DocumentReference")
    if len(references) > 1:
        yield broken("R100", line, "Only one invoiced object is allowed per line.")
    if references and not any(_text(reference, "DocumentTypeCode") == "130" for reference in references):
        yield broken("R101", line, "A document reference of a line MUST be an invoice line object (130).")
    if (
        base is not None
        and base.get("unitCode")
        and quantity is not None
        and base.get("unitCode") != quantity.get("unitCode")
    ):
        yield broken(
            "R130", base, "Unit code of the price base quantity MUST be that of the invoiced quantity."
        )
    for part in line.iterfind("Price/AllowanceCharge"):
        if _text(part, "ChargeIndicator") != "false":
            yield broken("R044", part, "A charge on price level is NOT allowed.")
        gross, discount, net = (
            _number(part.find("BaseAmount")),
            _number(part.find("Amount")),
            _number(line.find("Price/PriceAmount")),
        )
        if gross is not None and (discount is None or net != gross - discount):
            yield broken("R046", part, "Item net price MUST be the gross price less the allowance.")
    for name, rule, is_right in (("StartDate", "R110", str.__ge__), ("EndDate", "R111", str.__le__)):
        whole, own = root.find(f"InvoicePeriod/{name}"), line.find(f"InvoicePeriod/{name}")
        if (
            whole is not None
            and own is not None
            and not is_right((own.text or "").strip(), (whole.text or "").strip())
        ):
            yield broken(rule, own, f"{name} of the line period MUST be within the invoice period.")


def _line_sum(line: etree._Element, quantity: etree._Element | None, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    sums: Counter[str] = Counter()
    totals = {"true": Decimal(0), "false": Decimal(0)}
    for part in line.iterfind("AllowanceCharge"):
        sums[_text(part, "ChargeIndicator")] += 1
        if _text(part, "ChargeIndicator") in totals:
            totals[_text(part, "ChargeIndicator")] += _number(part.find("Amount")) or Decimal(0)
    has = _number(line.find("LineExtensionAmount")) or Decimal(0)
    count = Decimal(1) if quantity is None else _number(quantity) or Decimal(0)
    price = _number(line.find("Price/PriceAmount")) or Decimal(0)
    base = _number(line.find("Price/BaseQuantity"))
    per = Decimal(1) if base is None or base == 0 else base
    expected = count * (price / per) + totals["true"] - totals["false"]
    if abs(has - expected) > _SLACK:
        yield broken(
            "R120", line,
            f"Line net amount MUST be quantity x price + charges - allowances: expected {expected.quantize(Decimal('0.01')):f}, found {has:f}.",
        )  # fmt: skip


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _currency(total: etree._Element) -> str:
    amount = total.find("TaxAmount")
    return "" if amount is None else amount.get("currencyID", "")


def _number(element: etree._Element | None) -> Decimal | None:
    try:
        return None if element is None else Decimal((element.text or "").strip())
    except InvalidOperation:
        return None
