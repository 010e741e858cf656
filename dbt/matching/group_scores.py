"""Scores of groups, in the same log-odds as pairs, and their rows of the table of measures on which rules are tested.

A group of n rows has n - 1 links. Groups held together by references earn each link's evidence once and
the evidence of the summed amount once; groups found by their sum alone earn only how unlikely that sum was
to be hit by accident (groups.Group.chance), so that a sum that many subsets could have reached is worth
little, as in the false-discovery view of subset-sum matching.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from matching.features import discount_of
from matching.group import Group, Hits, lag_range
from matching.items import Items
from matching.levels import AMOUNT_LABELS, LESS, MORE, MUCH_LESS, MUCH_MORE, NO_LAG, lag_level
from matching.weights import Weights
from matching.words import lag_words

#: Log-odds before any evidence that a row that nothing else explains belongs to a group of each kind.
BASE = {
    "group_key": 2.0,
    "remainder": -1.5,
    "party_day": 0.0,
    "party": -0.5,
    "day": -0.7,
    "days": -1.5,
    "day_subset": -0.7,
    "subset": -1.5,
    "text": -0.7,
    "offset": -1.5,
}
#: Each further member of a block that was there before the search speaks for it; of a searched one, against.
PER_MEMBER = {
    "group_key": 1.0,
    "remainder": 0.0,
    "party_day": 0.4,
    "party": 0.2,
    "day": 0.1,
    "days": 0.05,
    "day_subset": 0.0,
    "subset": -0.4,
    "text": -0.2,
    "offset": 0.0,
}
LINK_CAP = 10.0


def _money_is_left(items: Items, group: Group) -> bool:
    """Whether the left rows of a group are the money and the right ones the documents."""
    types = {
        side: items.item_type[rows[0]].as_py() if rows else ""
        for side, rows in (("left", group.left), ("right", group.right))
    }
    if "bank_transaction" in types.values():
        return types["left"] == "bank_transaction"
    return bool(items.left_pays[items.rec[(*group.left, *group.right)[0]]])


def score_groups(
    items: Items,
    groups: list[Group],
    pairs,
    contribution: np.ndarray,
    weights: Weights,
    hits: Hits,
    has_text: np.ndarray,
    text_weight: float,
    rows_of: np.ndarray,
) -> tuple[np.ndarray, list[list[tuple[str, str, float]]]]:
    """Log-odds of each group, and what they are made of: (feature, what was seen, contribution).

    has_text: rows whose text was compared with another one's. text_weight: what two texts say that share nothing.
    rows_of: rows of the larger side, per stratum.
    """
    position = _positions(items, groups, pairs)
    names = [feature.name for feature in pairs.features]
    amount_column, date_column, reference_column = (
        names.index(name) if names else 0 for name in ("amount", "date", "reference")
    )
    key_log_u = pairs.feature("reference").log_u if groups else np.zeros(0)
    scores = np.zeros(len(groups))
    parts: list[list[tuple[str, str, float]]] = []
    for k, group in enumerate(groups):
        members = (*group.left, *group.right)
        rec = int(items.rec[members[0]])
        made: list[tuple[str, str, float]] = []
        difference = group_difference(items, group)
        if group.kind == "reference":
            larger = max(abs(int(items.amount[list(side)].sum())) for side in (group.left, group.right))
            best: dict[int, float] = {}
            named_by: set = set()
            for a in group.left:
                for b in group.right:
                    index = position.get((a, b))
                    if index is None or not pairs.has_reference[index]:
                        continue
                    log_prior = float(weights.log_prior[items.stratum[a]])
                    evidence = log_prior + float(
                        contribution[index].sum()
                        - contribution[index, amount_column]
                        - contribution[index, date_column]
                    )
                    # Members whose sum fits share the key with each other: they are no rivals.
                    if abs(difference) * 10 <= larger and min(len(group.left), len(group.right)) == 1:
                        alone = pairs.key_log_u_left if len(group.left) == 1 else pairs.key_log_u_right
                        evidence += float(key_log_u[index] - alone[index])
                        # How few rows have a partner of their own says nothing of rows that come in batches.
                        evidence += max(-np.log(rows_of[items.stratum[a]]) - log_prior, 0.0)
                    named_by.add(pairs.shared_key[index].as_py())
                    many = b if len(group.right) >= len(group.left) else a
                    best[many] = max(best.get(many, -np.inf), min(evidence, LINK_CAP))
            unlinked = max(len(group.left), len(group.right)) - len(best)
            together = sum(best.values())
            documents = group.right if _money_is_left(items, group) else group.left
            if len(named_by) == 1 and len(documents) > 1 and abs(difference) * 10 > larger:
                # One number on several documents is a customer's or a contract's: one fact, which the sum does not bear out.
                together = max(best.values())
            linked = (
                "reference",
                f"{len(best)} rows joined by shared references",
                together - 3.0 * unlinked,
            )
            if group.is_batch:
                # A batch is one fact about all of its rows, not as many as it has rows.
                linked = max(linked, _structure(items, group, "group_key", hits), key=lambda part: part[2])
            made.append(linked)
        else:
            made.append(_structure(items, group, group.kind, hits))
            if (
                group.kind != "offset"
                and group.kind != "group_key"
                and min(len(group.left), len(group.right)) == 1
            ):
                # A sum that holds a row which names the document is not held together by its sum alone.
                shared = [position.get((a, b)) for a in group.left for b in group.right]
                linked = [index for index in shared if index is not None]
                named = [min(float(contribution[index, reference_column]), LINK_CAP) for index in linked]
                if named and group.kind == "remainder":
                    # All that joins the two stays true when their difference is explained to the cent.
                    whole = [
                        float(contribution[index].sum() - contribution[index, amount_column])
                        + float(weights.log_prior[items.stratum[pairs.l[index]]])
                        for index in linked
                    ]
                    named = [max(max(whole), sum(named))]
                if named:
                    made.append(
                        ("reference", f"{len(linked)} of {len(shared)} rows share a reference", sum(named))
                    )
        if group.kind not in ("reference", "offset") and len(group.left) > 1 and len(group.right) > 1:
            # Two groups that add up each on their own also add up together: the smaller ones come first.
            made.append(("shape", "several rows on both sides", -2.5))
        if group.has_usual_fee and difference:
            made.append(
                (
                    "amount",
                    "the difference is the fee that the other batches have",
                    float(-np.log(max(group.chance, 1e-9)) - 0.3),
                )
            )
        elif group.is_net and difference:
            made.append(
                (
                    "amount",
                    "the sums are equal less the early-payment discounts",
                    float(-np.log(max(group.chance, 1e-9)) - 0.3),
                )
            )
        elif difference == 0:
            made.append(("amount", "the sums are equal", float(-np.log(max(group.chance, 1e-9)) - 0.3)))
        else:
            made.append(
                ("amount", "the sums differ", _difference_weight(items, group, difference, weights, rec))
            )
        lags = lag_range(items, group)
        if lags is not None and group.kind != "offset":
            table = weights.log_m[rec][date_column] if len(names) else np.zeros(NO_LAG + 1)
            level = int(lag_level(np.array([round((lags[0] + lags[1]) / 2)]))[0])
            usual = float(table[:NO_LAG].max())
            made.append(
                (
                    "date",
                    lag_words(*lags),
                    max(float(table[level]) - usual, -4.0)
                    * (
                        0.4
                        if group.kind in ("reference", "remainder")
                        else min(1.0, 0.3 + weights.learnt_from[rec] / 100)
                    ),
                )
            )
        if (
            group.kind in ("day", "days", "day_subset", "subset")
            and text_weight < 0
            and not _one_party(items, members)
            and has_text[list(group.left)].all()
            and has_text[list(group.right)].all()
        ):
            made.append(("text", "texts share nothing", text_weight))
        party = items.party[list(members)]
        if (party >= 0).all() and len(set(party.tolist())) == 1 and group.kind != "reference":
            made.append(("party", "all rows name the same party", 1.0))
        elif (
            group.kind in ("day", "subset")
            and len({p for p in party.tolist() if p >= 0}) > 1
            and (items.party[list(group.left)] >= 0).any()
            and (items.party[list(group.right)] >= 0).any()
        ):
            made.append(("party", "rows name different parties", -3.0))
        parts.append(made)
        scores[k] = sum(part[2] for part in made)
    return scores, parts


def _structure(items: Items, group: Group, kind: str, hits: Hits) -> tuple[str, str, float]:
    """What speaks for a group by how it was found."""
    rows = len(group.left) + len(group.right)
    return (
        kind,
        _KIND_WORDS[kind].format(n=rows),
        hits.log_odds(items, group, BASE[kind]) + PER_MEMBER[kind] * (rows - 2),
    )


_KIND_WORDS = {
    "group_key": "all {n} rows carry the same batch or settlement",
    "remainder": "the amount of one row is exactly what the other one left open",
    "party_day": "all rows of one party on one day",
    "party": "all open rows of one party",
    "day": "all open rows of one day",
    "days": "all open rows of neighbouring days",
    "day_subset": "{n} rows, those of one day found by searching sums",
    "subset": "{n} rows near in time, found by searching sums",
    "text": "{n} rows that share rare words",
    "offset": "two rows of one side cancel",
}


def group_difference(items: Items, group: Group) -> int:
    """Left minus right in ticks; for an offset what remains of the two rows."""
    return (
        int(items.amount[list(group.left)].sum()) - int(items.amount[list(group.right)].sum())
        if group.left and group.right
        else int(items.amount[list(group.left + group.right)].sum())
    )


def _difference_weight(items: Items, group: Group, difference: int, weights: Weights, rec: int) -> float:
    left, right = (
        abs(int(items.amount[list(group.left)].sum())),
        abs(int(items.amount[list(group.right)].sum())),
    )
    share = abs(difference) / max(left, right, 1)
    step = int(np.searchsorted((0.001, 0.01, 0.03, 0.1, 0.3), share))
    level = (LESS if left < right else MORE) + step
    chance = {MUCH_LESS: 0.4, MUCH_MORE: 0.4}.get(level, (0.002, 0.01, 0.03, 0.1, 0.2, 0.4)[min(step, 5)])
    table = weights.log_m[rec][1]
    assert len(table) == len(AMOUNT_LABELS)
    return float(table[level] - np.log(chance))


def _one_party(items: Items, members: tuple[int, ...]) -> bool:
    party = items.party[list(members)]
    return bool((party >= 0).all() and (party == party[0]).all())


def _positions(items: Items, groups: list[Group], pairs) -> dict[tuple[int, int], int]:
    """Positions of the measured pairs inside the groups that references made."""
    wanted = np.zeros(len(items), dtype=bool)
    for group in groups:
        if group.left and group.right:
            wanted[list(group.left)] = True
            wanted[list(group.right)] = True
    inside = np.flatnonzero(wanted[pairs.l] & wanted[pairs.r] & pairs.has_reference)
    return dict(
        zip(
            zip(pairs.l[inside].tolist(), pairs.r[inside].tolist(), strict=True), inside.tolist(), strict=True
        )
    )


def _is_discount(items: Items, group: Group, difference: int) -> bool:
    """Whether the discounts of all documents, or of one of them, make the difference."""
    for documents, money in ((group.right, group.left), (group.left, group.right)):
        if not documents or not money:
            continue
        granted = discount_of(items, np.array(documents), np.full(len(documents), money[0]))
        if granted.any() and (
            abs(int(granted.sum()) - abs(difference)) <= 100 * len(documents)
            or (np.abs(granted[granted > 0] - abs(difference)) <= 100).any()
        ):
            return True
    return False


def group_measures(items: Items, groups: list[Group], pairs, first: int) -> pa.Table:
    """The same columns as pair_measures, one row per group."""
    rows = []
    linked = {pair for pair, index in _positions(items, groups, pairs).items() if pairs.has_reference[index]}
    for k, group in enumerate(groups):
        members = (*group.left, *group.right)
        left_sum, right_sum = (
            int(items.amount[list(group.left)].sum()),
            int(items.amount[list(group.right)].sum()),
        )
        lags = lag_range(items, group)
        shape = (
            "offset"
            if not group.left or not group.right
            else f"{'1' if len(group.left) == 1 else 'N'}:{'1' if len(group.right) == 1 else ('M' if len(group.left) > 1 else 'N')}"
        )
        party = set(items.party[list(members)].tolist())
        many, one = (
            (group.right, group.left) if len(group.right) >= len(group.left) else (group.left, group.right)
        )
        is_linked = bool(one) and all(
            any(((o, m) if o in group.left else (m, o)) in linked for o in one) for m in many
        )
        left_type = items.item_type[group.left[0] if group.left else group.right[0]].as_py()
        right_type = items.item_type[group.right[0] if group.right else group.left[0]].as_py()
        sign = -1 if right_sum < 0 else 1
        rows.append(
            {
                "candidate": first + k,
                "reconciliation": items.reconciliations[int(items.rec[members[0]])],
                "left_type": left_type,
                "right_type": right_type,
                "shape": shape,
                "has_reference": is_linked or (shape == "offset" and group.linked > 0),
                "has_group_key": group.is_batch or group.has_usual_fee or group.kind == "group_key",
                "same_party": len(party) == 1 and -1 not in party,
                "text_level": 5 if group.kind == "text" else 0,
                "difference": sign * (left_sum - right_sum) if shape != "offset" else left_sum + right_sum,
                "left_size": abs(left_sum) if (left_sum >= 0) == (right_sum >= 0) else -abs(left_sum),
                "right_size": abs(right_sum),
                "larger_size": max(abs(left_sum), abs(right_sum)),
                "lag_min": lags[0] if lags else None,
                "lag_max": lags[1] if lags else None,
                "is_fx": len({items.currency[m].as_py() for m in members}) > 1,
                "has_foreign_original": False,
                "has_usual_rate": False,
                "is_discount": _is_discount(items, group, left_sum - right_sum),
                "is_transposed": False,
                "currency": items.currency[members[0]].as_py(),
                "left_pays": _money_is_left(items, group),
            }
        )
    schema = pa.schema(
        [
            ("candidate", pa.int64()),
            ("reconciliation", pa.string()),
            ("left_type", pa.string()),
            ("right_type", pa.string()),
            ("shape", pa.string()),
            ("has_reference", pa.bool_()),
            ("has_group_key", pa.bool_()),
            ("same_party", pa.bool_()),
            ("text_level", pa.int64()),
            ("difference", pa.int64()),
            ("left_size", pa.int64()),
            ("right_size", pa.int64()),
            ("larger_size", pa.int64()),
            ("lag_min", pa.int64()),
            ("lag_max", pa.int64()),
            ("is_fx", pa.bool_()),
            ("has_foreign_original", pa.bool_()),
            ("has_usual_rate", pa.bool_()),
            ("is_discount", pa.bool_()),
            ("is_transposed", pa.bool_()),
            ("currency", pa.string()),
            ("left_pays", pa.bool_()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)
