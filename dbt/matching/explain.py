"""Explanations: why a match was made, in words and numbers that a finance analyst understands."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matching.result import money
from matching.rules import REMAINDERS
from matching.weights import SILENT, family

REASON_WORDS = {
    "": "no difference",
    "bank_charges": "bank charges deducted on the way",
    "fees": "fees or charges deducted",
    "early_payment_discount": "the agreed early-payment discount",
    "fx_difference": "exchange rate difference",
    "small_write_off": "small difference written off",
    "rounding": "rounding",
    "partial_payment": "paid in part; the rest stays open",
    "over_payment": "paid more than due; the rest stays open",
    "transposed_digits": "two neighbouring digits are swapped on one side",
    "offset": "the rows cancel each other",
}


def explanation(
    rule: str,
    description: str,
    evidence: list[dict],
    difference: str,
    reason: str,
    runner_up: dict | None,
    words: str,
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
            "summary": words,
        },
        ensure_ascii=False,
        sort_keys=False,
        separators=(",", ":"),
    )


def sentence(
    status: str, shape: str, confidence: float, reason: str, difference: str, has_rival: bool
) -> str:
    """One plain sentence for the top of the explanation."""
    start = {"auto": "Matched", "suggested": "Suggested, a person should confirm"}[status]
    parts = [f"{start} ({shape}), {confidence:.1%} sure"]
    if reason in REMAINDERS:
        parts.append(f"{difference} remains: {REASON_WORDS[reason]}")
    elif reason:
        parts.append(f"difference {difference}: {REASON_WORDS.get(reason, reason)}")
    parts.append("another candidate was considered" if has_rival else "nothing else fits")
    return "; ".join(parts) + "."


def amount_text(ticks: int) -> str:
    """An amount of ticks as people write it: two decimals unless it has more."""
    return (
        f"{Decimal(int(ticks)) / 10_000:.2f}"
        if int(ticks) % 100 == 0
        else f"{Decimal(int(ticks)) / 10_000:f}"
    )


def _plain(amounts: pa.Array) -> pa.Array:
    """Amounts as text, without the two zeros that most currencies do not have."""
    return pc.replace_substring_regex(amounts.cast(pa.string()), r"^(-?\d+\.\d\d)00$", r"\1")


def group_json(
    rule,
    parts,
    difference: int,
    reason: str,
    rival: dict | None,
    status: str,
    shape: str,
    p: float,
    limits: list[str],
) -> str:
    """Explanation of a group: `parts` are (feature, what was seen, contribution)."""
    evidence = [
        {"feature": name, "seen": seen, "contribution": round(value, 2)} for name, seen, value in parts
    ]
    words = sentence(status, shape, p, reason, amount_text(abs(difference)), rival is not None)
    return explanation(
        rule.match_rule_id, rule.description, evidence, amount_text(difference), reason, rival, words, limits
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
    words = [json.dumps(x.description, ensure_ascii=False) for x in chosen.rules]
    start = pa.array(
        [f'{{"rule":{a},"rule_description":{b},"evidence":[' for a, b in zip(rules, words, strict=True)],
        pa.string(),
    ).take(pa.array(rule))
    probability = np.round(np.minimum(chosen.decision.probability[simple], 0.9999) * 1000).astype(np.int64)
    has_rival = chosen.decision.runner_up[simple] >= 0
    distinct, inverse = _distinct(rule, auto, probability, has_rival, difference)
    middles, ends = [], []
    for r, is_auto, thousandth, rival, ticks in distinct.tolist():
        reason = chosen.rules[r].difference_reason
        middles.append(
            '],"difference":'
            + json.dumps(
                {"amount": amount_text(ticks), "reason": reason, "words": REASON_WORDS.get(reason, reason)},
                ensure_ascii=False,
            )
            + ',"runner_up":'
        )
        text = sentence(
            "auto" if is_auto else "suggested",
            "1:1",
            thousandth / 1000,
            reason,
            amount_text(abs(ticks)),
            bool(rival),
        )
        ends.append('"summary":' + json.dumps(text, ensure_ascii=False) + "}")
    middle, end = (
        pa.array(middles, pa.string()).take(pa.array(inverse)),
        pa.array(ends, pa.string()).take(pa.array(inverse)),
    )
    rivals = np.full(n, None, dtype=object)
    for i in np.flatnonzero(has_rival).tolist():
        rivals[i] = json.dumps(chosen.rival(int(simple[i])), ensure_ascii=False)
    runner_up = pc.fill_null(pa.array(rivals, pa.string()), "null")
    limits = np.full(n, ',"limits":[],', dtype=object)
    mask = items.limits.mask[pairs.l[k]] | items.limits.mask[pairs.r[k]]
    for i in np.flatnonzero((mask > 0) & ~auto).tolist():
        limits[i] = ',"limits":' + json.dumps(chosen.limits(int(simple[i])), ensure_ascii=False) + ","
    joined = pc.binary_join_element_wise(
        start, evidence, middle, runner_up, pa.array(limits, pa.string()), end, ""
    )
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
