"""The journal as a specification: what each event posts, that it balances to the cent, where it is dated,
and what happens to an event that no rule takes."""

import csv
import shutil
from decimal import Decimal

import pytest

from tests.dbt.books import REPOSITORY, Books
from tests.dbt.ledger_cases import bank_line, bill, fx_rates, invoice, match, random_invoices

ENTRIES_THAT_DO_NOT_BALANCE = """
    select journal_entry_id, sum(base_debit_amount - base_credit_amount)
    from ledger.journal_lines group by all having sum(base_debit_amount - base_credit_amount) <> 0
"""


def _fill(books: Books) -> None:
    books.add("fx_rates", fx_rates())
    books.add(
        "vendors",
        [{"vendor_id": "V0001", "vendor_name": "Vendor", "account_number": "DE90V1", "entity_id": "DE01"}],
    )
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

    # A German store order is sold by its invoice; an American one by itself.
    orders = [
        {"order_id": "shopify_de:1", "order_number": "#DE1", "entity_id": "DE01", "source_name": "shopify_de", "order_date": "2026-05-04",
         "currency": "EUR", "status": "paid", "goods_amount": "100", "shipping_amount": "0", "tax_amount": "19", "rounding_amount": "0", "total_amount": "119"},
        {"order_id": "shopify_us:1", "order_number": "#US1", "entity_id": "US01", "source_name": "shopify_us", "order_date": "2026-05-04",
         "currency": "USD", "status": "partially_refunded", "goods_amount": "90", "shipping_amount": "10", "tax_amount": "8.25", "rounding_amount": "0", "total_amount": "108.25"},
        {"order_id": "shopify_us:2", "order_number": "#US2", "entity_id": "US01", "source_name": "shopify_us", "order_date": "2026-05-04",
         "currency": "USD", "status": "cancelled", "refunded_amount": "0", "goods_amount": "5", "shipping_amount": "0", "tax_amount": "0", "rounding_amount": "0", "total_amount": "5"},
        {"order_id": "shopify_us:3", "order_number": "#US3", "entity_id": "US01", "source_name": "shopify_us", "order_date": "2026-05-04", "is_test": True,
         "currency": "USD", "status": "paid", "goods_amount": "5", "shipping_amount": "0", "tax_amount": "0", "rounding_amount": "0", "total_amount": "5"},
        {"order_id": "shopify_us:4", "order_number": "#US4", "entity_id": "US01", "source_name": "shopify_us", "order_date": "2026-05-04",
         "currency": "USD", "status": "partially_refunded", "goods_amount": "50", "shipping_amount": "0", "tax_amount": "0", "rounding_amount": "0", "total_amount": "50"},
    ]  # fmt: skip
    books.add("orders", orders)
    books.add("refunds", [
        {"refund_id": "shopify_us:r1", "source_id": "r1", "entity_id": "US01", "source_name": "shopify_us", "refund_source": "shop", "order_id": "shopify_us:1",
         "currency": "USD", "amount": "10.83", "net_amount": "10", "tax_amount": "0.83", "refund_date": "2026-05-06", "status": "succeeded"},
        {"refund_id": "shopify_us:r2", "source_id": "r2", "entity_id": "US01", "source_name": "shopify_us", "refund_source": "shop", "order_id": "shopify_us:4",
         "currency": "USD", "amount": "20", "net_amount": "20", "tax_amount": "0", "refund_date": "2026-05-06", "status": "succeeded"},
        {"refund_id": "stripe_us:re_1", "source_id": "re_1", "entity_id": "US01", "source_name": "stripe_us", "refund_source": "psp", "order_id": "shopify_us:1",
         "payment_id": "stripe_us:ch_1", "currency": "USD", "amount": "10.83", "refund_date": "2026-05-06", "status": "succeeded"},
    ])  # fmt: skip
    books.add("payments", [
        {"payment_id": "stripe_us:ch_1", "source_id": "ch_1", "entity_id": "US01", "source_name": "stripe_us", "payment_type": "charge", "status": "succeeded",
         "order_id": "shopify_us:1", "currency": "USD", "amount": "108.25", "payment_date": "2026-05-04", "balance_transaction_id": "stripe_us:txn_1"},
        {"payment_id": "stripe_us:ch_2", "source_id": "ch_2", "entity_id": "US01", "source_name": "stripe_us", "payment_type": "charge", "status": "failed",
         "currency": "USD", "amount": "7", "payment_date": "2026-05-04"},
        # 100 were authorised, 60 taken.
        {"payment_id": "stripe_us:ch_3", "source_id": "ch_3", "entity_id": "US01", "source_name": "stripe_us", "payment_type": "charge", "status": "succeeded",
         "currency": "USD", "amount": "100", "captured_amount": "60", "payment_date": "2026-05-08", "balance_transaction_id": "stripe_us:txn_7"},
    ])  # fmt: skip
    balance = {"entity_id": "US01", "source_name": "stripe_us", "currency": "USD"}
    books.add("balance_transactions", [
        balance | {"balance_transaction_id": f"stripe_us:{name}", "source_id": name, "balance_type": kind, "document_type": document, "document_id": f"stripe_us:{identity}",
                   "gross_amount": gross, "fee_amount": fee, "net_amount": str(Decimal(gross) - Decimal(fee)), "business_date": day}
        for name, kind, document, identity, gross, fee, day in [
            ("txn_1", "charge", "payment", "ch_1", "108.25", "3.44", "2026-05-04"),
            ("txn_2", "refund", "refund", "re_1", "-10.83", "0", "2026-05-06"),
            ("txn_3", "dispute", "dispute", "dp_1", "-20", "15", "2026-05-07"),
            ("txn_4", "dispute_reversal", "dispute", "dp_1", "20", "0", "2026-05-20"),
            ("txn_5", "fee", None, "fee", "-2", "0", "2026-05-21"),
            ("txn_6", "payout", "payout", "po_1", "-50", "0", "2026-05-22"),
            ("txn_7", "charge", "payment", "ch_3", "60", "0", "2026-05-08"),
        ]
    ])  # fmt: skip
    books.add("payouts", [
        {"payout_id": "stripe_us:po_1", "source_id": "po_1", "entity_id": "US01", "source_name": "stripe_us", "currency": "USD", "amount": "50",
         "status": "paid", "business_date": "2026-05-22", "arrival_date": "2026-05-26", "bank_account_id": "US01-USD-MAIN"},
    ])  # fmt: skip

    invoices = [
        invoice("DE-INV", "2026-05-05", "EUR", [("4000", "100", "19")], "DE01", order_id="shopify_de:1"),
        invoice("US-NOTE", "2026-05-06", "USD", [("4000", "-20", "0")], "US01", order_id="shopify_us:4", document_type="credit_note"),
        # Three lines that round down one by one and up together: 1.00 + 1.00 + 1.00 yen of a pound each.
        invoice("JPY-ROUND", "2026-05-05", "JPY", [("4010", "100", "0"), ("4000", "101", "0"), ("4020", "102", "0")]),
        invoice("KWD", "2026-05-05", "KWD", [("4010", "10.005", "2.001")]),
        invoice("EUR-PARTS", "2026-05-05", "EUR", [("4010", "1000.01", "0")]),
        invoice("DISCOUNT", "2026-05-05", "GBP", [("4010", "100", "20")]),
        invoice("CHARGED", "2026-05-05", "GBP", [("4010", "100", "0")]),
        invoice("SHORT", "2026-05-05", "GBP", [("4010", "100", "0")]),
        invoice("OVER", "2026-05-05", "GBP", [("4010", "100", "0")]),
        invoice("JPY-CONVERTED", "2026-05-05", "JPY", [("4010", "90000", "0")]),
        invoice("BROKEN", "2026-05-05", "GBP", [("4010", "100", "0")], total_amount="101"),
        invoice("NO-RATE", "2026-05-05", "CHF", [("4010", "100", "0")]),
        invoice("NO-ACCOUNT", "2026-05-05", "GBP", [("7777", "100", "0")]),
        invoice("UNMAPPED", "2026-05-05", "GBP", [(None, "100", "0")]),
    ]  # fmt: skip
    books.add("invoices", [head for head, _ in invoices])
    books.add("invoice_lines", [line for _, lines in invoices for line in lines])

    bills = [
        bill("IN-TIME", "2026-04-20", "2026-04-22", "100", "19"),
        bill("LATE", "2026-04-28", "2026-05-12", "200", "38"),
        bill("MAY", "2026-05-03", "2026-05-04", "300", "57"),
        # Paid, and so changed, after the close; known before it.
        bill("PAID-LATER", "2026-04-20", "2026-05-20", "10", "1.90"),
    ]
    stranger, its_line = bill("STRANGER", "2026-05-03", "2026-05-04", "80", "0")
    bills.append((stranger | {"entity_id": "FR01"}, its_line))
    books.add("bills", [head for head, _ in bills])
    books.add("bill_lines", [line for _, line in bills])

    books.add(
        "int_document_first_seen",
        [
            {
                "document_type": "bill",
                "document_id": "erp_de:PAID-LATER",
                "first_seen_at": "2026-04-22 09:00:00+00",
            }
        ],
    )

    uk, de = "UK01-GBP-MAIN", "DE01-EUR-MAIN"
    books.add("bank_transactions", [
        bank_line("PART1", "UK01-EUR-MAIN", "2026-05-20", "333.34", "EUR"),
        bank_line("PART2", "UK01-EUR-MAIN", "2026-06-10", "333.33", "EUR"),
        bank_line("PART3", "UK01-EUR-MAIN", "2026-06-20", "333.34", "EUR"),
        bank_line("DISCOUNT", uk, "2026-05-10", "117.60", "GBP"),
        bank_line("CHARGED", uk, "2026-05-10", "98", "GBP"),
        bank_line("SHORT", uk, "2026-05-10", "60", "GBP"),
        bank_line("OVER", uk, "2026-05-10", "105", "GBP"),
        bank_line("CONVERTED", uk, "2026-06-10", "470", "GBP", charges_amount="5", charges_currency="GBP", original_amount="90000", original_currency="JPY"),
        bank_line("KNOWN", uk, "2026-05-11", "77", "GBP", counterparty_account="GB00C9"),
        bank_line("UNKNOWN", uk, "2026-05-11", "66", "GBP"),
        bank_line("FEE", uk, "2026-05-29", "-6.50", "GBP", bank_transaction_code="NCHG"),
        bank_line("TWO-BILLS", de, "2026-05-15", "-476.50", "EUR"),
        bank_line("OUT", de, "2026-05-18", "-1000", "EUR", counterparty_account="DE62370400440532013001"),
        bank_line("IN", "DE01-EUR-SAVINGS", "2026-05-19", "1000", "EUR", counterparty_account="DE89370400440532013000"),
        bank_line("UK-OUT", uk, "2026-05-18", "-860", "GBP", counterparty_account="GB16BARC20325386754120"),
        bank_line("UK-IN", "UK01-EUR-MAIN", "2026-06-02", "1000", "EUR", counterparty_account="GB41BARC20325363112345"),
        bank_line("IC-OUT", de, "2026-05-18", "-500", "EUR", counterparty_account="GB16BARC20325386754120"),
        bank_line("PAYOUT", "US01-USD-MAIN", "2026-05-26", "49", "USD"),
    ])  # fmt: skip
    receipts = [("EUR-PARTS", "PART1", "333.34", "EUR", "0", "partial_payment"), ("EUR-PARTS", "PART2", "333.33", "EUR", "0", "partial_payment"),
                ("EUR-PARTS", "PART3", "333.34", "EUR", "0", None), ("DISCOUNT", "DISCOUNT", "117.60", "GBP", "-2.40", "early_payment_discount"),
                ("CHARGED", "CHARGED", "98", "GBP", "-2", "bank_charges"), ("SHORT", "SHORT", "60", "GBP", "-40", "partial_payment"),
                ("OVER", "OVER", "100", "GBP", "5", "over_payment"), ("JPY-CONVERTED", "CONVERTED", "470", "GBP", "0", "fx_difference")]  # fmt: skip
    matches = [
        match(f"m-{line}", "bank_to_documents", [("bank_transaction", f"bank_uk:{line}", "invoice", f"erp_uk:{number}", amount)], currency, difference, reason)
        for number, line, amount, currency, difference, reason in receipts
    ] + [
        # 100 + 19 and 300 + 57 are 476: the bank took 50 cents more.
        match("m-bills", "bill_to_bank", [("bill", "erp_de:IN-TIME", "bank_transaction", "bank_de:TWO-BILLS", "119"),
                                          ("bill", "erp_de:MAY", "bank_transaction", "bank_de:TWO-BILLS", "357")], "EUR", "0.50", "bank_charges"),
        match("m-own", "own_account_transfer", [("bank_transaction", "bank_de:OUT", "bank_transaction", "bank_de:IN", "1000")], "EUR"),
        match("m-own-uk", "own_account_transfer", [("bank_transaction", "bank_uk:UK-OUT", "bank_transaction", "bank_uk:UK-IN", "860")], "GBP", "0", "fx_difference"),
        match("m-payout", "payout_to_bank", [("payout", "stripe_us:po_1", "bank_transaction", "bank_us:PAYOUT", "49")], "USD", "1", "partial_payment"),
        match("m-suggested", "bank_to_documents", [("bank_transaction", "bank_uk:UNKNOWN", "invoice", "erp_uk:SHORT", "40")], "GBP", status="suggested"),
    ]  # fmt: skip
    books.add("matches", [head for head, _ in matches])
    books.add("match_allocations", [pair for _, pairs in matches for pair in pairs])

    for table, rows in zip(
        ("invoices", "invoice_lines", "bank_transactions", "matches", "match_allocations"),
        random_invoices(400),
        strict=True,
    ):
        books.add(table, rows)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    filled = Books(tmp_path_factory.mktemp("books"))
    _fill(filled)
    return filled.post()


