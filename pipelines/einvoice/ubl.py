"""UBL 2.1 Invoice and CreditNote to business terms.

Source: CEN/TS 16931-3-2 (syntax binding of EN 16931-1 to ISO/IEC 19845, UBL 2.1).
Belongs here: where each business term stands in UBL. Does not belong here: what it means (`read`).
"""

from collections.abc import Iterator
from decimal import Decimal

from lxml import etree

from pipelines.einvoice.model import Invoice, Row, claimed
from pipelines.einvoice.terms import discount_of
from pipelines.einvoice.values import Unreadable, day, money, number, text

_SELLER = "AccountingSupplierParty/Party"
_BUYER = "AccountingCustomerParty/Party"

_TEXTS = {
    "profile": "CustomizationID",
    "business_process": "ProfileID",
    "document_number": "ID",
    "currency": "DocumentCurrencyCode",
    "tax_currency": "TaxCurrencyCode",
    "buyer_reference": "BuyerReference",
    "project_reference": "ProjectReference/ID",
    "contract_reference": "ContractDocumentReference/ID",
    "purchase_order": "OrderReference/ID",
    "sales_order": "OrderReference/SalesOrderID",
    "buyer_accounting_reference": "AccountingCost",
    "payment_terms": "PaymentTerms/Note",
    "note": "Note",
    "seller_registration": f"{_SELLER}/PartyLegalEntity/CompanyID",
    "seller_endpoint": f"{_SELLER}/EndpointID",
    "seller_country": f"{_SELLER}/PostalAddress/Country/IdentificationCode",
    "buyer_registration": f"{_BUYER}/PartyLegalEntity/CompanyID",
    "buyer_endpoint": f"{_BUYER}/EndpointID",
    "buyer_country": f"{_BUYER}/PostalAddress/Country/IdentificationCode",
    "payee_name": "PayeeParty/PartyName/Name",
    "payment_means_code": "PaymentMeans/PaymentMeansCode",
    "remittance_text": "PaymentMeans/PaymentID",
    "payee_account": "PaymentMeans/PayeeFinancialAccount/ID",
    "payee_bank": "PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch/ID",
    "mandate_id": "PaymentMeans/PaymentMandate/ID",
    "buyer_account": "PaymentMeans/PaymentMandate/PayerFinancialAccount/ID",
}
_DAYS = {
    "issue_date": "IssueDate",
    "tax_point_date": "TaxPointDate",
    "due_date": "DueDate",
    "delivery_date": "Delivery/ActualDeliveryDate",
    "period_start_date": "InvoicePeriod/StartDate",
    "period_end_date": "InvoicePeriod/EndDate",
}
_TOTALS = {
    "line_total_amount": "LineExtensionAmount",
    "allowance_total_amount": "AllowanceTotalAmount",
    "charge_total_amount": "ChargeTotalAmount",
    "net_amount": "TaxExclusiveAmount",
    "gross_amount": "TaxInclusiveAmount",
    "prepaid_amount": "PrepaidAmount",
    "rounding_amount": "PayableRoundingAmount",
    "payable_amount": "PayableAmount",
}


def read(root: etree._Element, syntax: str) -> Invoice:
    """The business terms of a UBL document (bare element names)."""
    bad: list[Unreadable] = []
    header: Row = {name: text(root.findtext(path)) for name, path in _TEXTS.items()}
    header |= {name: day(root.findtext(path), name, bad) for name, path in _DAYS.items()}
    totals = root.find("LegalMonetaryTotal")
    if totals is None:
        totals = root.find("RequestedMonetaryTotal")
    for name, path in _TOTALS.items():
        header[name] = None if totals is None else money(totals.findtext(path), name, bad)
    is_credit_note = syntax == "ubl_credit_note"
    header["document_type_code"] = text(
        root.findtext("CreditNoteTypeCode" if is_credit_note else "InvoiceTypeCode")
    ) or ("381" if is_credit_note else None)
    if header["due_date"] is None:  # a credit note has it with its means of payment
        header["due_date"] = day(root.findtext("PaymentMeans/PaymentDueDate"), "due_date", bad)
    header |= _parties(root)
    header |= _preceding(root, bad)
    header["discount_percent"], header["discount_days"] = discount_of(header["payment_terms"])
    header["tax_amount"], header["tax_currency_amount"] = _tax_totals(root, header, bad)
    header["total_amount"] = claimed(
        header["gross_amount"], header["rounding_amount"], header["payable_amount"]
    )
    invoice = Invoice(header, bad=bad)
    invoice.lines = [*_lines(root, is_credit_note, bad), *_allowances(root, bad)]
    invoice.taxes = list(_taxes(root, bad))
    return invoice


