"""E-invoices: the same document in UBL and CII reads alike; broken rules are told with number and amounts."""

from dataclasses import replace
from decimal import Decimal

import pytest
from einvoice_files import Line, Model, Part, cii, ubl
from reading import Tables, assert_conserved, read_contents

MIXED = Model(
    lines=(
        Line("1", "Kaffee", Decimal(3), Decimal("9.99")),
        Line("2", "Buch", Decimal("1.5"), Decimal("7.77"), Decimal(7), base=Decimal(2)),
    ),
    parts=(Part(Decimal("5.00"), reason="Rabatt"), Part(Decimal("7.90"), True)),
    prepaid=Decimal(10),
    rounding=Decimal("0.02"),
)
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
@pytest.mark.parametrize("name", ["plain", "mixed", "credit", "terms"])
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
