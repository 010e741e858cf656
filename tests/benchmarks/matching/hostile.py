"""Labelled files with noise of other kinds than labelled.py: what was met in the wild after tuning was done.

Keying errors beyond swapped digits, merchants cut word by word, credit notes netted from a payment, payouts that
merge two days and hold back a reserve, and files in which every agreement is an accident. Same shape as labelled.py.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from labelled import NOISE, Case, _cents, _day, _names, _table, _text

_TRADES = [
    "Logistik",
    "Trading",
    "Foods",
    "Medien",
    "Systems",
    "Werkzeug",
    "Textil",
    "Energie",
    "Pharma",
    "Glas",
]


def _cut_words(rng, text: str) -> str:
    """As narrow fields are filled: each word to four letters, or all words run together and cut off."""
    kind = rng.random()
    if kind < 0.4:
        return " ".join(word[:4] for word in text.upper().split())
    if kind < 0.8:
        return text.upper().replace(" ", "")[: int(rng.integers(8, 15))]
    return text.upper()


def _companies(rng, count: int) -> list[str]:
    return [f"{name.split()[0]} {rng.choice(_TRADES)}" for name in _names(rng, count)]


def keying(noise: str, count=900, seed=31) -> Case:
    """A bank statement against a cash book typed by hand: lost and doubled digits, shifted points, entries twice."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    companies = _companies(rng, 100)
    bank, book, links = [], [], {}
    for i, cents in enumerate(_cents(rng, count, 15, 20_000).tolist()):
        day, company = _day(rng), str(rng.choice(companies))
        typed, shape, kind = cents, "1:1", rng.random()
        if kind < 0.02 + 0.04 * level:  # a digit typed twice or left out
            text = str(cents)
            k = int(rng.integers(1, len(text)))
            typed, shape = int(text[:k] + (text[k - 1] if rng.random() < 0.5 else "") + text[k:]), "typo"
            if typed == cents:
                typed = int(text[: k - 1] + text[k:] or "1")
        elif kind < 0.03 + 0.06 * level:  # the decimal point one place off
            typed, shape = cents * 10, "shifted"
        number = f"{rng.integers(10**5, 10**6)}"
        shown = number if rng.random() > 0.4 * level else ""
        bank.append(
            {
                "line": f"L{i}",
                "valued": (day + timedelta(days=int(rng.integers(0, 3 + int(4 * level))))).strftime(
                    "%d/%m/%Y"
                ),
                "narrative": f"{_cut_words(rng, company) if rng.random() < level else company} {shown}".strip(),
                "amount": _text(cents),
            }
        )
        book.append(
            {
                "entry": f"J{i}",
                "day": day.isoformat(),
                "account": company,
                "voucher": f"V-{number}",
                "sum": _text(typed),
            }
        )
        links[f"L{i}", f"J{i}"] = shape
        if rng.random() < 0.03 * level:  # entered a second time, under a voucher of its own
            book.append({**book[-1], "entry": f"J{i}b", "voucher": f"V-{rng.integers(10**5, 10**6)}"})
    return Case(f"keying/{noise}", _table(bank, rng), _table(book, rng), links)


