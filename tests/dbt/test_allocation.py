"""The allocation macro: shares of a document add up to it exactly, whatever the amounts and their order."""

from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macro_sql import macros

MONEY = pa.decimal128(18, 4)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        yield connection


def allocate(
    connection, groups: list[tuple[str, Decimal, int, list[tuple[int, Decimal]]]], reverse: bool = False
):
    """groups: (document, amount, exponent, [(line, weight)]) -> {(document, line): share}"""
    rows = [(d, line, w, a, e) for d, a, e, lines in groups for line, w in lines]
    if reverse:
        rows.reverse()
    receivers = pa.table(  # noqa: F841
        {
            "document_id": pa.array([r[0] for r in rows], pa.string()),
            "line_number": pa.array([r[1] for r in rows], pa.int64()),
            "weight": pa.array([r[2] for r in rows], MONEY),
            "amount": pa.array([r[3] for r in rows], MONEY),
            "exponent": pa.array([r[4] for r in rows], pa.int32()),
        }
    )
    sql = macros("money", "time", "allocate_largest_remainder")["allocate_largest_remainder"](
        "receivers", ["document_id"], ["line_number"], "weight", "amount", "exponent"
    )
    return {(d, line): share for d, line, share in connection.execute(sql).fetchall()}


def amounts(exponent: int):
    return st.integers(-(10**11), 10**11).map(lambda units: Decimal(units).scaleb(-exponent))


weights = st.integers(0, 10**11).map(lambda units: Decimal(units).scaleb(-4))


@st.composite
def documents(draw):
    exponent = draw(st.sampled_from([0, 2, 3]))
    # Some amounts have more decimals than their currency: they must not be cut.
    places = draw(st.sampled_from([exponent, exponent, 4]))
    lines = draw(st.lists(weights, min_size=1, max_size=8))
    return draw(amounts(places)), exponent, list(enumerate(lines, 1))


@settings(max_examples=150, deadline=None)
@given(st.lists(documents(), min_size=1, max_size=5))
def test_shares_add_up_to_the_amount_in_any_order_of_rows(connection, drawn):
    groups = [(str(i), amount, exponent, lines) for i, (amount, exponent, lines) in enumerate(drawn)]
    shares = allocate(connection, groups)
    for document, amount, _, lines in groups:
        assert sum(shares[document, line] for line, _ in lines) == amount
    assert allocate(connection, groups, reverse=True) == shares


@settings(max_examples=100, deadline=None)
@given(documents())
def test_no_share_is_further_than_one_unit_from_its_proportion(connection, drawn):
    amount, exponent, lines = drawn
    shares = allocate(connection, [("d", amount, exponent, lines)])
    total = sum(weight for _, weight in lines)
    unit = Decimal(1).scaleb(-exponent) if amount == round(amount, exponent) else Decimal("0.0001")
    for line, weight in lines:
        fair = amount * weight / total if total else amount / len(lines)
        assert abs(shares["d", line] - fair) < unit
        assert shares["d", line] * amount >= 0, "a discount never becomes a surcharge on one line"


def test_equal_remainders_go_to_the_first_lines(connection):
    shares = allocate(connection, [("d", Decimal("0.05"), 2, [(line, Decimal(1)) for line in (1, 2, 3)])])
    assert list(shares.values()) == [Decimal("0.02"), Decimal("0.02"), Decimal("0.01")]


def test_yen_are_not_split(connection):
    shares = allocate(connection, [("d", Decimal(-100), 0, [(1, Decimal(1)), (2, Decimal(2))])])
    assert shares == {("d", 1): Decimal(-33), ("d", 2): Decimal(-67)}


def test_a_group_without_weights_is_split_evenly(connection):
    shares = allocate(connection, [("d", Decimal("0.03"), 2, [(1, Decimal(0)), (2, Decimal(0))])])
    assert shares == {("d", 1): Decimal("0.02"), ("d", 2): Decimal("0.01")}
