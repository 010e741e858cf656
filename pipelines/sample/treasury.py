"""Treasury: transfers between own accounts and entities, payouts arriving, bank fees and interest.

Belongs here: bank lines that no invoice or bill explains.
"""

from datetime import date, timedelta

from pipelines.sample.books import BankLine, Books, text
from pipelines.sample.company import BankAccount
from pipelines.sample.days import add_banking_days, is_banking_day, on_or_before
from pipelines.sample.psp import Payout
from pipelines.sample.truth import Match


def _own(
    books: Books,
    source: BankAccount,
    target: BankAccount,
    day: date,
    amount: int,
    note: str,
    arrives: bool = True,
) -> BankLine:
    """A transfer between two of the group's accounts; the other side follows a day later across entities."""
    same = source.entity_id == target.entity_id
    account = "1350" if same else "1700"
    giver, taker = books.company.entities[source.entity_id], books.company.entities[target.entity_id]
    day = books.banking_day(giver, day)
    reference = note.rsplit(" ", 1)[-1]
    out = BankLine(
        source,
        day,
        -amount,
        target.owner,
        target.number,
        note,
        "transfer",
        target.bic,
        reference,
        is_simple=False,
    )
    base_out = books.base(amount, source.currency, giver, day)
    books.receive(
        out, [(account, source.currency, amount, base_out)], f"Transfer to {target.bank_account_id}"
    )
    if not arrives:
        return out
    arrival = day if same else books.banking_day(taker, add_banking_days(taker.suffix, day, 1))
    received, row = (
        amount,
        (account, source.currency, -amount, -books.base(amount, source.currency, taker, arrival)),
    )
    original, original_currency = 0, ""
    if source.currency != target.currency:
        rate = books.rates.rate(source.currency, target.currency, day)
        received = int(amount * rate * 9985 / 10000)
        original, original_currency = amount, source.currency
        row = (account, source.currency, -amount, -base_out)
    into = BankLine(
        target, arrival, received, source.owner, source.number, note, "transfer", source.bic, reference,
        original_amount=original, original_currency=original_currency, is_simple=False,
    )  # fmt: skip
    books.receive(into, [row], f"Transfer from {source.bank_account_id}")
    case = "own_account_transfer" if same else "intercompany_transfer"
    if original:
        case = "own_account_exchange"
    books.truth.matches.append(
        Match(
            "own_account_transfer",
            "bank_transaction",
            out,
            "bank_transaction",
            into,
            text(amount, source.currency),
            source.currency,
            case,
        )
    )
    books.truth.case(case, "bank_transaction", out)
    for here, there in ((out, into), (into, out)):
        here.settles.append(
            (
                "transfer_unmatched",
                "bank_transaction",
                there,
                there.day + timedelta(5),
                there.currency,
                text(abs(there.amount), there.currency),
            )
        )
    return out


def make_transfers(books: Books) -> None:
    accounts, rng = books.company.accounts, books.rng
    main, savings = accounts["DE01-EUR-MAIN"], accounts["DE01-EUR-SAVINGS"]
    pounds, euros = accounts["UK01-GBP-MAIN"], accounts["UK01-EUR-MAIN"]
    plan = [
        (main, savings, 0.12, "Umbuchung Tagesgeld"), (main, savings, 0.38, "Umbuchung Tagesgeld"), (savings, main, 0.55, "Rueckbuchung Tagesgeld"),
        (main, savings, 0.75, "Umbuchung Tagesgeld"), (pounds, euros, 0.25, "FX EXCHANGE"), (pounds, euros, 0.60, "FX EXCHANGE"),
        (main, euros, 0.20, "Cash Pooling"), (main, euros, 0.50, "Cash Pooling"), (euros, main, 0.70, "Cash Pooling"),
    ]  # fmt: skip
    last = books.time.last_day
    number = 0
    for source, target, share, note in plan:
        number += 1
        amount = 100 * int(rng.integers(5_000, 19_000)) + number
        _own(
            books, source, target, books.time.date(int(share * last)), amount, f"{note} TR-2026-{number:03d}"
        )
    for i in range(books.faults.count("intercompany_one_sided")):
        number += 1
        source, target = ((main, euros), (euros, main))[i % 2]
        amount = 100 * int(rng.integers(3_000, 9_000)) + number
        out = _own(
            books,
            source,
            target,
            books.time.date(int((0.30 + 0.05 * (i % 9)) * last)),
            amount,
            f"Cash Pooling TR-2026-{number:03d}",
            arrives=False,
        )
        fault = books.truth.fault(
            "intercompany_one_sided",
            source.bank_account_id,
            f"{text(amount, source.currency)} left for {target.bank_account_id} and never arrived",
        )
        books.truth.expect(
            fault,
            "transfer_unmatched",
            "bank_transaction",
            out,
            source.currency,
            text(amount, source.currency),
        )


