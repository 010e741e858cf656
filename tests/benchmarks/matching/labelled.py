"""Labelled pairs of files for the benchmark: what two real files look like, with the truth beside them.

One generator per family, three noise levels (clean, usual, hard). Columns are named as in the wild, values
are text as in a CSV. The truth is a set of (left id, right id) links; rows in no link must stay open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

NOISE = {"clean": 0.0, "usual": 0.5, "hard": 1.0}
_SYLLABLES = [
    "ba",
    "ker",
    "lin",
    "mo",
    "ten",
    "ra",
    "vil",
    "so",
    "dan",
    "fel",
    "gro",
    "hal",
    "ish",
    "jor",
    "kan",
    "lum",
    "mar",
    "nor",
    "ost",
    "pel",
    "qui",
    "ros",
    "sten",
    "tor",
    "ull",
    "ver",
    "wal",
    "xan",
    "yor",
    "zim",
]
_FORMS = ["GmbH", "Ltd", "Inc", "AG", "LLC", "& Co", "SA", "BV", "plc", "AB"]
_FIRST = [
    "MATTHIAS",
    "ANNA",
    "JOHN",
    "MARIA",
    "LUCA",
    "SOFIA",
    "PETER",
    "EMMA",
    "NOAH",
    "OLIVIA",
    "LIAM",
    "CHLOE",
    "IVAN",
    "LENA",
    "OMAR",
    "GRACE",
    "HUGO",
    "ALICE",
    "FELIX",
    "NINA",
]


@dataclass
class Case:
    """Two files, the true links, and the shape that each link belongs to."""

    name: str
    left: pa.Table
    right: pa.Table
    links: dict[tuple[str, str], str]
    refuse: set[str] = field(default_factory=set)  # left ids that nothing can decide


def _names(rng, count: int) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        word = "".join(rng.choice(_SYLLABLES, rng.integers(2, 4))).title()
        made[
            word if rng.random() < 0.5 else f"{word} {rng.choice(_SYLLABLES).title()}{rng.choice(_SYLLABLES)}"
        ] = None
    return list(made)


def _cents(rng, count: int, low=5.0, high=5000.0) -> np.ndarray:
    return np.round(np.exp(rng.uniform(np.log(low * 100), np.log(high * 100), count))).astype(np.int64)


def _text(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(int(cents)) // 100}.{abs(int(cents)) % 100:02d}"


def _table(rows: list[dict], rng) -> pa.Table:
    order = rng.permutation(len(rows))
    return pa.table(
        {
            name: pa.array(
                [None if rows[i][name] in (None, "") else str(rows[i][name]) for i in order], pa.string()
            )
            for name in rows[0]
        }
    )


def _mangle(rng, text: str, noise: float) -> str:
    """Truncate, drop words, swap letters, as banks and terminals do."""
    if rng.random() < 0.35 * noise:
        text = text[: max(4, int(len(text) * rng.uniform(0.4, 0.9)))]
    if rng.random() < 0.25 * noise and " " in text:
        words = text.split()
        words.pop(int(rng.integers(len(words))))
        text = " ".join(words)
    if rng.random() < 0.25 * noise and len(text) > 4:
        i = int(rng.integers(1, len(text) - 2))
        text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    if rng.random() < 0.12 * noise:
        text = ""
    return text


def _day(rng, span=180) -> date:
    return date(2026, 1, 1) + timedelta(days=int(rng.integers(span)))


def transfers(noise: str, count=3000, seed=1) -> Case:
    """Money leaves one account and arrives in another: fees, exchange effects, delay, truncated memos; 1:1."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    surnames = _names(rng, max(count // 6, 50))
    left, right, links = [], [], {}
    amounts = _cents(rng, count, 3, 900)
    kinds = ["payment", "BGC", "transfer", "DDR", "CSH", "online", "mobile"]
    for i in range(count):
        day = _day(rng, 240)
        memo = f"{rng.choice(_FIRST)} {rng.choice(surnames).upper()[:1] if rng.random() < 0.3 else rng.choice(surnames).upper()} {rng.choice(kinds)}"
        if rng.random() < 0.4:
            memo += f" {rng.integers(10, 9999)}"
        fee = 0
        if rng.random() < 0.3 + 0.4 * level:
            fee = int(amounts[i] * rng.choice([0.002, 0.005, 0.01, 0.02, 0.03]) * (1 + level * rng.random()))
        if rng.random() < 0.1 * level:
            fee = int(amounts[i] * rng.uniform(-0.08, 0.12))
        lag = (
            int(rng.choice([0, 1, 1, 2, 2, 3, 4]))
            if rng.random() > 0.35 * level
            else int(rng.integers(3, 32))
        )
        left.append(
            {
                "unique_id": f"{i}",
                "memo": memo,
                "transaction_date": day.isoformat(),
                "amount": _text(amounts[i]),
            }
        )
        right.append(
            {
                "unique_id": f"{count + i}",
                "memo": _mangle(rng, memo, 0.3 + level),
                "transaction_date": (day + timedelta(days=lag)).isoformat(),
                "amount": _text(amounts[i] - fee),
            }
        )
        links[str(i), str(count + i)] = "1:1"
    return Case(f"transfers/{noise}", _table(left, rng), _table(right, rng), links)


