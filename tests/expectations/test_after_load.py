"""Declared = landed + rejected, per source, stream, currency and business date, exactly."""

import duckdb
import pytest

from expectations.after_load import conservation

BERLIN = {("stripe_de", "charges"): "Europe/Berlin"}


@pytest.fixture
def raw() -> duckdb.DuckDBPyConnection:
    """raw_stripe with one charge of 10.00 EUR late on 30 June in Berlin (already July in Tokyo)."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("create schema raw_stripe")
    for table, amount in [
        ("charges", "amount_minor"),
        ("refunds", "amount_minor"),
        ("disputes", "amount_minor"),
        ("balance_transactions", "amount_minor"),
        ("payouts", "amount_minor"),
        ("invoices", "total_minor"),
    ]:
        connection.execute(
            f"create table raw_stripe.{table} (source_name varchar, entity_id varchar, load_id varchar, "
            f"source_position bigint, created_at timestamptz, currency varchar, {amount} bigint)"
        )
    connection.execute(
        """
        create table raw_stripe.rejects (
            source_name varchar, entity_id varchar, load_id varchar, source_position bigint, stream varchar,
            currency varchar, business_date date, amount decimal(18, 4)
        );
        create table raw_stripe.control_totals (
            source_name varchar, entity_id varchar, load_id varchar, source_file varchar, stream varchar,
            currency varchar, business_date date, declared_count bigint, declared_amount decimal(18, 4),
            declared_by varchar
        );
        insert into raw_stripe.charges values
            ('stripe_de', 'DE01', 'a', 1, '2026-06-30 21:59:59+00', 'EUR', 1000);
        insert into raw_stripe.control_totals values
            ('stripe_de', 'DE01', 'a', 'f', 'charges', 'EUR', '2026-06-30', 1, 10, 'payload_count');
        """
    )
    return connection


def broken(raw: duckdb.DuckDBPyConnection, exponents: dict[str, int] | None = None) -> list[tuple]:
    query = conservation("stripe", BERLIN, {"EUR": 2, "JPY": 0, "KWD": 3} if exponents is None else exponents)
    return raw.execute(query.replace("{batch}", "raw_stripe.control_totals")).fetchall()


def test_what_landed_is_what_was_declared(raw: duckdb.DuckDBPyConnection) -> None:
    assert broken(raw) == []


def test_a_lost_record_is_found(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("delete from raw_stripe.charges")
    assert len(broken(raw)) == 1


def test_a_record_without_declaration_is_found(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("delete from raw_stripe.control_totals")
    assert len(broken(raw)) == 1


def test_a_cent_is_found(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("update raw_stripe.charges set amount_minor = 1001")
    assert len(broken(raw)) == 1


def test_two_errors_that_cancel_out_over_days_are_found(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("update raw_stripe.charges set created_at = '2026-06-30 22:00:00+00'")
    assert len(broken(raw)) == 2


def test_a_reject_counts_as_accounted_for(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("delete from raw_stripe.charges")
    raw.execute(
        "insert into raw_stripe.rejects values ('stripe_de', 'DE01', 'a', 1, 'charges', 'EUR', '2026-06-30', 10)"
    )
    assert broken(raw) == []


def test_a_load_that_was_cut_off_and_repeated_counts_once(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("insert into raw_stripe.charges select * from raw_stripe.charges")
    raw.execute("insert into raw_stripe.control_totals select * from raw_stripe.control_totals")
    assert broken(raw) == []


@pytest.mark.parametrize(("currency", "declared"), [("JPY", "1000"), ("KWD", "1.000"), ("EUR", "10.00")])
def test_minor_units_follow_the_currency(
    raw: duckdb.DuckDBPyConnection, currency: str, declared: str
) -> None:
    raw.execute("update raw_stripe.charges set currency = ?", [currency])
    raw.execute(
        "update raw_stripe.control_totals set currency = ?, declared_amount = ?", [currency, declared]
    )
    assert broken(raw) == []


def test_a_record_without_a_date_is_compared_too(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("update raw_stripe.charges set created_at = null")
    raw.execute("update raw_stripe.control_totals set business_date = null")
    assert broken(raw) == []
