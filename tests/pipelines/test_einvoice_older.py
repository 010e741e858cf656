"""Documents from before EN 16931: no published rules, so their own habits are no faults."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from einvoice_files import Line, Model, Part, cii, ubl
from reading import assert_conserved, read_contents

OLD_NAMES = {
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100": "urn:ferd:CrossIndustryDocument:invoice:1p0",
    "rsm:CrossIndustryInvoice": "rsm:CrossIndustryDocument",
    "rsm:ExchangedDocumentContext": "rsm:SpecifiedExchangedDocumentContext",
    "<rsm:ExchangedDocument>": "<rsm:HeaderExchangedDocument>",
    "</rsm:ExchangedDocument>": "</rsm:HeaderExchangedDocument>",
    "rsm:SupplyChainTradeTransaction": "rsm:SpecifiedSupplyChainTradeTransaction",
    "ram:ApplicableHeaderTrade": "ram:ApplicableSupplyChainTrade",
    "ram:SpecifiedTradeSettlementHeaderMonetarySummation": "ram:SpecifiedTradeSettlementMonetarySummation",
    "ram:SpecifiedTradeSettlementLineMonetarySummation": "ram:SpecifiedTradeSettlementMonetarySummation",
    "ram:SpecifiedLineTrade": "ram:SpecifiedSupplyChainTrade",
    "ram:RateApplicablePercent": "ram:ApplicablePercent",
}
PROFILE = "urn:ferd:CrossIndustryDocument:invoice:1p0:comfort"
MODEL = Model(
    profile=PROFILE,
    lines=(Line("1", "Kaffee", Decimal(10), Decimal("4.50")), Line("2", "Tee", Decimal(3), Decimal("2.00"))),
    parts=(Part(Decimal("5.00"), reason="Rabatt"),),
)


def zugferd_1(model: Model) -> str:
    text = cii(model)
    for new, old in OLD_NAMES.items():
        text = text.replace(new, old)
    return text


def negative(text: str) -> str:
    """Every amount with a minus, as corrections were written."""
    for tag in ("LineTotalAmount", "TaxBasisTotalAmount", "GrandTotalAmount", "DuePayableAmount", "AllowanceTotalAmount",
                "ActualAmount", "CalculatedAmount", "BasisAmount"):  # fmt: skip
        text = text.replace(f"<ram:{tag}>", f"<ram:{tag}>-")
    return text.replace('currencyID="EUR">', 'currencyID="EUR">-')


FILES = {
    "right": (zugferd_1(MODEL), {}),
    "wrong": (zugferd_1(MODEL.wrong(due="0.10")), {"BR-CO-16": "fatal"}),
    "correction": (negative(zugferd_1(MODEL)), {}),
    "nothing_to_pay": (zugferd_1(MODEL).replace(">54.74</ram:DuePayableAmount>", ">0.00</ram:DuePayableAmount>"), {"BR-CO-16": "warning"}),
    # The profile BASIC has no allowances, only their total.
    "no_parts": (
        re.sub(
            "<ram:SpecifiedTradeAllowanceCharge>.*</ram:SpecifiedTradeAllowanceCharge>|<ram:CategoryCode>S</ram:CategoryCode>",
            "", zugferd_1(MODEL),
        ),
        {},
    ),
    "minus_before_allowance": (zugferd_1(MODEL).replace("<ram:ActualAmount>5.00", "<ram:ActualAmount>-5.00"), {}),
    "rounded_parts": (zugferd_1(MODEL.wrong(lines="0.01", net="0.01", tax="0", gross="0.01", due="0.01")), {"BR-CO-10": "warning"}),
    # SI-UBL and others of the time of Peppol BIS 2: lines without a tax category.
    "no_categories": (
        ubl(replace(MODEL, profile="urn:www.cenbii.eu:transaction:biitrns010:ver2.0", parts=()))
        .replace("cac:ClassifiedTaxCategory", "cac:Z"),
        {},
    ),
    "rounded_tax": (
        ubl(replace(MODEL, profile="urn:www.cenbii.eu:transaction:biitrns010:ver2.0"))
        .replace("<cac:TaxSubtotal>", '<cbc:RoundingAmount currencyID="EUR">0.03</cbc:RoundingAmount><cac:TaxSubtotal>', 1),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(FILES))
def test_what_is_a_fault_and_what_a_habit(tmp_path: Path, name: str) -> None:
    text, expected = FILES[name]
    tables = read_contents("einvoice", tmp_path, {f"{name}.xml": text})
    assert_conserved("einvoice", tables)
    assert tables["rejects"] == []
    found = {row["rule_id"]: row["severity"] for row in tables["findings"]}
    assert found == {rule: severity for rule, severity in expected.items() if severity}


def test_an_allowance_with_a_minus_is_deducted(tmp_path: Path) -> None:
    tables = read_contents("einvoice", tmp_path, {"a.xml": FILES["minus_before_allowance"][0]})
    amounts = [row["net_amount"] for row in tables["document_lines"] if row["line_kind"] == "allowance"]
    assert amounts == [Decimal("-5.00")]
