"""What people decide holds, is replayed to the same state, and never spends money twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
from decision_cases import accept, decision, link, log_table, write_off
from generator import table, world_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matching import reconcile
from matching.decisions import parse, resolve
from matching_cases import SCHEMA, item

APPLIED = ("auto", "confirmed")


def run(rows: list[dict], *decisions: dict, periods: pa.Table | None = None):
    items = pa.Table.from_pylist(rows, schema=SCHEMA)
    return reconcile(None, items, decisions=log_table(*decisions), periods=periods)


def matched(result, status: tuple[str, ...] = APPLIED) -> set[tuple[str, str]]:
    wanted = {m["match_id"] for m in result.matches.to_pylist() if m["status"] in status}
    return {(a["left_id"], a["right_id"]) for a in result.allocations.to_pylist() if a["match_id"] in wanted}


def outcomes(result) -> list[str]:
    return [row["outcome"] for row in result.decisions.to_pylist()]


def said(result, sequence: int) -> str:
    return result.decisions.to_pylist()[sequence - 1]["message"] or ""


def open_amounts(result) -> dict[str, Decimal]:
    return {p["item_id"]: p["open_amount"] for p in result.positions.to_pylist() if p["open_amount"]}


RECEIPT = item("left", "b1", "100", "2026-05-20", item_type="bank_transaction", party_name="Acme")
INVOICE = item("right", "i1", "100", "2026-05-10", item_type="invoice", party_name="Acme")
TWIN = item("right", "i2", "100", "2026-05-11", item_type="invoice", party_name="Acme")
STRANGER = item("left", "b9", "77", "2026-05-21", item_type="bank_transaction", party_name="Zeta")


def test_an_accepted_pair_is_confirmed_although_the_engine_would_not_choose_it():
    result = run([RECEIPT, INVOICE, TWIN, STRANGER], accept(STRANGER, TWIN))
    assert ("b9", "i2") in matched(result, ("confirmed",))
    assert outcomes(result) == ["applied"]
    assert open_amounts(result)["i2"] == Decimal(23)


def test_a_rejected_pair_is_not_proposed_alone_or_inside_a_group():
    rows = [
        item("left", "b1", "300", "2026-05-20", party_name="Acme"),
        item("right", "i1", "100", "2026-05-10", party_name="Acme"),
        item("right", "i2", "200", "2026-05-10", party_name="Acme"),
    ]
    assert matched(run(rows), ("auto", "suggested")) == {("b1", "i1"), ("b1", "i2")}
    result = run(rows, decision("reject", rows[0], rows[1], removed=[(rows[0], rows[1])]))
    assert ("b1", "i1") not in matched(result, ("auto", "suggested", "confirmed"))
    assert [m["status"] for m in result.matches.to_pylist() if m["status"] == "rejected"] == ["rejected"]


def test_an_accept_after_a_reject_holds():
    bar = decision("reject", RECEIPT, INVOICE, removed=[(RECEIPT, INVOICE)])
    result = run([RECEIPT, INVOICE], bar, accept(RECEIPT, INVOICE))
    assert matched(result, ("confirmed",)) == {("b1", "i1")}
    assert outcomes(result) == ["undone", "applied"]
    assert not [m for m in result.matches.to_pylist() if m["status"] == "rejected"]


def test_one_link_of_a_group_is_undone_and_the_others_stay():
    b, i1, i2 = item("left", "b", "300"), item("right", "i1", "100"), item("right", "i2", "200")
    whole = decision("accept", b, i1, i2, links=[link(b, i1), link(b, i2)])
    result = run([b, i1, i2], whole, decision("unmatch", b, i1, i2, removed=[(b, i1)]))
    assert matched(result, ("confirmed",)) == {("b", "i2")}
    assert matched(result) == {("b", "i2")}
    assert open_amounts(result) == {"b": Decimal(100), "i1": Decimal(100)}


def test_a_group_that_is_split_becomes_two():
    rows = [
        item("left", "b1", "60"),
        item("left", "b2", "40"),
        item("right", "i1", "50"),
        item("right", "i2", "50"),
    ]
    b1, b2, i1, i2 = rows
    whole = decision("accept", *rows, links=[link(b1, i1, "50"), link(b1, i2, "10"), link(b2, i2, "40")])
    result = run(rows, whole, decision("split", *rows, removed=[(b1, i2)]))
    groups = defaultdict(set)
    for a in result.allocations.to_pylist():
        groups[a["match_id"]].update((a["left_id"], a["right_id"]))
    assert sorted(map(sorted, groups.values())) == [["b1", "i1"], ["b2", "i2"]]
    assert open_amounts(result) == {"b1": Decimal(10), "i2": Decimal(10)}


def test_links_that_share_an_item_are_one_match():
    b, i1, i2 = item("left", "b", "300"), item("right", "i1", "100"), item("right", "i2", "200")
    result = run([b, i1, i2], accept(b, i1), accept(b, i2))
    [match] = [m for m in result.matches.to_pylist() if m["status"] == "confirmed"]
    assert (match["shape"], match["difference_amount"], match["right_amount"]) == ("1:2", 0, Decimal(300))
    assert [row["match_id"] for row in result.decisions.to_pylist()] == [match["match_id"]] * 2


def test_two_decisions_that_want_the_same_money_the_earlier_has_it():
    result = run([RECEIPT, INVOICE, TWIN], accept(RECEIPT, INVOICE), accept(RECEIPT, TWIN))
    assert matched(result, ("confirmed",)) == {("b1", "i1")}
    assert outcomes(result) == ["applied", "conflict"]
    assert "b1 has 100.00, of which earlier decisions use 100.00" in said(result, 2)


def test_a_part_may_be_accepted_and_the_rest_stays_open():
    result = run([RECEIPT, INVOICE], accept(RECEIPT, INVOICE, "60"))
    assert open_amounts(result) == {"b1": Decimal(40), "i1": Decimal(40)}
    [match] = result.matches.to_pylist()
    assert (match["left_open_amount"], match["right_open_amount"]) == (Decimal(40), Decimal(40))


def test_a_changed_amount_contradicts_and_is_not_applied():
    changed = {**INVOICE, "amount": Decimal(90)}
    result = run([RECEIPT, changed], accept(RECEIPT, INVOICE))
    assert not matched(result, ("confirmed",))
    assert outcomes(result) == ["contradicted"]
    assert said(result, 1) == "invoice i1 was 100.00 EUR and is 90.00 EUR"
    assert result.decisions.to_pylist()[0]["amount"] == Decimal(100)


def test_of_a_group_only_the_links_to_what_is_gone_fall():
    b, i1, i2 = item("left", "b", "300"), item("right", "i1", "100"), item("right", "i2", "200")
    whole = decision("accept", b, i1, i2, links=[link(b, i1), link(b, i2)])
    result = run([b, i2], whole)
    assert matched(result, ("confirmed",)) == {("b", "i2")}
    assert outcomes(result) == ["contradicted"]
    assert "right i1 is gone" in said(result, 1)
    assert result.decisions.to_pylist()[0]["amount"] == Decimal(100)


def test_a_difference_that_was_agreed_is_settled_and_falls_with_the_group():
    short = item("left", "b", "75")
    agreed = accept(short, INVOICE, difference_reason="bank_charges")
    agreed["items"][1]["written_off"] = "25"
    result = run([short, INVOICE], agreed)
    [match] = result.matches.to_pylist()
    assert (match["written_off_amount"], match["difference_amount"]) == (Decimal(25), Decimal(-25))
    assert match["difference_reason"] == "bank_charges"
    assert open_amounts(result) == {}


def test_a_write_off_counts_while_its_remainder_is_open():
    part, rest = accept(RECEIPT, INVOICE, "60"), write_off(INVOICE, "40")
    assert outcomes(run([RECEIPT, INVOICE], part, rest)) == ["applied", "applied"]
    too_much = run([RECEIPT, INVOICE], part, write_off(INVOICE, "41"))
    assert outcomes(too_much) == ["applied", "contradicted"]
    assert "only 40.00 are open" in said(too_much, 2)
    twice = run([RECEIPT, INVOICE], part, rest, write_off(INVOICE, "1"))
    assert outcomes(twice) == ["applied", "applied", "contradicted"]


def test_a_write_off_that_is_paid_later_is_told():
    reference = {"reference_keys": ["RE-1"], "reference_text": "RE-1"}
    invoice = {**INVOICE, **reference}
    assert outcomes(run([invoice], write_off(invoice, "100"))) == ["applied"]
    paid = run([invoice, {**RECEIPT, **reference}], write_off(invoice, "100"))
    assert matched(paid, ("auto",)) == {("b1", "i1")}
    assert outcomes(paid) == ["contradicted"]


def test_a_write_off_is_taken_back():
    back = decision("unmatch", INVOICE, undoes=1, amount=Decimal(100))
    assert outcomes(run([INVOICE], write_off(INVOICE, "100"), back)) == ["undone", "applied"]


def test_rows_of_one_side_that_cancel_each_other_are_one_group_and_fall_as_one():
    plus, minus = item("left", "p", "50"), item("left", "m", "-50")
    both = decision("accept", plus, minus, links=[link(plus, None), link(minus, None)])
    result = run([plus, minus], both)
    [match] = result.matches.to_pylist()
    assert (match["status"], match["shape"], match["difference_reason"]) == ("confirmed", "2:0", "offset")
    assert open_amounts(result) == {}
    undone = run([plus, minus], both, decision("unmatch", plus, minus, removed=[(plus, minus)]))
    assert outcomes(undone) == ["undone", "applied"]
    assert open_amounts(undone) == {"p": Decimal(50), "m": Decimal(-50)}


def test_two_currencies_settle_each_other_whole():
    dollars = item("left", "b", "110", currency="USD")
    both = decision(
        "accept", dollars, INVOICE, difference_reason="fx_difference",
        links=[{**link(dollars, INVOICE), "amount": "100", "left_settled": "110", "right_settled": "100"}],
    )  # fmt: skip
    result = run([dollars, INVOICE], both)
    [match] = result.matches.to_pylist()
    assert (match["difference_amount"], match["difference_reason"], match["currency"]) == (
        0,
        "fx_difference",
        "EUR",
    )
    assert open_amounts(result) == {}


def test_money_out_of_one_account_and_into_another_keeps_its_signs():
    out, back = item("left", "o", "-80"), item("right", "n", "80")
    result = run([out, back], accept(out, back))
    [match] = result.matches.to_pylist()
    assert (match["left_amount"], match["right_amount"], match["difference_amount"]) == (-80, 80, 0)
    assert {p["item_id"]: p["allocated_amount"] for p in result.positions.to_pylist()} == {"o": -80, "n": 80}


PERIODS = pa.Table.from_pylist(
    [
        {"entity_id": "E", "start_date": date(2026, 5, 1), "end_date": date(2026, 5, 31), "status": "closed", "closed_date": date(2026, 6, 10)},
        {"entity_id": "E", "start_date": date(2026, 6, 1), "end_date": date(2026, 6, 30), "status": "open", "closed_date": None},
    ]
)  # fmt: skip


def test_a_closed_period_refuses_what_became_known_after_it_closed():
    late = run([RECEIPT, INVOICE], accept(RECEIPT, INVOICE), periods=PERIODS)
    assert outcomes(late) == ["closed_period"]
    assert "bank line b1 of 2026-05-20" in said(late, 1)
    assert not matched(late, ("confirmed",))
    known = {"known_date": date(2026, 6, 10)}
    assert outcomes(run([RECEIPT, INVOICE], accept(RECEIPT, INVOICE, **known), periods=PERIODS)) == [
        "applied"
    ]
    same = accept(RECEIPT, INVOICE, changes_postings=False)
    assert outcomes(run([RECEIPT, INVOICE], same, periods=PERIODS)) == ["applied"]
    # An invoice of May is no posting of the match; the bank line of June is.
    june = {**RECEIPT, "item_date": date(2026, 6, 2)}
    assert outcomes(run([june, INVOICE], accept(june, INVOICE), periods=PERIODS)) == ["applied"]
    backdated = write_off(INVOICE, "100", effective_date=date(2026, 5, 31))
    assert outcomes(run([INVOICE], backdated, periods=PERIODS)) == ["closed_period"]


# -- random sequences over generated worlds -----------------------------------------------------------


def world(seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [row for number in range(3) for row in world_rows(rng, f"w{number}", currency="EUR")]


def choose(rows: list[dict], result, moves: list[tuple[int, int]]) -> list[dict]:
    """Decisions about what the engine found, and about pairs that it did not."""
    by_id = {(r["reconciliation"], r["item_id"]): r for r in rows}
    pairs = defaultdict(list)
    for a in result.allocations.to_pylist():
        pairs[a["match_id"]].append(a)
    found = [m for m in result.matches.to_pylist() if m["status"] in ("auto", "suggested")]
    chosen = []
    for kind, place in moves:
        kind %= 5
        if kind < 4 and found:
            match = found[place % len(found)]
            ends = [
                (by_id.get((match["reconciliation"], a["left_id"])), by_id.get((match["reconciliation"], a["right_id"])), a)
                for a in pairs[match["match_id"]]
            ]  # fmt: skip
            members = list({id(r): r for left, right, _ in ends for r in (left, right) if r}.values())
            links = [
                link(left, right, abs(a["allocated_amount"]) if left and right else None)
                for left, right, a in ends
            ]
            across = [(left, right) for left, right, _ in ends if left and right] or [
                (members[0], members[1])
            ]
            if kind in (0, 1):
                if any(a["allocated_amount"] < 0 for a in pairs[match["match_id"]]):
                    continue
                chosen.append(decision("accept", *members, links=links))
            elif kind == 2:
                chosen.append(decision("reject", *members, removed=across))
            else:
                chosen.append(decision("unmatch", *members, removed=[across[place % len(across)]]))
        elif kind == 4:
            left = [r for r in rows if r["side"] == "left" and r["amount"] > 0]
            right = [r for r in rows if r["side"] == "right" and r["amount"] > 0]
            if left and right:
                one = left[place % len(left)]
                near = [r for r in right if r["reconciliation"] == one["reconciliation"]]
                if near:
                    chosen.append(accept(one, near[place % len(near)]))
    return chosen


def state(result) -> tuple:
    """What holds, without the places of the decisions in the log."""
    matches = {
        m["match_id"]: (m["status"], m["difference_amount"], m["written_off_amount"])
        for m in result.matches.to_pylist()
    }
    return matches, result.allocations.to_pylist(), result.positions.to_pylist()


MOVES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 10_000), moves=MOVES)
def test_any_sequence_of_decisions_conserves_money_and_holds(seed: int, moves: list[tuple[int, int]]):
    rows = world(seed)
    first = reconcile(None, table(rows))
    decisions = choose(rows, first, moves)
    result = run(rows, *decisions)

    # Conservation: no row gives more than it has, and none is in two matches that count.
    for p in result.positions.to_pylist():
        assert p["allocated_amount"] + p["written_off_amount"] + p["open_amount"] == p["amount"]
        assert abs(p["allocated_amount"] + p["written_off_amount"]) <= abs(p["amount"])
        assert p["open_amount"] * p["amount"] >= 0
    members = defaultdict(set)
    for a in result.allocations.to_pylist():
        for side in ("left", "right"):
            if a[f"{side}_id"]:
                members[a[f"{side}_id"]].add(a["match_id"])
    assert all(len(found) == 1 for found in members.values())

    # What was taken apart and not accepted since is nowhere, also not inside a group.
    barred: set[frozenset] = set()
    for line in decisions:
        barred |= {frozenset((one[1], other[1])) for one, other in line["removed"]}
        barred -= {
            frozenset((lk["left"][1], lk["right"][1])) for lk in line["links"] if lk["left"] and lk["right"]
        }
    together = defaultdict(set)
    for name, found in members.items():
        for match in found:
            together[match].add(name)
    confirmed = {m["match_id"] for m in result.matches.to_pylist() if m["status"] == "confirmed"}
    for match, names in together.items():
        if match not in confirmed:
            assert not any(both <= names for both in barred)
    pairs = {frozenset((a["left_id"], a["right_id"])) for a in result.allocations.to_pylist()}
    assert not barred & pairs

    # Every decision has an outcome; the links of those that are applied hold, unless undone since.
    assert len(result.decisions) == len(decisions)
    for line, came in zip(decisions, result.decisions.to_pylist(), strict=True):
        if line["action"] == "accept" and came["outcome"] == "applied":
            held = [
                lk
                for lk in line["links"]
                if frozenset((lk["left"] and lk["left"][1], lk["right"] and lk["right"][1])) in pairs
            ]
            assert held and came["match_id"] in confirmed

    # Replaying gives the same, in whatever order the rows come.
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    again = run(shuffled, *decisions)
    assert state(again) == state(result)
    assert again.decisions.to_pylist() == result.decisions.to_pylist()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 10_000), moves=MOVES, cut=st.integers(1, 8))
def test_replaying_a_part_of_the_log_rebuilds_that_state_and_undoing_one_leaves_the_others(
    seed: int, moves: list[tuple[int, int]], cut: int
):
    """The engine's own matches of untouched reconciliations stay, too."""
    rows = world(seed)
    decisions = choose(rows, reconcile(None, table(rows)), moves)
    before = run(rows, *decisions[:cut])
    assert state(run(rows, *decisions[:cut])) == state(before)
    linked = [
        line
        for line in decisions[:cut]
        if line["links"] and line["links"][0]["left"] and line["links"][0]["right"]
    ]
    if not linked:
        return
    line = linked[-1]
    by_id = {(r["reconciliation"], r["item_id"]): r for r in rows}
    gone = line["links"][0]
    one, other = (by_id[line["reconciliation"], gone[side][1]] for side in ("left", "right"))
    after = run(rows, *decisions[:cut], decision("unmatch", one, other, removed=[(one, other)]))
    key = (gone["left"][1], gone["right"][1])
    was, is_ = matched(before, ("confirmed",)), matched(after, ("confirmed",))
    assert key not in is_
    assert was - {key} <= is_
    elsewhere = lambda result: [  # noqa: E731
        m for m in result.matches.to_pylist() if m["reconciliation"] != line["reconciliation"]
    ]
    assert elsewhere(after) == elsewhere(before)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(seed=st.integers(0, 10_000), moves=MOVES, order=st.randoms(use_true_random=False))
