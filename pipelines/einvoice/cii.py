"""UN/CEFACT Cross Industry Invoice (D16B and later) and ZUGFeRD 1.0 to business terms.

Source: CEN/TS 16931-3-3 (syntax binding of EN 16931-1 to CII D16B); Factur-X 1.0 and ZUGFeRD 2.x
technical annex; ZUGFeRD 1.0 technical annex (other names for the same groups: `_Names`).
Belongs here: where each business term stands in CII. Does not belong here: what it means (`read`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from pipelines.einvoice.model import Invoice, Row, claimed
from pipelines.einvoice.terms import discount_of
from pipelines.einvoice.ubl import is_charge
from pipelines.einvoice.values import Unreadable, day, money, number, text


@dataclass(frozen=True)
class _Names:
    """What the versions of CII call the same groups."""

    context: str = "ExchangedDocumentContext"
    document: str = "ExchangedDocument"
    transaction: str = "SupplyChainTradeTransaction"
    agreement: str = "ApplicableHeaderTradeAgreement"
    delivery: str = "ApplicableHeaderTradeDelivery"
    settlement: str = "ApplicableHeaderTradeSettlement"
    summation: str = "SpecifiedTradeSettlementHeaderMonetarySummation"
    line_agreement: str = "SpecifiedLineTradeAgreement"
    line_delivery: str = "SpecifiedLineTradeDelivery"
    line_settlement: str = "SpecifiedLineTradeSettlement"
    line_summation: str = "SpecifiedTradeSettlementLineMonetarySummation"
    rate: str = "RateApplicablePercent"


_D16B = _Names()
_ZUGFERD_1 = _Names(
    context="SpecifiedExchangedDocumentContext",
    document="HeaderExchangedDocument",
    transaction="SpecifiedSupplyChainTradeTransaction",
    agreement="ApplicableSupplyChainTradeAgreement",
    delivery="ApplicableSupplyChainTradeDelivery",
    settlement="ApplicableSupplyChainTradeSettlement",
    summation="SpecifiedTradeSettlementMonetarySummation",
    line_agreement="SpecifiedSupplyChainTradeAgreement",
    line_delivery="SpecifiedSupplyChainTradeDelivery",
    line_settlement="SpecifiedSupplyChainTradeSettlement",
    line_summation="SpecifiedTradeSettlementMonetarySummation",
    rate="ApplicablePercent",
)

_TEXTS = {
    "document": {
        "document_number": "ID",
        "document_type_code": "TypeCode",
        "note": "IncludedNote/Content",
    },
    "agreement": {
        "buyer_reference": "BuyerReference",
        "project_reference": "SpecifiedProcuringProject/ID",
        "contract_reference": "ContractReferencedDocument/IssuerAssignedID",
        "purchase_order": "BuyerOrderReferencedDocument/IssuerAssignedID",
        "sales_order": "SellerOrderReferencedDocument/IssuerAssignedID",
        "seller_name": "SellerTradeParty/Name",
        "seller_registration": "SellerTradeParty/SpecifiedLegalOrganization/ID",
        "seller_endpoint": "SellerTradeParty/URIUniversalCommunication/URIID",
        "seller_country": "SellerTradeParty/PostalTradeAddress/CountryID",
        "buyer_name": "BuyerTradeParty/Name",
        "buyer_registration": "BuyerTradeParty/SpecifiedLegalOrganization/ID",
        "buyer_endpoint": "BuyerTradeParty/URIUniversalCommunication/URIID",
        "buyer_country": "BuyerTradeParty/PostalTradeAddress/CountryID",
        "tax_representative_vat_id": "SellerTaxRepresentativeTradeParty/SpecifiedTaxRegistration/ID",
    },
    "settlement": {
        "currency": "InvoiceCurrencyCode",
        "tax_currency": "TaxCurrencyCode",
        "buyer_accounting_reference": "ReceivableSpecifiedTradeAccountingAccount/ID",
        "payment_terms": "SpecifiedTradePaymentTerms/Description",
        "payee_name": "PayeeTradeParty/Name",
        "payment_means_code": "SpecifiedTradeSettlementPaymentMeans/TypeCode",
        "remittance_text": "PaymentReference",
        "payee_bank": "SpecifiedTradeSettlementPaymentMeans/PayeeSpecifiedCreditorFinancialInstitution/BICID",
        "mandate_id": "SpecifiedTradePaymentTerms/DirectDebitMandateID",
        "buyer_account": "SpecifiedTradeSettlementPaymentMeans/PayerPartyDebtorFinancialAccount/IBANID",
    },
}
_DAYS = {
    "document": {"issue_date": "IssueDateTime/*"},
    "delivery": {"delivery_date": "ActualDeliverySupplyChainEvent/OccurrenceDateTime/*"},
    "settlement": {
        "due_date": "SpecifiedTradePaymentTerms/DueDateDateTime/*",
        "tax_point_date": "ApplicableTradeTax/TaxPointDate/*",
        "period_start_date": "BillingSpecifiedPeriod/StartDateTime/*",
        "period_end_date": "BillingSpecifiedPeriod/EndDateTime/*",
    },
}
_TOTALS = {
    "line_total_amount": "LineTotalAmount",
    "allowance_total_amount": "AllowanceTotalAmount",
    "charge_total_amount": "ChargeTotalAmount",
    "net_amount": "TaxBasisTotalAmount",
    "gross_amount": "GrandTotalAmount",
    "prepaid_amount": "TotalPrepaidAmount",
    "rounding_amount": "RoundingAmount",
    "payable_amount": "DuePayableAmount",
}


def read(root: etree._Element, syntax: str) -> Invoice:
    """The business terms of a CII document (bare element names)."""
    names = _ZUGFERD_1 if syntax == "zugferd_1" else _D16B
    bad: list[Unreadable] = []
    nothing = etree.Element("nothing")
    transaction = _child(root, names.transaction, nothing)
    groups = {
        "document": _child(root, names.document, nothing),
        "agreement": _child(transaction, names.agreement, nothing),
        "delivery": _child(transaction, names.delivery, nothing),
        "settlement": _child(transaction, names.settlement, nothing),
    }
    header: Row = {
        "profile": text(root.findtext(f"{names.context}/GuidelineSpecifiedDocumentContextParameter/ID")),
        "business_process": text(
            root.findtext(f"{names.context}/BusinessProcessSpecifiedDocumentContextParameter/ID")
        ),
    }
    for group, paths in _TEXTS.items():
        header |= {name: text(groups[group].findtext(path)) for name, path in paths.items()}
    for group, paths in _DAYS.items():
        header |= {name: day(groups[group].findtext(path), name, bad) for name, path in paths.items()}
    for role, party in (("seller", "SellerTradeParty"), ("buyer", "BuyerTradeParty")):
        header |= _identifiers(role, groups["agreement"].find(party))
    settlement = groups["settlement"]
    totals = _child(settlement, names.summation, nothing)
    header |= {name: money(totals.findtext(path), name, bad) for name, path in _TOTALS.items()}
    header["payee_account"] = _account(settlement)
    header["discount_percent"], header["discount_days"] = _discount(settlement, header["payment_terms"], bad)
    header |= _preceding(settlement, bad)
    header["tax_amount"], header["tax_currency_amount"] = _tax_totals(totals, header, bad)
    header["total_amount"] = claimed(
        header["gross_amount"], header["rounding_amount"], header["payable_amount"]
    )
    invoice = Invoice(header, bad=bad)
    allowances = list(_allowances(settlement, names, bad))
    if names is _ZUGFERD_1:
        _as_deductions(allowances, header["allowance_total_amount"])
    invoice.lines = [*_lines(transaction, names, bad), *allowances]
    invoice.taxes = [_tax(part, names, bad) for part in settlement.iterfind("ApplicableTradeTax")]
    return invoice


def _child(parent: etree._Element, name: str, nothing: etree._Element) -> etree._Element:
    found = parent.find(name)
    return nothing if found is None else found


def _identifiers(role: str, party: etree._Element | None) -> Row:
    row: Row = {f"{role}_id": None, f"{role}_vat_id": None}
    if role == "seller":
        row["seller_tax_number"] = None
    if party is None:
        return row
    row[f"{role}_id"] = text(party.findtext("ID")) or text(party.findtext("GlobalID"))
    for registration in party.iterfind("SpecifiedTaxRegistration/ID"):
        scheme = (registration.get("schemeID") or "").strip().upper()
        target = f"{role}_vat_id" if scheme == "VA" else f"{role}_tax_number" if scheme == "FC" else None
        if target in row and row[target] is None:
            row[target] = text(registration.text)
    return row


def _account(settlement: etree._Element) -> str | None:
    for means in settlement.iterfind(
        "SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount"
    ):
        found = text(means.findtext("IBANID")) or text(means.findtext("ProprietaryID"))
        if found:
            return found
    return None


def _discount(
    settlement: etree._Element, terms: str | None, bad: list[Unreadable]
) -> tuple[Decimal | None, int | None]:
    """XRechnung's #SKONTO#, else the discount terms of the profile EXTENDED."""
    percent, days = discount_of(terms)
    part = settlement.find("SpecifiedTradePaymentTerms/ApplicableTradePaymentDiscountTerms")
    if percent is None and part is not None:
        percent = number(part.findtext("CalculationPercent"), "discount_percent", 18, 8, bad)
        measure = part.find("BasisPeriodMeasure")
        if measure is not None and measure.get("unitCode") == "DAY":
            count = number(measure.text, "discount_days", 9, 4, bad)
            days = None if count is None else int(count)
    return percent, days


