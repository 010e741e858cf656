"""Explanations: why a match was made, in words and numbers that a finance analyst understands."""

from __future__ import annotations

import json

from matching.rules import REMAINDERS

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
) -> str:
    """The JSON of the contract: rule, evidence, difference, runner-up, and one sentence."""
    return json.dumps(
        {
            "rule": rule,
            "rule_description": description,
            "evidence": evidence,
            "difference": {"amount": difference, "reason": reason, "words": REASON_WORDS.get(reason, reason)},
            "runner_up": runner_up,
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
