"""Labelled files whose amounts differ by terms that no column gives: exchange rates, discounts, runs of payments.

Same shape as labelled.py. The engine may learn the terms from the pairs that other evidence joins, as a person does.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hostile import _companies, _cut_words
from labelled import NOISE, Case, _cents, _day, _table, _text


def currencies(noise: str, count=600, seed=41) -> Case:
    """Invoices in three currencies, an account in euros: the number, the amount in its currency, or the name alone."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    companies = _companies(rng, 90)
    worth = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17}
    left, right, links = [], [], {}
    for i, cents in enumerate(_cents(rng, count, 80, 40_000).tolist()):
        day, company = _day(rng, 120), str(rng.choice(companies))
        code = str(rng.choice(["USD", "USD", "EUR", "GBP"]))
        left.append(
            {
                "invoice": f"INV{40_000 + i}",
                "customer": company,
                "issued": day.isoformat(),
                "currency": code,
                "total": _text(cents),
            }
        )
        if rng.random() < 0.12:
            continue
        # The rate drifts over the months, and each bank takes its margin.
        drift = 1 + 0.04 * (day - date(2026, 1, 1)).days / 120 if code != "EUR" else 1.0
        rate = (
            worth[code] * drift * (1 if code == "EUR" else 1 - abs(rng.normal(0.004, 0.001 + 0.003 * level)))
        )
        name = _cut_words(rng, company) if rng.random() < 0.5 * level else company.upper()
        kind = rng.random()
        if kind < 0.5 - 0.3 * level:
            text = f"{name} INV{40_000 + i}"
        elif kind < 0.7 - 0.2 * level:
            text = f"{name} {code} {_text(cents)}"
        else:
            text = name
        right.append(
            {
                "line": f"B{i}",
                "booked": (day + timedelta(days=int(30 + rng.integers(-5, 8 + int(20 * level))))).isoformat(),
                "narrative": text,
                "amount": _text(round(cents * rate)),
                "ccy": "EUR",
            }
        )
        links[f"INV{40_000 + i}", f"B{i}"] = "1:1" if code == "EUR" else "currency"
    return Case(f"currencies/{noise}", _table(left, rng), _table(right, rng), links)


def runs(noise: str, count=260, seed=42) -> Case:
    """Bills and the payment runs that settle them, by vendor, some less a discount that the file does not mention."""
    rng, level = np.random.default_rng(seed), NOISE[noise]
    companies = _companies(rng, 40)
    left, right, links, n = [], [], {}, 0
    for i in range(count):
        day, company = _day(rng, 100), str(rng.choice(companies))
        size = int(rng.choice([1, 1, 2, 3, 4, 6]))
        is_short, total = rng.random() < 0.1 + 0.2 * level, 0
        mine = []
        for cents in _cents(rng, size, 40, 6_000).tolist():
            n += 1
            left.append(
                {
                    "bill": f"V{n:05d}",
                    "supplier": company,
                    "their_number": f"{rng.integers(10**5, 10**6)}",
                    "dated": (day - timedelta(days=int(rng.integers(4, 25 + int(20 * level))))).isoformat(),
                    "total": _text(cents),
                }
            )
            mine.append(left[-1]["bill"])
            # Terms in the books are exact: half a cent is rounded up.
            total += cents - (2 * cents + 50) // 100 if is_short else cents
        if rng.random() < 0.08:
            continue
        name = _cut_words(rng, company) if rng.random() < 0.5 * level else company.upper()
        right.append(
            {
                "txn": f"P{i}",
                "date": day.isoformat(),
                "memo": f"ACH {name} VENDOR PMT",
                "amount": _text(-total),
            }
        )
        shape = ("discount " if is_short else "") + ("1:1" if size == 1 else "N:1")
        links |= {(bill, f"P{i}"): shape for bill in mine}
    return Case(f"runs/{noise}", _table(left, rng), _table(right, rng), links)


FAMILIES = {"currencies": currencies, "runs": runs}
