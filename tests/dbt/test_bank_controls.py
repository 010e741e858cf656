"""Control totals of the formats, and what supersedes what, from files to the exceptions of a statement."""

from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from dbt_runs import run_dbt
from raw_tables import create_raw_tables
from test_bank_line_identity import camt, mt940, worded

from pipelines.config import SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files

BAI2 = """01,1,2,260701,0200,1,80,1,2/
02,3,1,1,260630,2359,USD,2/
03,BAI,USD,010,100000,,,015,112550,,/
16,165,12550,0,B1,C1,TEXT/
49,{total},3/
98,{total},1,5/
99,{total},1,7/
"""
FILES = {
    "bai2_right": BAI2.format(total=225100).replace("BAI", "A1"),
    "bai2_wrong": BAI2.format(total=225350).replace("BAI", "A2"),
    "untied": mt940(1, "100.00", "5.00").replace("EUR105,00", "EUR107,00").replace("ACCOUNT", "A3"),
    "counted": camt("053", "S", "20:00", "5.00", opening="100.00").replace("<Ntry>", "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry><Ntry>", 1).replace("ACCOUNT", "A4"),
    "twin_camt": worded(camt("053", "S", "20:00", "5.00", opening="100.00"), "A").replace("ACCOUNT", "A5"),
    "twin_mt940": worded(mt940(1, "100.00", "5.00"), "B").replace("ACCOUNT", "A5"),
    "report": worded(camt("052", "R", "10:00", "5.00"), "C").replace("ACCOUNT", "A5"),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    home = tmp_path_factory.mktemp("controls").resolve()
    path = home / "warehouse.duckdb"
    create_raw_tables(path)
    spec = kind_spec("bank")
    instance = SourceInstance(name="bank", kind="bank", entity_id="DE01", path="*")
    with duckdb.connect(str(path)) as connection:
        for name, content in FILES.items():
            (home / name).write_text(content)
            for batch in read_files(spec, [landing_file(home, home / name, instance)], instance):
                if batch.rows.num_rows:
                    rows = batch.rows.append_column("_dlt_load_id", pa.repeat("0", batch.rows.num_rows))
                    connection.register("rows", rows)
                    connection.execute(f"insert into {spec.dataset}.{batch.table} by name select * from rows")
    run = run_dbt(
        "build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test",
        "--select", "+int_exceptions__statements", "--vars", "{as_of_date: '2026-06-30'}",
        home=home, warehouse=path,
    )  # fmt: skip
    assert run.code == 0, run.output
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def of_account(warehouse, account, columns):
    return warehouse.execute(
        f"select {columns} from canonical.bank_statements as s"
        " inner join reconciliation.bank_statement_continuity as c using (statement_id)"
        " where s.account_number = ? order by s.format",
        [account],
    ).fetchall()


def test_a_right_control_total_ties_and_a_wrong_one_says_by_how_much(warehouse):
    assert of_account(warehouse, "A1", "s.is_tied, s.control_residual_amount") == [(True, None)]
    ((tied, amount, problem),) = of_account(
        warehouse, "A2", "s.is_tied, s.control_residual_amount, s.control_problem"
    )
    assert (tied, amount) == (False, Decimal("2.50"))
    assert "account control total 225350" in problem


def test_of_two_formats_and_a_report_one_is_a_link_of_the_chain(warehouse):
    assert of_account(warehouse, "A5", "s.format[1:8], c.status, s.is_interim, s.covering_statement_id") == [
        ("camt.052", "superseded", True, None),
        ("camt.053", "continuous", False, None),
        ("mt940", "superseded", False, "bank:S"),
    ]


def test_each_contradiction_is_an_exception_with_its_amount(warehouse):
    relation = warehouse.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_name = 'int_exceptions__statements'"
    ).fetchone()[0]
    found = warehouse.execute(
        f"select party_name, exception_type, amount from {relation} order by party_name, exception_type"
    ).fetchall()
    assert found == [
        ("A2", "statement_control_mismatch", Decimal("2.50")),
        ("A3", "statement_does_not_tie", Decimal("2.00")),
        ("A4", "statement_control_mismatch", Decimal("0")),
    ]
