"""ECB reference rates: the wide CSV and the XML give the same rates; what is no rate is a reject."""

from datetime import date
from decimal import Decimal

import pytest
from reading import assert_conserved, read_content

CSV = """Date,USD,JPY,ISK,
2026-06-30,1.0912,160.11,N/A,
2026-06-29,1.0899,160.4,143.5,
"""
XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
    xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
  <!-- <Cube currency="XAU" rate="1"/> -->
  <Cube>
    <Cube time="2026-06-30"><Cube currency="USD" rate="1.0912"/><Cube currency='JPY' rate='160.11'/></Cube>
    <Cube time="2026-06-29"><Cube currency="USD" rate="1.0899"/><Cube currency="JPY" rate="160.4"/>
      <Cube currency="ISK" rate="143.5"/></Cube>
  </Cube>
</gesmes:Envelope>
"""
DAILY = "Date, USD, JPY, \n30 June 2026, 1.0912, 160.11, \n"
JUNE_30, JUNE_29 = date(2026, 6, 30), date(2026, 6, 29)
RATES = {
    (JUNE_30, "USD"): Decimal("1.0912"),
    (JUNE_30, "JPY"): Decimal("160.11"),
    (JUNE_29, "USD"): Decimal("1.0899"),
    (JUNE_29, "JPY"): Decimal("160.4"),
    (JUNE_29, "ISK"): Decimal("143.5"),
}


def rates(tables):
    assert {row["base_currency"] for row in tables["fx_rates"]} == {"EUR"}
    return {(row["rate_date"], row["currency"]): row["rate"] for row in tables["fx_rates"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [("hist.csv", CSV), ("hist.xml", XML), ("hist.csv.gz", CSV), ("crlf.csv", CSV.replace("\n", "\r\n"))],
)
def test_the_history_as_csv_or_xml(tmp_path, name, content):
    tables = read_content("ecb", tmp_path, content, name)

    assert rates(tables) == RATES
    assert tables["rejects"] == []
    assert_conserved("ecb", tables)


def test_the_daily_csv_with_its_own_date_format(tmp_path):
    tables = read_content("ecb", tmp_path, DAILY, "daily.csv")

    assert rates(tables) == {
        key: rate for key, rate in RATES.items() if key[0] == JUNE_30 and key[1] != "ISK"
    }
    assert_conserved("ecb", tables)


def test_each_rate_has_a_position_of_its_own(tmp_path):
    tables = read_content("ecb", tmp_path, CSV, "hist.csv")

    assert [row["source_position"] for row in tables["fx_rates"]] == [1, 2, 4, 5, 6]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("2026-06-28,abc,1,2,", "rate"),
        ("2026-06-28,-1.5,1,2,", "rate"),
        ("2026-06-28,0,1,2,", "rate"),
        ("2026-06-28,1.123456789,1,2,", "rate"),
        ("2026-06-28,1.1", "line"),
    ],
)
def test_what_is_no_rate_is_a_reject(tmp_path, line, field):
    tables = read_content("ecb", tmp_path, CSV + line + "\n", "hist.csv")

    (reject,) = tables["rejects"]
    assert reject["field"] == field
    assert rates(tables).items() >= RATES.items()
    assert_conserved("ecb", tables)


def test_an_unreadable_date_rejects_each_rate_of_the_line(tmp_path):
    tables = read_content("ecb", tmp_path, CSV + "28/06/2026,1.1,160,140,\n", "hist.csv")

    assert [row["currency"] for row in tables["rejects"]] == ["USD", "JPY", "ISK"]
    assert_conserved("ecb", tables)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Envelope>&b;</Envelope>'


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", XML[:-60], BOMB, "<html></html>", b"\xff\xfe\x00D"])
def test_a_file_that_is_no_rate_file_is_one_reject(tmp_path, content):
    tables = read_content("ecb", tmp_path, content, "rates")

    (reject,) = tables["rejects"]
    assert reject["reason_code"] == "unreadable_file"
    assert tables["files"][0]["status"] == "rejected"
    assert_conserved("ecb", tables)