def _preceding(settlement: etree._Element, bad: list[Unreadable]) -> Row:
    references = settlement.findall("InvoiceReferencedDocument")
    numbers = [value for reference in references if (value := text(reference.findtext("IssuerAssignedID")))]
    return {
        "preceding_invoice": "; ".join(numbers) or None,
        "preceding_invoice_date": day(
            references[0].findtext("FormattedIssueDateTime/*"), "preceding_invoice_date", bad
        )
        if references
        else None,
    }


def _tax_totals(
    totals: etree._Element, header: Row, bad: list[Unreadable]
) -> tuple[Decimal | None, Decimal | None]:
    """BT-110 and BT-111; CII does not ask for the currency where there is only one."""
    amounts = totals.findall("TaxTotalAmount")
    own = [a for a in amounts if a.get("currencyID", header["currency"]) == header["currency"]]
    if not own and len(amounts) == 1 and not header["tax_currency"]:
        own = amounts
    others = [a for a in amounts if a.get("currencyID") == header["tax_currency"]]
    in_tax_currency = others if header["tax_currency"] not in (None, header["currency"]) else []
    return (
        money(own[0].text, "tax_amount", bad) if own else None,
        money(in_tax_currency[0].text, "tax_currency_amount", bad) if in_tax_currency else None,
    )


