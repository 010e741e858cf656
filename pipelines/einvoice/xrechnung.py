"""Rules of XRechnung beside those of EN 16931, for UBL and CII documents that promise them.

Source: KoSIT, Standard XRechnung 3.0.2, chapter 12 (BR-DE-1 to BR-DE-31). Not checked: BR-DE-22, the rules of the
extension (BR-DEX) and what XRechnung takes over from Peppol (`peppol` checks it where Peppol is promised).
"""

import re
from collections.abc import Iterator, Sequence

from lxml import etree
from stdnum import iban

from pipelines.einvoice.checking import Finding

_SELLER, _BUYER = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"
_TRADE = "SupplyChainTradeTransaction"
_AGREEMENT, _SETTLEMENT = (
    f"{_TRADE}/ApplicableHeaderTradeAgreement",
    f"{_TRADE}/ApplicableHeaderTradeSettlement",
)
_TO = f"{_TRADE}/ApplicableHeaderTradeDelivery/ShipToTradeParty/PostalTradeAddress"
_MEANS = "SpecifiedTradeSettlementPaymentMeans"

# Rule: (where it applies in UBL, what must have content there, the same in CII, words). '.' is the document.
_REQUIRED: dict[str, tuple[str, str, str, str, str]] = {
    "BR-DE-1": (".", "PaymentMeans", ".", f"{_SETTLEMENT}/{_MEANS}", "Payment instructions (BG-16) must be given"),
    "BR-DE-2": (_SELLER, "Contact", f"{_AGREEMENT}/SellerTradeParty", "DefinedTradeContact", "Seller contact (BG-6) must be given"),
    "BR-DE-3": (f"{_SELLER}/PostalAddress", "CityName", f"{_AGREEMENT}/SellerTradeParty/PostalTradeAddress", "CityName", "Seller city (BT-37) must be given"),
    "BR-DE-4": (f"{_SELLER}/PostalAddress", "PostalZone", f"{_AGREEMENT}/SellerTradeParty/PostalTradeAddress", "PostcodeCode", "Seller post code (BT-38) must be given"),
    "BR-DE-5": (f"{_SELLER}/Contact", "Name", f"{_AGREEMENT}/SellerTradeParty/DefinedTradeContact", "PersonName|DepartmentName", "Seller contact point (BT-41) must be given"),
    "BR-DE-6": (f"{_SELLER}/Contact", "Telephone", f"{_AGREEMENT}/SellerTradeParty/DefinedTradeContact", "TelephoneUniversalCommunication/CompleteNumber", "Seller telephone (BT-42) must be given"),
    "BR-DE-7": (f"{_SELLER}/Contact", "ElectronicMail", f"{_AGREEMENT}/SellerTradeParty/DefinedTradeContact", "EmailURIUniversalCommunication/URIID", "Seller email (BT-43) must be given"),
    "BR-DE-8": (f"{_BUYER}/PostalAddress", "CityName", f"{_AGREEMENT}/BuyerTradeParty/PostalTradeAddress", "CityName", "Buyer city (BT-52) must be given"),
    "BR-DE-9": (f"{_BUYER}/PostalAddress", "PostalZone", f"{_AGREEMENT}/BuyerTradeParty/PostalTradeAddress", "PostcodeCode", "Buyer post code (BT-53) must be given"),
    "BR-DE-10": ("Delivery/DeliveryLocation/Address", "CityName", _TO, "CityName", "Deliver-to city (BT-77) must be given"),
    "BR-DE-11": ("Delivery/DeliveryLocation/Address", "PostalZone", _TO, "PostcodeCode", "Deliver-to post code (BT-78) must be given"),
    "BR-DE-14": ("TaxTotal/TaxSubtotal", "TaxCategory/Percent", f"{_SETTLEMENT}/ApplicableTradeTax", "RateApplicablePercent", "VAT rate (BT-119) must be given"),
    "BR-DE-15": (".", "BuyerReference", ".", f"{_AGREEMENT}/BuyerReference", "Buyer reference (BT-10) must be given"),
}  # fmt: skip
_CURRENT = re.compile(
    r"urn:cen\.eu:en16931:2017#(compliant#urn:xeinkauf\.de:kosit:xrechnung_3\.0"
    r"(#conformant#urn:xeinkauf\.de:kosit:extension:xrechnung_3\.0)?"
    r"|conformant#urn:xeinkauf\.de:kosit:extension:xrechnung_3\.0)"
)
_TAXED = {"S", "Z", "E", "AE", "K", "G", "L", "M"}
_TYPES = {"326", "380", "384", "389", "381", "875", "876", "877"}
_SKONTO_LINE = re.compile(r"#SKONTO#TAGE=\d+#PROZENT=\d+\.\d{2}(#BASISBETRAG=-?\d+\.\d{2})?#$")
_MAIL = re.compile(r"[^@\s.][^@\s]*[^@\s.]@[^@\s.][^@\s]*[^@\s.]|[^@\s.]+@[^@\s]+")
# Means of payment: codes, the group that they need (BG-17 transfer, BG-18 card, BG-19 debit), and the rule.
_GROUPS = (({"30", "58"}, "transfer", "23"), ({"48", "54", "55"}, "card", "24"), ({"59"}, "debit", "25"))


