"""Explanations: why a match was made, in words and numbers that a finance analyst understands."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching import words
from matching.result import money
from matching.weights import SILENT, family
from matching.words import REASON_WORDS, amount_text


def explanation(
    rule: str,
    description: str,
    evidence: list[dict],
    difference: str,
    reason: str,
    runner_up: dict | None,
    summary: str,
    limits: list[str],
) -> str:
    """The JSON of the contract: rule, evidence, difference, runner-up, and one sentence."""
    return json.dumps(
        {
            "rule": rule,
            "rule_description": description,
            "evidence": evidence,
            "difference": {"amount": difference, "reason": reason, "words": REASON_WORDS.get(reason, reason)},
            "runner_up": runner_up,
            "limits": limits,
            "summary": summary,
        },
        ensure_ascii=False,
        sort_keys=False,
        separators=(",", ":"),
    )


def _plain(amounts: pa.Array) -> pa.Array:
    """Amounts as text, without the two zeros that most currencies do not have."""
    return pc.replace_substring_regex(amounts.cast(pa.string()), r"^(-?\d+\.\d\d)00$", r"\1")


def group_json(chosen, candidate: int, is_auto: bool, rule) -> str:
    """Explanation of a group; its evidence are (feature, what was seen, contribution)."""
    items = chosen.items
    left, right = chosen.members(candidate)
    parts = chosen.group_parts[candidate - len(chosen.allowed)]
    rival = chosen.rival(candidate)
    probability = float(min(chosen.decision.probability[candidate], 0.9999))
    difference = sum(int(items.amount[i]) for i in left) - sum(int(items.amount[i]) for i in right)
    if not left or not right:
        difference = 0
    reason = rule.difference_reason or ("" if left and right else "offset")

    def side(rows: tuple[int, ...]) -> str:
        amounts = [int(items.amount[i] * items.sign[i]) for i in rows]
        return words.named([items.item_id[i].as_py() for i in rows], amounts, sum(amounts)) if rows else ""

    text = words.group_summary(
        is_auto,
        side(left),
        side(right),
        items.currency[(right or left)[0]].as_py(),
        reason,
        difference,
        [seen for name, seen, value in parts if name != "amount" and value > -1.0],
        rival,
        probability,
    )
    evidence = [
        {"feature": name, "seen": seen, "contribution": round(value, 2)} for name, seen, value in parts
    ]
    return explanation(
        rule.match_rule_id,
        rule.description,
        evidence,
        amount_text(difference),
        reason,
        rival,
        text,
        [] if is_auto else chosen.limits(candidate),
    )


def _distinct(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows of integer columns, and which of them each row is. One column at a time: much faster than
    comparing whole rows."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, part = np.unique(column, return_inverse=True)
        _, code = np.unique(code * (part.max(initial=0) + 1) + part, return_inverse=True)
    first = np.full(code.max(initial=-1) + 1, len(code), dtype=np.int64)
    np.minimum.at(first, code, np.arange(len(code)))
    return np.stack([column[first] for column in columns], axis=1).astype(np.int64), code


def _said(pairs, k: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """What speaks for each pair besides its amounts, beginning with "; ", and what against it."""
    names = [
        feature.name
        for feature in pairs.features
        if feature.name in words.SAYS and feature.name != "reference"
    ]
    reference = pairs.feature("reference").level[k].astype(np.int64)
    columns = [reference, *(pairs.feature(name).level[k].astype(np.int64) for name in names)]
    distinct, inverse = _distinct(*columns)
    before, after, doubts = [], [], []
    for levels in distinct.tolist():
        by_name = dict(zip(names, levels[1:], strict=True))
        for_it, _ = words.evidence_words(by_name)
        _, against = words.evidence_words({"reference": levels[0], **by_name})
        before.append("; " + words.SAYS["reference"].get(levels[0], "") if levels[0] >= 2 else "")
        after.append("; " + for_it if for_it else "")
        doubts.append(("," if against else "") + against)
    place = pa.array(inverse)
    key = pc.if_else(
        pa.array(reference >= 2), pc.fill_null(pairs.shared_key.take(pa.array(k)), ""), pa.scalar("")
    )
    speaks = pc.binary_join_element_wise(
        pa.array(before, pa.string()).take(place), key, pa.array(after, pa.string()).take(place), ""
    )
    return speaks, pa.array(doubts, pa.string()).take(place)


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids of foreign files inside a JSON string."""
    texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return pc.replace_substring_regex(texts, "[\\x00-\\x1f]", " ")


