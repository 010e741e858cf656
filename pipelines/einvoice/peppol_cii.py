"""Rules of Peppol BIS Billing 3 for CII documents that promise them, and those that XRechnung takes over.

Source: OpenPeppol, PEPPOL-EN16931-CII.sch (rules R001 to R130), and KoSIT, XRechnung 3.0.2, whose Schematron adds
R008, R044 and R046 and leaves out R120. No package carries it compiled, so each rule is an XPath of what breaks it.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from pipelines.einvoice.checking import Finding
from pipelines.einvoice.values import number

_BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PROCESS = re.compile(r"urn:fdc:peppol\.eu:2017:poacc:billing:\d{2}:1\.0")
_SLACK = Decimal("0.02")
_SLACK_OF = {"HUF": Decimal("0.5")}  # a currency whose invoices are in whole units

_CONTEXT = "/CrossIndustryInvoice/ExchangedDocumentContext"
_TRADE = "/CrossIndustryInvoice/SupplyChainTradeTransaction"
_AGREEMENT, _SETTLEMENT = (
    f"{_TRADE}/ApplicableHeaderTradeAgreement",
    f"{_TRADE}/ApplicableHeaderTradeSettlement",
)
_LINE = f"{_TRADE}/IncludedSupplyChainTradeLineItem"
_TOTAL = "SpecifiedTradeSettlementHeaderMonetarySummation/TaxTotalAmount"
_OWN, _OTHER = f"{_TOTAL}[@currencyID = $currency]", f"{_TOTAL}[@currencyID != $currency]"
_TAX = f"{_TOTAL}[@currencyID = $tax_currency]"
_PERIOD = "SpecifiedLineTradeSettlement/BillingSpecifiedPeriod"
_WHOLE = f"{_SETTLEMENT}/BillingSpecifiedPeriod"
_FLAG = "normalize-space(ChargeIndicator/Indicator)"
_OBJECT = "SpecifiedLineTradeSettlement/AdditionalReferencedDocument"
_BASES = (
    f"{_LINE}//NetPriceProductTradePrice/BasisQuantity | {_LINE}//GrossPriceProductTradePrice/BasisQuantity"
)

# Number: what breaks the rule, and its words.
_RULES = {
    "R001": (f"{_CONTEXT}[not(BusinessProcessSpecifiedDocumentContextParameter/ID)]", "Business process MUST be provided."),
    "R002": ("/*/ExchangedDocument[count(IncludedNote) > 1 or IncludedNote/SubjectCode]", "No more than one note, without a subject, is allowed on document level."),
    "R003": (f"{_AGREEMENT}[not(BuyerReference) and not(BuyerOrderReferencedDocument/IssuerAssignedID)]", "A buyer reference or purchase order reference MUST be provided."),
    "R004": (f"{_CONTEXT}[not(starts-with(normalize-space(GuidelineSpecifiedDocumentContextParameter/ID), '{_BILLING}'))]", f"Specification identifier MUST have the value '{_BILLING}'."),
    "R005": (f"{_SETTLEMENT}/TaxCurrencyCode[normalize-space(.) = normalize-space(../InvoiceCurrencyCode)]", "VAT accounting currency MUST be different from the invoice currency."),
    "R006": (f"{_AGREEMENT}[count(AdditionalReferencedDocument[TypeCode = '130']) > 1]", "Only one invoiced object is allowed on document level."),
    "R008": ("//*[not(*) and not(normalize-space()) and name() != 'ApplicableHeaderTradeDelivery']", "Document MUST not contain empty elements."),
    "R010": (f"{_AGREEMENT}/BuyerTradeParty[not(URIUniversalCommunication/URIID)]", "Buyer electronic address MUST be provided."),
    "R020": (f"{_AGREEMENT}/SellerTradeParty[not(URIUniversalCommunication/URIID)]", "Seller electronic address MUST be provided."),
    "R041": ("//SpecifiedTradeAllowanceCharge[CalculationPercent and not(BasisAmount)]", "The base amount MUST be provided when there is a percentage."),
    "R042": ("//SpecifiedTradeAllowanceCharge[not(CalculationPercent) and BasisAmount]", "The percentage MUST be provided when there is a base amount."),
    "R043": (f"(//SpecifiedTradeAllowanceCharge | //AppliedTradeAllowanceCharge)[{_FLAG} != 'true' and {_FLAG} != 'false']", "The charge indicator MUST be true or false."),
    "R044": (f"{_LINE}//GrossPriceProductTradePrice/AppliedTradeAllowanceCharge[ActualAmount and {_FLAG} != 'false']", "A charge on price level is NOT allowed."),
    "R053": (f"{_SETTLEMENT}[count({_OWN}) > 1]", "No more than one tax total may be in the document currency."),
    "R054": (f"{_SETTLEMENT}[count({_OTHER}) != count(TaxCurrencyCode)]", "One tax total in the tax currency MUST be provided when, and only when, there is one."),
    "R055": (f"{_SETTLEMENT}[TaxCurrencyCode and {_OWN} and not(({_TAX} < 0 and {_OWN} < 0) or ({_TAX} >= 0 and {_OWN} >= 0))]", "Total VAT in accounting currency MUST have the same sign as in document currency."),
    "R061": (f"{_SETTLEMENT}/SpecifiedTradeSettlementPaymentMeans[TypeCode = '49' or TypeCode = '59'][not(../SpecifiedTradePaymentTerms/DirectDebitMandateID)]", "Mandate reference MUST be provided for direct debit."),
    "R080": (f"{_AGREEMENT}[count(AdditionalReferencedDocument[TypeCode = '50']) > 1]", "Only one project reference is allowed on document level."),
    "R100": (f"{_LINE}[count({_OBJECT}[TypeCode = '130']) > 1]", "Only one invoiced object is allowed per line."),
    "R101": (f"{_LINE}[{_OBJECT} and not({_OBJECT}/TypeCode = '130')]", "A referenced document of a line MUST be an invoice line object (130)."),
    "R110": (f"{_LINE}[number({_PERIOD}/StartDateTime/DateTimeString) < number({_WHOLE}/StartDateTime/DateTimeString)]", "Start date of the line period MUST be within the invoice period."),
    "R111": (f"{_LINE}[number({_PERIOD}/EndDateTime/DateTimeString) > number({_WHOLE}/EndDateTime/DateTimeString)]", "End date of the line period MUST be within the invoice period."),
    "R121": (f"({_BASES})[not(. > 0)]", "Base quantity MUST be a positive number above zero."),
    "R130": (f"({_BASES})[@unitCode and not(@unitCode = ../../../SpecifiedLineTradeDelivery/BilledQuantity/@unitCode)]", "Unit code of the price base quantity MUST be that of the invoiced quantity."),
}  # fmt: skip


def findings(root: etree._Element) -> Iterator[Finding]:
    """Rules that a CII document (bare element names) breaks."""
    tree = root.getroottree()
    currency, tax_currency = (
        (root.findtext(f"SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement/{name}") or "").strip()
        for name in ("InvoiceCurrencyCode", "TaxCurrencyCode")
    )
    for rule, (broken, message) in _RULES.items():
        found = tree.xpath(broken, currency=currency, tax_currency=tax_currency)
        assert isinstance(found, list)
        for element in found:
            yield _finding(rule, element, message)
    process = root.find("ExchangedDocumentContext/BusinessProcessSpecifiedDocumentContextParameter/ID")
    written = "" if process is None else (process.text or "").strip()
    if not _PROCESS.fullmatch(written):
        yield _finding(
            "R007",
            root if process is None else process,
            "Business process MUST be 'urn:fdc:peppol.eu:2017:poacc:billing:NN:1.0'.",
        )
    slack = _SLACK_OF.get(currency, _SLACK)
    for part in root.iter("SpecifiedTradeAllowanceCharge"):
        yield from _percentage(part, slack)
    for line in root.iterfind("SupplyChainTradeTransaction/IncludedSupplyChainTradeLineItem"):
        yield from _line(line, slack)


def _finding(rule: str, element: etree._Element, message: str) -> Finding:
    return Finding(f"PEPPOL-EN16931-{rule}", "fatal", element.getroottree().getpath(element), message)


def _percentage(part: etree._Element, slack: Decimal) -> Iterator[Finding]:
    base, percent = _number(part, "BasisAmount"), _number(part, "CalculationPercent")
    if base is None or percent is None:
        return
    expected, amount = base * percent / 100, _number(part, "ActualAmount") or Decimal(0)
    if abs(amount - expected) > slack:
        message = f"Amount must be base amount times percentage: expected {expected:f}, found {amount:f}."
        yield _finding("R040", part, message)


def _line(line: etree._Element, slack: Decimal) -> Iterator[Finding]:
    net = _number(line, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount")
    for gross in line.iterfind("SpecifiedLineTradeAgreement/GrossPriceProductTradePrice"):
        before = _number(gross, "ChargeAmount")
        discount = _number(gross, "AppliedTradeAllowanceCharge/ActualAmount") or Decimal(0)
        if before is not None and net is not None and net != before - discount:
            yield _finding("R046", gross, "Item net price MUST be the gross price less the allowance.")
    per = _number(line, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/BasisQuantity") or Decimal(1)
    quantity = _number(line, "SpecifiedLineTradeDelivery/BilledQuantity")
    expected = (Decimal(1) if quantity is None else quantity) * ((net or Decimal(0)) / per)
    for part in line.iterfind("SpecifiedLineTradeSettlement/SpecifiedTradeAllowanceCharge"):
        amount = _number(part, "ActualAmount") or Decimal(0)
        flag = (part.findtext("ChargeIndicator/Indicator") or "").strip()
        expected += {"true": amount, "false": -amount}.get(flag, Decimal(0))
    summation = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation"
    found = _number(line, f"{summation}/LineTotalAmount") or Decimal(0)
    if abs(found - expected) > slack:
        cents = expected.quantize(Decimal("0.01"))
        message = f"Line net amount MUST be quantity x price + charges - allowances: expected {cents:f}, found {found:f}."
        yield _finding("R120", line, message)


def _number(element: etree._Element, path: str) -> Decimal | None:
    return number(element.findtext(path), path, 18, 8, [])