def test_the_order_of_independent_decisions_does_not_matter(seed: int, moves: list[tuple[int, int]], order):
    rows = world(seed)
    independent, used = [], set()
    for line in choose(rows, reconcile(None, table(rows)), moves):
        names = {found["id"] for found in line["items"]}
        if not names & used:
            independent.append(line)
            used |= names
    mixed = list(independent)
    order.shuffle(mixed)
    assert state(run(rows, *mixed)) == state(run(rows, *independent))


ITEMS = [
    item(
        side,
        f"{side[0]}{number}",
        f"{1 + (number * 37 + ord(side[0])) % 90}.{number % 100:02d}",
        f"2026-06-{number:02d}",
    )
    for side in ("left", "right")
    for number in range(1, 9)
]
STEPS = st.lists(
    st.tuples(st.sampled_from(["accept", "reject", "unmatch"]), st.integers(0, 7), st.integers(0, 7), st.integers(1, 99)),
    max_size=25,
)  # fmt: skip


def steps(found: list[tuple[str, int, int, int]]) -> list[dict]:
    lines = []
    for action, left, right, percent in found:
        one, other = ITEMS[left], ITEMS[8 + right]
        most = min(one["amount"], other["amount"])
        part = max((most * percent / 100).quantize(Decimal("0.01")), Decimal("0.01"))
        lines.append(
            accept(one, other, str(part))
            if action == "accept"
            else decision(action, one, other, removed=[(one, other)])
        )
    return lines


