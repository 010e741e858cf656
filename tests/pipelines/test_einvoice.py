"""E-invoices: the same document in UBL and CII reads alike; broken rules are told with number and amounts."""

from dataclasses import replace
from decimal import Decimal

import pytest
from einvoice_files import Line, LinePart, Model, Part, cii, ubl
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import Tables, assert_conserved, read_contents

from pipelines.einvoice import cii as cii_reader
from pipelines.einvoice import ubl as ubl_reader
from pipelines.einvoice.content import parse
from pipelines.einvoice.declared import declared_in
from pipelines.einvoice.totals import sums_of

MIXED = Model(
    lines=(
        Line("1", "Kaffee", Decimal(3), Decimal("9.99")),
        Line("2", "Buch", Decimal("1.5"), Decimal("7.77"), Decimal(7), base=Decimal(2)),
    ),
    parts=(Part(Decimal("5.00"), reason="Rabatt"), Part(Decimal("7.90"), True)),
    prepaid=Decimal(10),
    rounding=Decimal("0.02"),
)
# Allowances and charges on both levels, three rates, VAT in another currency.
RICH = replace(
    MIXED,
    currency="PLN",
    tax_currency="EUR",
    tax_in_its_currency=Decimal("1.47"),
    lines=(
        *MIXED.lines,
        Line("3", "Tee", Decimal(4), Decimal("2.25"), Decimal("8.1"), parts=(LinePart(Decimal("1.10")), LinePart(Decimal("0.35"), True))),
        Line("4", "Pfand", Decimal(-2), Decimal("0.25"), Decimal(19)),
    ),
    parts=(*MIXED.parts, Part(Decimal("0.55"), rate=Decimal(7))),
)  # fmt: skip
# What is added to a total, and the rules that it breaks with (expected, found).
WRONG = {
    "due": ({"due": "0.01"}, {"BR-CO-16": ("35.38", "35.39")}),
    "gross": ({"gross": "1", "due": "1"}, {"BR-CO-15": ("45.36", "46.36")}),
    "net": ({"net": "1"}, {"BR-CO-13": ("38.70", "39.70"), "BR-CO-15": ("46.36", "45.36")}),
    "lines": ({"lines": "-0.01"}, {"BR-CO-10": ("35.80", "35.79"), "BR-CO-13": ("38.69", "38.70")}),
    "tax": ({"tax": "3"}, {"BR-CO-14": ("6.66", "9.66"), "BR-CO-15": ("48.36", "45.36")}),
}
MODELS = {
    "plain": Model(),
    "mixed": MIXED,
    "rich": RICH,
    "rich_381": replace(RICH, type_code="381", preceding="R-0", prepaid=None),
    "credit": replace(MIXED, type_code="381", preceding="R-0", prepaid=None),
    "terms": replace(MIXED, terms="#SKONTO#TAGE=14#PROZENT=2.25#\nNetto 30 Tage"),
    **{name: MIXED.wrong(**errors) for name, (errors, _) in WRONG.items()},
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    files: dict[str, str | bytes] = {}
    for name, model in MODELS.items():
        files[f"{name}.ubl.xml"] = ubl(model)
        files[f"{name}.cii.xml"] = cii(model)
    files["code.ubl.xml"] = ubl(MIXED).replace(">DE</cbc:IdentificationCode>", ">XX</cbc:IdentificationCode>")
    files["code.cii.xml"] = cii(MIXED).replace("CountryID>DE<", "CountryID>XX<")
    files["nameless.ubl.xml"] = ubl(MIXED).replace("<cbc:ID>R-1</cbc:ID>", "<cbc:ID></cbc:ID>", 1)
    files["bis2.ubl.xml"] = ubl(
        replace(MIXED, profile="urn:www.cenbii.eu:transaction:biitrns010:ver2.0")
    ).replace("<cbc:Name>Kaffee</cbc:Name>", "")
    files["bis2_wrong.ubl.xml"] = ubl(
        replace(MIXED, profile="urn:www.cenbii.eu:transaction:biitrns010:ver2.0").wrong(due="0.01")
    )
    return read_contents("einvoice", tmp_path_factory.mktemp("einvoices"), files)


def rows(tables: Tables, table: str, name: str) -> list[dict]:
    return [row for row in tables[table] if row["source_file"].endswith(name)]


def broken(tables: Tables, name: str) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    return {
        row["rule_id"]: (row["expected_amount"], row["found_amount"])
        for row in rows(tables, "findings", name)
        if row["severity"] == "fatal"
    }


def test_every_document_is_landed_and_conserved(tables: Tables) -> None:
    assert tables["rejects"] == []
    assert_conserved("einvoice", tables)


@pytest.mark.parametrize("name", list(MODELS))
def test_twins_give_the_same_rows(tables: Tables, name: str) -> None:
    told_apart = {"load_id", "source_file", "syntax", "ruleset"}
    for table in ("documents", "document_lines", "tax_breakdowns"):
        twins = [
            [{key: value for key, value in row.items() if key not in told_apart} for row in rows(tables, table, f"{name}.{syntax}.xml")]
            for syntax in ("ubl", "cii")
        ]  # fmt: skip
        assert twins[0] == twins[1]
        assert twins[0]


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
@pytest.mark.parametrize("name", ["plain", "mixed", "rich", "rich_381", "credit", "terms"])
def test_a_correct_document_breaks_no_rule(tables: Tables, name: str, syntax: str) -> None:
    assert rows(tables, "findings", f"{name}.{syntax}.xml") == []


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_sum_names_rule_and_amounts(tables: Tables, name: str, syntax: str) -> None:
    expected = {rule: (Decimal(a), Decimal(b)) for rule, (a, b) in WRONG[name][1].items()}
    assert broken(tables, f"{name}.{syntax}.xml") == expected
    (document,) = rows(tables, "documents", f"{name}.{syntax}.xml")
    assert document["fatal_count"] == len(expected)


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_a_code_outside_its_list_has_one_number_in_both_syntaxes(tables: Tables, syntax: str) -> None:
    assert list(broken(tables, f"code.{syntax}.xml")) == ["BR-CL-14"]


def test_a_document_without_number_is_loaded_and_told(tables: Tables) -> None:
    (document,) = rows(tables, "documents", "nameless.ubl.xml")
    assert document["document_number"] is None and document["document_key"]
    assert "BR-02" in broken(tables, "nameless.ubl.xml")


def test_an_older_profile_is_held_against_its_sums_only(tables: Tables) -> None:
    assert broken(tables, "bis2.ubl.xml") == {}
    assert broken(tables, "bis2_wrong.ubl.xml") == {"BR-CO-16": (Decimal("35.38"), Decimal("35.39"))}


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_tax_in_another_currency_and_parts_of_lines(tables: Tables, syntax: str) -> None:
    (document,) = rows(tables, "documents", f"rich.{syntax}.xml")
    assert (document["tax_currency"], document["tax_currency_amount"]) == ("EUR", Decimal("1.47"))
    lines = [
        (row["net_amount"], row["line_allowance_amount"], row["line_charge_amount"])
        for row in rows(tables, "document_lines", f"rich.{syntax}.xml")
        if row["native_line_id"] == "3"
    ]
    assert lines == [(Decimal("8.25"), Decimal("1.10"), Decimal("0.35"))]


def test_business_terms_are_where_they_belong(tables: Tables) -> None:
    (document,) = rows(tables, "documents", "credit.ubl.xml")
    assert {
        name: document[name]
        for name in ("document_type_code", "preceding_invoice", "purchase_order", "seller_vat_id", "payee_account", "remittance_text")
    } == {
        "document_type_code": "381",
        "preceding_invoice": "R-0",
        "purchase_order": "PO-7",
        "seller_vat_id": "DE123456789",
        "payee_account": "DE89370400440532013000",
        "remittance_text": "R-1",
    }  # fmt: skip
    (terms,) = rows(tables, "documents", "terms.cii.xml")
    assert (terms["discount_percent"], terms["discount_days"]) == (Decimal("2.25"), 14)
    kinds = [
        (row["line_kind"], row["net_amount"], row["tax_rate"])
        for row in rows(tables, "document_lines", "mixed.cii.xml")
    ]
    assert kinds == [
        ("item", Decimal("29.97"), 19),
        ("item", Decimal("5.83"), 7),
        ("allowance", Decimal("-5.00"), 19),
        ("charge", Decimal("7.90"), 19),
    ]


_text = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=("C", "Z")),
    min_size=1,
    max_size=20,
)
_rate = st.sampled_from([Decimal(0), Decimal(7), Decimal("8.1"), Decimal(19), Decimal("25.5")])
_money = st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2)
_lines = st.builds(
    Line,
    st.integers(1, 999).map(str),
    _text,
    st.decimals(Decimal("-999"), Decimal("999"), places=3),
    st.decimals(Decimal("0"), Decimal("9999"), places=4),
    _rate,
    st.sampled_from(["S", "Z", "AE"]),
    st.sampled_from([None, Decimal(100)]),
    st.lists(st.builds(LinePart, _money, st.booleans()), max_size=2).map(tuple),
)
_models = st.builds(
    Model,
    number=_text,
    type_code=st.sampled_from(["380", "381", "384"]),
    currency=st.sampled_from(["EUR", "SEK", "HUF"]),
    lines=st.lists(_lines, min_size=1, max_size=5).map(tuple),
    parts=st.lists(st.builds(Part, _money, st.booleans(), _rate), max_size=3).map(tuple),
    prepaid=st.none() | _money,
    rounding=st.none() | st.decimals(Decimal("-0.99"), Decimal("0.99"), places=2),
    tax_currency=st.none() | st.just("NOK"),
    tax_in_its_currency=_money,
)


