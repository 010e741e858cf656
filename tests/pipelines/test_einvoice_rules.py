"""Rules of Peppol BIS 3 and XRechnung: a document that keeps them, and one injury per rule."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from einvoice_files import Line, LinePart, Model, Part, Party, cii, ubl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipelines.einvoice import peppol, promised, xrechnung
from pipelines.einvoice import ubl as ubl_reader
from pipelines.einvoice.checking import Checker, Finding, NotChecked
from pipelines.einvoice.content import parse
from pipelines.einvoice.naming import under_its_number
from pipelines.einvoice.read import by_the_rules
from pipelines.einvoice.rulesets import PEPPOL_UBL, ruleset_of

XRECHNUNG_EXTENSION = (
    "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
    "#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0"
)
OLDER_EXTENSION = (
    "urn:cen.eu:en16931:2017#compliant#urn:xoev-de:kosit:standard:xrechnung_2.3"
    "#conformant#urn:xoev-de:kosit:extension:xrechnung_2.3"
)
CTC = "urn:cen.eu:en16931:2017#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
PEPPOL = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"


Broken = Callable[[str], list[Finding]]


@pytest.fixture(scope="module")
def broken() -> Iterator[Broken]:
    """The rules that a document breaks beside those of its ruleset, as the reader asks them."""
    with Checker() as checker:

        def ask(text: str) -> list[Finding]:
            document = parse(text.encode())
            is_ubl = document.syntax.startswith("ubl")
            profile = document.root.findtext(
                "CustomizationID"
                if is_ubl
                else "ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID"
            )
            found = checker.findings("en16931_ubl", document.xml) if is_ubl else []
            return list(promised.findings(document, profile, found, checker))

        yield ask


def peppol_document(**changes: object) -> str:
    model = Model(
        profile=PEPPOL,
        seller=Party("S", "BE", "BE0123456749"),
        lines=(
            Line("1", "A", Decimal(3), Decimal("9.99")),
            Line("2", "B", Decimal("1.5"), Decimal("7.77"), base=Decimal(2)),
        ),
        parts=(Part(Decimal("5.00")),),
    )
    text = ubl(replace(model, **changes))  # type: ignore[arg-type]
    for old, new in (
        ("</cbc:CustomizationID>", "</cbc:CustomizationID><cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>"),
        ("<cac:Party>", '<cac:Party><cbc:EndpointID schemeID="0088">5790000436057</cbc:EndpointID>'),
        (
            '<cbc:Amount currencyID="EUR">5.00</cbc:Amount>',
            "<cbc:MultiplierFactorNumeric>10</cbc:MultiplierFactorNumeric>"
            '<cbc:Amount currencyID="EUR">5.00</cbc:Amount><cbc:BaseAmount currencyID="EUR">50.00</cbc:BaseAmount>',
        ),
        (
            "<cac:Price><cbc:PriceAmount currencyID=\"EUR\">9.99</cbc:PriceAmount>",
            "<cac:Price><cbc:PriceAmount currencyID=\"EUR\">9.99</cbc:PriceAmount><cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
            '<cbc:Amount currencyID="EUR">0.01</cbc:Amount><cbc:BaseAmount currencyID="EUR">10.00</cbc:BaseAmount></cac:AllowanceCharge>',
        ),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text


# What is replaced by what, and the rule that it breaks.
INJURIES = [
    ("<cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>", "", {"R001", "R007"}),
    ("billing:01:1.0", "billing:1:1.0", {"R007"}),
    ("<cbc:BuyerReference>", "<cbc:Note>a</cbc:Note><cbc:Note>b</cbc:Note><cbc:BuyerReference>", {"R002"}),
    ("<cbc:BuyerReference>04011000-12345-03</cbc:BuyerReference><cac:OrderReference><cbc:ID>PO-7</cbc:ID></cac:OrderReference>", "", {"R003"}),
    ("#compliant#urn:fdc", "#conformant#urn:fdc", {"R004"}),
    ("<cbc:BuyerReference>", "<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode><cbc:BuyerReference>", {"R005", "R054"}),
    ("<cbc:ID>PO-7</cbc:ID>", "<cbc:ID> </cbc:ID>", {"R008"}),
    ('<cbc:EndpointID schemeID="0088">5790000436057</cbc:EndpointID>', "", {"R010", "R020"}),
    (">5.00</cbc:Amount>", ">5.03</cbc:Amount>", {"R040"}),
    ('<cbc:BaseAmount currencyID="EUR">50.00</cbc:BaseAmount>', "", {"R041"}),
    ("<cbc:MultiplierFactorNumeric>10</cbc:MultiplierFactorNumeric>", "", {"R042"}),
    (">10.00</cbc:BaseAmount>", ">10.01</cbc:BaseAmount>", {"R046"}),
    ('<cbc:PayableAmount currencyID="EUR">', '<cbc:PayableAmount currencyID="USD">', {"R051"}),
    ("<cac:TaxTotal>", '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">0</cbc:TaxAmount></cac:TaxTotal><cac:TaxTotal>', {"R054"}),
    ("<cbc:PaymentMeansCode>58<", "<cbc:PaymentMeansCode>59<", {"R061"}),
    (">29.97</cbc:LineExtensionAmount>", ">30.00</cbc:LineExtensionAmount>", {"R120"}),
    ('<cbc:BaseQuantity unitCode="C62">2<', '<cbc:BaseQuantity unitCode="C62">-2<', {"R121", "R120"}),
    ('<cbc:BaseQuantity unitCode="C62">', '<cbc:BaseQuantity unitCode="EA">', {"R130"}),
    ("<cbc:InvoiceTypeCode>380<", "<cbc:InvoiceTypeCode>751<", {"P0100"}),
    ("<cbc:DueDate>2026-06-30<", "<cbc:DueDate>30.06.2026<", {"F001"}),
]  # fmt: skip


def peppol_rules(broken: Broken, text: str) -> set[str]:
    return {
        finding.rule_id.removeprefix("PEPPOL-EN16931-")
        for finding in broken(text)
        if finding.rule_id.startswith("PEPPOL-EN16931-")
    }


def test_a_peppol_invoice_that_keeps_the_rules(broken: Broken) -> None:
    assert peppol_rules(broken, peppol_document()) == set()
    assert peppol.promises(PEPPOL) and not peppol.promises("urn:cen.eu:en16931:2017")


@pytest.mark.parametrize(("old", "new", "expected"), INJURIES)
def test_a_broken_peppol_rule_is_named(broken: Broken, old: str, new: str, expected: set[str]) -> None:
    text = peppol_document()
    assert old in text
    assert peppol_rules(broken, text.replace(old, new)) == expected


PEPPOL_CII_INJURIES = [
    ("<ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</ram:ID></ram:BusinessProcessSpecifiedDocumentContextParameter>", "", {"R001", "R007"}),
    ("billing:01:1.0", "billing:1:1.0", {"R007"}),
    ("</ram:IssueDateTime>", "</ram:IssueDateTime><ram:IncludedNote><ram:Content>a</ram:Content></ram:IncludedNote><ram:IncludedNote><ram:Content>b</ram:Content></ram:IncludedNote>", {"R002"}),
    ("#compliant#urn:fdc", "#conformant#urn:fdc", {"R004"}),
    ("<ram:InvoiceCurrencyCode>", "<ram:TaxCurrencyCode>EUR</ram:TaxCurrencyCode><ram:InvoiceCurrencyCode>", {"R005", "R054"}),
    ("<ram:IssuerAssignedID>PO-7<", "<ram:IssuerAssignedID> <", {"R008"}),
    ('<ram:URIUniversalCommunication><ram:URIID schemeID="0088">5790000436057</ram:URIID></ram:URIUniversalCommunication>', "", {"R010", "R020"}),
    ("<ram:ActualAmount>5.00<", "<ram:ActualAmount>5.03<", {"R040"}),
    ("<ram:BasisAmount>50.00</ram:BasisAmount>", "", {"R041"}),
    ("<ram:CalculationPercent>10</ram:CalculationPercent>", "", {"R042"}),
    ("<udt:Indicator>false<", "<udt:Indicator>no<", {"R043"}),
    ("<ram:TypeCode>58<", "<ram:TypeCode>59<", {"R061"}),
    (">29.97</ram:LineTotalAmount>", ">30.00</ram:LineTotalAmount>", {"R120"}),
    ('<ram:BasisQuantity unitCode="C62">2<', '<ram:BasisQuantity unitCode="C62">-2<', {"R121", "R120"}),
    ('<ram:BasisQuantity unitCode="C62">', '<ram:BasisQuantity unitCode="EA">', {"R130"}),
]  # fmt: skip


def peppol_in_cii() -> str:
    model = Model(
        profile=PEPPOL,
        seller=Party("S", "BE", "BE0123456749"),
        lines=(
            Line("1", "A", Decimal(3), Decimal("9.99")),
            Line("2", "B", Decimal("1.5"), Decimal("7.77"), base=Decimal(2)),
        ),
        parts=(Part(Decimal("5.00")),),
    )
    address = '<ram:URIUniversalCommunication><ram:URIID schemeID="0088">5790000436057</ram:URIID></ram:URIUniversalCommunication>'
    process = "<ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</ram:ID></ram:BusinessProcessSpecifiedDocumentContextParameter>"
    return (
        cii(model)
        .replace("<ram:GuidelineSpecified", process + "<ram:GuidelineSpecified")
        .replace("</ram:PostalTradeAddress>", "</ram:PostalTradeAddress>" + address)
        .replace(
            "<ram:ActualAmount>5.00<",
            "<ram:CalculationPercent>10</ram:CalculationPercent><ram:BasisAmount>50.00</ram:BasisAmount><ram:ActualAmount>5.00<",
        )
    )


def test_peppol_in_cii_that_keeps_the_rules(broken: Broken) -> None:
    assert broken(peppol_in_cii()) == []


@pytest.mark.parametrize(("old", "new", "expected"), PEPPOL_CII_INJURIES)
def test_a_broken_peppol_rule_is_named_in_cii(broken: Broken, old: str, new: str, expected: set[str]) -> None:
    text = peppol_in_cii()
    assert old in text
    assert peppol_rules(broken, text.replace(old, new)) == expected


_lines = st.builds(
    Line,
    st.just("1"),
    st.just("A"),
    st.decimals(-50, 50, places=1),
    st.decimals(0, 999, places=2),
    base=st.sampled_from([None, Decimal(100), Decimal(-1), Decimal(3)]),
    parts=st.lists(st.builds(LinePart, st.decimals("0.01", "9.99", places=2), st.booleans()), max_size=2).map(
        tuple
    ),
)
_peppol_models = st.builds(
    Model,
    profile=st.sampled_from([PEPPOL, PEPPOL.replace("#compliant", "#conformant", 1)]),
    lines=st.lists(_lines, min_size=1, max_size=3).map(tuple),
    seller=st.just(Party("S", "BE", "BE0123456749")),
    buyer_reference=st.sampled_from([None, "R"]),
    order=st.sampled_from([None, "PO"]),
    tax_currency=st.sampled_from([None, "NOK"]),
    tax_in_its_currency=st.sampled_from([Decimal(-5), Decimal(5)]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(model=_peppol_models)
def test_peppol_in_cii_is_as_strict_as_the_published_rules_are_in_ubl(broken: Broken, model: Model) -> None:
    assume(model.total("tax") != 0)  # the two texts differ there: R055 takes nothing for negative in UBL only
    assert peppol_rules(broken, cii(model)) == peppol_rules(broken, ubl(model))


def test_peppol_between_germans_has_the_rules_of_xrechnung_under_its_own_numbers(broken: Broken) -> None:
    text = peppol_document(seller=Party("S", "DE", "DE123456789"))
    two_notes = text.replace(
        "<cbc:DocumentCurrencyCode>", "<cbc:Note>a</cbc:Note><cbc:Note>b</cbc:Note><cbc:DocumentCurrencyCode>"
    )
    found = {finding.rule_id for finding in broken(two_notes) if finding.severity == "fatal"}
    assert {"DE-R-002", "DE-R-003", "DE-R-004", "DE-R-008", "DE-R-009"} == found
    assert peppol.german_number("BR-DE-23-a") == "DE-R-023-1"


def test_german_document_types_are_for_germans(broken: Broken) -> None:
    text = peppol_document().replace("<cbc:InvoiceTypeCode>380<", "<cbc:InvoiceTypeCode>384<")
    assert peppol_rules(broken, text) == {"P0112"}
    german = text.replace(">BE</cbc:IdentificationCode>", ">DE</cbc:IdentificationCode>")
    assert "P0112" not in peppol_rules(broken, german)


def test_who_bills_himself_promises_other_rules(broken: Broken) -> None:
    text = peppol_document().replace("poacc:billing:", "poacc:selfbilling:")
    assert peppol_rules(broken, text) == {"P0100"}
    assert peppol_rules(broken, text.replace("InvoiceTypeCode>380<", "InvoiceTypeCode>389<")) == set()


def test_a_rule_of_one_country_is_named(broken: Broken) -> None:
    text = peppol_document(seller=Party("S", "NO", "NO987654325", "987654325"))
    assert "NO-R-001" in {finding.rule_id for finding in broken(text)}


def test_a_code_that_came_later_is_no_fault(broken: Broken) -> None:
    """Peppol's list in the carried edition ends before 0240; that of EN 16931 has it."""
    for scheme, is_fault in (("0240", False), ("0299", True), ("EM", True)):
        text = peppol_document().replace(
            'schemeID="0088">5790000436057', f'schemeID="{scheme}">5790000436057'
        )
        assert ("CL008" in peppol_rules(broken, text)) == is_fault, scheme


