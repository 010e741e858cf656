"""Money macros on DuckDB: exact, by the currency's own decimals."""

from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macro_sql import macros


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        connection.execute(
            "create table currencies as select * from (values ('EUR', 2), ('JPY', 0), ('KWD', 3)) as c(currency, exponent)"
        )
        yield connection


def value(connection, sql: str):
    return connection.execute(f"select {sql}").fetchone()[0]


@pytest.mark.parametrize(
    ("exponent", "amount"), [(0, "12345"), (1, "1234.5"), (2, "123.45"), (3, "12.345"), (4, "1.2345")]
)
def test_minor_units_become_amounts(connection, exponent, amount):
    sql = macros("money", "time")["minor_to_amount"]("12345", str(exponent))
    assert value(connection, sql) == Decimal(amount)


def test_an_unknown_exponent_gives_no_amount(connection):
    assert (
        value(connection, macros("money", "time")["minor_to_amount"]("12345", "cast(null as integer)"))
        is None
    )


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [("2.345", "EUR", "2.35"), ("-2.345", "EUR", "-2.35"), ("2.5", "JPY", "3"), ("1.0005", "KWD", "1.001")],
)
def test_rounding_is_half_away_from_zero_by_currency(connection, amount, currency, rounded):
    sql = macros("money", "time")["round_money"](f"cast({amount} as decimal(18, 4))", "documents.currency")
    connection.execute(f"create or replace table documents as select '{currency}' as currency")
    assert connection.execute(f"select {sql} from documents").fetchone()[0] == Decimal(rounded)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**14), st.integers(10**4, 10**14))
def test_the_ratio_of_two_rates_is_exact_to_eight_decimals(connection, numerator, denominator):
    a, b = Decimal(numerator).scaleb(-8), Decimal(denominator).scaleb(-8)
    sql = macros("exact_ratio")["exact_ratio"](
        f"cast({a:f} as decimal(18, 8))", f"cast({b:f} as decimal(18, 8))"
    )
    expected = (a / b).quantize(Decimal("0.00000001"), rounding=ROUND_HALF_UP)
    if expected < Decimal(10) ** 9:
        assert value(connection, sql) == expected
