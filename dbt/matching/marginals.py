"""Marginals: how sure each candidate is, given that no row can be spent twice.

The marginal probability of each candidate in the Gibbs distribution over all disjoint selections, by belief propagation
(for matchings: Bayati, Shah, Sharma 2008; Huang and Jebara 2009). Two equal candidates get one half each, however good
they are.
"""

from __future__ import annotations

import numpy as np

#: Rounds of message passing; most files come to rest after ten.
ROUNDS = 40


def flat(members) -> tuple[np.ndarray, np.ndarray]:
    """(indptr, nodes) of a 2-d array (pairs) or of an (indptr, nodes) tuple (sets)."""
    if isinstance(members, tuple):
        return members
    return np.arange(len(members) + 1, dtype=np.int64) * members.shape[1], members.ravel()


def marginals(members, score: np.ndarray, node_count: int, rounds: int = ROUNDS) -> np.ndarray:
    """Probability that each candidate is part of the truth, given that every node is used at most once."""
    indptr, node = flat(members)
    alone = uncontested(indptr, node, node_count)
    probability = own_probability(score)
    rest = np.flatnonzero(~alone)
    if len(rest):
        size = np.diff(indptr)
        used, inner = np.unique(node[np.repeat(~alone, size)], return_inverse=True)
        inner_ptr = np.concatenate([[0], np.cumsum(size[rest])])
        probability[rest] = propagate(inner_ptr, inner, score[rest], len(used), rounds)
    return probability


def own_probability(score: np.ndarray) -> np.ndarray:
    """Of a candidate that nobody hinders: its log-odds as a probability."""
    return np.exp(-np.logaddexp(0.0, -np.clip(score, -40, 300)))


def uncontested(indptr: np.ndarray, node: np.ndarray, node_count: int) -> np.ndarray:
    """Candidates whose nodes nobody else wants: they stand or fall with their own score."""
    if len(indptr) < 2:
        return np.zeros(0, dtype=bool)
    return np.maximum.reduceat(np.bincount(node, minlength=node_count)[node], indptr[:-1]) == 1


def propagate(
    indptr, node, score: np.ndarray, node_count: int, rounds: int, label: np.ndarray | None = None
) -> np.ndarray:
    """Marginals by message passing. With `label` (component of each candidate) each component comes to rest by
    itself, so that a candidate's figure depends on its own component to the last bit."""
    size = np.diff(indptr)
    owner = np.repeat(np.arange(len(size)), size)
    # The bound keeps the numbers finite and stands far above any score that is reached: at it, rivals look equal.
    weight = np.exp(np.clip(score, -40, 300))
    message = np.ones(len(node))  # node -> candidate: probability weight that the node is free otherwise
    live = _Live(indptr, node, owner, message)
    for step in range(rounds):
        pull = weight[live.owner] * live.others()
        total = np.bincount(live.node, weights=pull, minlength=node_count)
        fresh = 1.0 / (1.0 + np.maximum(total[live.node] - pull, 0.0))
        updated = fresh if step == 0 else np.sqrt(fresh * live.message)
        moving = np.abs(updated - live.message) >= 1e-7
        live.message = updated
        if not moving.any():
            break
        if label is not None:
            is_restless = np.bincount(label[live.owner], weights=moving) > 0
            still = is_restless[label[live.owner]]
            if not still.all():
                message[live.place] = updated
                live = _Live(indptr, node, owner, message, live.place[still])
    message[live.place] = live.message
    product = weight * np.exp(
        np.clip(np.add.reduceat(np.log(np.maximum(message, 1e-300)), indptr[:-1]), -700, 0)
    )
    return product / (1.0 + product)


class _Live:
    """The entries (a candidate at one of its nodes) whose messages still move; all entries of a candidate together."""

    def __init__(self, indptr, node, owner, message: np.ndarray, place: np.ndarray | None = None) -> None:
        self.place = np.arange(len(node)) if place is None else place
        self.node, self.owner, self.message = node[self.place], owner[self.place], message[self.place]
        self.first = np.flatnonzero(np.r_[True, self.owner[1:] != self.owner[:-1]])
        size = np.diff(np.r_[self.first, len(self.place)])
        # Of a pair the other entry stands before or behind; sets of more are added up.
        at = np.arange(len(self.place))
        self.other = 2 * np.repeat(self.first, size) + 1 - at
        self.of_set = np.flatnonzero(np.repeat(size, size) != 2)
        self.set_first = np.flatnonzero(
            np.r_[True, self.owner[self.of_set][1:] != self.owner[self.of_set][:-1]]
        )[: len(self.of_set)]
        self.set_size = np.diff(np.r_[self.set_first, len(self.of_set)])

    def others(self) -> np.ndarray:
        """Per entry the product of the messages that its candidate's other nodes send."""
        if not len(self.of_set):
            return self.message[self.other]
        result = np.empty(len(self.place))
        is_pair = np.ones(len(self.place), dtype=bool)
        is_pair[self.of_set] = False
        result[is_pair] = self.message[self.other[is_pair]]
        log_message = np.log(np.maximum(self.message[self.of_set], 1e-300))
        together = np.repeat(np.add.reduceat(log_message, self.set_first), self.set_size)
        result[self.of_set] = np.exp(np.clip(together - log_message, -700, 0))
        return result


def doubt_alternatives(indptr, node, owner, size, score, node_count: int, chosen, probability) -> None:
    """No chosen candidate is surer than its score stands above what could be put in its place.

    That is one rejected candidate whose nodes nobody else holds, or two that take exactly the nodes of two chosen
    ones (crossed pairs, two batches with one sum). Message passing counts the evidence of such a cycle, and of rivals
    that share many nodes, more than once (Weiss 2000, "Correctness of local probability propagation in graphical models
    with loops") and would be sure of a choice between two card payments of one price at one shop. Changes `probability`.
    """
    count = len(size)
    holder = np.full(node_count, -1)
    is_held = chosen[owner]
    holder[node[is_held]] = owner[is_held]
    held_by = holder[node]
    first = indptr[:-1]
    high = np.maximum.reduceat(held_by, first)
    low = np.minimum.reduceat(np.where(held_by < 0, count, held_by), first)
    is_rival = ~chosen & (high >= 0)

    def lower(member: np.ndarray, lead: np.ndarray) -> None:
        ceiling = 1.0 / (1.0 + np.exp(-np.clip(lead, -40, 40)))
        np.minimum.at(probability, member, np.maximum(ceiling, 0.5))

    rival = np.flatnonzero(is_rival & (high == low))
    lower(high[rival], score[high[rival]] - score[rival])
    is_between = (held_by == high[owner]) | (held_by == low[owner])
    across = np.flatnonzero(
        is_rival & (high != low) & (np.add.reduceat(is_between, first, dtype=np.int64) == size)
    )
    if not len(across):
        return
    # A set of nodes is known by the sum of their random numbers: what is left of two sets without a third one is a
    # subtraction.
    name = np.add.reduceat(_scrambled(np.arange(node_count))[node], first)
    order = np.lexsort((-score, name))
    one, other = high[across], low[across]
    wanted = name[one] + name[other] - name[across]
    place = np.minimum(np.searchsorted(name[order], wanted), count - 1)
    back = order[place]
    found = (name[back] == wanted) & ~chosen[back]
    one, other, across, back = one[found], other[found], across[found], back[found]
    lead = score[one] + score[other] - score[across] - score[back]
    lower(one, lead)
    lower(other, lead)


def _scrambled(number: np.ndarray) -> np.ndarray:
    """Numbers without a pattern, always the same: the last step of SplitMix64 (Steele, Lea, Flood 2014)."""
    x = (number.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
