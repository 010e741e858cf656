"""The ERPs' ledgers balance, and base amounts follow the published rates."""

import csv
from collections import defaultdict
from decimal import Decimal

import pytest

from pipelines.sample.company import read_company
from pipelines.sample.erp_tables import EXPORTS
from pipelines.settings import REPOSITORY

NUMBERS = [
    "entry",
    "line",
    "posting_date",
    "document_type",
    "document_number",
    "account",
    "currency",
    "debit",
    "credit",
    "base_currency",
    "base_debit",
    "base_credit",
]


def rows_of(landing, suffix: str, stream: str) -> list[list[str]]:
    export = EXPORTS[suffix]
    rows = []
    for path in sorted((landing / f"erp_{suffix}" / stream).glob("*.csv")):
        if path.stem.endswith("_export"):
            continue
        with path.open(encoding=export.encoding, newline="") as file:
            rows += list(csv.reader(file, delimiter=export.delimiter))[1:]
    return rows


def amount(suffix: str, text: str) -> Decimal:
    return Decimal(text.replace(",", ".") if suffix == "de" else text.replace(",", ""))


@pytest.mark.parametrize("suffix", ["de", "uk", "us"])
def test_every_entry_balances_in_base_currency(landing, suffix):
    sums: dict[str, Decimal] = defaultdict(Decimal)
    accounts = set()
    for row in rows_of(landing, suffix, "gl_entries"):
        cells = dict(zip(NUMBERS, row, strict=False))
        sums[cells["entry"]] += amount(suffix, cells["base_debit"]) - amount(suffix, cells["base_credit"])
        accounts.add(cells["account"])
    assert len(sums) > 100
    assert {entry: total for entry, total in sums.items() if total} == {}
    with (REPOSITORY / "seeds" / "master_accounts.csv").open(encoding="utf-8") as file:
        assert accounts <= {row["account_code"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("suffix", ["de", "uk", "us"])
@pytest.mark.parametrize("stream", ["invoices", "bills"])
def test_lines_make_the_header(landing, suffix, stream):
    kind = stream[:-1]
    net_at = {"invoices": 9, "bills": 10}[stream]
    heads = {}
    for row in rows_of(landing, suffix, stream):
        if any("x" in cell and ",00" in cell for cell in row[9:13]) or "13/45/2026" in row:
            continue
        heads[row[0]] = [amount(suffix, row[net_at + i]) for i in range(3)]
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows_of(landing, suffix, f"{kind}_lines"):
        sums[row[0]][0] += amount(suffix, row[5])
        sums[row[0]][1] += amount(suffix, row[6])
    assert heads.keys() == sums.keys()
    for key, (net, tax, total) in heads.items():
        assert [net, tax] == sums[key]
        assert net + tax == total


def test_yen_have_no_decimals_and_dinars_have_three(landing):
    amounts = defaultdict(set)
    for row in rows_of(landing, "uk", "invoices"):
        amounts[row[8]].add(row[11])
    assert amounts["JPY"]
    assert all("." not in x for x in amounts["JPY"])
    assert amounts["KWD"]
    assert all(len(x.partition(".")[2]) == 3 for x in amounts["KWD"])


def test_receivables_of_a_currency_are_invoices_less_receipts(sample):
    """Converted receipts clear the invoice in its own currency: yen are not left over as pounds."""
    open_yen = sum(
        amount("uk", row[7]) - amount("uk", row[8])
        for row in rows_of(sample / "landing", "uk", "gl_entries")
        if row[5] == "1400" and row[6] == "JPY"
    )
    assert open_yen >= 0


def test_ibans_have_correct_check_digits():
    company = read_company(REPOSITORY / "seeds")
    parties = [
        p
        for group in (company.customers, company.vendors, company.employees)
        for x in group.values()
        for p in x
    ]
    ibans = [p.account for p in parties if p.account[:2].isalpha()] + [
        a.number for a in company.accounts.values() if a.number[:2] in ("DE", "GB")
    ]
    assert len(ibans) > 60
    for iban in ibans:
        digits = "".join(str(int(c, 36)) for c in iban[4:] + iban[:4])
        assert int(digits) % 97 == 1, iban