GERMAN = Model(profile=XRECHNUNG)
_CONTACT_UBL = (
    "<cac:Contact><cbc:Name>Ada</cbc:Name><cbc:Telephone>+49 30 1</cbc:Telephone>"
    "<cbc:ElectronicMail>ada@example.org</cbc:ElectronicMail></cac:Contact>"
)
_CONTACT_CII = (
    "<ram:DefinedTradeContact><ram:PersonName>Ada</ram:PersonName><ram:TelephoneUniversalCommunication>"
    "<ram:CompleteNumber>+49 30 1</ram:CompleteNumber></ram:TelephoneUniversalCommunication><ram:EmailURIUniversalCommunication>"
    "<ram:URIID>ada@example.org</ram:URIID></ram:EmailURIUniversalCommunication></ram:DefinedTradeContact>"
)


def german(syntax: str, model: Model = GERMAN) -> str:
    if syntax == "ubl":
        text = ubl(model).replace(
            "<cac:Country>",
            "<cbc:CityName>Berlin</cbc:CityName><cbc:PostalZone>10115</cbc:PostalZone><cac:Country>",
        )
        return text.replace(
            "</cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>",
            f"</cac:PartyLegalEntity>{_CONTACT_UBL}</cac:Party></cac:AccountingSupplierParty>",
        )
    text = cii(model).replace(
        "<ram:CountryID>",
        "<ram:PostcodeCode>10115</ram:PostcodeCode><ram:CityName>Berlin</ram:CityName><ram:CountryID>",
    )
    return text.replace("<ram:PostalTradeAddress>", f"{_CONTACT_CII}<ram:PostalTradeAddress>", 1)