def _parties(root: etree._Element) -> Row:
    row: Row = {}
    for role, path in (("seller", _SELLER), ("buyer", _BUYER)):
        # An identification of scheme SEPA is the creditor's for direct debits (BT-90), not the party's.
        row[f"{role}_id"] = next(
            (
                value
                for part in root.iterfind(f"{path}/PartyIdentification/ID")
                if part.get("schemeID") != "SEPA" and (value := text(part.text))
            ),
            None,
        )
        row[f"{role}_name"] = text(root.findtext(f"{path}/PartyLegalEntity/RegistrationName")) or text(
            root.findtext(f"{path}/PartyName/Name")
        )
        schemes = [
            ((scheme.findtext("TaxScheme/ID") or "").strip().upper(), text(scheme.findtext("CompanyID")))
            for scheme in root.iterfind(f"{path}/PartyTaxScheme")
        ]
        row[f"{role}_vat_id"] = next((value for name, value in schemes if name == "VAT" and value), None)
        if role == "seller":
            row["seller_tax_number"] = next(
                (value for name, value in schemes if name != "VAT" and value), None
            )
    row["tax_representative_vat_id"] = text(root.findtext("TaxRepresentativeParty/PartyTaxScheme/CompanyID"))
    return row


def _preceding(root: etree._Element, bad: list[Unreadable]) -> Row:
    references = root.findall("BillingReference/InvoiceDocumentReference")
    numbers = [value for reference in references if (value := text(reference.findtext("ID")))]
    return {
        "preceding_invoice": "; ".join(numbers) or None,
        "preceding_invoice_date": day(references[0].findtext("IssueDate"), "preceding_invoice_date", bad)
        if references
        else None,
    }


def _tax_totals(
    root: etree._Element, header: Row, bad: list[Unreadable]
) -> tuple[Decimal | None, Decimal | None]:
    """BT-110 and BT-111: the totals in the currency of the document and in that of the tax."""
    amounts = root.findall("TaxTotal/TaxAmount")
    own = [a for a in amounts if a.get("currencyID") == header["currency"]]
    others = [a for a in amounts if a.get("currencyID") == header["tax_currency"]]
    if not own and len(amounts) == 1 and not header["tax_currency"]:
        own = amounts
    in_tax_currency = others if header["tax_currency"] not in (None, header["currency"]) else []
    return (
        money(own[0].text, "tax_amount", bad) if own else None,
        money(in_tax_currency[0].text, "tax_currency_amount", bad) if in_tax_currency else None,
    )


def _vat(element: etree._Element, path: str) -> etree._Element | None:
    """The VAT category; another scheme only when there is no VAT."""
    categories = element.findall(path)
    for category in categories:
        if (category.findtext("TaxScheme/ID") or "").strip().upper() == "VAT":
            return category
    return categories[0] if categories else None


def _rate(category: etree._Element | None, bad: list[Unreadable]) -> Decimal | None:
    return None if category is None else number(category.findtext("Percent"), "tax_rate", 18, 8, bad)