def _vat(parent: etree._Element, path: str) -> etree._Element | None:
    parts = parent.findall(path)
    for part in parts:
        if (part.findtext("TypeCode") or "VAT").strip().upper() == "VAT":
            return part
    return parts[0] if parts else None


def _rate(part: etree._Element | None, names: _Names, bad: list[Unreadable]) -> Decimal | None:
    return None if part is None else number(part.findtext(names.rate), "tax_rate", 18, 8, bad)


def _lines(transaction: etree._Element, names: _Names, bad: list[Unreadable]) -> Iterator[Row]:
    for line in transaction.iterfind("IncludedSupplyChainTradeLineItem"):
        settlement = line.find(names.line_settlement)
        if settlement is None:
            settlement = etree.Element("nothing")
        status = (line.findtext("AssociatedDocumentLineDocument/LineStatusReasonCode") or "").strip()
        if status in ("GROUP", "INFORMATION"):
            continue  # EXTENDED: a heading or remark, whose amounts its sub-lines hold
        if names is _ZUGFERD_1 and settlement.find(names.line_summation) is None:
            continue  # ZUGFeRD 1.0: a line that is a note only
        quantity = line.find(f"{names.line_delivery}/BilledQuantity")
        price = f"{names.line_agreement}/NetPriceProductTradePrice"
        gross = f"{names.line_agreement}/GrossPriceProductTradePrice"
        tax = _vat(settlement, "ApplicableTradeTax")
        yield {
            "line_kind": "item",
            "native_line_id": text(line.findtext("AssociatedDocumentLineDocument/LineID")),
            "note": text(line.findtext("AssociatedDocumentLineDocument/IncludedNote/Content")),
            "quantity": None if quantity is None else number(quantity.text, "quantity", 18, 8, bad),
            "unit_code": None if quantity is None else text(quantity.get("unitCode")),
            "net_amount": money(
                settlement.findtext(f"{names.line_summation}/LineTotalAmount"), "line net_amount", bad
            ),
            "purchase_order_line": text(line.findtext(f"{names.line_agreement}/BuyerOrderReferencedDocument/LineID")),
            "accounting_reference": text(settlement.findtext("ReceivableSpecifiedTradeAccountingAccount/ID")),
            "line_allowance_amount": _sum_of(settlement, False, bad),
            "line_charge_amount": _sum_of(settlement, True, bad),
            "unit_price": number(line.findtext(f"{price}/ChargeAmount"), "unit_price", 18, 8, bad),
            "price_discount": number(
                line.findtext(f"{gross}/AppliedTradeAllowanceCharge/ActualAmount"), "price_discount", 18, 8, bad
            ),
            "gross_price": number(line.findtext(f"{gross}/ChargeAmount"), "gross_price", 18, 8, bad),
            "price_base_quantity": number(
                line.findtext(f"{price}/BasisQuantity") or line.findtext(f"{gross}/BasisQuantity"),
                "price_base_quantity", 18, 8, bad,
            ),
            "tax_category": None if tax is None else text(tax.findtext("CategoryCode")),
            "tax_rate": _rate(tax, names, bad),
            "item_name": text(line.findtext("SpecifiedTradeProduct/Name")),
            "item_description": text(line.findtext("SpecifiedTradeProduct/Description")),
            "seller_item_id": text(line.findtext("SpecifiedTradeProduct/SellerAssignedID")),
            "buyer_item_id": text(line.findtext("SpecifiedTradeProduct/BuyerAssignedID")),
            "standard_item_id": text(line.findtext("SpecifiedTradeProduct/GlobalID")),
            "reason_code": None,
        }  # fmt: skip


