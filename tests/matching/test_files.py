"""Two files as people have them: delimiters, encodings, decimal commas, titles, Excel, JSON, Parquet, ids as given."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matching.command import match_files
from matching.files import UnreadableFile, read


def run(tmp_path: Path, left: Path, right: Path, **more):
    outcome = match_files(left, right, tmp_path / "out", echo=None, **more)
    return outcome, {f.name: pq.read_table(f).to_pylist() for f in outcome.files if f.suffix == ".parquet"}


def pairs(tables) -> set[tuple[str, str]]:
    return {(a["left_id"], a["right_id"]) for a in tables["match_allocations.parquet"]}


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


BANK = "Datum;Buchungstext;Betrag\n05.01.2026;Überweisung Müller RE-2001;1.234,50\n06.01.2026;Gebühr;-3,90\n09.01.2026;ACME RE-2002 RE-2003;300,00\n"
BOOK = "invoice_number,customer,invoice_date,total\nRE-2001,Mueller GmbH,2026-01-02,1234.50\nRE-2002,Acme,2026-01-03,100.10\nRE-2003,Acme,2026-01-03,199.90\n"


def test_a_german_bank_export_meets_an_english_invoice_list(tmp_path):
    outcome, tables = run(
        tmp_path, write(tmp_path / "bank.csv", BANK, "cp1252"), write(tmp_path / "book.csv", BOOK)
    )
    # No id column on the left: the row number; the right ids exactly as in the file.
    assert pairs(tables) == {("1", "RE-2001"), ("3", "RE-2002"), ("3", "RE-2003")}
    assert [row["left_id"] for row in tables["left_open.parquet"]] == ["2"]
    assert tables["left_open.parquet"][0]["open_amount"] == Decimal("-3.90")
    assert tables["right_open.parquet"] == []
    assert "Betrag" in outcome.summary


def test_the_report_stands_alone_and_escapes_what_the_files_say(tmp_path):
    left = write(tmp_path / "l.csv", "id,date,memo,amount\nA1,2026-01-02,<script>alert(1)</script>,10.00\n")
    right = write(tmp_path / "r.csv", "id,date,memo,amount\nB1,2026-01-02,<img src=x onerror=y>,11.37\n")
    run(tmp_path, left, right)
    html = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in html and "<img" not in html and "http" not in html
    assert "&lt;script&gt;" in html


def test_a_statement_with_a_title_above_the_header_and_debit_credit_columns(tmp_path):
    left = write(
        tmp_path / "l.csv",
        "Account 123\nPeriod January\n\nDate,Details,Paid out,Paid in,Balance\n02/01/2026,Rent,900.00,,100.00\n13/01/2026,Sale,,250.25,350.25\n",
    )
    right = write(
        tmp_path / "r.csv",
        "entry,date,text,amount\n001,2026-01-01,rent january,-900.00\n002,2026-01-12,sale,250.25\n",
    )
    outcome, tables = run(tmp_path, left, right)
    assert pairs(tables) == {("1", "001"), ("2", "002")}
    assert outcome.match.left.date == "Date"


def test_excel_json_and_parquet_give_what_csv_gives(tmp_path):
    from openpyxl import Workbook

    rows = [
        ["id", "date", "text", "amount"],
        ["L-1", "2026-01-05", "INV-7001", 12.35],
        ["L-2", "2026-01-06", "INV-7002", 99.9],
    ]
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "l.xlsx")
    right = [
        {"number": "INV-7001", "day": "2026-01-01", "total": 12.35},
        {"number": "INV-7002", "day": "2026-01-01", "total": 99.90},
    ]
    write(tmp_path / "r.json", json.dumps({"invoices": right}))
    write(tmp_path / "r.jsonl", "\n".join(json.dumps(r) for r in right))
    pq.write_table(pa.Table.from_pylist(right), tmp_path / "r.parquet")
    for name in ("r.json", "r.jsonl", "r.parquet"):
        _, tables = run(tmp_path, tmp_path / "l.xlsx", tmp_path / name)
        assert pairs(tables) == {("L-1", "INV-7001"), ("L-2", "INV-7002")}
        assert all(not row["left_open_amount"] for row in tables["matches.parquet"])


def test_amounts_are_read_exactly():
    import duckdb
    from matching import parse

    con = duckdb.connect()
    for text, mark, expected in (
        ("1.234,56", ",", "1234.5600"),
        ("(12.00)", ".", "-12.0000"),
        ("12.00-", ".", "-12.0000"),
        ("€ 1 000,10", ",", "1000.1000"),
        ("-0.1", ".", "-0.1000"),
        ("12.00 DR", ".", "-12.0000"),
        ("1,234,567.89", ".", "1234567.8900"),
        ("123456789012.3456", ".", "123456789012.3456"),
    ):
        con.execute("create or replace table t as select ? as v", [text])
        assert str(con.execute(f"select {parse.amount_sql('v', mark)} from t").fetchone()[0]) == expected, (
            text
        )


def test_two_files_numbered_alike_are_not_paired_by_number(tmp_path):
    left = "id,date,memo,amount\n" + "".join(
        f"{i},2026-01-{1 + i % 28:02d},x,{100 + 7 * i}.13\n" for i in range(1, 31)
    )
    right = "id,date,memo,amount\n" + "".join(
        f"{31 - i},2026-01-{1 + i % 28:02d},y,{100 + 7 * i}.13\n" for i in range(1, 31)
    )
    _, tables = run(tmp_path, write(tmp_path / "l.csv", left), write(tmp_path / "r.csv", right))
    assert pairs(tables) == {(str(i), str(31 - i)) for i in range(1, 31)}


def test_a_map_overrules_the_guess_and_a_wrong_one_says_which_columns_there_are(tmp_path):
    left = write(tmp_path / "l.csv", "id,date,gross,net\nA,2026-01-02,10.00,9.00\n")
    right = write(tmp_path / "r.csv", "id,date,amount\nB,2026-01-02,10.00\n")
    outcome, _ = run(tmp_path, left, right, mapping=["left.amount=net"])
    assert outcome.match.left.amount == "net"
    with pytest.raises(ValueError, match="no column 'Betrag'; it has id, date, gross, net"):
        run(tmp_path, left, right, mapping=["left.amount=Betrag"])


def test_rules_of_a_file_replace_the_defaults(tmp_path):
    left = write(tmp_path / "l.csv", "id,date,memo,amount\nA,2026-01-02,INV-5001,95.00\n")
    right = write(tmp_path / "r.csv", "id,date,memo,amount\nB,2026-01-02,INV-5001,100.00\n")
    _, loose = run(tmp_path, left, right)
    assert loose["matches.parquet"][0]["difference_reason"] in ("fees", "bank_charges")
    rules = write(tmp_path / "rules.yml", "rules:\n  - {match_rule_id: only_exact, evidence: reference}\n")
    _, strict = run(tmp_path, left, right, rules=rules)
    assert strict["matches.parquet"] == [] and len(strict["left_open.parquet"]) == 1


def test_an_empty_or_unreadable_file_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match="empty"):
        read(write(tmp_path / "e.csv", " \n"))
    with pytest.raises(ValueError, match="no column of amounts"):
        run(
            tmp_path,
            write(tmp_path / "a.csv", "name,text\nx,y\n"),
            write(tmp_path / "b.csv", "id,amount\n1,2.00\n"),
        )


def test_a_header_without_rows_leaves_everything_open(tmp_path):
    _, tables = run(
        tmp_path,
        write(tmp_path / "a.csv", "id,date,amount\nx,2026-01-01,1.00\n"),
        write(tmp_path / "b.csv", "id,date,amount\n"),
        mapping=["right.amount=amount"],
    )
    assert [row["left_id"] for row in tables["left_open.parquet"]] == ["x"]


def test_a_voided_check_and_its_reversal_cancel_and_the_reissue_matches(tmp_path):
    bank = write(
        tmp_path / "bank.csv",
        "id,date,description,amount\nb1,2026-01-12,CHECK 2002,-500.00\nb2,2026-01-03,CHECK 2000,-75.20\n",
    )
    ledger = write(
        tmp_path / "ledger.csv",
        "id,date,document,memo,amount\ng1,2026-01-02,CHK-2001,Baker rent,-500.00\ng2,2026-01-03,CHK-2001,VOID Baker rent,500.00\ng3,2026-01-10,CHK-2002,Baker rent,-500.00\ng4,2026-01-02,CHK-2000,Paper,-75.20\n",
    )
    _, tables = run(tmp_path, bank, ledger)
    assert {p for p in pairs(tables) if p[0]} == {("b1", "g3"), ("b2", "g4")}
    assert {p[1] for p in pairs(tables) if p[0] is None} == {"g1", "g2"}
    assert tables["right_open.parquet"] == []
