"""How many of each case and fault a sample holds.

Belongs here: the numbers only. Cases are always there; faults by level.
"""

from dataclasses import dataclass

# Faults of one level "default"; "heavy" multiplies. Where a fault touches a whole file or a period,
# more of it would only hide the others, and it stays.
FAULTS: dict[str, int] = {
    "order_never_charged": 4,
    "charge_without_order": 3,
    "late_order_change": 3,
    "order_not_invoiced": 3,
    "psp_refund_missing": 3,
    "dispute_open": 3,
    "payout_never_arrived": 2,
    "payout_amount_differs": 2,
    "invoice_short_paid": 4,
    "invoice_over_paid": 3,
    "invoice_unpaid": 4,
    "unknown_receipt": 4,
    "ambiguous_receipt": 2,
    "bill_paid_twice": 3,
    "bill_unpaid_overdue": 3,
    "card_transaction_without_expense": 3,
    "expense_claimed_twice": 3,
    "unmapped_account_or_category": 2,
    "intercompany_one_sided": 2,
    "gl_posting_missing": 3,
    "gl_posting_wrong_amount": 3,
    "gl_posting_unexpected": 2,
    "master_data_conflict": 2,
}
ONCE: dict[str, int] = {
    "statement_day_missing": 2,
    "statement_delivered_twice": 2,
    "statement_does_not_tie": 2,
    "malformed_file": 3,
    "malformed_record": 4,
    "schema_drift": 3,
}
LEVELS = {"none": 0, "default": 1, "heavy": 5}


@dataclass(frozen=True)
class Faults:
    level: str

    def count(self, fault_type: str) -> int:
        factor = LEVELS[self.level]
        if fault_type in ONCE:
            return ONCE[fault_type] * min(factor, 1)
        return FAULTS[fault_type] * factor


def faults(level: str) -> Faults:
    if level not in LEVELS:
        raise ValueError(f"faults='{level}': expected one of {', '.join(LEVELS)}")
    return Faults(level)
