"""Decision: which of the competing candidates to keep, so that no row is spent twice. No evidence here.

A candidate is a set of nodes with a score (log-odds against leaving its rows open). The best disjoint set
of candidates is weighted set packing; with pairs only it is the assignment problem (Kuhn 1955; Jonker and
Volgenant 1987). Cheap exact steps come first: a candidate whose score is at least the sum of the best rivals
at each of its nodes belongs to an optimal solution. What is left is solved component by component, by
assignment or by integer programming (HiGHS), within a bound; a component beyond it says so.

How sure each is, is the matter of marginals.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from matching.marginals import ROUNDS, doubt_alternatives, flat, own_probability, propagate, uncontested

#: Scores are equal when they differ by less than this (nats).
TIE = 1e-6
#: Candidates of a component that the integer program may see; more are pruned by their marginal first.
MILP_LIMIT = 1500
DENSE_LIMIT = 400


@dataclass
class Decision:
    chosen: np.ndarray  # bool per candidate
    probability: np.ndarray  # marginal per candidate
    runner_up: np.ndarray  # best rival of each candidate, -1 when it has none
    bounded: np.ndarray  # bool: decided in a component that exceeded the exact bound


def decide(members, score: np.ndarray, node_count: int, order: np.ndarray | None = None) -> Decision:
    """Choose the disjoint candidates with the highest total score; candidates must be in canonical order.

    `order`: a small preference per candidate (lower first) that breaks ties in a way people expect.
    """
    indptr, node = flat(members)
    count = len(indptr) - 1
    size = np.diff(indptr)
    alone = uncontested(indptr, node, node_count)
    probability = own_probability(score)
    runner_up, chosen, bounded = np.full(count, -1), alone & (score > 0), np.zeros(count, dtype=bool)
    rest = np.flatnonzero(~alone)
    if len(rest):
        keep = np.repeat(~alone, size)
        used, inner = np.unique(node[keep], return_inverse=True)
        inner_ptr = np.concatenate([[0], np.cumsum(size[rest])])
        inner_order = np.zeros(len(rest)) if order is None else order[rest]
        part = _decide_contested(inner_ptr, inner, score[rest], len(used), inner_order)
        chosen[rest], probability[rest], bounded[rest] = part.chosen, part.probability, part.bounded
        runner_up[rest] = np.where(part.runner_up >= 0, rest[part.runner_up], -1)
    return Decision(chosen, probability, runner_up, bounded)


def _decide_contested(indptr, node, score: np.ndarray, node_count: int, order: np.ndarray) -> Decision:
    count = len(indptr) - 1
    size = np.diff(indptr)
    owner = np.repeat(np.arange(count), size)
    label = _components(indptr, node, owner, node_count)
    probability = propagate(indptr, node, score, node_count, ROUNDS, label)
    runner_up = _rivals(indptr, node, owner, score, node_count)
    chosen, bounded = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    alive = score > 0
    exact = score - TIE * _preference(label, order)
    _take_dominant(indptr, node, owner, exact, node_count, alive, chosen)
    _solve_components(indptr, node, owner, size, exact, probability, alive, chosen, bounded, node_count)
    doubt_alternatives(indptr, node, owner, size, score, node_count, chosen, probability)
    return Decision(chosen, probability, runner_up, bounded)


def _components(indptr, node, owner, node_count: int) -> np.ndarray:
    """Number of the connected component of each candidate."""
    count = len(indptr) - 1
    graph = coo_matrix(
        (np.ones(len(node), dtype=np.int8), (owner, count + node)), shape=(count + node_count,) * 2
    )
    return connected_components(graph, directed=False)[1][:count]


def _preference(label: np.ndarray, order: np.ndarray) -> np.ndarray:
    """0 to 1 per candidate, to break ties: by `order`, then by position, inside its component only.

    Rows elsewhere must not turn a tie. The root makes first with last cheaper than the two between, so that
    interchangeable rows pair off in their order instead of at random.
    """
    count = len(label)
    place = np.lexsort((np.arange(count), order, label))
    start = np.flatnonzero(np.r_[True, label[place][1:] != label[place][:-1]])
    length = np.diff(np.r_[start, count])
    rank = np.empty(count)
    rank[place] = np.arange(count) - np.repeat(start, length)
    size = np.empty(count)
    size[place] = np.repeat(length, length)
    return np.sqrt(rank / np.maximum(size, 1))


def _rivals(indptr, node, owner, score, node_count) -> np.ndarray:
    """The best other candidate that shares a node with each candidate."""
    count = len(indptr) - 1
    order = np.lexsort((owner, -score[owner], node))
    sorted_node, sorted_owner = node[order], owner[order]
    start = (
        np.flatnonzero(np.r_[True, sorted_node[1:] != sorted_node[:-1]])
        if len(node)
        else np.zeros(0, dtype=int)
    )
    best, second = np.full(node_count, -1), np.full(node_count, -1)
    if len(node):
        best[sorted_node[start]] = sorted_owner[start]
        follows = start + 1
        valid = follows < len(sorted_node)
        valid[valid] = sorted_node[follows[valid]] == sorted_node[start[valid]]
        second[sorted_node[start[valid]]] = sorted_owner[follows[valid]]
    rival = np.where(best[node] == owner, second[node], best[node])
    rival_score = np.where(rival >= 0, score[np.maximum(rival, 0)], -np.inf)
    result = np.full(count, -1)
    if count:
        pick = np.lexsort((rival, -rival_score, owner))
        result = rival[pick][indptr[:-1]]
    return result


def _take_dominant(indptr, node, owner, score, node_count, alive, chosen) -> None:
    """Repeatedly keep candidates that no combination of rivals can beat, and drop their rivals."""
    for _ in range(50):
        live = alive[owner]
        if not live.any():
            return
        n, o = node[live], owner[live]
        s = score[o]
        order = np.lexsort((-s, n))
        sn, so, ss = n[order], o[order], s[order]
        first = np.r_[True, sn[1:] != sn[:-1]]
        start = np.flatnonzero(first)
        best, second = np.zeros(node_count), np.zeros(node_count)
        best_owner = np.full(node_count, -1)
        best[sn[start]], best_owner[sn[start]] = ss[start], so[start]
        follow = start + 1
        valid = follow < len(sn)
        valid[valid] = ~first[follow[valid]]
        second[sn[start[valid]]] = ss[follow[valid]]
        rival = np.where(best_owner[n] == o, second[n], best[n])
        against = np.bincount(o, weights=rival, minlength=len(alive))
        winner = alive & (score >= against)
        # Two winners never share a node: equal scores were made distinct by rank. Guard all the same.
        use = np.bincount(node[winner[owner]], minlength=node_count)
        winner &= ~(np.bincount(owner, weights=(use[node] > 1), minlength=len(alive)) > 0)
        if not winner.any():
            return
        chosen |= winner
        spent = np.zeros(node_count, dtype=bool)
        spent[node[winner[owner]]] = True
        alive &= ~(np.bincount(owner, weights=spent[node], minlength=len(alive)) > 0)


def _solve_components(
    indptr, node, owner, size, score, probability, alive, chosen, bounded, node_count
) -> None:
    live = np.flatnonzero(alive)
    if not len(live):
        return
    keep = alive[owner]
    used, compact = np.unique(node[keep], return_inverse=True)
    position = np.cumsum(alive) - 1
    graph = coo_matrix(
        (np.ones(keep.sum(), dtype=np.int8), (position[owner[keep]], len(live) + compact)),
        shape=(len(live) + len(used),) * 2,
    )
    _, label = connected_components(graph, directed=False)
    label = label[: len(live)]
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.r_[True, label[order][1:] != label[order][:-1]])
    for begin, end in zip(starts, np.r_[starts[1:], len(order)], strict=True):
        group = live[order[begin:end]]
        if (size[group] == 2).all():
            picked = _assign(group, indptr, node, score)
        else:
            picked, is_bounded = _pack(group, indptr, node, size, score, probability)
            bounded[group] = is_bounded
        if picked is None:
            picked, is_bounded = _pack(group, indptr, node, size, score, probability)
            bounded[group] = is_bounded
        chosen[picked] = True


def _assign(group, indptr, node, score) -> np.ndarray | None:
    """Optimal assignment of a component of pairs; None when its graph is not bipartite (pooled nodes)."""
    a, b = node[indptr[group]], node[indptr[group] + 1]
    nodes, compact = np.unique(np.r_[a, b], return_inverse=True)
    a, b = compact[: len(group)], compact[len(group) :]
    if np.intersect1d(a, b).size:
        colour = _two_colour(a, b, len(nodes))
        if colour is None:
            return None
        swap = colour[a] == 1
        a, b = np.where(swap, b, a), np.where(swap, a, b)
    _, left = np.unique(a, return_inverse=True)
    _, right = np.unique(b, return_inverse=True)
    n, m = left.max() + 1, right.max() + 1
    # Of several candidates for one pair (from two reconciliations) only the best can be chosen.
    order = np.lexsort((np.arange(len(group)), -score[group], right, left))
    first = np.r_[True, (np.diff(left[order]) != 0) | (np.diff(right[order]) != 0)]
    group, left, right = group[order[first]], left[order[first]], right[order[first]]
    if n <= DENSE_LIMIT and m <= DENSE_LIMIT:
        value = np.zeros((n, m))
        value[left, right] = score[group]
        rows, columns = linear_sum_assignment(-value)
        partner = np.full(n, -1)
        partner[rows] = columns
        return group[(partner[left] == right) & (score[group] > 0)]
    # Sparse: every left node may also stay alone, at its own dummy column of score 0.
    top = score[group].max() + 1
    matrix = csr_matrix(
        (
            np.r_[top - score[group], np.full(n, top)],
            (np.r_[left, np.arange(n)], np.r_[right, m + np.arange(n)]),
        ),
        shape=(n, m + n),
    )
    rows, columns = min_weight_full_bipartite_matching(matrix)
    partner = np.full(n, -1)
    partner[rows] = columns
    return group[partner[left] == right]


def _two_colour(a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray | None:
    """0/1 per node such that every pair joins a 0 and a 1; None when that is impossible."""
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        neighbours[x].append(y)
        neighbours[y].append(x)
    colour = np.full(count, -1)
    for start in range(count):
        if colour[start] >= 0:
            continue
        colour[start] = 0
        stack = [start]
        while stack:
            here = stack.pop()
            for there in neighbours[here]:
                if colour[there] < 0:
                    colour[there] = 1 - colour[here]
                    stack.append(there)
                elif colour[there] == colour[here]:
                    return None
    return colour


def _pack(group, indptr, node, size, score, probability) -> tuple[np.ndarray, bool]:
    """Weighted set packing of one component by integer programming; whether the bound was hit."""
    is_bounded = len(group) > MILP_LIMIT
    if is_bounded:
        best = np.argsort(-probability[group], kind="stable")[:MILP_LIMIT]
        group = group[np.sort(best)]
    sets = [node[indptr[g] : indptr[g + 1]] for g in group]
    nodes, compact = np.unique(np.concatenate(sets), return_inverse=True)
    matrix = csr_matrix(
        (np.ones(len(compact)), (compact, np.repeat(np.arange(len(group)), size[group]))),
        shape=(len(nodes), len(group)),
    )
    result = milp(
        -score[group],
        constraints=LinearConstraint(matrix, ub=np.ones(len(nodes))),
        integrality=np.ones(len(group)),
        bounds=Bounds(0, 1),
        options={"node_limit": 20_000, "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return _greedy(group, indptr, node, score), True
    picked = group[result.x > 0.5]
    return picked, is_bounded or result.status != 0


def _greedy(group, indptr, node, score) -> np.ndarray:
    taken: set[int] = set()
    picked = []
    for candidate in group[np.argsort(-score[group], kind="stable")]:
        members = node[indptr[candidate] : indptr[candidate + 1]].tolist()
        if not taken.intersection(members):
            taken.update(members)
            picked.append(candidate)
    return np.array(picked, dtype=np.int64)