def german_rules(text: str) -> list[str]:
    found = xrechnung.findings(parse(text.encode()).root)
    return sorted({finding.rule_id for finding in found if finding.severity != "information"})


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_an_xrechnung_that_keeps_the_rules(syntax: str) -> None:
    assert german_rules(german(syntax)) == []
    assert german_rules(german(syntax, replace(GERMAN, terms="#SKONTO#TAGE=14#PROZENT=2.25#\n"))) == []


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (replace(GERMAN, iban=None), ["BR-DE-1"]),
        (replace(GERMAN, buyer_reference=None), ["BR-DE-15"]),
        (replace(GERMAN, seller=Party("S", "DE", None)), ["BR-DE-16"]),
        (replace(GERMAN, type_code="386"), ["BR-DE-17"]),
        (replace(GERMAN, terms="#SKONTO#TAGE=14#PROZENT=2,25#\n"), ["BR-DE-18"]),
        (replace(GERMAN, terms="#SKONTO#TAGE=14#PROZENT=2.25#"), ["BR-DE-18"]),  # no line break
        (replace(GERMAN, terms="#SKONTO#TAGE=14#PROZENT=2.25# netto\n"), ["BR-DE-18"]),
        (replace(GERMAN, terms="#Skonto#TAGE=14#PROZENT=2.25#\n"), ["BR-DE-18"]),
        (replace(GERMAN, terms="#VERZUG#TAGE=14#PROZENT=2.25#\n"), ["BR-DE-18"]),
        (replace(GERMAN, terms="Netto\n#SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=-9.00#\nDank"), []),
        (replace(GERMAN, type_code="384"), ["BR-DE-26"]),
        (replace(GERMAN, iban="DE89370400440532013001"), ["BR-DE-19"]),
        (replace(GERMAN, profile=XRECHNUNG.replace("3.0", "2.3")), ["BR-DE-21"]),
    ],
)
def test_a_broken_xrechnung_rule_has_one_number_in_both_syntaxes(
    syntax: str, model: Model, expected: list[str]
) -> None:
    assert german_rules(german(syntax, model)) == expected


