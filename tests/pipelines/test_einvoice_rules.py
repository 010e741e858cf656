"""Rules of Peppol BIS 3 and XRechnung: a document that keeps them, and one injury per rule."""

from dataclasses import replace
from decimal import Decimal

import pytest
from einvoice_files import Line, Model, Part, Party, cii, ubl

from pipelines.einvoice import peppol, xrechnung
from pipelines.einvoice.content import parse
from pipelines.einvoice.rulesets import ruleset_of

PEPPOL = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"


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


def peppol_rules(text: str) -> set[str]:
    return {
        finding.rule_id.removeprefix("PEPPOL-EN16931-")
        for finding in peppol.findings(parse(text.encode()).root)
    }


def test_a_peppol_invoice_that_keeps_the_rules() -> None:
    assert peppol_rules(peppol_document()) == set()
    assert peppol.promises(PEPPOL) and not peppol.promises("urn:cen.eu:en16931:2017")


@pytest.mark.parametrize(("old", "new", "expected"), INJURIES)
def test_a_broken_peppol_rule_is_named(old: str, new: str, expected: set[str]) -> None:
    text = peppol_document()
    assert old in text
    assert peppol_rules(text.replace(old, new)) == expected


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
    return sorted({finding.rule_id for finding in xrechnung.findings(parse(text.encode()).root)})


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
        (replace(GERMAN, terms="#SKONTO#TAGE=14#PROZENT=2,25#"), ["BR-DE-18"]),
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
        (("<cbc:CityName>Berlin</cbc:CityName>", ""), ("<ram:CityName>Berlin</ram:CityName>", ""), ["BR-DE-3", "BR-DE-8"]),
        (("<cbc:PostalZone>10115</cbc:PostalZone>", ""), ("<ram:PostcodeCode>10115</ram:PostcodeCode>", ""), ["BR-DE-4", "BR-DE-9"]),
        (("<cac:PayeeFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID></cac:PayeeFinancialAccount>", ""),
         ("<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>DE89370400440532013000</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>", ""), ["BR-DE-23-a"]),
    ],
)  # fmt: skip
def test_an_injured_xrechnung(
    ubl_injury: tuple[str, str], cii_injury: tuple[str, str], expected: list[str]
) -> None:
    for syntax, (old, new) in (("ubl", ubl_injury), ("cii", cii_injury)):
        text = german(syntax)
        assert old in text
        assert german_rules(text.replace(old, new)) == expected


@pytest.mark.parametrize(
    ("syntax", "profile", "expected"),
    [
        ("ubl_invoice", PEPPOL, "en16931_ubl"),
        ("ubl_invoice", None, "en16931_ubl"),
        ("ubl_credit_note", "urn:www.cenbii.eu:transaction:biitrns014:ver2.0", "totals"),
        ("cii", "urn:cen.eu:en16931:2017", "en16931_cii"),
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
