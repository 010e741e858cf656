"""Which version of a record is the latest, when the source itself does not say."""

import duckdb
import pytest
from macro_sql import macros


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("charges/page_9.json", "charges/page_10.json"),
        ("2026-06-09/charges.json", "2026-06-10/charges.json"),
        ("export_2.csv", "export_2b.csv"),
        ("a/9/page_2.json", "a/10/page_1.json"),
    ],
)
def test_file_names_are_ordered_as_people_order_them(older: str, newer: str) -> None:
    order = macros("record_state")["natural_order"]
    [(in_order,)] = duckdb.execute(f"select {order('?')} < {order('?')}", [older, newer]).fetchall()
    assert in_order