@pytest.fixture(scope="module")
def broken_rules(books: Books, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """The same documents, posted with a rule set in which charges lost a side and payouts their rules."""
    home = tmp_path_factory.mktemp("broken")
    shutil.copytree(REPOSITORY / "seeds", home / "seeds")
    path = home / "seeds" / "posting_rules.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rules[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            rule
            for rule in rules
            if rule["posting_rule_id"] != "charge.credit" and rule["event_type"] != "payout"
        )
    return books.copy(home / "books", home / "seeds").post()


def test_every_entry_balances_in_base_currency_to_the_minor_unit(books: Books) -> None:
    assert books.rows(ENTRIES_THAT_DO_NOT_BALANCE) == []
    assert books.rows("select count(*) from ledger.journal_lines where event_type = 'invoice'")[0][0] > 400


def test_base_amounts_have_no_more_decimals_than_the_currency(books: Books) -> None:
    assert (
        books.rows(
            "select * from ledger.journal_lines where base_debit_amount <> round(base_debit_amount, 2) or base_credit_amount <> round(base_credit_amount, 2)"
        )
        == []
    )


def test_a_rounding_line_is_never_more_than_half_a_minor_unit_a_line(books: Books) -> None:
    assert books.rows("""
        select journal_entry_id from ledger.journal_lines
        group by all having sum(case when component = 'rounding_difference' then base_debit_amount + base_credit_amount end) > 0.005 * (count(*) - 1)
    """) == []  # fmt: skip


