"""The result does not depend on how the work is cut: into one batch or one per component, in one process or two."""

from __future__ import annotations

import numpy as np
import pytest
from generator import table, worlds
from matching import workers
from matching.components import components, packed, slices
from matching.engine import Options, run
from matching.rules import default_rules
from matching.store import Store
from matching_cases import SCHEMA, item

RULES = default_rules()


def content(result) -> list:
    """All that is published, byte for byte, explanations and notes included."""
    return [
        getattr(result, name).to_pylist()
        for name in ("matches", "allocations", "positions", "notes", "weights")
    ]


def rows_of_one_file() -> list[dict]:
    """One reconciliation in which everything competes: equal amounts, lists, a party with many rows, strangers."""
    rng = np.random.default_rng(11)
    rows = []
    for k in range(40):
        cents, day = int(rng.integers(1, 25)) * 500, int(rng.integers(1, 28))
        party = f"Party {k % 4}"
        text = f"pay INV-{2000 + k % 25}" if k % 3 else None
        rows.append(
            item(
                "left",
                f"L{k}",
                f"{cents / 100:.2f}",
                f"2026-03-{day:02d}",
                party_name=party,
                reference_text=text,
            )
        )
        rows.append(
            item(
                "right",
                f"R{k}",
                f"{(cents if k % 5 else cents + 100) / 100:.2f}",
                f"2026-03-{min(day + k % 4, 28):02d}",
                party_name=party if k % 2 else None,
                reference_keys=[f"INV-{2000 + k % 25}"],
            )
        )
    return rows


CASES = {"worlds": lambda: worlds(16, 3), "one file": rows_of_one_file}


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def case(request) -> tuple[list[dict], list]:
    rows = CASES[request.param]()
    return rows, content(run(table(rows), RULES, [], Options(processes=1)))


def test_pieces_of_few_pairs_and_batches_of_one_component_give_what_all_at_once_gives(case):
    rows, whole = case
    assert content(run(table(rows), RULES, [], Options(piece=3, batch=1, processes=1))) == whole


def test_two_processes_give_what_one_gives_whatever_the_order_of_the_rows(case):
    rows, whole = case
    shuffled = [rows[k] for k in np.random.default_rng(4).permutation(len(rows))]
    assert content(run(table(shuffled), RULES, [], Options(piece=60, batch=15, processes=2))) == whole


def test_a_large_result_is_in_the_order_of_a_small_one(case, monkeypatch):
    rows, whole = case
    monkeypatch.setattr("matching.gather.ROWS", 3)
    assert content(run(table(rows), RULES, [], Options(batch=10, processes=1))) == whole


def test_more_rows_than_teach_the_weights_are_all_matched(monkeypatch):
    monkeypatch.setattr("matching.weights.SAMPLE", 5)
    rows = rows_of_one_file()
    whole = content(run(table(rows), RULES, [], Options(processes=1)))
    assert sum(match["status"] == "auto" for match in whole[0]) > 10
    assert content(run(table(rows), RULES, [], Options(piece=50, batch=10, processes=1))) == whole


def test_no_rows_have_no_matches_in_pieces_too():
    assert content(run(SCHEMA.empty_table(), RULES, [], Options(piece=1, processes=2)))[:3] == [[], [], []]


def test_a_batch_holds_whole_components_and_no_more_than_it_must():
    a, b = np.array([0, 1, 3, 5, 8, 8]), np.array([1, 2, 4, 6, 9, 10])
    label = components(a, b, 11)[a]
    batch = packed(label, 2)
    assert [part.tolist() for part in slices(batch, int(batch.max()) + 1)] == [[0, 1], [2, 3], [4, 5]]
    assert packed(label, 1).tolist() == [0, 0, 1, 2, 3, 3]
    assert packed(label, 100).tolist() == [0] * 6


def test_what_a_store_keeps_in_a_file_is_what_was_put_there(tmp_path):
    store = Store(tmp_path)
    rows = table(worlds(3, 1))
    store.put("thing", {"rows": rows, "numbers": np.arange(7), "empty": np.zeros(0), "word": "ä"})
    thing = store.get("thing")
    assert thing["rows"] == rows
    assert thing["numbers"].tolist() == list(range(7)) and len(thing["empty"]) == 0 and thing["word"] == "ä"
    assert not thing["numbers"].flags.writeable
    store.drop("thing")
    assert thing["rows"] == rows, "what was read stays valid"


def test_a_process_that_ends_says_which_and_why(tmp_path):
    with (
        workers.Workers(Store(tmp_path), 2) as pool,
        pytest.raises(RuntimeError, match=r"(?s)ended with 1 .*FileNotFoundError"),
    ):
        list(pool.run("weigh", [0], None))
