"""Thousands of small random reconciliations in one table: each is its own world, so one run checks them all."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from matching_cases import SCHEMA, item

_PARTIES = ["Acme GmbH", "Baker Ltd", "Corvus AG", "Delta Inc", None]


def worlds(count: int, seed: int, prefix: str = "w") -> list[dict]:
    """Rows of `count` reconciliations: payments, lists, parts, fees, voids, duplicates and strangers."""
    rng = np.random.default_rng(seed)
    rows: list[dict] = []
    for number in range(count):
        world = f"{prefix}{seed}_{number}"
        rows += world_rows(rng, world)
    return rows


def world_rows(rng, world: str, tag: str = "", currency: str | None = None) -> list[dict]:
    rows: list[dict] = []
    money = currency or str(rng.choice(["EUR", "JPY", "KWD"]))

    def add(side: str, cents: int, day: int, party, text=None, keys=None, group=None) -> None:
        rows.append(
            item(
                side,
                f"{world}{tag}{side[0]}{len(rows)}",
                f"{cents // 100}.{cents % 100:02d}" if cents >= 0 else f"-{-cents // 100}.{-cents % 100:02d}",
                (date(2026, 1, 1) + timedelta(days=day)).isoformat(),
                reconciliation=world,
                currency=money,
                party_name=party,
                reference_text=text,
                reference_keys=keys,
                group_key=group,
                entity_id=tag or "E",
            )
        )

    for k in range(int(rng.integers(1, 4))):
        party, day, kind = _PARTIES[rng.integers(len(_PARTIES))], int(rng.integers(0, 60)), rng.random()
        cents = int(rng.integers(1, 200)) * 100 if rng.random() < 0.4 else int(rng.integers(1, 500_000))
        number = f"INV-{rng.integers(1000, 99999)}"
        text = f"pay {number}" if rng.random() < 0.5 else None
        if kind < 0.3:
            add("left", cents, day + 3, party, text)
            add("right", cents, day, party, keys=[number])
        elif kind < 0.45:
            parts = [int(rng.integers(1, 50_000)) for _ in range(int(rng.integers(2, 5)))]
            add("left", sum(parts), day + 9, party)
            for part in parts:
                add("right", part, day, party)
        elif kind < 0.55:
            add("left", max(cents - int(rng.integers(0, 2000)), 1), day + 3, party, f"pay {number}")
            add("right", cents, day, party, keys=[number])
        elif kind < 0.65:
            for side, n in (("left", int(rng.integers(1, 4))), ("right", int(rng.integers(1, 4)))):
                for _ in range(n):
                    add(side, cents, day, party)
        elif kind < 0.75:
            side = str(rng.choice(["left", "right"]))
            add(side, cents, day, party, f"{number} cheque", [number])
            add(side, -cents, day + 1, party, f"{number} VOID", [number])
        elif kind < 0.85:
            batch = f"B{rng.integers(100, 999)}{k}"
            add("left", cents * 3, day, None, f"batch {batch}")
            for _ in range(3):
                add("right", cents, day, None, group=batch)
        else:
            add("left", cents, day, party)
            add("right", int(rng.integers(1, 500_000)), day + 40, party)
    return rows


def table(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)