def test_rounding_of_lines_in_a_foreign_currency_goes_to_the_rounding_account(books: Books) -> None:
    assert books.entry("invoice:erp_uk:JPY-ROUND") == {
        "total 1400": ("303", "1.59"),
        "net 4010": ("-100", "-0.52"),
        "net 4000": ("-101", "-0.53"),
        "net 4020": ("-102", "-0.53"),
        "rounding_difference 6900": ("-0.01", "-0.01"),
    }


def test_an_invoice_paid_in_parts_leaves_nothing_on_receivables_in_base_currency(books: Books) -> None:
    assert books.rows("""
        select sum(debit_amount - credit_amount), sum(base_debit_amount - base_credit_amount) from ledger.journal_lines
        where account_code = '1400' and (document_id = 'erp_uk:EUR-PARTS' or related_document_id = 'erp_uk:EUR-PARTS')
    """) == [(0, 0)]  # fmt: skip


def test_every_random_invoice_that_is_paid_in_full_is_worth_nothing_in_base_currency(books: Books) -> None:
    paid = books.rows("""
        select coalesce(related_document_id, document_id), sum(debit_amount - credit_amount) as amount, sum(base_debit_amount - base_credit_amount) as base
        from ledger.journal_lines where account_code = '1400' and coalesce(related_document_id, document_id) like 'erp_uk:RND%'
        group by 1 having amount = 0
    """)  # fmt: skip
    assert len(paid) > 50
    assert {base for _, _, base in paid} == {0}