def _rivals(chosen, simple: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """(the runner-up as JSON or null, and in a sentence) of one-to-one matches; pairs, the bulk, by columns."""
    count = len(chosen.allowed)
    other = chosen.decision.runner_up[simple].astype(np.int64)
    of_pair = np.flatnonzero((other >= 0) & (other < count))
    of_group = np.flatnonzero(other >= count)
    k = chosen.allowed[other[of_pair]]
    ids = chosen.items.item_id
    left, right = (_escaped(ids.take(pa.array(rows[k]))) for rows in (chosen.pairs.l, chosen.pairs.r))
    confidence, place = np.unique(
        np.round(chosen.decision.probability[other[of_pair]], 4), return_inverse=True
    )
    margin, margin_place = np.unique(
        np.round(chosen.score[simple[of_pair]] - chosen.score[other[of_pair]], 2), return_inverse=True
    )

    def spelled(values: list[str], at: np.ndarray) -> pa.Array:
        return pa.array(values, pa.string()).take(pa.array(at))

    texts = pc.binary_join_element_wise(
        '{"left": ["',
        left,
        '"], "right": ["',
        right,
        '"], "confidence": ',
        spelled([json.dumps(float(value)) for value in confidence], place),
        ', "margin": ',
        spelled([json.dumps(float(value)) for value in margin], margin_place),
        "}",
        "",
    )
    said = pc.binary_join_element_wise(
        " The next best, ",
        left,
        " with ",
        right,
        spelled([words.rival_ending(float(value)) for value in confidence], place),
        "",
    )
    groups = [chosen.rival(int(simple[i])) for i in of_group.tolist()]
    # One list: nothing first, then the pairs, then the groups.
    at = np.zeros(len(simple), dtype=np.int64)
    at[of_pair] = 1 + np.arange(len(of_pair))
    at[of_group] = 1 + len(of_pair) + np.arange(len(of_group))
    return (
        _joined(["null"], texts, [json.dumps(rival, ensure_ascii=False) for rival in groups]).take(
            pa.array(at)
        ),
        _joined(
            [words.rival_words(None)],
            said,
            [json.dumps(words.rival_words(rival), ensure_ascii=False)[1:-1] for rival in groups],
        ).take(pa.array(at)),
    )


def _joined(first: list[str], middle, last: list[str]) -> pa.Array:
    """Three lists of texts as one array."""
    chunks = middle.chunks if isinstance(middle, pa.ChunkedArray) else [middle]
    return pa.concat_arrays([pa.array(first, pa.string()), *chunks, pa.array(last, pa.string())])


def pairs_json(
    chosen, simple: np.ndarray, auto: np.ndarray, rule: np.ndarray, difference: np.ndarray
) -> pa.Array:
    """Explanations of one-to-one matches by columns: each distinct piece is written once, then joined."""
    items, pairs = chosen.items, chosen.pairs
    k = chosen.allowed[simple]
    n = len(k)
    if not n:
        return pa.array([], pa.string())
    pieces = []
    left_amount = _plain(money(items.amount[pairs.l[k]] * items.sign[pairs.l[k]]))
    right_amount = _plain(money(items.amount[pairs.r[k]]))
    for position, feature in enumerate(pairs.features):
        level = feature.level[k].astype(np.int64)
        value = np.round(chosen.contribution[k, position] * 100).astype(np.int64)
        code, inverse = np.unique(level * 1_000_000 + value + 500_000, return_inverse=True)
        silent = SILENT[family(feature.name)]
        texts = []
        for c in code.tolist():
            this, amount = c // 1_000_000, c % 1_000_000 - 500_000
            texts.append(
                None
                if this in silent
                else json.dumps(
                    {"feature": feature.name, "seen": feature.labels[this], "contribution": amount / 100},
                    ensure_ascii=False,
                )[:-1]
            )
        head = pa.array(texts, pa.string()).take(pa.array(inverse))
        if feature.name == "amount":
            piece = pc.binary_join_element_wise(
                head, ', "left": "', left_amount, '", "right": "', right_amount, '"}', ""
            )
        elif feature.name == "reference":
            key = pc.if_else(
                pa.array(level >= 2), pairs.shared_key.take(pa.array(k)), pa.scalar(None, pa.string())
            )
            value_part = pc.fill_null(pc.binary_join_element_wise(', "value": "', key, '"', ""), "")
            piece = pc.binary_join_element_wise(head, value_part, "}", "")
        else:
            piece = pc.binary_join_element_wise(head, "}", "")
        pieces.append(piece)
    evidence = pc.binary_join_element_wise(*pieces, ",", null_handling="skip")
    rules = [json.dumps(x.match_rule_id) for x in chosen.rules]
    descriptions = [json.dumps(x.description, ensure_ascii=False) for x in chosen.rules]
    start = pa.array(
        [
            f'{{"rule":{a},"rule_description":{b},"evidence":['
            for a, b in zip(rules, descriptions, strict=True)
        ],
        pa.string(),
    ).take(pa.array(rule))
    probability = np.round(np.minimum(chosen.decision.probability[simple], 0.9999) * 1000).astype(np.int64)
    distinct, inverse = _distinct(rule, difference)
    middles, differences = [], []
    for r, ticks in distinct.tolist():
        reason = chosen.rules[r].difference_reason
        middles.append(
            '],"difference":'
            + json.dumps(
                {"amount": amount_text(ticks), "reason": reason, "words": REASON_WORDS.get(reason, reason)},
                ensure_ascii=False,
            )
            + ',"runner_up":'
        )
        differences.append(words.difference_words(reason, ticks).capitalize())
    middle = pa.array(middles, pa.string()).take(pa.array(inverse))
    runner_up, others = _rivals(chosen, simple)
    speaks, doubts = _said(pairs, k)
    currency = items.currency.take(pa.array(pairs.r[k]))
    certain, place = np.unique(probability, return_inverse=True)
    summary = pc.binary_join_element_wise(
        pa.array([words.opening(False), words.opening(True)], pa.string()).take(
            pa.array(auto.astype(np.int8))
        ),
        _escaped(items.item_id.take(pa.array(pairs.l[k]))),
        " (",
        left_amount,
        ") with ",
        _escaped(items.item_id.take(pa.array(pairs.r[k]))),
        " (",
        right_amount,
        ")",
        pc.if_else(pc.equal(currency, ""), "", pc.binary_join_element_wise(pa.scalar(" "), currency, "")),
        ". ",
        pa.array(differences, pa.string()).take(pa.array(inverse)),
        speaks,
        doubts,
        ".",
        others,
        pa.array([words.certainty(value / 1000) for value in certain.tolist()], pa.string()).take(
            pa.array(place)
        ),
        "",
    )
    limits = np.full(n, ',"limits":[],', dtype=object)
    mask = items.limits.mask[pairs.l[k]] | items.limits.mask[pairs.r[k]]
    for i in np.flatnonzero((mask > 0) & ~auto).tolist():
        limits[i] = ',"limits":' + json.dumps(chosen.limits(int(simple[i])), ensure_ascii=False) + ","
    joined = pc.binary_join_element_wise(
        start, evidence, middle, runner_up, pa.array(limits, pa.string()), '"summary":"', summary, '"}', ""
    )
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
