"""A statement that was cut off on the way: what is complete is read, what is not is named, and no total lies."""

from decimal import Decimal

import pytest
from bank_files import balance, bank_residuals, camt, entry, mt940, read
from test_bank_ofx import SGML

HEAD = balance("OPBD", "100.00") + balance("CLBD", "106.00")
WHOLE = camt(entry("1.00"), entry("2.00"), entry("3.00"), head=HEAD)


def one(tmp_path, content):
    tables = read(tmp_path, content)
    assert bank_residuals(tables) == {}
    return tables


def cut_at(text: str, mark: str, occurrence: int = 1) -> str:
    at = -1
    for _ in range(occurrence):
        at = text.index(mark, at + 1)
    return text[:at]


def test_entries_before_the_break_are_read_and_the_statement_says_that_it_is_not_whole(tmp_path):
    tables = one(tmp_path, cut_at(WHOLE, "<BookgDt>", 3))
    assert [row["amount"] for row in tables["transactions"]] == [1, 2]
    (statement,) = tables["statements"]
    assert "cut off at line 1, column" in statement["control_problem"]
    (reject,) = tables["rejects"]
    assert "cut off at line 1, column" in reject["message"]
    assert reject["reason_code"] == "unreadable_file"  # an exception `rejected_file`: get a whole one
    assert reject["payload"].startswith("<Ntry>") and "3.00" in reject["payload"]
    assert "cut off" in tables["files"][0]["recognised_by"]


def test_statements_before_the_break_are_whole_and_only_the_one_in_it_is_not(tmp_path):
    two = camt(entry("6.00"), head=HEAD, statements=2)
    tables = one(tmp_path, two[: two.rindex("</Stmt>")])
    assert [row["control_problem"] is None for row in tables["statements"]] == [True, False]
    assert [row["amount"] for row in tables["transactions"]] == [6, 6]
    assert tables["rejects"] == []  # nothing but closing tags is missing


def test_a_break_in_the_header_of_the_next_statement_costs_the_ones_before_nothing(tmp_path):
    two = camt(entry("6.00"), head=HEAD, statements=2)
    tables = one(tmp_path, two[: two.rindex("<Bal>")])
    (statement,) = tables["statements"]
    assert statement["control_problem"] is None
    assert "<Stmt>" in tables["rejects"][0]["payload"]


def test_a_missing_last_tag_is_no_loss(tmp_path):
    tables = one(tmp_path, WHOLE.removesuffix("</Document>"))
    assert [row["amount"] for row in tables["transactions"]] == [1, 2, 3]
    assert tables["statements"][0]["control_problem"] is None and tables["rejects"] == []


@pytest.mark.parametrize("step", range(7))
def test_wherever_it_is_cut_nothing_is_invented(tmp_path, step):
    for length in range(40 + step, len(WHOLE), 53):
        tables = one(tmp_path, WHOLE[:length])
        amounts = [row["amount"] for row in tables["transactions"]]
        assert amounts == [Decimal(1), Decimal(2), Decimal(3)][: len(amounts)]
        is_told = tables["rejects"] or any(row["control_problem"] for row in tables["statements"])
        assert is_told or length >= WHOLE.index("</Stmt>") + len("</Stmt>")


def test_a_cut_does_not_open_the_door_to_a_document_type(tmp_path):
    text = WHOLE.replace("<Document", '<!DOCTYPE d [<!ENTITY x "1">]><Document', 1)
    tables = one(tmp_path, text[:-30])
    assert tables["transactions"] == [] and "document type" in tables["rejects"][0]["message"]


def test_an_mt940_without_its_closing_balance_says_so(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF", ":61:2606300630C6,00NTRFNONREF")
    tables = one(tmp_path, text[: text.index(":62F:")])
    assert [row["amount"] for row in tables["transactions"]] == [5, 6]
    assert ":62F:" in tables["statements"][0]["control_problem"]
    assert one(tmp_path, text)["statements"][0]["control_problem"] is None


def test_an_ofx_without_its_end_says_so(tmp_path):
    tables = one(tmp_path, SGML[: SGML.index("<LEDGERBAL>")])
    assert "cut off" in tables["statements"][-1]["control_problem"]
    assert all(row["control_problem"] is None for row in one(tmp_path, SGML)["statements"])
