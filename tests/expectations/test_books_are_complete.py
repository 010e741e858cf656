"""No document falls out of the books: booked, listed as unposted, or of a status that moves no money."""

import duckdb
import pytest

from expectations import before_publish

TABLES = {
    "canonical.invoices": "invoice_id varchar, document_type varchar, status varchar, total_amount decimal(18, 4), order_id varchar",
    "canonical.orders": "order_id varchar, is_test boolean",
    "canonical.bills": "bill_id varchar, status varchar, total_amount decimal(18, 4)",
    "canonical.payments": "payment_id varchar, payment_type varchar, status varchar, amount decimal(18, 4), captured_amount decimal(18, 4)",
    "canonical.refunds": "refund_id varchar, refund_source varchar, status varchar, amount decimal(18, 4), order_id varchar",
    "canonical.payouts": "payout_id varchar, status varchar, amount decimal(18, 4)",
    "canonical.card_transactions": "card_transaction_id varchar, transaction_type varchar, status varchar, amount decimal(18, 4)",
    "canonical.expense_reports": "expense_report_id varchar, status varchar, reimbursable_amount decimal(18, 4), card_amount decimal(18, 4)",
    "canonical.bank_transactions": "bank_transaction_id varchar, entry_status varchar, amount decimal(18, 4)",
    "ledger.journal_entries": "document_id varchar",
    "intermediate.int_unposted_events": "document_id varchar",
    "seeds.unposted_statuses": "document_type varchar, status varchar",
}


@pytest.fixture
def books() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for schema in sorted({name.split(".")[0] for name in TABLES}):
        connection.execute(f"create schema {schema}")
    for name, columns in TABLES.items():
        connection.execute(f"create table {name} ({columns})")
    connection.execute("insert into seeds.unposted_statuses values ('card_transaction', 'declined')")
    return connection


def lost(connection: duckdb.DuckDBPyConnection) -> list[str]:
    [rule] = [rule for rule in before_publish.rules({}, {}) if rule.name == "every_document_is_posted"]
    return [row[1] for row in connection.execute(rule.query.replace("{batch}", rule.table)).fetchall()]


def test_a_document_that_nobody_booked_is_found(books: duckdb.DuckDBPyConnection) -> None:
    books.execute(
        "insert into canonical.bills values ('b1', 'open', 100), ('b2', 'open', 50), ('b3', 'open', 0)"
    )
    books.execute("insert into canonical.payouts values ('po1', null, 70)")
    books.execute("insert into ledger.journal_entries values ('b2')")
    assert lost(books) == ["b1", "po1"]


def test_listed_as_unposted_is_not_lost(books: duckdb.DuckDBPyConnection) -> None:
    books.execute("insert into canonical.bills values ('b1', 'open', 100)")
    books.execute("insert into intermediate.int_unposted_events values ('b1'), (null)")
    assert lost(books) == []


def test_only_the_seed_excuses_a_status(books: duckdb.DuckDBPyConnection) -> None:
    books.execute(
        "insert into canonical.card_transactions values "
        "('c1', 'purchase', 'declined', 10), ('c2', 'purchase', 'posted', 10), ('c3', 'purchase', 'unmapped', 10)"
    )
    assert lost(books) == ["c2"]


def test_the_order_or_the_credit_note_may_stand_for_a_document(books: duckdb.DuckDBPyConnection) -> None:
    books.execute(
        "insert into canonical.invoices values ('i1', 'invoice', 'paid', 10, 'o1'), ('i2', 'invoice', 'paid', 10, 'o2'), "
        "('cn3', 'credit_note', 'open', -5, 'o3')"
    )
    books.execute(
        "insert into canonical.refunds values ('r3', 'shop', 'succeeded', 5, 'o3'), ('r4', 'shop', 'succeeded', 5, 'o4'), "
        "('r5', 'psp', 'succeeded', 5, 'o3'), ('r6', 'shop', 'succeeded', 5, 'o6')"
    )
    books.execute("insert into canonical.orders values ('o6', true), ('o4', false)")
    books.execute("insert into ledger.journal_entries values ('o1'), ('cn3')")
    assert lost(books) == ["i2", "r4", "r5"]
