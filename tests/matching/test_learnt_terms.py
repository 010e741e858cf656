"""What no column says and the files teach: exchange rates, discounts, usual delays, which side is the money."""

import random
from decimal import Decimal

import pytest
from matching.tables import match_tables
from test_foreign_files import euros, links, table

NAMES = ["Orla Fabrik", "Brand Tooling", "Cobalt Marine", "Dahlem Bau", "Elbwerft", "Fuhrpark West"]


def two_currencies(named: int, unnamed: int, rate: float = 0.86, spread: float = 0.004, seed: int = 3):
    """Invoices in GBP and receipts in EUR; `named` of them quote the invoice, the others name the party only."""
    rng = random.Random(seed)
    invoices, receipts, wanted = [], [], set()
    for k in range(named + unnamed):
        party, cents = NAMES[k % len(NAMES)], rng.randrange(20_000, 900_000)
        day = 1 + k % 28
        paid = round(cents / rate * (1 + rng.uniform(-spread, spread)))
        text = f"{party} GB{7000 + k}" if k < named else party
        invoices.append(f"GB{7000 + k};{party};2026-03-{day:02d};GBP;{euros(cents)}")
        receipts.append(f"R{k};{text};2026-04-{day:02d};EUR;{euros(paid)}")
        wanted.add((f"GB{7000 + k}", f"R{k}"))
    rng.shuffle(receipts)
    return (
        table("Invoice;Customer;Date;Currency;Total", *invoices),
        table("Ref;Narrative;Date;Currency;Amount", *receipts),
        wanted,
    )


def test_the_rate_of_named_pairs_finds_the_others():
    left, right, wanted = two_currencies(named=15, unnamed=25)
    matched = match_tables(left, right)
    assert links(matched) == wanted
    reasons = set(matched.result.matches.column("difference_reason").to_pylist())
    assert reasons == {"fx_difference"}


def test_without_known_pairs_no_rate_is_made_up():
    left, right, _ = two_currencies(named=0, unnamed=40)
    assert links(match_tables(left, right)) == set()


def test_pairs_whose_rates_do_not_agree_teach_none():
    left, right, wanted = two_currencies(named=15, unnamed=25, spread=0.4)
    assert links(match_tables(left, right)) <= {pair for pair in wanted if int(pair[1][1:]) < 15}


@pytest.mark.parametrize("quote", ["{}{}", "{} {}", "/OCMT/{}{}/EXCH/1,17", "{1} {0} at 1.17"])
def test_an_amount_in_the_other_currency_within_the_text(quote):
    invoices = table(
        "No;Date;Currency;Total",
        *(f"N{k};2026-03-{k + 1:02d};GBP;{1_000 + 137 * k}.35" for k in range(9)),
    )
    lines = table(
        "Id;Text;Date;Currency;Amount",
        *(
            f"L{k};Card {quote.format('GBP', f'{1_000 + 137 * k:,}.35')};2026-03-{k + 1:02d};EUR;{euros(117_000 + 15_993 * k * (k % 3 + 1))}"
            for k in range(9)
        ),
    )
    assert links(match_tables(invoices, lines)) == {(f"N{k}", f"L{k}") for k in range(9)}


def bills_and_payments(short: int, percent: str = "2", doubled: int = 0, seed: int = 5):
    """Bills of six vendors; of 30 payments `short` are less by the percentage, to the cent, `doubled` of them for
    two bills; no references."""
    rng = random.Random(seed)
    bills, payments, wanted = [], [], set()
    for k in range(30):
        party, total = NAMES[k % len(NAMES)], 0
        for j in range(2 if k < doubled else 1):
            cents = rng.randrange(10_000, 900_000)
            net = round(Decimal(cents) * (100 - Decimal(percent)) / 100) if k < short else cents
            bills.append(f"B{k}-{j};{party};2026-03-{1 + k % 9:02d};{euros(cents)}")
            total += net
            wanted.add((f"B{k}-{j}", f"P{k}"))
        payments.append(f"P{k};{party.upper()} PMT;2026-03-{12 + k % 9:02d};-{euros(total)}")
    rng.shuffle(payments)
    return table("Bill;Supplier;Date;Amount", *bills), table("Txn;Memo;Date;Amount", *payments), wanted


def test_a_percentage_that_payments_are_short_by_is_a_discount():
    bills, payments, wanted = bills_and_payments(short=8)
    matched = match_tables(bills, payments)
    assert links(matched) == wanted
    reasons = matched.result.matches.column("difference_reason").to_pylist()
    assert reasons.count("early_payment_discount") == 8


def test_sums_of_bills_may_be_paid_less_their_discounts():
    bills, payments, wanted = bills_and_payments(short=12, percent="3", doubled=6)
    matched = match_tables(bills, payments)
    assert links(matched) == wanted
    summaries = [row["explanation"] for row in matched.result.matches.to_pylist() if row["left_count"] == 2]
    assert len(summaries) == 6 and all("discount" in text for text in summaries)


def test_few_short_payments_or_another_percentage_each_teach_nothing():
    bills, payments, _ = bills_and_payments(short=3)
    assert (
        "early_payment_discount"
        not in match_tables(bills, payments).result.matches.column("difference_reason").to_pylist()
    )


def test_a_number_of_a_customer_on_many_invoices_does_not_join_them_to_one_payment():
    rows, payments, wanted = [], [], set()
    for customer in range(40):
        for month in (3, 4, 5):
            rows.append(
                f"F{month}-{customer};{20_045_000 + 77 * customer};2026-0{month}-05;{euros(3_990 + 10 * customer)}"
            )
        payments.append(
            f"Z{customer};Kd.Nr. 20 {(45_000 + 77 * customer) // 1000:03d} {(45_000 + 77 * customer) % 1000:03d};2026-04-11;{euros(3_990 + 10 * customer)}"
        )
        wanted.add((f"F4-{customer}", f"Z{customer}"))
    matched = match_tables(
        table("Invoice;Customer no;Date;Amount", *rows), table("Id;Text;Value date;Amount", *payments)
    )
    assert links(matched) <= {
        (left, right) for left, right in links(matched) if left.split("-")[1] == right[1:]
    }
    assert wanted <= links(matched)
    assert all(row["left_count"] == row["right_count"] == 1 for row in matched.result.matches.to_pylist())


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_part_that_was_paid_is_no_over_payment_whichever_file_comes_first(is_turned):
    invoices = table(
        "Invoice;Date;Total", *(f"RE-{4400 + k};2026-03-{k + 1:02d};{1_000 + 31 * k}.00" for k in range(12))
    )
    money = table(
        "Id;Text;Date;Amount",
        *(
            f"M{k};Zahlung RE-{4400 + k};2026-03-{k + 9:02d};{1_000 + 31 * k - 400 * (k < 4)}.00"
            for k in range(12)
        ),
    )
    matched = match_tables(money, invoices) if is_turned else match_tables(invoices, money)
    reasons = matched.result.matches.column("difference_reason").to_pylist()
    assert reasons.count("partial_payment") == 4 and "over_payment" not in reasons
