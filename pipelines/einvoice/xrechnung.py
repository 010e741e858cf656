"""Rules of XRechnung beside those of EN 16931, for UBL and CII documents that promise them.

Source: KoSIT, XRechnung 3.0.2 and its Schematron 2.2 (BR-DE-1 to BR-DE-31, BR-DE-TMP-32, BR-TMP-2), which no package
carries compiled. Not here: the extension (`xrechnung_extension`) and the rules that XRechnung has from Peppol
(`peppol`, `peppol_cii`). Rules that came with version 3 are not asked of documents that promise an older one.
"""

import re
from collections.abc import Iterator, Sequence

from lxml import etree

from pipelines.einvoice.checking import Finding

_SELLER, _BUYER = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"
_TRADE = "SupplyChainTradeTransaction"
_AGREEMENT, _SETTLEMENT = (
    f"{_TRADE}/ApplicableHeaderTradeAgreement",
    f"{_TRADE}/ApplicableHeaderTradeSettlement",
)
_TO = f"{_TRADE}/ApplicableHeaderTradeDelivery/ShipToTradeParty/PostalTradeAddress"
_MEANS = "SpecifiedTradeSettlementPaymentMeans"
_GUIDELINE = "ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID"
_MANDATE = f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DirectDebitMandateID"
_CREDITOR = f"{_SETTLEMENT}/CreditorReferenceID"

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
    r"urn:cen\.eu:en16931:2017#compliant#urn:xeinkauf\.de:kosit:xrechnung_3\.0"
    r"(#conformant#urn:xeinkauf\.de:kosit:extension:xrechnung_3\.0|#compliant#urn:xeinkauf\.de:kosit:xrechnung:cvd_[0-9.]+)?"
)
_TAXED = {"S", "Z", "E", "AE", "K", "G", "L", "M"}
_TYPES = {"326", "380", "384", "389", "381", "875", "876", "877"}
_SKONTO = re.compile(
    r"#(?P<kind>SKONTO|VERZUG)#TAGE=[0-9]+#PROZENT=[0-9]+\.[0-9]{2}(#BASISBETRAG=-?[0-9]+\.[0-9]{2})?#"
)
_AFTER_SKONTO = re.compile(r"\s*\n")
_ATOM, _LABEL = r"[a-zA-Z0-9!#$%&\"*+/=?^_`{|}~-]+", r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_MAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{0,30}")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
# Means of payment: codes, the group that they need (BG-17 transfer, BG-18 card, BG-19 debit), and the rule.
_GROUPS = (({"30", "58"}, "transfer", "23"), ({"48", "54", "55"}, "card", "24"), ({"59"}, "debit", "25"))


def promises(profile: str | None) -> bool:
    """Whether a specification identifier (BT-24) is XRechnung's."""
    return "xrechnung" in (profile or "").casefold()


def is_current(profile: str | None) -> bool:
    """Whether it is version 3, which has rules of Peppol and of direct debits that older ones had not."""
    return "kosit:xrechnung_3" in (profile or "").casefold()


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
    yield from _attachments(root, is_ubl, broken)
    specification = root.find("CustomizationID" if is_ubl else _GUIDELINE)
    if specification is None or not promises(specification.text) or is_current(specification.text):
        yield from (_direct_debit(root, broken) if is_ubl else _direct_debit_in_cii(root, broken))
        yield from _period(root, is_ubl, broken)
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
        (f"{_SELLER}/PartyTaxScheme/CompanyID",)
        if is_ubl
        else (f"{_AGREEMENT}/SellerTradeParty/SpecifiedTaxRegistration/ID",)
    )
    representative = "TaxRepresentativeParty" if is_ubl else f"{_AGREEMENT}/SellerTaxRepresentativeTradeParty"
    is_taxed = any((part.text or "").strip() in _TAXED for part in _texts(root, categories))
    if is_taxed and not _texts(root, numbers) and root.find(representative) is None:
        yield broken(
            "BR-DE-16",
            root,
            "Seller VAT number (BT-31), tax number (BT-32) or tax representative (BG-11) must be given",
        )


