"""Twins: rows that say the same thing about the same document, such as a bill paid twice.

Two payments over the same amount, of the same party, that name the same document are alike but for their
date. Which of them pays it is no question of evidence: the first does, and the other is a second payment.
So the doubt between them is taken away; doubt about anything else stays.
"""

from __future__ import annotations

import numpy as np

from matching.decide import Decision
from matching.items import Items


def settle(
    items: Items, pairs, allowed: np.ndarray, pair_rule: np.ndarray, members, decision: Decision
) -> None:
    """Let the earliest twin have the document, as sure as all twins are together. Changes `decision`.

    Only pairs joined by a shared reference under the same rule are looked at; candidates of groups keep
    their decision. `members` are the nodes of all candidates, pairs first (index, nodes).
    """
    count = len(allowed)
    chosen = np.flatnonzero(decision.chosen[:count] & pairs.has_reference[allowed])
    doubtful = chosen[decision.probability[chosen] < 0.9999]
    if not len(doubtful):
        return
    used = np.zeros(int(items.node.max()) + 1, dtype=bool)
    indptr, node = members
    used[node[np.repeat(decision.chosen, np.diff(indptr))]] = True
    for document, payment in ((pairs.r, pairs.l), (pairs.l, pairs.r)):
        for k in doubtful.tolist():
            if not decision.chosen[k]:
                continue
            pair = allowed[k]
            rivals = np.flatnonzero(
                (document[allowed] == document[pair])
                & pairs.has_reference[allowed]
                & (pair_rule[allowed] == pair_rule[pair])
                & _alike(items, payment[allowed], int(payment[pair]))
            )
            free = [j for j in rivals.tolist() if j == k or not used[items.node[payment[allowed[j]]]]]
            if len(free) < 2:
                continue
            first = min(free, key=lambda j: (items.date[payment[allowed[j]]], int(payment[allowed[j]])))
            decision.probability[first] = min(1.0, float(decision.probability[free].sum()))
            decision.chosen[k], decision.chosen[first] = False, True
            used[items.node[payment[pair]]] = False
            used[items.node[payment[allowed[first]]]] = True


def _alike(items: Items, rows: np.ndarray, row: int) -> np.ndarray:
    """Rows with the amount, currency, party, entity and kind of `row`."""
    currency, kind = items.currency[row], items.item_type[row]
    entity = items.entity[row]
    result = (items.amount[rows] == items.amount[row]) & (items.party[rows] == items.party[row])
    for position in np.flatnonzero(result):
        other = int(rows[position])
        result[position] = (
            items.currency[other] == currency
            and items.item_type[other] == kind
            and items.entity[other] == entity
        )
    return result