def promises(profile: str | None) -> bool:
    """Whether a specification identifier (BT-24) is XRechnung's."""
    return "xrechnung" in (profile or "").casefold()


def findings(root: etree._Element) -> Iterator[Finding]:
    """Rules that a document (bare element names) breaks."""
    is_ubl = root.tag != "CrossIndustryInvoice"
    tree = root.getroottree()

    def broken(rule: str, element: etree._Element, message: str, severity: str = "fatal") -> Finding:
        return Finding(rule, severity, tree.getpath(element), message + ".")

    for rule, (ubl_where, ubl_what, cii_where, cii_what, words) in _REQUIRED.items():
        where, what = (ubl_where, ubl_what) if is_ubl else (cii_where, cii_what)
        for element in [root] if where == "." else root.findall(where):
            found = [part for path in what.split("|") for part in element.findall(path)]
            if not any(len(part) or (part.text or "").strip() for part in found):
                yield broken(rule, element, words)
    yield from _tax_number(root, is_ubl, broken)
    yield from _terms(root, is_ubl, broken)
    yield from _contact(root, is_ubl, broken)
    yield from _means(root, is_ubl, broken)
    if is_ubl:
        yield from _direct_debit(root, broken)
    specification = root.find(
        "CustomizationID"
        if is_ubl
        else "ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID"
    )
    if specification is not None and not _CURRENT.fullmatch((specification.text or "").strip()):
        yield broken(
            "BR-DE-21", specification, "The specification (BT-24) should be that of XRechnung 3.0", "warning"
        )
    code = root.find("InvoiceTypeCode") if is_ubl else root.find("ExchangedDocument/TypeCode")
    code = root.find("CreditNoteTypeCode") if code is None and is_ubl else code
    if code is not None and (code.text or "").strip() not in _TYPES:
        yield broken(
            "BR-DE-17",
            code,
            "The type of the document should be one of " + ", ".join(sorted(_TYPES)),
            "warning",
        )
    preceding = (
        "BillingReference/InvoiceDocumentReference" if is_ubl else f"{_SETTLEMENT}/InvoiceReferencedDocument"
    )
    if code is not None and (code.text or "").strip() == "384" and root.find(preceding) is None:
        yield broken(
            "BR-DE-26", code, "A corrected invoice should name the preceding invoice (BG-3)", "warning"
        )


def _texts(root: etree._Element, paths: Sequence[str]) -> list[etree._Element]:
    return [part for path in paths for part in root.findall(path) if (part.text or "").strip()]