def test_a_later_rate_is_a_gain(books: Books) -> None:
    entry = books.entry("bank_transaction:bank_uk:PART2")
    assert entry["bank 1211"] == ("333.33", "292.82")
    assert entry["receivable 1400"] == ("-333.33", "-287.08")
    assert entry["fx_gain 6850"] == ("-5.74", "-5.74")


def test_a_converted_receipt_clears_the_invoice_and_splits_charge_and_rate(books: Books) -> None:
    assert books.entry("bank_transaction:bank_uk:CONVERTED") == {
        "bank 1210": ("470", "470.00"),
        "bank_charge 6810": ("5", "5.00"),
        "receivable 1400": ("-90000", "-471.43"),
        "fx_gain 6850": ("-3.57", "-3.57"),
    }


def test_three_decimals_of_a_dinar_survive(books: Books) -> None:
    assert books.entry("invoice:erp_uk:KWD")["total 1400"] == ("12.006", "30.88")


def test_a_sale_is_posted_once_by_invoice_or_by_order(books: Books) -> None:
    assert books.entry("order:shopify_de:1") == {}
    assert books.entry("invoice:erp_de:DE-INV") == {
        "total 1400": ("119", "119.00"),
        "net 4000": ("-100", "-100.00"),
        "tax 2600": ("-19", "-19.00"),
    }
    assert books.entry("order:shopify_us:1") == {
        "total 1400": ("108.25", "108.25"), "goods 4000": ("-90", "-90.00"), "shipping 4020": ("-10", "-10.00"), "tax 2600": ("-8.25", "-8.25"),
    }  # fmt: skip