def _as_deductions(parts: list[Row], total: Decimal | None) -> None:
    """ZUGFeRD 1.0 has allowances written with a minus under a total without one: they are deductions."""
    amounts = [part["net_amount"] for part in parts if part["line_kind"] == "allowance"]
    if total and None not in amounts and sum(amounts, Decimal(0)) == total:
        for part in parts:
            if part["line_kind"] == "allowance":
                part["net_amount"] = -part["net_amount"]


def _sum_of(settlement: etree._Element, wants_charge: bool, bad: list[Unreadable]) -> Decimal | None:
    amounts = [
        money(part.findtext("ActualAmount"), "line allowance or charge", bad)
        for part in settlement.iterfind("SpecifiedTradeAllowanceCharge")
        if is_charge(part.findtext("ChargeIndicator/Indicator")) == wants_charge
    ]
    given = [amount for amount in amounts if amount is not None]
    return sum(given, Decimal(0)) if given else None


def _allowances(settlement: etree._Element, names: _Names, bad: list[Unreadable]) -> Iterator[Row]:
    for part in settlement.iterfind("SpecifiedTradeAllowanceCharge"):
        charge = is_charge(part.findtext("ChargeIndicator/Indicator"))
        amount = money(part.findtext("ActualAmount"), "allowance or charge", bad)
        tax = _vat(part, "CategoryTradeTax")
        yield {
            "line_kind": "charge" if charge else "allowance",
            "net_amount": amount if charge or amount is None else -amount,
            "tax_category": None if tax is None else text(tax.findtext("CategoryCode")),
            "tax_rate": _rate(tax, names, bad),
            "item_name": text(part.findtext("Reason")),
            "reason_code": text(part.findtext("ReasonCode")),
        }
    # Logistics charges (EXTENDED, ZUGFeRD 1.0) are charges of the document in all but name.
    for part in settlement.iterfind("SpecifiedLogisticsServiceCharge"):
        tax = _vat(part, "AppliedTradeTax")
        yield {
            "line_kind": "charge",
            "net_amount": money(part.findtext("AppliedAmount"), "logistics charge", bad),
            "tax_category": None if tax is None else text(tax.findtext("CategoryCode")),
            "tax_rate": _rate(tax, names, bad),
            "item_name": text(part.findtext("Description")),
            "reason_code": None,
        }


def _tax(part: etree._Element, names: _Names, bad: list[Unreadable]) -> Row:
    return {
        "tax_category": text(part.findtext("CategoryCode")),
        "tax_rate": _rate(part, names, bad),
        "taxable_amount": money(part.findtext("BasisAmount"), "taxable_amount", bad),
        "tax_amount": money(part.findtext("CalculatedAmount"), "breakdown tax_amount", bad),
        "exemption_reason": text(part.findtext("ExemptionReason")),
        "exemption_code": text(part.findtext("ExemptionReasonCode")),
    }