@settings(max_examples=150, deadline=None)
@given(model=_models, mangled=st.booleans())
def test_money_survives_both_syntaxes(model: Model, mangled: bool) -> None:
    texts = [ubl(model), cii(model)]
    if mangled:
        texts = [text.replace("><", ">\r\n  <") + "\n\n" for text in texts]
    invoices = []
    for text, reader in zip(texts, (ubl_reader, cii_reader), strict=True):
        document = parse(text.encode())
        invoice = reader.read(document.root, document.syntax)
        header = invoice.header
        assert invoice.bad == []
        assert (header["document_number"], header["net_amount"], header["tax_amount"]) == (
            model.number, model.total("net"), model.total("tax"),
        )  # fmt: skip
        assert (header["gross_amount"], header["payable_amount"]) == (
            model.total("gross"),
            model.total("due"),
        )
        assert header["tax_currency_amount"] == (model.tax_in_its_currency if model.tax_currency else None)
        assert declared_in(text.encode()) == (
            header["currency"],
            header["issue_date"],
            header["total_amount"],
        )
        totals = [part for part in sums_of(invoice) if part.rule_id.startswith("BR-CO")]
        assert [part for part in totals if part.is_broken] == []
        invoices.append(invoice)
    assert invoices[0].header == invoices[1].header
    assert invoices[0].lines == invoices[1].lines
    assert invoices[0].taxes == invoices[1].taxes