def test_cancelled_and_test_orders_and_failed_charges_post_nothing(books: Books) -> None:
    assert (
        books.entry("order:shopify_us:2")
        == books.entry("order:shopify_us:3")
        == books.entry("charge:stripe_us:ch_2")
        == {}
    )


def test_a_store_refund_reverses_net_and_tax_and_the_provider_pays_it(books: Books) -> None:
    assert books.entry("store_refund:shopify_us:r1") == {
        "net 4100": ("10", "10.00"),
        "tax 2600": ("0.83", "0.83"),
        "total 1400": ("-10.83", "-10.83"),
    }
    assert books.entry("provider_refund:stripe_us:re_1") == {
        "amount 1400": ("10.83", "10.83"),
        "amount 1300": ("-10.83", "-10.83"),
    }


def test_a_refund_is_posted_where_the_credit_note_for_it_is_not(books: Books) -> None:
    """The order is the sale, so the ERP's note posts nothing; the refund must, or nobody reverses the sale."""
    assert books.entry("credit_note:erp_us:US-NOTE") == {}
    assert books.entry("store_refund:shopify_us:r2") == {
        "net 4100": ("20", "20.00"),
        "total 1400": ("-20", "-20.00"),
    }


def test_of_an_authorisation_only_the_captured_part_is_money(books: Books) -> None:
    assert books.entry("charge:stripe_us:ch_3") == {
        "amount 1300": ("60", "60.00"),
        "amount 1400": ("-60", "-60.00"),
    }


def test_dispute_is_a_loss_until_it_is_won(books: Books) -> None:
    assert books.entry("dispute:stripe_us:txn_3") == {
        "amount 6830": ("20", "20.00"),
        "amount 1300": ("-20", "-20.00"),
        "fee 6800": ("15", "15.00"),
        "fee 1300": ("-15", "-15.00"),
    }
    assert books.entry("dispute_reversal:stripe_us:txn_4") == {
        "amount 6830": ("-20", "-20.00"),
        "amount 1300": ("20", "20.00"),
    }


def test_fees_withheld_and_fees_of_their_own(books: Books) -> None:
    assert books.entry("provider_fee:stripe_us:txn_1")["amount 6800"] == ("3.44", "3.44")
    assert books.entry("provider_fee:stripe_us:txn_5")["amount 6800"] == ("2", "2.00")


def test_a_short_payout_leaves_the_rest_in_transit(books: Books) -> None:
    assert books.entry("bank_transaction:bank_us:PAYOUT") == {
        "bank 1220": ("49", "49.00"),
        "payout 1350": ("-49", "-49.00"),
    }


