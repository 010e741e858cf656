"""Rules and tolerances: which differences and which evidence the company accepts, as data.

A rule says for one reconciliation what a match may look like: the shape, the evidence that every member
must show, how far dates may lie apart, and which difference is allowed for which reason. It compiles to
one SQL predicate over the measured candidates (`rule_case`), in order of priority. Rules decide what is
allowed; the weights decide which of the allowed candidates is right.

Limits: a difference must be within the absolute and the percent limit; a limit of zero is not set, and with
both at zero no difference is allowed. A row of `tolerances` for the reason and currency replaces the limits
of the rules that set any.
days_before and days_after: the right item's date may lie that many days before and after the left one's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

#: What evidence a rule can ask for -> SQL over a measured candidate. Each accepts the stronger ones too.
EVIDENCE = {
    "reference": "has_reference",
    "group_key": "(has_group_key or has_reference)",
    "party": "(same_party or has_reference)",
    "party_amount": "(same_party or has_reference)",
    "text": "(text_level >= 4 or same_party or has_reference)",
    "amount": "true",
}

#: Reasons whose difference stays open on the larger side; all other reasons write the difference off.
REMAINDERS = ("partial_payment", "over_payment", "transposed_digits")
SHAPES = ("1:1", "1:N", "N:1", "N:M", "offset", "*")


@dataclass(frozen=True)
class Rule:
    match_rule_id: str
    reconciliation: str = "*"
    priority: int = 100
    left_type: str = "*"
    right_type: str = "*"
    shape: str = "*"
    evidence: str = "amount"
    amount_tolerance_absolute: Decimal = Decimal(0)
    amount_tolerance_percent: Decimal = Decimal(0)
    days_before: int = 400
    days_after: int = 400
    difference_reason: str = ""
    outcome: str = "auto"
    description: str = ""


@dataclass(frozen=True)
class Tolerance:
    """How much a difference of one reason may be, in one currency; replaces the limits of the rules that have any."""

    reconciliation: str
    currency: str
    difference_reason: str
    amount_absolute: Decimal
    amount_percent: Decimal


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def read_rules(table: pa.Table | None) -> list[Rule]:
    """Rules from the seed `match_rules` (all columns may be text), by priority; the defaults when None."""
    if table is None:
        return default_rules()
    rules = []
    for record in table.to_pylist():
        given = {key: _text(value) for key, value in record.items() if key in Rule.__dataclass_fields__}
        rule = Rule(
            match_rule_id=given["match_rule_id"],
            reconciliation=given.get("reconciliation") or "*",
            priority=int(given.get("priority") or 100),
            left_type=given.get("left_type") or "*",
            right_type=given.get("right_type") or "*",
            shape=given.get("shape") or "*",
            evidence=given.get("evidence") or "amount",
            amount_tolerance_absolute=Decimal(given.get("amount_tolerance_absolute") or 0),
            amount_tolerance_percent=Decimal(given.get("amount_tolerance_percent") or 0),
            days_before=int(given.get("days_before") or 400),
            days_after=int(given.get("days_after") or 400),
            difference_reason=given.get("difference_reason") or "",
            outcome=given.get("outcome") or "auto",
            description=given.get("description") or "",
        )
        if rule.evidence not in EVIDENCE:
            raise ValueError(
                f"rule {rule.match_rule_id}: evidence {rule.evidence!r} is unknown; use one of {', '.join(EVIDENCE)}"
            )
        if rule.shape not in SHAPES:
            raise ValueError(
                f"rule {rule.match_rule_id}: shape {rule.shape!r} is unknown; use one of {', '.join(SHAPES)}"
            )
        if rule.outcome not in ("auto", "suggested"):
            raise ValueError(
                f"rule {rule.match_rule_id}: outcome {rule.outcome!r} is unknown; use auto or suggested"
            )
        rules.append(rule)
    return sorted(rules, key=lambda rule: (rule.priority, rule.match_rule_id))


def read_tolerances(table: pa.Table | None) -> list[Tolerance]:
    """Tolerances from the seed `tolerances`; None means that the rules' own are not capped."""
    if table is None:
        return []
    return [
        Tolerance(
            reconciliation=_text(record.get("reconciliation")) or "*",
            currency=_text(record.get("currency")) or "*",
            difference_reason=_text(record.get("difference_reason")),
            amount_absolute=Decimal(_text(record.get("amount_absolute")) or "0"),
            amount_percent=Decimal(_text(record.get("amount_percent")) or "0"),
        )
        for record in table.to_pylist()
    ]


