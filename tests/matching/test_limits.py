"""Nothing is cut in silence: where the work was bounded, each row that stays open says so, and so does the report."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

from matching.limits import LIMITS
from matching_cases import item, links, match


def reasons(result) -> dict[str, str]:
    return {n["item_id"]: n["message"] for n in result.notes.to_pylist() if n["item_id"]}


def general(result) -> list[str]:
    return [n["message"] for n in result.notes.to_pylist() if n["item_id"] is None]


def test_each_of_ten_thousand_equal_rows_says_why_it_is_open_and_the_work_is_small():
    rows = [item(side, f"{side}{i}", "100.00") for side in ("left", "right") for i in range(10_000)]
    result = match(*rows)
    assert links(result) == set()
    told = reasons(result)
    assert set(told) == {row["item_id"] for row in rows}
    assert all(LIMITS["block_undecided"] in words for words in told.values())
    assert any(words.startswith("20,000 rows") for words in general(result))
    # Work is bounded: none of the hundred million pairs was looked at.
    assert result.weights.num_rows == 0


def test_a_row_with_more_near_partners_than_are_compared_says_so():
    rng = random.Random(5)
    rows = [item("left", "one", "5000.00", "2026-05-10")]
    rows += [
        item(
            "right",
            f"r{i}",
            f"{5000 + i * 0.37 + 3:.2f}",
            (date(2026, 5, 1) + timedelta(rng.randrange(20))).isoformat(),
        )
        for i in range(400)
    ]
    result = match(*rows)
    assert links(result, "auto") == set()
    assert LIMITS["near_amounts_cut"] in reasons(result)["one"]


def test_a_party_with_too_many_rows_to_try_all_sums_says_so():
    rng = random.Random(6)
    rows = [item("left", "sum", "98765.43", party_name="Acme")]
    rows += [
        item("right", f"r{i}", f"{rng.randint(100, 99_999) / 100:.2f}", party_name="Acme") for i in range(300)
    ]
    result = match(*rows)
    told = reasons(result)["sum"]
    assert LIMITS["search_pool_cut"] in told or LIMITS["sums_undecided"] in told


def test_a_suggestion_tells_what_was_not_compared():
    rows = [item("left", "p", "1000.00", party_name="Acme")]
    rows += [
        item("right", f"r{i}", f"{1003 + i / 7:.2f}", "2026-05-09", party_name="Acme") for i in range(450)
    ]
    result = match(*rows, suggest=0.0)
    explained = [json.loads(m["explanation"])["limits"] for m in result.matches.to_pylist()]
    assert all(LIMITS["party_block_too_large"] in limits for limits in explained)
    assert LIMITS["party_block_too_large"] in reasons(result)["p"]