def test_differences_that_settle_are_posted_and_others_stay_open(books: Books) -> None:
    discount = books.entry("bank_transaction:bank_uk:DISCOUNT")
    assert discount == {
        "bank 1210": ("117.6", "117.60"),
        "discount 4200": ("2", "2.00"),
        "discount_tax 4200": ("0.4", "0.40"),
        "receivable 1400": ("-120", "-120.00"),
    }
    assert books.entry("bank_transaction:bank_uk:CHARGED") == {
        "bank 1210": ("98", "98.00"),
        "bank_charge 6810": ("2", "2.00"),
        "receivable 1400": ("-100", "-100.00"),
    }
    assert books.entry("bank_transaction:bank_uk:SHORT") == {
        "bank 1210": ("60", "60.00"),
        "receivable 1400": ("-60", "-60.00"),
    }
    assert books.entry("bank_transaction:bank_uk:OVER") == {
        "bank 1210": ("105", "105.00"),
        "receivable 1400": ("-100", "-100.00"),
        "unallocated 1400": ("-5", "-5.00"),
    }


def test_a_charge_on_top_of_a_payment_run_is_ours(books: Books) -> None:
    assert books.entry("bank_transaction:bank_de:TWO-BILLS") == {
        "bank 1200": ("-476.5", "-476.50"),
        "payable 2400": ("476", "476.00"),
        "bank_charge 6810": ("0.5", "0.50"),
    }


def test_unmatched_money_of_a_known_party_is_on_its_account_and_of_nobody_in_suspense(books: Books) -> None:
    assert books.entry("bank_transaction:bank_uk:KNOWN")["on_account 1400"] == ("-77", "-77.00")
    assert books.entry("bank_transaction:bank_uk:UNKNOWN")["unallocated 1990"] == ("-66", "-66.00")


def test_charges_and_transfers_need_no_document(books: Books) -> None:
    assert books.entry("bank_transaction:bank_uk:FEE") == {
        "bank 1210": ("-6.5", "-6.50"),
        "bank_charge 6810": ("6.5", "6.50"),
    }
    assert books.entry("bank_transaction:bank_de:OUT") == {
        "bank 1200": ("-1000", "-1000.00"),
        "transfer 1350": ("1000", "1000.00"),
    }
    assert books.entry("bank_transaction:bank_de:IC-OUT") == {
        "bank 1200": ("-500", "-500.00"),
        "transfer 1700": ("500", "500.00"),
    }


def test_an_exchange_between_own_accounts_clears_what_left(books: Books) -> None:
    assert books.entry("bank_transaction:bank_uk:UK-IN") == {
        "bank 1211": ("1000", "878.46"),
        "transfer 1350": ("-860", "-860.00"),
        "fx_gain 6850": ("-18.46", "-18.46"),
    }


def test_late_documents_of_a_closed_period_move_to_the_next_open_day(books: Books) -> None:
    dates = {
        identity: (str(posting), str(original), period, shifted)
        for identity, posting, original, period, shifted in books.rows(
            "select document_id, posting_date, original_posting_date, period, is_period_shifted from ledger.journal_entries where event_type = 'bill'"
        )
    }
    assert dates["erp_de:LATE"] == ("2026-05-01", "2026-04-28", "2026-05", True)
    assert dates["erp_de:IN-TIME"] == ("2026-04-20", "2026-04-20", "2026-04", False)
    assert dates["erp_de:PAID-LATER"] == ("2026-04-20", "2026-04-20", "2026-04", False)
    assert dates["erp_de:MAY"] == ("2026-05-03", "2026-05-03", "2026-05", False)


def test_what_cannot_be_posted_is_listed_with_its_reason_and_not_posted_in_part(books: Books) -> None:
    reasons = dict(books.rows("select document_id, reason from intermediate.int_unposted_events"))
    assert reasons == {
        "erp_uk:BROKEN": "unbalanced",
        "erp_uk:NO-RATE": "no_fx_rate",
        "erp_uk:NO-ACCOUNT": "no_account",
        # Of an entity that nobody maintains.
        "erp_de:STRANGER": "no_posting_rule",
    }
    assert (
        books.rows(
            "select * from ledger.journal_lines where document_id in ('erp_uk:BROKEN', 'erp_uk:NO-RATE', 'erp_uk:NO-ACCOUNT')"
        )
        == []
    )


def test_a_line_without_an_account_waits_in_suspense(books: Books) -> None:
    assert books.entry("invoice:erp_uk:UNMAPPED")["net 1990"] == ("-100", "-100.00")


def test_every_event_is_posted_or_listed(books: Books) -> None:
    assert books.rows("""
        select event_id from intermediate.int_accounting_events
        except
        (select journal_entry_id from ledger.journal_entries union all select event_id from intermediate.int_unposted_events)
    """) == []  # fmt: skip


