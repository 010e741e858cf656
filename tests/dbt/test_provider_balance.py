"""What a payment provider holds, when its balance and its documents do not come together: later, in another
currency, for a document that failed, or not at all. None of it may stop a close, and no cent may be lost."""

from decimal import Decimal
from typing import Any

import pytest

from tests.dbt.books import Books
from tests.dbt.ledger_cases import fx_rates

STORE = {"entity_id": "US01", "source_name": "stripe_us"}


def _charge(name: str, amount: str, day: str, currency: str = "USD") -> dict[str, Any]:
    return STORE | {
        "payment_id": f"stripe_us:{name}", "source_id": name, "payment_type": "charge", "status": "succeeded", "currency": currency,
        "amount": amount, "captured_amount": amount, "payment_date": day, "balance_transaction_id": f"stripe_us:txn_{name}",
    }  # fmt: skip


def _balance(name: str, kind: str, document: str, gross: str, day: str) -> dict[str, Any]:
    return STORE | {
        "balance_transaction_id": f"stripe_us:{name}", "source_id": name, "balance_type": kind, "document_type": kind,
        "document_id": f"stripe_us:{document}", "currency": "USD", "gross_amount": gross, "fee_amount": "0", "net_amount": gross,
        "business_date": day,
    }  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("provider"))
    books.add("fx_rates", fx_rates())
    books.add(
        "payments",
        [
            _charge("late", "100", "2026-05-05"),
            _charge("slow", "70", "2026-05-30"),
            _charge("euro", "100", "2026-05-05", "EUR"),
        ],
    )
    books.add("refunds", [STORE | {
        "refund_id": "stripe_us:exported", "source_id": "exported", "refund_source": "csv", "status": "succeeded", "currency": "USD",
        "amount": "5", "refund_date": "2026-05-06",
    }])  # fmt: skip
    books.add("payouts", [STORE | {
        "payout_id": "stripe_us:failed", "source_id": "failed", "currency": "USD", "amount": "30", "status": "failed",
        "business_date": "2026-05-29",
    }])  # fmt: skip
    books.add(
        "balance_transactions",
        [
            _balance("txn_slow", "charge", "slow", "70", "2026-06-02"),
            _balance("txn_euro", "charge", "euro", "108", "2026-05-05"),
            _balance("gone", "payout", "failed", "-30", "2026-05-29"),
            _balance("back", "payout", "failed", "30", "2026-06-02"),
        ],
    )
    return books.post()


def test_the_journal_proves_the_providers_balance_in_every_month(books: Books) -> None:
    assert books.rows(
        "select period, currency, subledger_amount, journal_amount from reconciliation.subledger_to_ledger where account_code = '1300' order by all"
    ) == [
        ("2026-05", "USD", Decimal(243), Decimal(243)),
        ("2026-06", "USD", Decimal(30), Decimal(30)),
    ]
    assert (
        books.rows("select * from reconciliation.subledger_to_ledger where subledger_difference_amount <> 0")
        == []
    )


def test_a_charge_in_another_currency_clears_what_is_owed_and_holds_what_is_held(books: Books) -> None:
    entry = books.entry("charge:stripe_us:euro")
    assert entry["settled 1300"] == ("108", "108.00")
    assert entry["cleared 1400"] == ("-100", "-108.68")


def test_a_payout_that_failed_waits_in_suspense_until_it_is_back(books: Books) -> None:
    assert books.rows(
        "select period, sum(debit_amount - credit_amount) from ledger.journal_lines where account_code = '1990' group by 1 order by 1"
    ) == [("2026-05", Decimal(30)), ("2026-06", Decimal(-30))]