@pytest.mark.parametrize(
    ("ubl_injury", "cii_injury", "expected"),
    [
        ((_CONTACT_UBL, ""), (_CONTACT_CII, ""), ["BR-DE-2"]),
        (("<cbc:Name>Ada</cbc:Name>", ""), ("<ram:PersonName>Ada</ram:PersonName>", ""), ["BR-DE-5"]),
        (("+49 30 1", "1"), ("+49 30 1", "1"), ["BR-DE-27"]),
        (("ada@example.org", "ada"), ("ada@example.org", "ada"), ["BR-DE-28"]),
        (("ada@example.org", "ada@example"), ("ada@example.org", "ada@example"), ["BR-DE-28"]),
        (("ada@example.org", "ada.@example.org"), ("ada@example.org", "ada.@example.org"), ["BR-DE-28"]),
        (("<cbc:CityName>Berlin</cbc:CityName>", ""), ("<ram:CityName>Berlin</ram:CityName>", ""), ["BR-DE-3", "BR-DE-8"]),
        (("<cbc:PostalZone>10115</cbc:PostalZone>", ""), ("<ram:PostcodeCode>10115</ram:PostcodeCode>", ""), ["BR-DE-4", "BR-DE-9"]),
        (("<cac:PayeeFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID></cac:PayeeFinancialAccount>", ""),
         ("<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>DE89370400440532013000</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>", ""), ["BR-DE-19", "BR-DE-23-a"]),
    ],
)  # fmt: skip
def test_an_injured_xrechnung(
    ubl_injury: tuple[str, str], cii_injury: tuple[str, str], expected: list[str]
) -> None:
    for syntax, (old, new) in (("ubl", ubl_injury), ("cii", cii_injury)):
        text = german(syntax)
        assert old in text
        assert german_rules(text.replace(old, new)) == expected


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_arrears_were_written_like_discounts_before_version_3(syntax: str) -> None:
    terms = "#SKONTO#TAGE=7#PROZENT=2.00#\n      #VERZUG#TAGE=30#PROZENT=0.00#\n    "
    model = replace(GERMAN, terms=terms)
    assert german_rules(german(syntax, model)) == ["BR-DE-18"]
    older = replace(model, profile=XRECHNUNG.replace("3.0", "2.3"))
    assert german_rules(german(syntax, older)) == ["BR-DE-21"]