def test_the_journal_proves_every_subledger(books: Books) -> None:
    assert (
        books.rows(
            "select ledger_control_id from reconciliation.subledger_to_ledger where subledger_difference_amount <> 0"
        )
        == []
    )


def test_unposted_documents_explain_their_part_of_a_subledger(books: Books) -> None:
    assert books.rows(
        "select ledger_control_id, unposted_amount from reconciliation.subledger_to_ledger where status = 'unposted' order by 1"
    ) == [
        ("FR01:2400:EUR:none", Decimal(-80)),
        ("UK01:1400:CHF:2026-05", Decimal(100)),
        ("UK01:1400:GBP:2026-05", Decimal(201)),
    ]


def test_trial_balance_adds_up_to_nothing_and_carries_on(books: Books) -> None:
    assert (
        books.rows(
            "select entity_id, period from ledger.trial_balance group by all having sum(base_closing_amount) <> 0"
        )
        == []
    )
    assert books.rows("""
        select entity_id, account_code, period from (
            select *, lag(base_closing_amount) over (partition by entity_id, account_code order by period) as before from ledger.trial_balance
        ) where base_opening_amount <> coalesce(before, 0) or base_opening_amount + base_debit_amount - base_credit_amount <> base_closing_amount
    """) == []  # fmt: skip


def test_the_export_holds_every_line_once(books: Books) -> None:
    assert books.rows(
        "select count(*), count(distinct (journal_entry_id, line_number)) from ledger.journal_export"
    ) == books.rows("select count(*), count(*) from ledger.journal_lines")


def test_entries_come_to_what_their_lines_come_to(books: Books) -> None:
    assert (
        books.rows(
            """
            select journal_entry_id, line_count, base_debit_amount, base_credit_amount from ledger.journal_entries
            except
            select journal_entry_id, count(*), sum(base_debit_amount), sum(base_credit_amount) from ledger.journal_lines group by 1
            """
        )
        == []
    )


def test_a_rule_that_lost_a_side_posts_nothing_and_is_listed(broken_rules: Books) -> None:
    assert broken_rules.rows(ENTRIES_THAT_DO_NOT_BALANCE) == []
    assert broken_rules.entry("charge:stripe_us:ch_1") == {}
    found = broken_rules.rows(
        "select event_id, reason, detail from intermediate.int_unposted_events where event_type in ('charge', 'payout') order by 1"
    )
    assert found == [
        ("charge:stripe_us:ch_1", "unbalanced", "debits less credits are 108.2500"),
        ("charge:stripe_us:ch_3", "unbalanced", "debits less credits are 60.0000"),
        ("payout:stripe_us:po_1", "no_posting_rule", "no rule for payout, component amount"),
    ]


def test_the_proof_of_the_subledgers_shows_what_the_lost_rules_left_out(broken_rules: Books) -> None:
    rows = broken_rules.rows(
        """
        select account_code, sum(subledger_amount - journal_amount), sum(unposted_amount), sum(subledger_difference_amount)
        from reconciliation.subledger_to_ledger
        where entity_id = 'US01' and subledger_amount <> journal_amount
        group by 1 order by 1
        """
    )
    assert [
        (account, str(missing), str(unposted), str(rest)) for account, missing, unposted, rest in rows
    ] == [
        ("1300", "118.2500", "118.2500", "0.0000"),
        ("1350", "50.0000", "50.0000", "0.0000"),
        ("1400", "-168.2500", "-168.2500", "0.0000"),
    ]


def test_entry_ids_do_not_depend_on_the_other_documents(books: Books, broken_rules: Books) -> None:
    query = "select journal_entry_id, line_number, account_code, base_debit_amount, base_credit_amount from ledger.journal_lines where event_type not in ('charge', 'payout')"
    assert sorted(books.rows(query)) == sorted(broken_rules.rows(query))


def test_the_rules_of_the_seed_are_complete(books: Books) -> None:
    with (REPOSITORY / "seeds" / "posting_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    accounts = {account for (account,) in books.rows("select account_code from canonical.accounts")}
    assert {rule["account_code"] for rule in rules if rule["account_code"]} <= accounts
    assert all(rule["account_code"] for rule in rules if rule["account_source"] in ("fixed", "line_account"))