def bank_ledger(noise: str, count=1200, seed=2) -> Case:
    """A bank statement against the cash book: batches, voids, swapped digits, bank fees, outstanding checks."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    names = _names(rng, 120)
    bank, ledger, links = [], [], {}
    b = g = 0

    def add_bank(day, text, cents):
        nonlocal b
        b += 1
        bank.append(
            {
                "Bank ID": f"B{b:05d}",
                "Posting Date": day.strftime("%m/%d/%Y"),
                "Description": text,
                "Amount": _text(cents),
            }
        )
        return f"B{b:05d}"

    def add_ledger(day, doc, text, cents):
        nonlocal g
        g += 1
        ledger.append(
            {
                "Entry No": f"{90000 + g}",
                "Date": day.isoformat(),
                "Document": doc,
                "Memo": text,
                "Debit": _text(cents) if cents > 0 else "",
                "Credit": _text(-cents) if cents < 0 else "",
            }
        )
        return f"{90000 + g}"

    check = 2000
    amounts = _cents(rng, count, 10, 8000)
    for i in range(count):
        day, name, cents, kind = _day(rng), str(rng.choice(names)), int(amounts[i]), rng.random()
        lag = timedelta(days=int(rng.integers(0, 3 + int(5 * level))))
        if kind < 0.40:  # check or vendor payment
            check += 1
            with_number = rng.random() > 0.5 * level
            ledger_cents, shape = cents, "1:1"
            if rng.random() < 0.04 + 0.03 * level:
                text = list(str(cents))
                k = int(rng.integers(0, len(text) - 1))
                text[k], text[k + 1] = text[k + 1], text[k]
                if text[0] != "0" and int("".join(text)) != cents:
                    ledger_cents, shape = int("".join(text)), "transposed"
            x = add_bank(
                day + lag,
                f"CHECK {check}" if with_number else f"CHECK {_mangle(rng, name.upper(), level)}",
                -cents,
            )
            y = add_ledger(day, f"CHK-{check}", f"{name} invoice", -ledger_cents)
            links[x, y] = shape
        elif kind < 0.65:  # customer payment
            x = add_bank(day + lag, f"ACH CREDIT {_mangle(rng, name.upper(), level)}", cents)
            y = add_ledger(day, f"RC-{5000 + i}", f"Receipt {name}", cents)
            links[x, y] = "1:1"
        elif kind < 0.75:  # deposit of several receipts
            parts = [int(c) for c in _cents(rng, int(rng.integers(2, 7)), 10, 2000)]
            x = add_bank(
                day + timedelta(days=int(rng.integers(0, 2 + int(2 * level)))), "DEPOSIT", sum(parts)
            )
            for k, part in enumerate(parts):
                y = add_ledger(day, f"RC-{7000 + 10 * i + k}", f"Receipt {rng.choice(names)}", part)
                links[x, y] = "1:N"
        elif kind < 0.83:  # void and its original, not at the bank
            check += 1
            y = add_ledger(day, f"CHK-{check}", f"{name} invoice", -cents)
            add_ledger(
                day + timedelta(days=int(rng.integers(0, 6))),
                f"CHK-{check}",
                f"VOID {name} invoice" if rng.random() > 0.4 * level else f"{name} reversal",
                cents,
            )
            if rng.random() < 0.5:  # and paid again with another check
                check += 1
                x = add_bank(day + lag + timedelta(days=6), f"CHECK {check}", -cents)
                y = add_ledger(day + timedelta(days=6), f"CHK-{check}", f"{name} invoice", -cents)
                links[x, y] = "1:1"
        elif kind < 0.90:  # only at the bank
            add_bank(
                day,
                str(rng.choice(["SERVICE CHARGE", "WIRE FEE", "INTEREST", "NSF FEE"])),
                -int(rng.choice([1500, 2500, 3500, 1200, cents // 50 + 1])),
            )
        elif kind < 0.96:  # outstanding check
            check += 1
            add_ledger(day, f"CHK-{check}", f"{name} invoice", -cents)
        else:  # subscription of the same amount every month
            for month in range(3):
                when = date(2026, 1 + month, min(day.day, 28))
                x = add_bank(when + lag, f"RENT {name.upper()}", -(cents // 100 * 100))
                y = add_ledger(when, f"PY-{i}{month}", f"{name} rent", -(cents // 100 * 100))
                links[x, y] = "1:1"
    return Case(f"bank_ledger/{noise}", _table(bank, rng), _table(ledger, rng), links)


def cards(noise: str, count=1500, seed=3) -> Case:
    """Card statement against expense lines: no common key, merchants mangled, posting lag, foreign tips."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    merchants = _names(rng, 150)
    cities = ["BERLIN", "LONDON", "PARIS", "AUSTIN", "BOSTON", "ROMA", "WIEN"]
    left, right, links = [], [], {}
    amounts = _cents(rng, count, 3, 400)
    round_ = rng.random(count) < 0.25
    amounts[round_] = np.maximum(amounts[round_] // 500 * 500, 500)
    for i in range(count):
        day, merchant = _day(rng, 90), str(rng.choice(merchants))
        card_text = f"{rng.choice(['SQ *', 'PAYPAL *', 'SUMUP  *', '', '', ''])}{_mangle(rng, merchant.upper(), level)} {rng.choice(cities)}"
        has_card, has_expense = rng.random() > 0.06, rng.random() > 0.08
        tip = int(amounts[i] * rng.uniform(0.05, 0.2)) if rng.random() < 0.06 * level else 0
        if has_card:
            left.append(
                {
                    "Transaction ID": f"c{i}",
                    "Trans Date": day.strftime("%d/%m/%Y"),
                    "Merchant": card_text,
                    "Amount": _text(amounts[i] + tip),
                }
            )
        if has_expense:
            right.append(
                {
                    "expense_id": f"e{i}",
                    "date": (day - timedelta(days=int(rng.integers(0, 2 + int(3 * level))))).isoformat(),
                    "vendor": _mangle(rng, merchant, 0.6 * level),
                    "category": str(rng.choice(["Travel", "Meals", "Office", "Software"])),
                    "total": _text(amounts[i]),
                }
            )
        if has_card and has_expense:
            links[f"c{i}", f"e{i}"] = "1:1"
    return Case(f"cards/{noise}", _table(left, rng), _table(right, rng), links)


def receipts(noise: str, count=900, seed=4) -> Case:
    """Bank receipts against open invoices: lists, one for several, several for one, charges, discounts, part payments."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    names = _names(rng, 90)
    forms = {n: str(rng.choice(_FORMS)) for n in names}
    bank, invoices, links = [], [], {}
    number = 10_000

    def invoice(name, day, cents):
        nonlocal number
        number += 1
        invoices.append(
            {
                "Invoice Number": f"INV-{number}",
                "Customer": f"{name} {forms[name]}",
                "Invoice Date": day.strftime("%d.%m.%Y"),
                "Due Date": (day + timedelta(days=30)).strftime("%d.%m.%Y"),
                "Total": _text(cents).replace(".", ","),
            }
        )
        return f"INV-{number}"

    def receipt(name, day, cents, refs):
        text = ""
        if refs and rng.random() > 0.55 * level:
            shown = [
                r
                if rng.random() > 0.3 * level
                else r.replace("INV-", str(rng.choice(["", "INV ", "inv", "Rg. "])))
                for r in refs
            ]
            text = str(rng.choice(["Invoice ", "Payment ", "Rechnung ", ""])) + " ".join(shown)
        elif rng.random() < 0.5:
            text = "Payment invoice"
        key = f"r{len(bank) + 1}"
        bank.append(
            {
                "id": key,
                "booking_date": day.isoformat(),
                "payer": _mangle(
                    rng, name.upper() + (f" {forms[name].upper()}" if rng.random() < 0.5 else ""), 0.8 * level
                ),
                "remittance": text,
                "amount": _text(cents),
            }
        )
        return key

    for cents in _cents(rng, count, 30, 9000).tolist():
        name, day, kind = str(rng.choice(names)), _day(rng, 150), rng.random()
        lag = timedelta(days=int(np.clip(rng.normal(28, 12), 1, 75)))
        if kind < 0.5:
            i = invoice(name, day, cents)
            links[receipt(name, day + lag, cents, [i]), i] = "1:1"
        elif kind < 0.68:
            parts = [int(c) for c in _cents(rng, int(rng.integers(2, 6)), 30, 4000)]
            several = [invoice(name, day + timedelta(days=int(rng.integers(0, 10))), part) for part in parts]
            r = receipt(name, day + lag, sum(parts), several)
            links.update({(r, i): "1:N" for i in several})
        elif kind < 0.76:
            i = invoice(name, day, cents)
            first = int(cents * rng.uniform(0.3, 0.7))
            links[receipt(name, day + lag, first, [i]), i] = "N:1"
            links[receipt(name, day + lag + timedelta(days=10), cents - first, [i]), i] = "N:1"
        elif kind < 0.82:
            i = invoice(name, day, cents)
            charge = min(int(rng.choice([500, 1000, 1250, 1500, 2500])), cents // 5)
            links[receipt(name, day + lag, cents - charge, [i]), i] = "charges"
        elif kind < 0.87:
            i = invoice(name, day, cents)
            links[receipt(name, day + timedelta(days=8), cents - round(cents * 0.02), [i]), i] = "discount"
        elif kind < 0.91:
            i = invoice(name, day, cents)
            links[receipt(name, day + lag, int(cents * rng.uniform(0.2, 0.8)), [i]), i] = "partial"
        elif kind < 0.96:
            invoice(name, day, cents)
        else:
            receipt(str(rng.choice(names)), day, cents, [])
    return Case(f"receipts/{noise}", _table(bank, rng), _table(invoices, rng), links)


def payouts(noise: str, count=150, seed=5) -> Case:
    """Payouts on the bank statement against the charges inside them, net of fees; keys only when clean."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    bank, charges, links = [], [], {}
    for p in range(count):
        day = date(2026, 1, 1) + timedelta(days=p)
        total = 0
        size = int(rng.integers(2, 14))
        inside = []
        for k in range(size):
            gross = int(_cents(rng, 1, 5, 300)[0])
            fee = round(gross * 0.029) + 30
            key = f"ch_{p:04d}{k:02d}"
            refund = rng.random() < 0.06
            if refund:
                gross, fee = -gross, 0
            charges.append(
                {
                    "id": key,
                    "created": f"{day.isoformat()}T{int(rng.integers(0, 24)):02d}:11:00Z",
                    "payout": f"po_{p:05d}" if level < 0.4 else "",
                    "gross": _text(gross),
                    "fee": _text(fee),
                    "net": _text(gross - fee),
                }
            )
            total += gross - fee
            inside.append(key)
        key = f"line-{p}"
        bank.append(
            {
                "line": key,
                "value_date": (day + timedelta(days=2 + int(rng.random() < 0.3 * level))).strftime(
                    "%d/%m/%Y"
                ),
                "text": f"STRIPE PAYOUT po_{p:05d}" if level < 0.4 else "STRIPE PAYMENTS UK",
                "amount": _text(total),
            }
        )
        links.update({(key, c): "1:N" for c in inside})
        if rng.random() < 0.3:
            bank.append(
                {
                    "line": f"line-x{p}",
                    "value_date": day.strftime("%d/%m/%Y"),
                    "text": "CARD PURCHASE",
                    "amount": _text(-int(_cents(rng, 1)[0])),
                }
            )
    columns = [c for c in charges[0] if not (level >= 0.4 and c == "payout")]
    return Case(
        f"payouts/{noise}",
        _table(bank, rng),
        _table([{c: row[c] for c in columns} for row in charges], rng),
        links,
    )


def refusals(noise: str, count=300, seed=6) -> Case:
    """Rows that nothing tells apart (equal candidates) or joins (no evidence), among some that match."""
    rng = np.random.default_rng(seed)
    names = _names(rng, 200)
    left, right, links, refuse = [], [], {}, set()
    for i in range(count):
        name, day, cents, kind = names[i % 200], _day(rng), int(_cents(rng, 1)[0]), rng.random()

        def l_row(key, text, cents, day):
            left.append({"id": key, "date": day.isoformat(), "text": text, "amount": _text(cents)})

        def r_row(key, text, cents, day):
            right.append({"id": key, "date": day.isoformat(), "text": text, "amount": _text(cents)})

        if kind < 0.4:
            l_row(f"l{i}", name, cents, day)
            r_row(f"r{i}", name, cents, day)
            links[f"l{i}", f"r{i}"] = "1:1"
        elif kind < 0.6:  # one payment, two documents that are equal in all
            l_row(f"l{i}", name, cents, day)
            for k in "ab":
                r_row(f"r{i}{k}", name, cents, day)
            refuse.add(f"l{i}")
        elif kind < 0.8:  # three equal rows on each side
            for k in "abc":
                l_row(f"l{i}{k}", name, cents, day)
                r_row(f"r{i}{k}", name, cents, day)
                refuse.add(f"l{i}{k}")
        else:  # nothing in common
            l_row(f"l{i}", name, cents, day)
            r_row(
                f"r{i}",
                names[(i + 77) % 200],
                cents + int(rng.integers(3000, 90000)),
                day + timedelta(days=100),
            )
            refuse.add(f"l{i}")
    return Case(f"refusals/{noise}", _table(left, rng), _table(right, rng), links, refuse)


FAMILIES = {
    "transfers": transfers,
    "bank_ledger": bank_ledger,
    "cards": cards,
    "receipts": receipts,
    "payouts": payouts,
    "refusals": refusals,
}
