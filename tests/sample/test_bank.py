"""Statements of the sample chain from day to day, apart from the faults that the truth names."""

import csv
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from lxml import etree

from pipelines.sample.days import is_banking_day

NS = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}


def camt(landing) -> list[tuple[str, str, Decimal, Decimal, Decimal]]:
    """(account, day, opening, closing, movement) of every camt statement, by account and day."""
    rows = []
    for path in sorted((landing / "bank_de").glob("*[0-9].xml")):
        if path.stem.endswith("_2"):
            continue
        statement = etree.parse(path).find(".//c:Stmt", NS)

        def signed(element) -> Decimal:
            sign = 1 if element.findtext("c:CdtDbtInd", namespaces=NS) == "CRDT" else -1
            return sign * Decimal(element.findtext("c:Amt", namespaces=NS))

        opening, closing = (signed(b) for b in statement.findall("c:Bal", NS))
        movement = sum((signed(e) for e in statement.findall("c:Ntry", NS)), Decimal(0))
        assert int(statement.findtext(".//c:NbOfNtries", namespaces=NS)) == len(
            statement.findall("c:Ntry", NS)
        )
        account = statement.findtext("c:Acct/c:Id/c:IBAN", namespaces=NS)
        rows.append(
            (account, statement.findtext(".//c:FrDtTm", namespaces=NS)[:10], opening, closing, movement)
        )
    return rows


def mt940(landing) -> list[tuple[str, str, Decimal, Decimal, Decimal]]:
    rows = []
    amount = r"(C|D)(\d{6})[A-Z]{3}([\d,]+)"
    for path in sorted((landing / "bank_uk").glob("*.sta")):
        if path.stem.endswith("_2"):
            continue
        content = path.read_text(encoding="ascii")
        account = re.search(r":25:(\w+)", content)[1]

        def value(mark: str, digits: str) -> Decimal:
            return (1 if mark == "C" else -1) * Decimal(digits.replace(",", "."))

        first, last = re.search(":60F:" + amount, content), re.search(":62F:" + amount, content)
        lines = re.findall(r":61:\d{10}(C|D)([\d,]+)N", content)
        rows.append(
            (
                account,
                last[2],
                value(first[1], first[3]),
                value(last[1], last[3]),
                sum((value(*x) for x in lines), Decimal(0)),
            )
        )
    return rows


def us(landing) -> list[tuple[str, str, Decimal, Decimal, Decimal]]:
    rows = []
    for path in sorted((landing / "bank_us").glob("*.csv")):
        lines = list(csv.DictReader(path.open(encoding="utf-8")))

        def number(text: str) -> Decimal:
            return Decimal(text.replace(",", "") or "0")

        amounts = [number(x["Credit"]) - number(x["Debit"]) for x in lines]
        opening = number(lines[0]["Balance"]) - amounts[0]
        rows.append(
            (
                lines[0]["Account"],
                path.stem[-10:],
                opening,
                number(lines[-1]["Balance"]),
                sum(amounts, Decimal(0)),
            )
        )
    return rows


@pytest.mark.parametrize(("read", "gaps", "untied"), [(camt, 1, 2), (mt940, 0, 2), (us, 1, 0)])
def test_statements_tie_and_chain_apart_from_the_known_faults(landing, read, gaps, untied):
    rows = read(landing)
    assert len(rows) > 25
    assert sum(opening + movement != closing for *_, opening, closing, movement in rows) == untied
    broken = sum(a[0] == b[0] and a[3] != b[2] for a, b in pairwise(rows))
    assert broken == gaps


def test_a_statement_delivered_twice_is_the_same_to_the_byte(landing):
    copies = [*(landing / "bank_de").glob("*_2.xml"), *(landing / "bank_uk").glob("*_2.sta")]
    assert len(copies) == 2
    for copy in copies:
        assert copy.read_bytes() == copy.with_name(copy.name.replace("_2.", ".")).read_bytes()


def test_banks_book_on_banking_days_only(landing):
    for path in (landing / "bank_us").glob("*.csv"):
        assert is_banking_day("us", date.fromisoformat(path.stem[-10:]))


def test_mt940_lines_keep_to_the_lengths_of_the_standard(landing):
    for path in (landing / "bank_uk").glob("*.sta"):
        for line in path.read_text(encoding="ascii").splitlines():
            assert len(line) <= 65, line
            assert all(len(x) <= 29 for x in re.findall(r"\?2\d([^?]*)", line))


def test_true_bank_ids_are_those_that_the_readers_make(landing, truth):
    from pipelines.config import read_configuration
    from pipelines.kinds import kind_spec
    from pipelines.landing import claimed_files, landing_file
    from pipelines.loading import read_file
    from pipelines.settings import REPOSITORY

    configuration = read_configuration(REPOSITORY / "pipelines" / "sources.yml")
    ids: Counter[str] = Counter()
    for kind, table in (("bank", "transactions"), ("csv", "bank_transactions")):
        instances = [i for i in configuration.of_kind(kind) if i.name.startswith("bank_")]
        for path, instance in claimed_files(landing, instances).items():
            for batch in read_file(kind_spec(kind), landing_file(landing, path, instance), instance):
                if batch.table == table:
                    ids.update(f"{instance.name}:{x}" for x in batch.rows["transaction_id"].to_pylist())
    rows = list(csv.DictReader((truth / "true_matches.csv").open(encoding="utf-8")))
    named = {
        r[f"{side}_id"] for r in rows for side in ("left", "right") if r[f"{side}_type"] == "bank_transaction"
    }
    assert len(named) > 100
    assert named <= set(ids)
