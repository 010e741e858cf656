"""Sentences about matches, as a finance analyst would say them. No numbers are made here, only words.

A summary says what was matched with what, what became of the difference, what speaks for it and against it, and
what else was possible. Confidence stands last: it is a probability, not a reason.
"""

from __future__ import annotations

from decimal import Decimal

from matching.levels import LAG_LABELS, NO_LAG

REASON_WORDS = {
    "": "no difference",
    "bank_charges": "bank charges deducted on the way",
    "fees": "fees or charges deducted",
    "early_payment_discount": "the early-payment discount",
    "fx_difference": "exchange rate difference",
    "small_write_off": "small difference written off",
    "rounding": "rounding",
    "partial_payment": "paid in part; the rest stays open",
    "over_payment": "paid more than due; the rest stays open",
    "transposed_digits": "two neighbouring digits are swapped on one side",
    "offset": "the rows cancel each other",
}
_OPEN_WORDS = {
    "partial_payment": "{} is still unpaid and stays open",
    "over_payment": "{} was paid too much and stays open",
    "transposed_digits": "the amounts differ by {}, two neighbouring digits swapped on one side; the difference stays open",
}

#: What each level of a comparison says, for it or against it.
SAYS = {
    "reference": {
        2: "both carry the reference ",
        3: "the text of one names the reference of the other, ",
        4: "both carry the batch ",
    },
    "party": {2: "the names are alike or one stands in the other's text", 3: "both name the same party"},
    "text": {
        2: "the texts are spelled a little alike",
        3: "the texts share a few words",
        4: "the texts are spelled alike",
        5: "the texts share some words",
        6: "the texts share most words",
        7: "the texts are spelled nearly the same",
        8: "the texts share all their words",
    },
    "date": {
        level: "they are of the same day"
        if label == "same day"
        else f"the {label.replace('left', 'left one is', 1)}"
        for level, label in enumerate(LAG_LABELS)
        if level != NO_LAG
    },
}
DOUBTS = {
    "reference": {1: "their references differ"},
    "party": {1: "they name different parties"},
    "text": {1: "their texts have nothing in common"},
}


def amount_text(ticks: int) -> str:
    """An amount of ticks as people write it: two decimals unless it has more."""
    return (
        f"{Decimal(int(ticks)) / 10_000:.2f}"
        if int(ticks) % 100 == 0
        else f"{Decimal(int(ticks)) / 10_000:f}"
    )


def opening(is_auto: bool) -> str:
    """How a summary starts: decided, or for a person to decide."""
    return "Matched: " if is_auto else "Suggested, please decide: "


def difference_words(reason: str, ticks: int) -> str:
    """What became of the difference, as the first half of a sentence."""
    size = amount_text(abs(ticks))
    if reason in _OPEN_WORDS:
        return _OPEN_WORDS[reason].format(size)
    if reason == "offset":
        return "they cancel each other"
    if not ticks:
        return "the amounts are equal"
    return f"the difference of {size} is taken as {REASON_WORDS.get(reason, reason)}"


def evidence_words(levels: dict[str, int]) -> tuple[str, str]:
    """(what speaks for the pair besides its amounts, what against it) of the levels of its comparisons.

    The reference itself is left out where it stands: see `explain`.
    """
    speaks = [SAYS[name][level] for name, level in levels.items() if level in SAYS.get(name, {})]
    doubts = [DOUBTS[name][level] for name, level in levels.items() if level in DOUBTS.get(name, {})]
    return "; ".join(speaks), " but ".join(["", *doubts])


def certainty(probability: float) -> str:
    """The last words of a summary."""
    return " More than 99.9% sure." if probability >= 0.9985 else f" {probability:.1%} sure."


def lag_words(first: int, last: int) -> str:
    """How the days of a group's rows lie to each other; positive: the left ones are later."""
    if first == last == 0:
        return "all of the same day"
    if first * last < 0:
        return f"between {-first} days before and {last} days after the right ones"
    span = (
        f"{min(abs(first), abs(last))} to {max(abs(first), abs(last))}" if first != last else f"{abs(first)}"
    )
    return f"the left one {span} day{'' if span == '1' else 's'} {'later' if last > 0 else 'earlier'}"


def rival_words(rival: dict | None) -> str:
    """The runner-up in a sentence."""
    if rival is None:
        return " Nothing else fits."
    names = f"{', '.join(rival['left']) or 'nothing'} with {', '.join(rival['right']) or 'nothing'}"
    return f" The next best, {names}{rival_ending(rival['confidence'])}"


def rival_ending(confidence: float) -> str:
    """How near the runner-up is."""
    return ", is far behind." if confidence < 0.0005 else f", is {confidence:.1%} likely."


def named(rows: list[str], amounts: list[int], total: int, shown: int = 5) -> str:
    """Rows of one side with their sum: "R1 (500.00)", or "3 rows (A 100.00, B 200.00, C 200.00; together 500.00)"."""
    if len(rows) == 1:
        return f"{rows[0]} ({amount_text(total)})"
    listed = [f"{row} {amount_text(amount)}" for row, amount in zip(rows, amounts, strict=True)][:shown]
    more = f" and {len(rows) - shown} more" if len(rows) > shown else ""
    return f"{len(rows)} rows ({', '.join(listed)}{more}; together {amount_text(total)})"


def group_summary(
    is_auto: bool,
    left: str,
    right: str,
    currency: str,
    reason: str,
    difference: int,
    seen: list[str],
    rival: dict | None,
    probability: float,
) -> str:
    """The summary of a group; `seen` is what held it together."""
    both = f"{left} with {right}" if left and right else left or right
    happened = (
        difference_words(reason, difference).capitalize() if left and right else "The rows cancel each other"
    )
    return (
        f"{opening(is_auto)}{both} {currency}".rstrip()
        + f". {'; '.join([happened, *seen])}.{rival_words(rival)}{certainty(probability)}"
    )