def held(lines: list[dict]) -> tuple[dict, set, dict]:
    """Links that hold with their amounts, barred pairs, outcomes: by the replay alone, without the engine."""
    found = resolve(parse(log_table(*lines).to_pylist()), pa.Table.from_pylist(ITEMS, schema=SCHEMA))
    links = {lk.key: lk.amount for match in found.matches for _, lk in match.links}
    return links, found.barred, {number: o.outcome for number, o in found.outcomes.items()}


@settings(max_examples=1_500, deadline=None, derandomize=True)
@given(found=STEPS)
def test_replay_of_any_log_spends_nothing_twice_and_knows_what_holds(found):
    lines = steps(found)
    links, barred, came = held(lines)
    spent = defaultdict(int)
    for (one, other), amount in links.items():
        spent[one] += amount
        spent[other] += amount
    for row in ITEMS:
        assert spent[row["item_type"], row["item_id"]] <= int(row["amount"] * 10_000)
    assert not barred & set(links)
    last = {}
    for number, line in enumerate(lines, start=1):
        last[tuple(sorted((row["type"], row["id"]) for row in line["items"]))] = (number, line["action"])
    for key, (number, action) in last.items():
        assert (key in barred) == (action != "accept")
        assert (key in links) == (action == "accept" and came[number] == "applied")
    assert set(came) == set(range(1, len(lines) + 1))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(found=STEPS, order=st.randoms(use_true_random=False))
def test_replay_does_not_depend_on_the_order_of_decisions_about_different_items(found, order):
    independent, used = [], set()
    for line in steps(found):
        names = {(row["type"], row["id"]) for row in line["items"]}
        if not names & used:
            independent.append(line)
            used |= names
    mixed = list(independent)
    order.shuffle(mixed)
    assert held(mixed)[:2] == held(independent)[:2]
