"""The tests of the reconciliation marts fail when money falls out: each on a table that is right and wrong.

Also the product of amount and rate, which every base amount goes through.
"""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from jinja2 import Environment, nodes
from jinja2.ext import Extension
from macro_sql import macros

GENERIC = Path(__file__).resolve().parents[2] / "dbt" / "tests" / "generic"


class _DbtTest(Extension):
    """dbt's `{% test name(...) %}` is a macro under another word."""

    tags = {"test"}  # noqa: RUF012

    def parse(self, parser):
        line = next(parser.stream).lineno
        macro = nodes.Macro(lineno=line)
        macro.name = parser.parse_assign_target(name_only=True).name
        parser.parse_signature(macro)
        macro.body = parser.parse_statements(("name:endtest",), drop_needle=True)
        return macro


def failing_rows(name: str, **arguments: str) -> int:
    """Rows that the generic test finds, on tables written as SQL."""
    environment = Environment(extensions=[_DbtTest])
    module = environment.from_string((GENERIC / f"{name}.sql").read_text(encoding="utf-8")).module
    return len(duckdb.sql(str(getattr(module, name)(**arguments))).fetchall())


ORDERS = "(select * from (values ('o1', 'DE01', 'EUR', 10.00), ('o2', 'DE01', 'EUR', 5.00)) as t(order_id, entity_id, currency, amount))"
ONE_LOST = "(select * from (values ('o1', 'DE01', 'EUR', 10.00)) as t(order_id, entity_id, currency, amount))"
ONE_TWICE = "(select * from (values ('o1', 'DE01', 'EUR', 10.00), ('o2', 'DE01', 'EUR', 5.00), ('o2', 'DE01', 'EUR', 5.00)) as t(order_id, entity_id, currency, amount))"


def test_a_mart_that_has_every_order_once_covers_them():
    assert failing_rows("covers", model=ORDERS, column_name="order_id", to=ORDERS, field="order_id") == 0


@pytest.mark.parametrize("mart", [ONE_LOST, ONE_TWICE], ids=["lost", "twice"])
def test_an_order_that_is_lost_or_there_twice_is_found(mart):
    assert failing_rows("covers", model=mart, column_name="order_id", to=ORDERS, field="order_id") == 1
    assert failing_rows("totals_agree", model=mart, amount="amount", to=ORDERS, to_amount="amount") == 1


def test_totals_are_compared_per_currency():
    dollars = "(select 'DE01' as entity_id, 'USD' as currency, 15.00 as amount)"
    assert failing_rows("totals_agree", model=dollars, amount="amount", to=ORDERS, to_amount="amount") == 2
    assert failing_rows("totals_agree", model=ORDERS, amount="amount", to=ORDERS, to_amount="amount") == 0


def test_an_identity_with_an_unknown_side_does_not_hold():
    table = "(select * from (values (3.00, 1.00, 2.00), (3.00, 1.00, null)) as t(total, net, tax))"
    assert failing_rows("holds", model=table, expression="total = net + tax") == 1


@pytest.mark.parametrize(
    ("amount", "rate", "exponent", "expected"),
    [
        ("3000100.00", "1.00000000", 2, "3000100.00"),
        ("99999999999998.99", "1.00000000", 2, "99999999999998.99"),
        ("1030556", "0.00503215", 2, "5185.91"),
        ("-0.005", "1.00000000", 2, "-0.01"),
        ("12.5", "156.50000000", 0, "1956"),
    ],
)
def test_amount_times_rate_is_exact_and_does_not_overflow(amount, rate, exponent, expected):
    found = macros("money", "to_base")
    product = found["amount_times"](
        f"cast('{amount}' as decimal(18, 4))", f"cast('{rate}' as decimal(18, 8))"
    )
    [(value,)] = duckdb.sql(f"select {found['round_to_exponent'](product, str(exponent))}").fetchall()
    assert value == Decimal(expected)