def _tax_number(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    categories = (
        (
            "InvoiceLine/Item/ClassifiedTaxCategory/ID",
            "CreditNoteLine/Item/ClassifiedTaxCategory/ID",
            "AllowanceCharge/TaxCategory/ID",
        )
        if is_ubl
        else (
            f"{_TRADE}/IncludedSupplyChainTradeLineItem/SpecifiedLineTradeSettlement/ApplicableTradeTax/CategoryCode",
            f"{_SETTLEMENT}/SpecifiedTradeAllowanceCharge/CategoryTradeTax/CategoryCode",
        )
    )
    numbers = (
        (
            f"{_SELLER}/PartyTaxScheme/CompanyID",
            "TaxRepresentativeParty/PartyName/Name",
            "TaxRepresentativeParty/PartyTaxScheme/CompanyID",
        )
        if is_ubl
        else (
            f"{_AGREEMENT}/SellerTradeParty/SpecifiedTaxRegistration/ID",
            f"{_AGREEMENT}/SellerTaxRepresentativeTradeParty/Name",
        )
    )
    is_taxed = any((part.text or "").strip() in _TAXED for part in _texts(root, categories))
    if is_taxed and not _texts(root, numbers):
        yield broken(
            "BR-DE-16",
            root,
            "Seller VAT number (BT-31), tax number (BT-32) or tax representative (BG-11) must be given",
        )


def _terms(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    path = "PaymentTerms/Note" if is_ubl else f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/Description"
    for terms in root.iterfind(path):
        for line in re.split(r"\r?\n", terms.text or ""):
            if line.strip().startswith("#") and not _SKONTO_LINE.fullmatch(line.strip()):
                yield broken(
                    "BR-DE-18",
                    terms,
                    f"Early-payment discounts must be written #SKONTO#TAGE=n#PROZENT=n.nn#, found {line.strip()[:60]!r}",
                )


def _contact(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    contact = f"{_SELLER}/Contact" if is_ubl else f"{_AGREEMENT}/SellerTradeParty/DefinedTradeContact"
    phones = "Telephone" if is_ubl else "TelephoneUniversalCommunication/CompleteNumber"
    mails = "ElectronicMail" if is_ubl else "EmailURIUniversalCommunication/URIID"
    for phone in _texts(root, [f"{contact}/{phones}"]):
        if len(re.findall(r"\d", phone.text or "")) < 3:
            yield broken(
                "BR-DE-27", phone, "A telephone number (BT-42) should have at least three digits", "warning"
            )
    for mail in _texts(root, [f"{contact}/{mails}"]):
        if not _MAIL.fullmatch((mail.text or "").strip()):
            yield broken(
                "BR-DE-28", mail, "An email address (BT-43) should have one @ between characters", "warning"
            )


def _means(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    paths = (
        {
            "code": "PaymentMeansCode",
            "transfer": "PayeeFinancialAccount",
            "card": "CardAccount",
            "debit": "PaymentMandate",
        }
        if is_ubl
        else {
            "code": "TypeCode",
            "transfer": "PayeePartyCreditorFinancialAccount",
            "card": "ApplicableTradeSettlementFinancialCard",
            "debit": "PayerPartyDebtorFinancialAccount",
        }
    )
    for means in root.iterfind("PaymentMeans" if is_ubl else f"{_SETTLEMENT}/{_MEANS}"):
        code = (means.findtext(paths["code"]) or "").strip()
        for codes, group, number in _GROUPS:
            if code not in codes:
                continue
            account, rule = _account_of(means, code, is_ubl)
            if account is not None and not iban.is_valid(account):
                yield broken(rule, means, f"{account[:40]!r} should be a correct IBAN", "warning")
            others = [
                name
                for name in ("transfer", "card", "debit")
                if name != group and means.find(paths[name]) is not None
            ]
            if means.find(paths[group]) is None and (is_ubl or group != "debit"):
                yield broken(
                    f"BR-DE-{number}-a", means, f"Payment means {code} must give the data of a {group}"
                )
            if others:
                yield broken(
                    f"BR-DE-{number}-b",
                    means,
                    f"Payment means {code} must not give the data of a {' or '.join(others)}",
                )


def _account_of(means: etree._Element, code: str, is_ubl: bool) -> tuple[str | None, str]:
    """The account that should be an IBAN, and the rule: of SEPA transfers (58) and debits (59)."""
    paths = {
        "58": ("PayeeFinancialAccount/ID", "PayeePartyCreditorFinancialAccount/IBANID", "BR-DE-19"),
        "59": (
            "PaymentMandate/PayerFinancialAccount/ID",
            "PayerPartyDebtorFinancialAccount/IBANID",
            "BR-DE-20",
        ),
    }
    if code not in paths:
        return None, ""
    ubl_path, cii_path, rule = paths[code]
    return (means.findtext(ubl_path if is_ubl else cii_path) or "").strip() or None, rule


def _direct_debit(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    creditors = [
        part
        for path in (f"{_SELLER}/PartyIdentification/ID", "PayeeParty/PartyIdentification/ID")
        for part in root.iterfind(path)
        if part.get("schemeID") == "SEPA" and (part.text or "").strip()
    ]
    for mandate in root.iterfind("PaymentMeans/PaymentMandate"):
        if not creditors:
            yield broken("BR-DE-30", mandate, "A direct debit must give the creditor identifier (BT-90)")
        if not (mandate.findtext("PayerFinancialAccount/ID") or "").strip():
            yield broken("BR-DE-31", mandate, "A direct debit must give the debited account (BT-91)")