def rule_set_hash(rules: list[Rule], tolerances: list[Tolerance]) -> str:
    """Sixteen hex digits that name this set of rules on every match that it made."""
    content = json.dumps(
        [[asdict(x) for x in rules], [asdict(x) for x in tolerances]], default=str, sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def default_rules() -> list[Rule]:
    """Rules for two files of which nothing is known: exact first, then differences with a known cause."""
    percent = Decimal
    return [
        Rule(
            "exact_reference",
            priority=10,
            evidence="reference",
            description="A shared reference, amounts equal",
        ),
        Rule(
            "exact_group",
            priority=20,
            evidence="group_key",
            description="A shared batch or settlement, amounts equal",
        ),
        Rule(
            "exact_party",
            priority=30,
            evidence="party",
            days_before=200,
            days_after=200,
            description="The same party, amounts equal",
        ),
        Rule(
            "exact_amount",
            priority=40,
            evidence="amount",
            days_before=120,
            days_after=120,
            description="Amounts equal, dates near",
        ),
        Rule(
            "exact_party_late",
            priority=42,
            evidence="party",
            outcome="suggested",
            description="The same party, amounts equal, more than half a year apart: it may be last year's",
        ),
        Rule(
            "offset",
            priority=45,
            shape="offset",
            days_before=400,
            days_after=400,
            description="Opposite amounts on one side cancel",
        ),
        Rule(
            "transposed_digits",
            priority=50,
            shape="1:1",
            evidence="amount",
            difference_reason="transposed_digits",
            amount_tolerance_percent=percent(90),
            days_before=31,
            days_after=31,
            outcome="suggested",
            description="Two neighbouring digits of the amount are swapped",
        ),
        Rule(
            "early_payment_discount",
            priority=55,
            evidence="party",
            difference_reason="early_payment_discount",
            amount_tolerance_percent=percent(5),
            description="The agreed discount was taken in time",
        ),
        Rule(
            "rounding",
            priority=57,
            evidence="amount",
            difference_reason="rounding",
            amount_tolerance_absolute=Decimal("0.05"),
            days_before=60,
            days_after=60,
            description="A difference of a few minor units",
        ),
        Rule(
            "bank_charges",
            priority=58,
            evidence="reference",
            difference_reason="bank_charges",
            amount_tolerance_absolute=percent(60),
            amount_tolerance_percent=percent(20),
            description="A shared reference, a bank's charge deducted on the way",
        ),
        Rule(
            "fees",
            priority=60,
            evidence="group_key",
            difference_reason="fees",
            amount_tolerance_percent=percent(8),
            description="A shared reference, fees or charges deducted",
        ),
        Rule(
            "fees_by_text",
            priority=65,
            shape="*",
            evidence="text",
            difference_reason="fees",
            amount_tolerance_percent=percent(30),
            days_before=90,
            days_after=90,
            description="Texts agree, fees or exchange loss deducted",
        ),
        Rule(
            "fees_by_amount",
            priority=70,
            shape="1:1",
            evidence="amount",
            difference_reason="fees",
            amount_tolerance_percent=percent(10),
            days_before=45,
            days_after=45,
            description="Amounts near, dates near",
        ),
        Rule(
            "fx_difference",
            priority=75,
            evidence="amount",
            difference_reason="fx_difference",
            amount_tolerance_percent=percent(5),
            description="Another currency, or its original amount",
        ),
        Rule(
            "partial_payment",
            priority=80,
            evidence="reference",
            difference_reason="partial_payment",
            outcome="auto",
            description="A shared reference, less was paid; the rest stays open",
        ),
        Rule(
            "over_payment",
            priority=85,
            evidence="reference",
            difference_reason="over_payment",
            outcome="auto",
            description="A shared reference, more was paid; the rest stays open",
        ),
        Rule(
            "partial_by_party",
            priority=90,
            shape="1:1",
            evidence="party",
            difference_reason="partial_payment",
            days_before=180,
            days_after=60,
            outcome="suggested",
            description="The same party, another amount",
        ),
    ]


def without_tolerance(rules: list[Rule]) -> list[Rule]:
    """The same rules with every tolerance at zero: only equal amounts and open remainders are left."""
    return [
        replace(rule, amount_tolerance_absolute=Decimal(0), amount_tolerance_percent=Decimal(0))
        for rule in rules
    ]


def _quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _limit(absolute: Decimal, percent: Decimal) -> str:
    """SQL: the difference is within both limits; a limit of zero is not set, both at zero allow nothing."""
    parts = []
    if absolute:
        parts.append(f"abs(difference) <= {int(absolute * 10000)}")
    if percent:
        parts.append(f"abs(difference) * 100 <= {percent} * larger_size")
    return " and ".join(parts) or "difference = 0"


def _tolerance(rule: Rule, tolerances: list[Tolerance]) -> str:
    """SQL: the rule's own limits, or those of the tolerance that fits the reason and currency best.

    A rule without a limit allows no difference, whatever the tolerances say.
    """
    own = _limit(rule.amount_tolerance_absolute, rule.amount_tolerance_percent)
    if own == "difference = 0":
        return own
    fitting = [
        t
        for t in tolerances
        if t.difference_reason == rule.difference_reason and t.reconciliation in ("*", rule.reconciliation)
    ]
    fitting.sort(key=lambda t: (t.currency == "*", t.reconciliation == "*"))
    if not fitting:
        return own
    branches = []
    for cap in fitting:
        limit = _limit(cap.amount_absolute, cap.amount_percent)
        if cap.currency == "*":
            return f"case {' '.join(branches)} else {limit} end" if branches else limit
        branches.append(f"when currency = {_quote(cap.currency)} then {limit}")
    return f"case {' '.join(branches)} else {own} end"


def _amount_predicate(rule: Rule, tolerances: list[Tolerance]) -> str:
    """SQL for the rule's allowed difference (left minus right, both in ticks and in the right's sign)."""
    reason = rule.difference_reason
    if reason == "":
        return "difference = 0 and not is_fx"
    if reason in ("partial_payment", "over_payment"):
        short = reason == "partial_payment"
        return (
            "not is_fx and left_size > 0 and right_size > 0 and (case when left_pays "
            f"then left_size {'<' if short else '>'} right_size else left_size {'>' if short else '<'} right_size end)"
        )
    parts = [f"({_tolerance(rule, tolerances)})", "left_size > 0", "right_size > 0"]
    if reason == "fx_difference":
        # 990 KWD less 2,389 GBP is no difference: between two currencies only the original amount, a shared
        # reference, or the rate that the other pairs have says that they belong together, and no tolerance can.
        parts[0] = f"(is_fx or {parts[0]})"
        parts.append(
            "(has_foreign_original or (is_fx and (has_reference or (has_usual_rate and (same_party or text_level >= 2)))))"
        )
    else:
        parts += ["not is_fx", "difference <> 0"]
    if reason == "early_payment_discount":
        parts.append("is_discount")
    elif reason == "transposed_digits":
        parts.append("is_transposed")
    elif reason == "bank_charges":
        # A bank that deducts on the way makes the money less than the document, in or out.
        parts.append("(case when left_pays then left_size < right_size else left_size > right_size end)")
    return " and ".join(parts)


def predicate(rule: Rule, tolerances: list[Tolerance]) -> str:
    """One rule as a SQL condition over the table `measured` (see features.py for its columns)."""
    parts = []
    if rule.reconciliation != "*":
        parts.append(f"reconciliation = {_quote(rule.reconciliation)}")
    if rule.left_type != "*":
        parts.append(f"left_type = {_quote(rule.left_type)}")
    if rule.right_type != "*":
        parts.append(f"right_type = {_quote(rule.right_type)}")
    parts.append("shape <> 'offset'" if rule.shape == "*" else f"shape = {_quote(rule.shape)}")
    parts.append(EVIDENCE[rule.evidence])
    parts.append(f"coalesce(lag_min >= -{rule.days_after} and lag_max <= {rule.days_before}, true)")
    parts.append(_amount_predicate(rule, tolerances))
    return "\n        and ".join(parts)


def rule_case(rules: list[Rule], tolerances: list[Tolerance]) -> str:
    """All rules as one SQL `case`: the position of the first rule that allows a candidate, else null."""
    if not rules:
        return "cast(null as integer)"
    branches = "\n".join(
        f"    -- {rule.match_rule_id}: {rule.description or rule.evidence}\n    when {predicate(rule, tolerances)}\n        then {position}"
        for position, rule in enumerate(rules)
    )
    return f"case\n{branches}\nend"


def first_rule(con, measured: pa.Table, case: str) -> np.ndarray:
    """Position of the first rule that allows each candidate (column `candidate`, from 0), -1 for none."""
    if not measured.num_rows:
        return np.zeros(0, dtype=np.int64)
    con.register("measured", measured)
    rule = con.execute(
        f"select candidate, coalesce({case}, -1) as rule from measured order by candidate"
    ).fetchnumpy()["rule"]
    con.unregister("measured")
    return np.array(rule, dtype=np.int64)
