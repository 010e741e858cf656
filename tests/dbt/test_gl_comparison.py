"""The comparison with the ERP's ledger: which document is missing, unexpected or different there, and what
is only cash application that has not finished."""

from decimal import Decimal

import pytest

from tests.dbt.books import Books
from tests.dbt.ledger_cases import bank_line, fx_rates, invoice, match

Lines = list[tuple[str, str, str]]


def _erp(
    document_type: str, number: str, day: str, lines: Lines, base: Lines | None = None
) -> list[dict[str, str]]:
    """lines: (account, currency, net debit); base: the same in base currency where it differs."""
    rows = []
    for position, ((account, currency, amount), (_, _, in_base)) in enumerate(
        zip(lines, base or lines, strict=True), 1
    ):
        net, base_net = Decimal(amount), Decimal(in_base)
        rows.append(
            {
                "gl_entry_id": f"erp_uk:{number}:{position}",
                "entry_number": number,
                "line_number": str(position),
                "entity_id": "UK01",
                "source_name": "erp_uk",
                "posting_date": day,
                "business_date": day,
                "document_type": document_type,
                "document_number": number,
                "account_code": account,
                "currency": currency,
                "debit_amount": str(max(net, Decimal(0))),
                "credit_amount": str(max(-net, Decimal(0))),
                "base_currency": "GBP",
                "base_debit_amount": str(max(base_net, Decimal(0))),
                "base_credit_amount": str(max(-base_net, Decimal(0))),
            }
        )
    return rows


def _sale(amount: str) -> Lines:
    return [("1400", "GBP", amount), ("4010", "GBP", f"-{amount}")]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    books = Books(tmp_path_factory.mktemp("gl"))
    books.add("fx_rates", fx_rates())
    books.add(
        "customers",
        [
            {
                "customer_id": "C9",
                "customer_name": "Known Ltd",
                "account_number": "GB00C9",
                "entity_id": "UK01",
            }
        ],
    )
    invoices = [
        invoice(number, day, "GBP", [("4010", amount, "0")])
        for number, day, amount in [
            ("AGREES", "2026-05-05", "100"),
            ("MISSING", "2026-06-05", "70"),
            ("WRONG", "2026-05-05", "100"),
            ("PAID", "2026-05-05", "40"),
            ("AFTER-EXPORT", "2026-06-29", "55"),
        ]
    ] + [
        invoice(
            "YEN", "2026-05-05", "JPY", [("4010", "100", "0"), ("4000", "101", "0"), ("4020", "102", "0")]
        ),
        invoice("NO-ACCOUNT", "2026-05-05", "GBP", [("7777", "31", "0")]),
    ]
    books.add("invoices", [head for head, _ in invoices])
    books.add("invoice_lines", [line for _, lines in invoices for line in lines])
    account = "UK01-GBP-MAIN"
    books.add(
        "bank_transactions",
        [
            bank_line("PAID", account, "2026-05-20", "40", "GBP"),
            bank_line("OPEN", account, "2026-06-20", "70", "GBP"),
            bank_line("WRONG", account, "2026-06-20", "9", "GBP"),
        ],
    )
    head, pairs = match(
        "m1",
        "bank_to_documents",
        [("bank_transaction", "bank_uk:PAID", "invoice", "erp_uk:PAID", "40")],
        "GBP",
    )
    books.add("matches", [head])
    books.add("match_allocations", pairs)
    ledger = [
        *_erp("invoice", "AGREES", "2026-05-05", _sale("100")),
        *_erp("invoice", "WRONG", "2026-05-05", _sale("109")),
        *_erp("invoice", "PAID", "2026-05-05", _sale("40")),
        *_erp("invoice", "NO-ACCOUNT", "2026-05-05", _sale("31")),
        # The ERP puts the rounding into a line instead of on an account of its own.
        *_erp(
            "invoice",
            "YEN",
            "2026-05-05",
            [
                ("1400", "JPY", "303"),
                ("4010", "JPY", "-100"),
                ("4000", "JPY", "-101"),
                ("4020", "JPY", "-102"),
            ],
            [
                ("1400", "JPY", "1.59"),
                ("4010", "JPY", "-0.52"),
                ("4000", "JPY", "-0.53"),
                ("4020", "JPY", "-0.54"),
            ],
        ),
        *_erp("bank_transaction", "REF-PAID", "2026-05-20", [("1210", "GBP", "40"), ("1400", "GBP", "-40")]),
        # A clerk knew whose money it is; our matching does not yet.
        *_erp("bank_transaction", "REF-OPEN", "2026-06-20", [("1210", "GBP", "70"), ("1400", "GBP", "-70")]),
        *_erp("bank_transaction", "REF-WRONG", "2026-06-20", [("1210", "GBP", "8"), ("1990", "GBP", "-8")]),
        *_erp("manual", "MAN-1", "2026-06-10", [("1400", "GBP", "-5"), ("4010", "GBP", "5")]),
        *_erp("manual", "PAYROLL", "2026-06-10", [("6190", "GBP", "5"), ("2090", "GBP", "-5")]),
    ]
    # A clerk's entry on receivables that names no document.
    nameless = _erp("manual", "MAN-2", "2026-06-10", [("1400", "GBP", "-7"), ("4010", "GBP", "7")])
    ledger += [{**line, "document_type": None, "document_number": None} for line in nameless]
    books.add("gl_entries", ledger)
    return books.post()