def make_bank_fees(books: Books) -> None:
    """Account fees on the last banking day of each month, interest on the savings account."""
    months = sorted({(d.year, d.month) for d in books.time.days()})
    for year, month in months:
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
        for account in list(books.company.accounts.values())[:5]:
            entity = books.company.entities[account.entity_id]
            day = on_or_before(entity.suffix, end)
            if not books.time.start <= day <= books.time.end:
                continue
            if account.bank_account_id == "DE01-EUR-SAVINGS":
                amount = 4_000 + 371 * month
                line = BankLine(
                    account, day, amount, "", "", f"Zinsen {month:02d}/{year}", "interest", is_simple=False
                )
                books.receive(line, [("4400", account.currency, -amount, -amount)], "Interest")
            else:
                amount = 990 + 145 * (len(account.bank_account_id) % 4) + 10 * month
                note = {
                    "de": f"Kontofuehrung {month:02d}/{year}",
                    "uk": f"ACCOUNT FEE {month:02d}/{year}",
                    "us": f"MONTHLY SERVICE FEE {month:02d}/{year}",
                }[entity.suffix]
                line = BankLine(account, day, -amount, "", "", note, "bank_fee", is_simple=False)
                books.receive(
                    line,
                    [("6810", account.currency, amount, books.base(amount, account.currency, entity, day))],
                    "Bank fee",
                )


def make_payout_receipts(books: Books, payouts: list[Payout]) -> None:
    """Payouts arriving in the bank, one or two banking days after Stripe's date; some never, some short."""
    truth, end = books.truth, books.time.end
    settled = [
        p for p in payouts if p.arrival <= end - timedelta(9) and p.day >= books.time.start + timedelta(6)
    ]
    wanted = books.faults.count("payout_never_arrived") + books.faults.count("payout_amount_differs")
    step = max(1, len(settled) // max(wanted, 1))
    chosen = settled[::step][:wanted]
    lost = {p.payout_id for p in chosen[0::2][: books.faults.count("payout_never_arrived")]}
    short = {p.payout_id for p in chosen if p.payout_id not in lost}
    for payout in payouts:
        store = payout.store
        entity = books.company.entity(store.suffix)
        account = books.company.accounts["DE01-EUR-MAIN" if store.suffix == "de" else "US01-USD-MAIN"]
        canonical = f"{store.stripe}:{payout.payout_id}"
        amount_text = text(payout.amount, store.currency)
        if payout.payout_id in lost:
            fault = truth.fault("payout_never_arrived", canonical, f"{amount_text} due {payout.arrival}")
            truth.expect(fault, "payout_not_received", "payout", canonical, store.currency, amount_text)
            continue
        day = payout.arrival
        if payout.ordinal % 6 == 3:
            day = add_banking_days(store.suffix, day, 1)
        if day > end:
            continue
        assert is_banking_day(store.suffix, day)
        received = payout.amount
        case = "normal" if payout.ordinal % 6 != 3 else "payout_late"
        if payout.payout_id in short:
            missing = 1500 + 250 * (payout.ordinal % 4)
            received -= missing
            case = "payout_amount_differs"
            fault = truth.fault(
                "payout_amount_differs", canonical, f"{text(missing, store.currency)} less than {amount_text}"
            )
            truth.expect(
                fault,
                "payout_amount_differs",
                "payout",
                canonical,
                store.currency,
                text(missing, store.currency),
            )
        trace = trace_of(payout.payout_id)
        if store.suffix == "de":
            note = (
                f"STRIPE {payout.payout_id}",
                f"STRIPE PAYOUT {trace} {store.descriptor}",
                f"{store.descriptor} {trace}",
            )[payout.ordinal % 3]
            name, number = "Stripe Payments Europe Ltd", "IE29AIBK93115212345678"
        else:
            note, name, number = f"STRIPE TRANSFER {store.descriptor}", "STRIPE", ""
        line = BankLine(
            account,
            day,
            received,
            name,
            number,
            note,
            "payout",
            end_to_end_id="" if payout.ordinal % 3 == 0 else trace,
        )
        books.receive(line, [("1350", account.currency, -received, -received)], f"Payout {payout.payout_id}")
        line.settles.append(
            (
                "payout_not_received",
                "payout",
                canonical,
                payout.arrival + timedelta(3),
                store.currency,
                amount_text,
            )
        )
        line.is_simple = case != "payout_amount_differs"
        truth.matches.append(
            Match(
                "payout_to_bank",
                "payout",
                canonical,
                "bank_transaction",
                line,
                text(received, store.currency),
                store.currency,
                case,
            )
        )
        assert entity.currency == store.currency


def trace_of(payout_id: str) -> str:
    """Stripe's trace id of a payout, as its payout object has it: 15 characters."""
    return "ST" + payout_id[4:17].upper()