def _lines(root: etree._Element, is_credit_note: bool, bad: list[Unreadable]) -> Iterator[Row]:
    quantity = "CreditedQuantity" if is_credit_note else "InvoicedQuantity"
    lines = root.findall("CreditNoteLine" if is_credit_note else "InvoiceLine")
    for line in lines:
        category = _vat(line, "Item/ClassifiedTaxCategory")
        unit = line.find(quantity)
        yield {
            "line_kind": "item",
            "native_line_id": text(line.findtext("ID")),
            "note": text(line.findtext("Note")),
            "quantity": number(line.findtext(quantity), "quantity", 18, 8, bad),
            "unit_code": None if unit is None else text(unit.get("unitCode")),
            "net_amount": money(line.findtext("LineExtensionAmount"), "line net_amount", bad),
            "purchase_order_line": text(line.findtext("OrderLineReference/LineID")),
            "accounting_reference": text(line.findtext("AccountingCost")),
            "line_allowance_amount": _sum_of(line, "false", bad),
            "line_charge_amount": _sum_of(line, "true", bad),
            "unit_price": number(line.findtext("Price/PriceAmount"), "unit_price", 18, 8, bad),
            "price_discount": number(
                line.findtext("Price/AllowanceCharge/Amount"), "price_discount", 18, 8, bad
            ),
            "gross_price": number(
                line.findtext("Price/AllowanceCharge/BaseAmount"), "gross_price", 18, 8, bad
            ),
            "price_base_quantity": number(
                line.findtext("Price/BaseQuantity"), "price_base_quantity", 18, 8, bad
            ),
            "tax_category": None if category is None else text(category.findtext("ID")),
            "tax_rate": _rate(category, bad),
            "item_name": text(line.findtext("Item/Name")),
            "item_description": text(line.findtext("Item/Description")),
            "seller_item_id": text(line.findtext("Item/SellersItemIdentification/ID")),
            "buyer_item_id": text(line.findtext("Item/BuyersItemIdentification/ID")),
            "standard_item_id": text(line.findtext("Item/StandardItemIdentification/ID")),
            "reason_code": None,
        }


def _sum_of(line: etree._Element, indicator: str, bad: list[Unreadable]) -> Decimal | None:
    amounts = [
        money(part.findtext("Amount"), "line allowance or charge", bad)
        for part in line.iterfind("AllowanceCharge")
        if is_charge(part.findtext("ChargeIndicator")) == (indicator == "true")
    ]
    given = [amount for amount in amounts if amount is not None]
    return sum(given, Decimal(0)) if given else None


def is_charge(indicator: str | None) -> bool:
    """xs:boolean: 1 and true are one value."""
    return (indicator or "").strip() in ("true", "1")


def _allowances(root: etree._Element, bad: list[Unreadable]) -> Iterator[Row]:
    for part in root.iterfind("AllowanceCharge"):
        charge = is_charge(part.findtext("ChargeIndicator"))
        amount = money(part.findtext("Amount"), "allowance or charge", bad)
        category = _vat(part, "TaxCategory")
        yield {
            "line_kind": "charge" if charge else "allowance",
            "net_amount": amount if charge or amount is None else -amount,
            "tax_category": None if category is None else text(category.findtext("ID")),
            "tax_rate": _rate(category, bad),
            "item_name": text(part.findtext("AllowanceChargeReason")),
            "reason_code": text(part.findtext("AllowanceChargeReasonCode")),
        }


def _taxes(root: etree._Element, bad: list[Unreadable]) -> Iterator[Row]:
    for part in root.iterfind("TaxTotal/TaxSubtotal"):
        category = _vat(part, "TaxCategory")
        yield {
            "tax_category": None if category is None else text(category.findtext("ID")),
            "tax_rate": _rate(category, bad),
            "taxable_amount": money(part.findtext("TaxableAmount"), "taxable_amount", bad),
            "tax_amount": money(part.findtext("TaxAmount"), "breakdown tax_amount", bad),
            "exemption_reason": None if category is None else text(category.findtext("TaxExemptionReason")),
            "exemption_code": None if category is None else text(category.findtext("TaxExemptionReasonCode")),
        }