def test_each_document_is_in_the_state_that_it_is_in(books: Books) -> None:
    assert dict(books.rows("select voucher_number, status from intermediate.int_gl_comparison")) == {
        "AGREES": "agrees",
        "YEN": "agrees",
        "PAID": "agrees",
        "REF-PAID": "agrees",
        "MISSING": "missing",
        "WRONG": "differs",
        "REF-WRONG": "differs",
        "REF-OPEN": "pending_allocation",
        "MAN-1": "unexpected",
        "MAN-2": "unexpected",
        "NO-ACCOUNT": "unposted",
    }


def test_entries_beside_the_subledgers_and_after_the_export_are_nobodys_error(books: Books) -> None:
    numbers = {
        number for (number,) in books.rows("select voucher_number from intermediate.int_gl_comparison")
    }
    assert not numbers & {"PAYROLL", "AFTER-EXPORT"}


def test_the_difference_names_the_account_and_the_amount(books: Books) -> None:
    assert books.rows(
        "select account_code, journal_amount, erp_amount, difference_amount, document_id from intermediate.int_gl_comparison where voucher_number = 'WRONG'"
    ) == [("1400", Decimal(100), Decimal(109), Decimal(-9), "erp_uk:WRONG")]


def test_a_difference_is_split_into_what_explains_it(books: Books) -> None:
    """June: 70 is missing in the ERP, 70 is cash that only the ERP allocated, 5 it made up and 7 without naming a
    document; 55 it has not exported yet."""
    assert books.rows(
        """
        select erp_difference_amount, pending_allocation_amount, outside_export_amount, unexplained_amount, status
        from reconciliation.subledger_to_ledger where ledger_control_id = 'UK01:1400:GBP:2026-06'
        """
    ) == [(Decimal(207), Decimal(70), Decimal(55), Decimal(82), "erp_differs")]


def test_suspense_that_waits_for_cash_application_and_a_wrong_bank_line_are_told_apart(books: Books) -> None:
    assert dict(
        books.rows(
            """
            select account_code, status from reconciliation.subledger_to_ledger
            where entity_id = 'UK01' and currency = 'GBP' and period = '2026-06' and account_code in ('1210', '1990')
            """
        )
    ) == {"1210": "erp_differs", "1990": "erp_differs"}


def test_what_our_rules_could_not_post_is_not_blamed_on_the_erp(books: Books) -> None:
    assert books.rows(
        """
        select subledger_amount - journal_amount, unposted_amount, subledger_difference_amount
        from reconciliation.subledger_to_ledger where ledger_control_id = 'UK01:1400:GBP:2026-05'
        """
    ) == [(Decimal(31), Decimal(31), Decimal(0))]