_DEBIT_UBL = (
    "<cac:PayeeFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID></cac:PayeeFinancialAccount>",
    "<cac:PaymentMandate><cbc:ID>M-1</cbc:ID></cac:PaymentMandate>",
)
_DEBIT_CII = (
    "<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>DE89370400440532013000</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>",
    "",
)


def test_a_direct_debit_names_creditor_and_account() -> None:
    """CII has no group for a direct debit: the mandate alone says that there is one."""
    debit = german("ubl").replace(*_DEBIT_UBL).replace("Code>58<", "Code>59<")
    assert german_rules(debit) == ["BR-DE-20", "BR-DE-30", "BR-DE-31"]
    debit = german("cii").replace(*_DEBIT_CII).replace("<ram:TypeCode>58<", "<ram:TypeCode>59<")
    assert german_rules(debit) == ["BR-DE-20", "BR-DE-25-a"]
    mandate = debit.replace(
        "</ram:SpecifiedTradePaymentTerms>",
        "<ram:DirectDebitMandateID>M-1</ram:DirectDebitMandateID></ram:SpecifiedTradePaymentTerms>",
    )
    assert german_rules(mandate) == ["BR-DE-20", "BR-DE-30", "BR-DE-31"]
    assert "BR-DE-23-b" in german_rules(mandate.replace("<ram:TypeCode>59<", "<ram:TypeCode>30<"))


