"""One invoice model, written as UBL and as CII: the twins that must read alike.

Written from the syntax bindings (CEN/TS 16931-3-2 and -3-3), apart from the readers' paths.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from xml.sax.saxutils import escape

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Party:
    name: str
    country: str = "DE"
    vat_id: str | None = None
    registration: str | None = None


@dataclass(frozen=True)
class LinePart:
    """An allowance or charge of a line."""

    amount: Decimal
    is_charge: bool = False
    reason: str = "Packaging"


@dataclass(frozen=True)
class Line:
    number: str
    name: str
    quantity: Decimal
    price: Decimal
    rate: Decimal = Decimal(19)
    category: str = "S"
    base: Decimal | None = None
    parts: tuple[LinePart, ...] = ()

    @property
    def net(self) -> Decimal:
        added = sum((part.amount if part.is_charge else -part.amount for part in self.parts), Decimal(0))
        return (self.quantity * self.price / (self.base or 1)).quantize(CENT, ROUND_HALF_UP) + added


@dataclass(frozen=True)
class Part:
    """An allowance or charge of the document."""

    amount: Decimal
    is_charge: bool = False
    rate: Decimal = Decimal(19)
    category: str = "S"
    reason: str = "Freight"


@dataclass(frozen=True)
class Model:
    number: str = "R-1"
    issued: date = date(2026, 6, 1)
    due: date | None = date(2026, 6, 30)
    type_code: str = "380"
    currency: str = "EUR"
    profile: str = "urn:cen.eu:en16931:2017"
    seller: Party = Party("Großhandel Fröhlich GmbH", "DE", "DE123456789", "HRB 1")
    buyer: Party = Party("Nordlicht Handel GmbH", "DE", "DE987654321")
    lines: tuple[Line, ...] = (Line("1", "Kaffee", Decimal(10), Decimal("4.50")),)
    parts: tuple[Part, ...] = ()
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    order: str | None = "PO-7"
    preceding: str | None = None
    iban: str | None = "DE89370400440532013000"
    remittance: str | None = "R-1"
    terms: str | None = None
    buyer_reference: str | None = "04011000-12345-03"
    tax_currency: str | None = None
    tax_in_its_currency: Decimal | None = None  # VAT in the currency of the tax (BT-111)
    errors: dict[str, Decimal] = field(default_factory=dict)  # total -> what is wrongly added to it

    @property
    def line_total(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def allowances(self) -> Decimal:
        return sum((part.amount for part in self.parts if not part.is_charge), Decimal(0))

    @property
    def charges(self) -> Decimal:
        return sum((part.amount for part in self.parts if part.is_charge), Decimal(0))

    @property
    def breakdown(self) -> dict[tuple[str, Decimal], tuple[Decimal, Decimal]]:
        taxable: dict[tuple[str, Decimal], Decimal] = {}
        for line in self.lines:
            taxable[line.category, line.rate] = taxable.get((line.category, line.rate), Decimal(0)) + line.net
        for part in self.parts:
            key = (part.category, part.rate)
            taxable[key] = taxable.get(key, Decimal(0)) + (part.amount if part.is_charge else -part.amount)
        return {
            key: (base, (base * key[1] / 100).quantize(CENT, ROUND_HALF_UP)) for key, base in taxable.items()
        }

    def total(self, name: str) -> Decimal:
        tax = sum((amount for _, amount in self.breakdown.values()), Decimal(0))
        net = self.line_total - self.allowances + self.charges
        gross = net + tax
        due = gross - (self.prepaid or 0) + (self.rounding or 0)
        right = {"lines": self.line_total, "net": net, "tax": tax, "gross": gross, "due": due}[name]
        return right + self.errors.get(name, Decimal(0))

    def wrong(self, **errors: str) -> "Model":
        return replace(self, errors={name: Decimal(value) for name, value in errors.items()})


def _tag(name: str, value: object, **attributes: str) -> str:
    if value is None:
        return ""
    written = "".join(f' {key}="{escape(text)}"' for key, text in attributes.items())
    return f"<{name}{written}>{escape(str(value))}</{name}>"


def _wrap(name: str, *content: str) -> str:
    return f"<{name}>{''.join(content)}</{name}>" if any(content) else ""


def ubl(model: Model) -> str:
    credit = model.type_code in ("381", "396", "261")
    root = "CreditNote" if credit else "Invoice"
    money = {"currencyID": model.currency}

    def category(name: str, code: str, rate: Decimal) -> str:
        return _wrap(
            name, _tag("cbc:ID", code), _tag("cbc:Percent", rate),
            _wrap("cac:TaxScheme", _tag("cbc:ID", "VAT")),
        )  # fmt: skip

    def party(name: str, who: Party) -> str:
        return _wrap(
            name,
            _wrap(
                "cac:Party",
                _wrap("cac:PostalAddress", _wrap("cac:Country", _tag("cbc:IdentificationCode", who.country))),
                _wrap("cac:PartyTaxScheme", _tag("cbc:CompanyID", who.vat_id), _wrap("cac:TaxScheme", _tag("cbc:ID", "VAT")))
                if who.vat_id else "",
                _wrap("cac:PartyLegalEntity", _tag("cbc:RegistrationName", who.name), _tag("cbc:CompanyID", who.registration)),
            ),
        )  # fmt: skip

    quantity, line_name = (
        ("CreditedQuantity", "CreditNoteLine") if credit else ("InvoicedQuantity", "InvoiceLine")
    )
    subtotals = [
        _wrap(
            "cac:TaxSubtotal", _tag("cbc:TaxableAmount", base, **money), _tag("cbc:TaxAmount", tax, **money),
            category("cac:TaxCategory", code, rate),
        )
        for (code, rate), (base, tax) in model.breakdown.items()
    ]  # fmt: skip
    parts = [
        _wrap(
            "cac:AllowanceCharge", _tag("cbc:ChargeIndicator", "true" if part.is_charge else "false"),
            _tag("cbc:AllowanceChargeReason", part.reason), _tag("cbc:Amount", part.amount, **money),
            category("cac:TaxCategory", part.category, part.rate),
        )
        for part in model.parts
    ]  # fmt: skip
    lines = [
        _wrap(
            f"cac:{line_name}", _tag("cbc:ID", line.number), _tag(f"cbc:{quantity}", line.quantity, unitCode="C62"),
            _tag("cbc:LineExtensionAmount", line.net, **money),
            *(
                _wrap("cac:AllowanceCharge", _tag("cbc:ChargeIndicator", "true" if part.is_charge else "false"),
                      _tag("cbc:AllowanceChargeReason", part.reason), _tag("cbc:Amount", part.amount, **money))
                for part in line.parts
            ),
            _wrap("cac:Item", _tag("cbc:Name", line.name), category("cac:ClassifiedTaxCategory", line.category, line.rate)),
            _wrap("cac:Price", _tag("cbc:PriceAmount", line.price, **money),
                  _tag("cbc:BaseQuantity", line.base, unitCode="C62") if line.base else ""),
        )
        for line in model.lines
    ]  # fmt: skip
    content = [
        _tag("cbc:CustomizationID", model.profile), _tag("cbc:ID", model.number), _tag("cbc:IssueDate", model.issued),
        "" if credit else _tag("cbc:DueDate", model.due),
        _tag(f"cbc:{root}TypeCode", model.type_code), _tag("cbc:DocumentCurrencyCode", model.currency),
        _tag("cbc:TaxCurrencyCode", model.tax_currency), _tag("cbc:BuyerReference", model.buyer_reference),
        _wrap("cac:OrderReference", _tag("cbc:ID", model.order)) if model.order else "",
        _wrap("cac:BillingReference", _wrap("cac:InvoiceDocumentReference", _tag("cbc:ID", model.preceding)))
        if model.preceding else "",
        party("cac:AccountingSupplierParty", model.seller), party("cac:AccountingCustomerParty", model.buyer),
        _wrap(
            "cac:PaymentMeans", _tag("cbc:PaymentMeansCode", "58"),
            _tag("cbc:PaymentDueDate", model.due) if credit else "", _tag("cbc:PaymentID", model.remittance),
            _wrap("cac:PayeeFinancialAccount", _tag("cbc:ID", model.iban)),
        ) if model.iban else "",
        _wrap("cac:PaymentTerms", _tag("cbc:Note", model.terms)) if model.terms else "",
        *parts,
        _wrap("cac:TaxTotal", _tag("cbc:TaxAmount", model.total("tax"), **money), *subtotals),
        _wrap("cac:TaxTotal", _tag("cbc:TaxAmount", model.tax_in_its_currency, currencyID=model.tax_currency))
        if model.tax_currency else "",
        _wrap(
            "cac:LegalMonetaryTotal", _tag("cbc:LineExtensionAmount", model.total("lines"), **money),
            _tag("cbc:TaxExclusiveAmount", model.total("net"), **money),
            _tag("cbc:TaxInclusiveAmount", model.total("gross"), **money),
            _tag("cbc:AllowanceTotalAmount", model.allowances, **money) if model.allowances else "",
            _tag("cbc:ChargeTotalAmount", model.charges, **money) if model.charges else "",
            _tag("cbc:PrepaidAmount", model.prepaid, **money), _tag("cbc:PayableRoundingAmount", model.rounding, **money),
            _tag("cbc:PayableAmount", model.total("due"), **money),
        ),
        *lines,
    ]  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"'
        ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
        ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
        f"{''.join(content)}</{root}>"
    )


def cii(model: Model) -> str:
    def at(name: str, day: date | None) -> str:
        return _wrap(name, _tag("udt:DateTimeString", f"{day:%Y%m%d}", format="102")) if day else ""

    def party(name: str, who: Party) -> str:
        return _wrap(
            name, _tag("ram:Name", who.name),
            _wrap("ram:SpecifiedLegalOrganization", _tag("ram:ID", who.registration)) if who.registration else "",
            _wrap("ram:PostalTradeAddress", _tag("ram:CountryID", who.country)),
            _wrap("ram:SpecifiedTaxRegistration", _tag("ram:ID", who.vat_id, schemeID="VA")) if who.vat_id else "",
        )  # fmt: skip

    lines = [
        _wrap(
            "ram:IncludedSupplyChainTradeLineItem",
            _wrap("ram:AssociatedDocumentLineDocument", _tag("ram:LineID", line.number)),
            _wrap("ram:SpecifiedTradeProduct", _tag("ram:Name", line.name)),
            _wrap("ram:SpecifiedLineTradeAgreement", _wrap(
                "ram:NetPriceProductTradePrice", _tag("ram:ChargeAmount", line.price),
                _tag("ram:BasisQuantity", line.base, unitCode="C62") if line.base else "",
            )),
            _wrap("ram:SpecifiedLineTradeDelivery", _tag("ram:BilledQuantity", line.quantity, unitCode="C62")),
            _wrap(
                "ram:SpecifiedLineTradeSettlement",
                _wrap("ram:ApplicableTradeTax", _tag("ram:TypeCode", "VAT"), _tag("ram:CategoryCode", line.category),
                      _tag("ram:RateApplicablePercent", line.rate)),
                *(
                    _wrap("ram:SpecifiedTradeAllowanceCharge",
                          _wrap("ram:ChargeIndicator", _tag("udt:Indicator", "true" if part.is_charge else "false")),
                          _tag("ram:ActualAmount", part.amount), _tag("ram:Reason", part.reason))
                    for part in line.parts
                ),
                _wrap("ram:SpecifiedTradeSettlementLineMonetarySummation", _tag("ram:LineTotalAmount", line.net)),
            ),
        )
        for line in model.lines
    ]  # fmt: skip
    taxes = [
        _wrap(
            "ram:ApplicableTradeTax", _tag("ram:CalculatedAmount", tax), _tag("ram:TypeCode", "VAT"),
            _tag("ram:BasisAmount", base), _tag("ram:CategoryCode", code), _tag("ram:RateApplicablePercent", rate),
        )
        for (code, rate), (base, tax) in model.breakdown.items()
    ]  # fmt: skip
    parts = [
        _wrap(
            "ram:SpecifiedTradeAllowanceCharge",
            _wrap("ram:ChargeIndicator", _tag("udt:Indicator", "true" if part.is_charge else "false")),
            _tag("ram:ActualAmount", part.amount), _tag("ram:Reason", part.reason),
            _wrap("ram:CategoryTradeTax", _tag("ram:TypeCode", "VAT"), _tag("ram:CategoryCode", part.category),
                  _tag("ram:RateApplicablePercent", part.rate)),
        )
        for part in model.parts
    ]  # fmt: skip
    settlement = [
        _tag("ram:PaymentReference", model.remittance if model.iban else None),
        _tag("ram:TaxCurrencyCode", model.tax_currency), _tag("ram:InvoiceCurrencyCode", model.currency),
        _wrap("ram:SpecifiedTradeSettlementPaymentMeans", _tag("ram:TypeCode", "58"),
              _wrap("ram:PayeePartyCreditorFinancialAccount", _tag("ram:IBANID", model.iban))) if model.iban else "",
        *taxes, *parts,
        _wrap("ram:SpecifiedTradePaymentTerms", _tag("ram:Description", model.terms), at("ram:DueDateDateTime", model.due))
        if model.terms or model.due else "",
        _wrap(
            "ram:SpecifiedTradeSettlementHeaderMonetarySummation", _tag("ram:LineTotalAmount", model.total("lines")),
            _tag("ram:ChargeTotalAmount", model.charges) if model.charges else "",
            _tag("ram:AllowanceTotalAmount", model.allowances) if model.allowances else "",
            _tag("ram:TaxBasisTotalAmount", model.total("net")),
            _tag("ram:TaxTotalAmount", model.total("tax"), currencyID=model.currency),
            _tag("ram:TaxTotalAmount", model.tax_in_its_currency, currencyID=model.tax_currency)
            if model.tax_currency else "",
            _tag("ram:RoundingAmount", model.rounding), _tag("ram:GrandTotalAmount", model.total("gross")),
            _tag("ram:TotalPrepaidAmount", model.prepaid), _tag("ram:DuePayableAmount", model.total("due")),
        ),
        _wrap("ram:InvoiceReferencedDocument", _tag("ram:IssuerAssignedID", model.preceding)) if model.preceding else "",
    ]  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"'
        ' xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"'
        ' xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">'
        + _wrap("rsm:ExchangedDocumentContext", _wrap("ram:GuidelineSpecifiedDocumentContextParameter", _tag("ram:ID", model.profile)))
        + _wrap("rsm:ExchangedDocument", _tag("ram:ID", model.number), _tag("ram:TypeCode", model.type_code), at("ram:IssueDateTime", model.issued))
        + _wrap(
            "rsm:SupplyChainTradeTransaction",
            *lines,
            _wrap(
                "ram:ApplicableHeaderTradeAgreement", _tag("ram:BuyerReference", model.buyer_reference),
                party("ram:SellerTradeParty", model.seller), party("ram:BuyerTradeParty", model.buyer),
                _wrap("ram:BuyerOrderReferencedDocument", _tag("ram:IssuerAssignedID", model.order)) if model.order else "",
            ),
            "<ram:ApplicableHeaderTradeDelivery/>",
            _wrap("ram:ApplicableHeaderTradeSettlement", *settlement),
        )
        + "</rsm:CrossIndustryInvoice>"
    )  # fmt: skip
