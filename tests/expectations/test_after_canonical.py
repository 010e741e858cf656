"""A document is the sum of its lines, and an amount that nobody knows is no sum."""

import duckdb
import pytest

from expectations import after_canonical


def broken(documents: str, lines: str) -> list[str]:
    connection = duckdb.connect()
    connection.execute("create schema canonical")
    for table, rows in (("invoices", documents), ("invoice_lines", lines)):
        connection.execute(
            f"create table canonical.{table} as select invoice_id, cast(total_amount as decimal(18, 4)) as total_amount "
            f"from (values {rows}) as t(invoice_id, total_amount)"
        )
    [rule] = [
        rule for rule in after_canonical.rules() if rule.name == "total_amount_is_the_sum_of_invoice_lines"
    ]
    return [row[0] for row in connection.execute(rule.query.replace("{batch}", rule.table)).fetchall()]


@pytest.mark.parametrize(
    ("documents", "lines", "expected"),
    [
        ("('a', 30.00)", "('a', 10.00), ('a', 20.00)", []),
        ("('a', 30.00)", "('a', 10.00), ('a', 20.01)", ["a"]),
        ("('a', 30.00), ('b', 5.00)", "('a', 30.00)", ["b"]),
        ("('a', 30.00)", "('a', 30.00), ('b', 5.00)", ["b"]),
        ("('a', 30.00), ('b', null)", "('a', 30.00)", ["b"]),
        ("('a', 0.00)", "('a', null)", ["a"]),
    ],
)
def test_lines_that_do_not_add_up_or_are_unknown_are_found(
    documents: str, lines: str, expected: list[str]
) -> None:
    assert broken(documents, lines) == expected