def acquirer(noise: str, count=1200, seed=32) -> Case:
    """Card lines against the bank: no key, merchants cut, few price points, lag, refunds, purchases never booked."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    companies = _companies(rng, 140)
    prices = [290, 450, 999, 1200, 1990, 2500, 4900]
    left, right, links = [], [], {}
    for i in range(count):
        day, company = _day(rng, 75), str(rng.choice(companies))
        cents = (
            int(rng.choice(prices)) if rng.random() < 0.3 + 0.3 * level else int(_cents(rng, 1, 3, 400)[0])
        )
        if rng.random() < 0.04:
            cents = -cents
        left.append({"auth": f"A{i}", "at": day.isoformat(), "merchant": company, "value": _text(cents)})
        if rng.random() < 0.05:
            continue
        text = _cut_words(rng, company) if rng.random() < level else company.upper()
        right.append(
            {
                "ref": f"T{i:05d}",
                "posted": (day + timedelta(days=int(rng.integers(0, 2 + int(4 * level))))).strftime(
                    "%d.%m.%Y"
                ),
                "details": f"{rng.choice(['', 'SQ *', 'ZTL*', ''])}{text} {rng.choice(['', 'BERLIN', 'WIEN'])}".strip(),
                "debit": _text(-cents),
            }
        )
        links[f"A{i}", f"T{i:05d}"] = "1:1"
    return Case(f"acquirer/{noise}", _table(left, rng), _table(right, rng), links)


def netted(noise: str, count=500, seed=33) -> Case:
    """Receipts against invoices and credit notes: lists by serial number, credit notes netted, unnamed second parts."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    companies = _companies(rng, count // 6 + 20)
    bank, documents, links = [], [], {}
    serial = 100

    def document(company: str, day: date, cents: int) -> str:
        nonlocal serial
        serial += int(rng.integers(1, 4))
        key = f"F-2026/{serial:04d}"
        documents.append(
            {"document": key, "client": company, "issued": day.isoformat(), "total": _text(cents)}
        )
        return key

    def receipt(company: str, day: date, cents: int, keys: list[str]) -> str:
        name = _cut_words(rng, company) if rng.random() < 0.7 * level else company.upper()
        forms = [str(rng.choice([k, k[-4:], k.replace("/", " "), k.lower()])) for k in keys]
        said = (
            " ".join(forms) if rng.random() > 0.45 * level else str(rng.choice(["reglement", "paiement", ""]))
        )
        bank.append(
            {
                "op": f"{len(bank) + 1}",
                "date": day.strftime("%d/%m/%Y"),
                "text": f"VIR {name} {said}".strip(),
                "credit": _text(cents),
            }
        )
        return f"{len(bank)}"

    for _ in range(count):
        company, day, kind = str(rng.choice(companies)), _day(rng, 150), rng.random()
        paid = day + timedelta(days=int(rng.integers(5, 45)))
        cents = [int(c) for c in _cents(rng, int(rng.integers(2, 5)), 30, 5000)]
        if kind < 0.5:
            key = document(company, day, cents[0])
            links[receipt(company, paid, cents[0], [key]), key] = "1:1"
        elif kind < 0.7:
            keys = [document(company, day, c) for c in cents]
            r = receipt(company, paid, sum(cents), keys)
            links.update({(r, key): "1:N" for key in keys})
        elif kind < 0.82:  # a credit note taken off
            credit = max(cents) // 5
            keys = [
                *(document(company, day, c) for c in cents),
                document(company, day + timedelta(days=3), -credit),
            ]
            r = receipt(company, paid, sum(cents) - credit, keys)
            links.update({(r, key): "netted" for key in keys})
        elif kind < 0.92:  # paid in two parts, of which the second says nothing
            key, first = document(company, day, cents[0]), cents[0] * int(rng.integers(3, 8)) // 10
            links[receipt(company, paid, first, [key]), key] = "N:1"
            links[receipt(company, paid + timedelta(days=12), cents[0] - first, []), key] = "N:1"
        else:
            document(company, day, cents[0])
    return Case(f"netted/{noise}", _table(bank, rng), _table(documents, rng), links)


def reserve(noise: str, count=110, seed=34) -> Case:
    """Payouts net of fees against sales: weekends merged, refunds inside, a monthly charge, days without key."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    bank, sales, links = [], [], {}
    held: list[tuple[str, int]] = []
    for p in range(count):
        day = date(2026, 1, 1) + timedelta(days=p)
        for k in range(int(rng.integers(2, 10))):
            gross = int(_cents(rng, 1, 4, 250)[0])
            fee = round(gross * 0.019) + 25
            if rng.random() < 0.05:
                gross, fee = -gross, 0
            key = f"tx{p:03d}{k:02d}"
            sales.append(
                {
                    "sale": key,
                    "sold_on": day.isoformat(),
                    "gross": _text(gross),
                    "commission": _text(fee),
                    "net": _text(gross - fee),
                }
            )
            held.append((key, gross - fee))
        if day.weekday() in (5, 6) and rng.random() < level:
            continue  # Saturday's and Sunday's money comes with Monday's
        total = sum(net for _, net in held)
        bank.append(
            {
                "id": f"P{p}",
                "booked": (day + timedelta(days=1 + int(rng.random() < 0.4 * level))).strftime("%d-%m-%Y"),
                "purpose": "CARD ACQUIRING SETTLEMENT",
                "amount": _text(total),
            }
        )
        links.update({(f"P{p}", key): "1:N" for key, _ in held})
        held = []
        if p % 30 == 29:
            bank.append(
                {
                    "id": f"F{p}",
                    "booked": day.strftime("%d-%m-%Y"),
                    "purpose": "TERMINAL RENT",
                    "amount": _text(-1990),
                }
            )
    return Case(f"reserve/{noise}", _table(bank, rng), _table(sales, rng), links)


def strangers(noise: str, count=400, seed=35) -> Case:
    """Two files that have nothing to do with each other: amounts are whole, so that many agree by accident."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    names = _companies(rng, 400)
    highest = int(200_000 / (1 + 9 * level))

    def side(prefix: str, offset: int) -> list[dict]:
        return [
            {
                "id": f"{prefix}{i}",
                "date": _day(rng, 120).isoformat(),
                "text": names[(i + offset) % 200 + offset],
                "amount": _text(int(rng.integers(1, highest)) * 100),
            }
            for i in range(count)
        ]

    left, right = side("x", 0), side("y", 200)
    return Case(f"strangers/{noise}", _table(left, rng), _table(right, rng), {}, {row["id"] for row in left})


FAMILIES = {
    "keying": keying,
    "acquirer": acquirer,
    "netted": netted,
    "reserve": reserve,
    "strangers": strangers,
}