def test_attachments_have_names_of_their_own() -> None:
    attached = (
        '<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject filename="a.pdf">'
        "AA==</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    )
    text = german("ubl")
    seller = "<cac:AccountingSupplierParty>"
    assert german_rules(text.replace(seller, attached + seller)) == []
    assert german_rules(text.replace(seller, attached * 2 + seller)) == ["BR-DE-22"]


def test_xrechnung_takes_over_rules_of_peppol(broken: Broken) -> None:
    for syntax in ("ubl", "cii"):
        assert peppol_rules(broken, german(syntax)) == {"R001", "R010", "R020"}
        older = german(syntax).replace("xrechnung_3.0", "xrechnung_2.3")
        assert peppol_rules(broken, older) == set()


def extended(*, prepaid: str = "5.00", due: str = "58.55", mime: str = "application/xml") -> str:
    """The extension: a third party pays, and an XML file is attached."""
    attached = (
        f'<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode="{mime}" filename="a.xml">'
        "AA==</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    )
    payment = (
        f'<cac:PrepaidPayment><cbc:ID>A</cbc:ID><cbc:PaidAmount currencyID="EUR">{prepaid}</cbc:PaidAmount>'
        "<cbc:InstructionID>Mautgebühr</cbc:InstructionID></cac:PrepaidPayment>"
    )
    text = german("ubl", replace(GERMAN, profile=XRECHNUNG_EXTENSION))
    for old, new in (
        ("<cac:AccountingSupplierParty>", attached + "<cac:AccountingSupplierParty>"),
        ("<cac:TaxTotal>", payment + "<cac:TaxTotal>"),
        (">53.55</cbc:PayableAmount>", f">{due}</cbc:PayableAmount>"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def test_the_extension_of_xrechnung_knows_third_parties(broken: Broken) -> None:
    def rules(text: str) -> set[str]:
        found = {finding.rule_id for finding in broken(text)}
        return {rule for rule in found if rule.startswith(("BR-DEX", "BR-CO", "BR-CL"))}

    assert rules(extended()) == set()
    older = (
        extended().replace(XRECHNUNG_EXTENSION, OLDER_EXTENSION).replace("2026-06-01<", "2026-06-01+01:00<")
    )
    assert rules(older) == set()
    assert rules(extended(due="53.55")) == {"BR-DEX-09"}
    assert rules(extended(prepaid="5.001")) == {"BR-DEX-13"}
    assert rules(extended(mime="application/zip")) == {"BR-DEX-01"}


@pytest.mark.parametrize(
    ("syntax", "profile", "expected"),
    [
        ("ubl_invoice", PEPPOL, "en16931_ubl"),
        ("ubl_invoice", None, "en16931_ubl"),
        ("ubl_credit_note", "urn:www.cenbii.eu:transaction:biitrns014:ver2.0", "totals"),
        ("cii", "urn:cen.eu:en16931:2017", "en16931_cii"),
        ("ubl_invoice", CTC, "ctc_fr_ubl"),
        ("cii", CTC, "ctc_fr_cii"),
        ("cii", XRECHNUNG, "en16931_cii"),
        ("cii", "urn:factur-x.eu:1p0:minimum", "facturx_minimum"),
        ("cii", "urn:zugferd.de:2p0:basicwl", "facturx_basicwl"),
        ("cii", "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", "facturx_basic"),
        ("cii", "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", "facturx_extended"),
        ("zugferd_1", "urn:ferd:CrossIndustryDocument:invoice:1p0:comfort", "totals"),
    ],
)
def test_a_profile_is_held_to_what_it_promises(syntax: str, profile: str | None, expected: str) -> None:
    assert ruleset_of(syntax, profile) == expected


_NOTE = (
    "<ram:IncludedNote><ram:Content>a</ram:Content><ram:SubjectCode>QQQ</ram:SubjectCode></ram:IncludedNote>"
)
_OBJECT = (
    "<ram:AdditionalReferencedDocument><ram:IssuerAssignedID>1</ram:IssuerAssignedID><ram:TypeCode>130</ram:TypeCode>"
    "<ram:ReferenceTypeCode>QQQ</ram:ReferenceTypeCode></ram:AdditionalReferencedDocument>"
)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("</ram:IssueDateTime>", f"</ram:IssueDateTime>{_NOTE}", "BR-CL-08"),
        (
            "</ram:ApplicableHeaderTradeAgreement>",
            f"{_OBJECT}</ram:ApplicableHeaderTradeAgreement>",
            "BR-CL-07",
        ),
        ("<ram:Reason>Rabatt", "<ram:ReasonCode>999</ram:ReasonCode><ram:Reason>Rabatt", "BR-CL-19"),
        ("<ram:Reason>Fracht", "<ram:ReasonCode>QQQ</ram:ReasonCode><ram:Reason>Fracht", "BR-CL-20"),
        ("<ram:TypeCode>58<", "<ram:TypeCode>999<", "BR-CL-16"),
        ('<ram:BilledQuantity unitCode="C62"', '<ram:BilledQuantity unitCode="QQQ"', "BR-CL-23"),
    ],
)
def test_a_code_list_in_cii_has_its_number_of_en_16931(old: str, new: str, rule: str) -> None:
    model = Model(parts=(Part(Decimal(1), reason="Rabatt"), Part(Decimal(2), True, reason="Fracht")))
    assert old in cii(model)
    document = parse(cii(model).replace(old, new, 1).encode())
    with Checker() as checker:
        found = checker.findings("en16931_cii", document.xml)
    named = [under_its_number(finding, "urn:cen.eu:en16931:2017", document.root) for finding in found]
    assert {finding.rule_id for finding in named if finding and finding.severity == "fatal"} == {rule}


def test_what_stands_twice_in_cii_is_told_without_a_verdict() -> None:
    """Factur-X allows one VAT per line; EN 16931 leaves it to the syntax: no fatal, and not nothing."""
    tax = "<ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>19</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
    text = cii(Model())
    assert tax in text
    document = parse(text.replace(tax, tax * 2, 1).encode())
    with Checker() as checker:
        found = checker.findings("en16931_cii", document.xml)
    named = [under_its_number(finding, "urn:cen.eu:en16931:2017", document.root) for finding in found]
    assert {finding.severity for finding in named if finding} == {"warning"}


def test_clean_vehicles_have_a_list_of_their_own(broken: Broken) -> None:
    """XRechnung CVD: vehicle categories (CVD) are in no list of EN 16931, and come with an attribute."""
    profile = f"{XRECHNUNG}#compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_0.9"
    vehicle = (
        '<cac:CommodityClassification><cbc:ItemClassificationCode listID="CVD">M1</cbc:ItemClassificationCode></cac:CommodityClassification>'
        "<cac:ClassifiedTaxCategory>"
    )
    attribute = "</cac:ClassifiedTaxCategory><cac:AdditionalItemProperty><cbc:Name>cva</cbc:Name><cbc:Value>clean</cbc:Value></cac:AdditionalItemProperty>"
    references = (
        "<cac:OriginatorDocumentReference><cbc:ID>L-1</cbc:ID></cac:OriginatorDocumentReference>"
        "<cac:ContractDocumentReference><cbc:ID>C-1</cbc:ID></cac:ContractDocumentReference><cac:AccountingSupplierParty>"
    )
    text = german("ubl", replace(GERMAN, profile=profile)).replace("<cac:ClassifiedTaxCategory>", vehicle)
    right = text.replace("</cac:ClassifiedTaxCategory>", attribute).replace(
        "<cac:AccountingSupplierParty>", references
    )

    def rules(document: str) -> set[str]:
        found = {finding.rule_id for finding in broken(document)}
        return {rule for rule in found if "CVD" in rule or rule in ("BR-CL-13", "BR-DE-21", "XML-SCHEMA")}

    assert rules(right) == set()
    assert rules(text) == {"BR-DE-CVD-01", "BR-DE-CVD-02", "BR-DE-CVD-03", "BR-DE-CVD-06-a"}
    assert rules(right.replace('listID="CVD"', 'listID="QQ"')) == {
        "BR-TMP-CVD-01",
        "BR-DE-CVD-03",
        "BR-DE-CVD-06-b",
    }


class _HalfBroken(Checker):
    """Answers for EN 16931 and not for the rules beside it."""

    def findings(self, ruleset: str, xml: bytes) -> list[Finding]:
        if ruleset == PEPPOL_UBL:
            raise NotChecked("the checking process ended")
        return super().findings(ruleset, xml)


def test_rules_that_cannot_be_asked_leave_what_the_others_found() -> None:
    document = parse(peppol_document().replace("<cbc:ID>R-1</cbc:ID>", "", 1).encode())
    header = ubl_reader.read(document.root, document.syntax).header | {"ruleset": "en16931_ubl"}
    with _HalfBroken() as checker:
        found, is_checked = by_the_rules(header, document, checker)
    assert is_checked
    assert {finding.rule_id for finding in found} >= {"BR-02", "TIEOUT-UNCHECKED"}