def _terms(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    """Every line that begins with # is a discount, and a line break must follow the last one.

    Until version 2.3, interest on arrears (VERZUG) was written so too.
    """
    named = root.findtext("CustomizationID" if is_ubl else _GUIDELINE)
    kinds = ("SKONTO", "VERZUG") if promises(named) and not is_current(named) else ("SKONTO",)
    path = "PaymentTerms/Note" if is_ubl else f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/Description"
    for terms in root.findall(path)[:1]:
        text = terms.text or ""
        discounts = [
            words for line in re.split(r"\r?\n", text) if (words := " ".join(line.split()))[:1] == "#"
        ]
        wrong = [
            words
            for words in discounts
            if (found := _SKONTO.fullmatch(words)) is None or found["kind"] not in kinds
        ]
        if wrong or (discounts and not _AFTER_SKONTO.match(re.split(r"#.+#", text)[-1])):
            why = f"found {wrong[0][:60]!r}" if wrong else "and be followed by a line break"
            yield broken(
                "BR-DE-18",
                terms,
                f"Early-payment discounts must be written #SKONTO#TAGE=n#PROZENT=n.nn#, {why}",
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


def _attachments(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    path = (
        "AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject"
        if is_ubl
        else ".//AdditionalReferencedDocument/AttachmentBinaryObject"
    )
    names = [part.get("filename") for part in root.iterfind(path)]
    names = [name for name in names if name is not None]
    if len(set(names)) < len(names):
        yield broken("BR-DE-22", root, "The file names of attached documents must differ")
    for part in root.iterfind("AdditionalDocumentReference/Attachment/ExternalReference") if is_ubl else ():
        if not _URL.search(part.findtext("URI") or ""):
            yield broken("BR-TMP-2", part, "The location (BT-124) should be an absolute URL", "warning")


def _period(root: etree._Element, is_ubl: bool, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    if not is_ubl:
        return
    lines = [*root.iterfind("InvoiceLine"), *root.iterfind("CreditNoteLine")]
    has_date = root.find("Delivery/ActualDeliveryDate") is not None or root.find("InvoicePeriod") is not None
    if not has_date and any(line.find("InvoicePeriod") is None for line in lines):
        yield broken(
            "BR-DE-TMP-32",
            root,
            "A date or period of delivery (BT-72, BG-14, BG-26) should be given",
            "information",
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
            "debit": "PayerPartyDebtorFinancialAccount/IBANID",
        }
    )
    # CII has no group for direct debits: each of their three terms says that there is one.
    has_debit = not is_ubl and any(root.find(part) is not None for part in (_MANDATE, _CREDITOR))
    for means in root.iterfind("PaymentMeans" if is_ubl else f"{_SETTLEMENT}/{_MEANS}"):
        code = (means.findtext(paths["code"]) or "").strip()
        for codes, group, number in _GROUPS:
            if code not in codes:
                continue
            account, rule = _account_of(means, code, is_ubl)
            if account is not None and not _is_iban(account):
                yield broken(rule, means, f"{account[:40]!r} should be a correct IBAN", "warning")
            given = {name for name in ("transfer", "card", "debit") if means.find(paths[name]) is not None}
            given |= {"debit"} if has_debit else set()
            others = sorted(given - {group})
            if group not in given:
                yield broken(
                    f"BR-DE-{number}-a", means, f"Payment means {code} must give the data of a {group}"
                )
            if others:
                yield broken(
                    f"BR-DE-{number}-b",
                    means,
                    f"Payment means {code} must not give the data of a {' or '.join(others)}",
                )


def _is_iban(account: str) -> bool:
    """Form and check digits only, as the Schematron asks; not the lengths of single countries."""
    written = "".join(account.split())
    if not _IBAN.fullmatch(written):
        return False
    moved = written[4:] + written[:4]
    return int("".join(str(ord(c) - 55) if c > "@" else c for c in moved)) % 97 == 1


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
    return (means.findtext(ubl_path if is_ubl else cii_path) or "").strip(), rule


def _direct_debit(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    mandates = root.findall("PaymentMeans/PaymentMandate")
    creditors = [
        part
        for path in (f"{_SELLER}/PartyIdentification/ID", "PayeeParty/PartyIdentification/ID")
        for part in root.iterfind(path)
        if part.get("schemeID") == "SEPA"
    ]
    if mandates and not creditors:
        yield broken("BR-DE-30", mandates[0], "A direct debit must give the creditor identifier (BT-90)")
    if mandates and all(mandate.find("PayerFinancialAccount/ID") is None for mandate in mandates):
        yield broken("BR-DE-31", mandates[0], "A direct debit must give the debited account (BT-91)")


def _direct_debit_in_cii(root: etree._Element, broken) -> Iterator[Finding]:  # type: ignore[no-untyped-def]
    account = f"{_SETTLEMENT}/{_MEANS}/PayerPartyDebtorFinancialAccount/IBANID"
    given = {path for path in (_MANDATE, _CREDITOR, account) if root.find(path) is not None}
    if given and _CREDITOR not in given:
        yield broken("BR-DE-30", root, "A direct debit must give the creditor identifier (BT-90)")
    if given and account not in given:
        yield broken("BR-DE-31", root, "A direct debit must give the debited account (BT-91)")
