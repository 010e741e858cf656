"""What is wrong with the statements of one file, told before anything is loaded.

Belongs here: the checks that a single file allows: balances, declared counts and sums, control totals of
the format, continuity and repetition within the file. dbt makes the same findings over all files
(`bank_statement_continuity`); the codes are the same words.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pipelines.bank.identifiers import bic_problem, iban_problem

Row = dict[str, Any]
Severity = Literal["critical", "warning", "info"]


class Problem(NamedTuple):
    """position: ordinal of the statement or record in the file; None for the file as a whole."""

    code: str
    severity: Severity
    message: str
    position: int | None = None
    amount: Decimal | None = None
    currency: str | None = None


def residual(statement: Row) -> Decimal | None:
    """Opening + movement - closing; None where a balance is not given."""
    opening, closing = statement["opening_balance_amount"], statement["closing_balance_amount"]
    return None if opening is None or closing is None else opening + statement["movement_amount"] - closing


def statement_problems(statements: Sequence[Row]) -> Iterator[Problem]:
    """Problems of the statements of a file, in file order."""
    seen: dict[tuple[Any, ...], int] = {}
    last: dict[tuple[str, str | None], Row] = {}
    for statement in statements:
        yield from _own_problems(statement)
        at, key = statement["source_position"], _identity(statement)
        account = (statement["account_number"], statement["account_currency"])
        if key in seen:
            message = f"{_named(statement)} is in the file twice (first as statement {seen[key]})"
            yield Problem("statement_duplicate", "warning", message, at)
            continue
        seen[key] = at
        before = last.get(account)
        last[account] = statement
        if before is not None:
            yield from _continuity(before, statement)


def _own_problems(statement: Row) -> Iterator[Problem]:
    at, currency, name = statement["source_position"], statement["account_currency"], _named(statement)
    off = residual(statement)
    if off:
        message = (
            f"{name}: opening {statement['opening_balance_amount']:f} + movements "
            f"{statement['movement_amount']:f} = {statement['opening_balance_amount'] + statement['movement_amount']:f}, "
            f"but the closing balance is {statement['closing_balance_amount']:f}; residual {off:f}"
        )
        yield Problem("statement_does_not_tie", "critical", message, at, off, currency)
    declared, lines = statement["declared_entry_count"], statement["line_count"]
    if declared is not None and declared != lines:
        message = f"{name}: the bank declares {declared} entries, the statement has {lines}"
        yield Problem("count_mismatch", "critical", message, at)
    net = statement["declared_net_amount"]
    if net is not None and net != statement["movement_amount"]:
        difference = statement["movement_amount"] - net
        message = f"{name}: the bank declares a net of {net:f}, the lines add up to {statement['movement_amount']:f}"
        yield Problem("sum_mismatch", "critical", message, at, difference, currency)
    if statement["control_problem"]:
        yield Problem("control_total_mismatch", "critical", f"{name}: {statement['control_problem']}", at)


def identifier_problems(statements: Sequence[Row], lines: Sequence[Row]) -> Iterator[Problem]:
    """IBANs and BICs that are none; each is told once, and stays as the bank wrote it."""
    told: set[str] = set()
    for rows, columns, find in (
        (statements, ("account_number",), iban_problem),
        (lines, ("counterparty_account",), iban_problem),
        (statements, ("bank_bic",), bic_problem),
        (lines, ("counterparty_bank",), bic_problem),
    ):
        for row in rows:
            for column in columns:
                text = row.get(column)
                problem = find(text) if text and text not in told else None
                if problem:
                    told.add(text)
                    code = "invalid_iban" if find is iban_problem else "invalid_bic"
                    message = f"{column} {text}: {problem}"
                    yield Problem(code, "warning", message, row["source_position"])


def _continuity(before: Row, statement: Row) -> Iterator[Problem]:
    closing, opening = before["closing_balance_amount"], statement["opening_balance_amount"]
    if closing is not None and opening is not None and closing != opening:
        message = f"{_named(statement)} opens with {opening:f}, but {_named(before)} closed with {closing:f}"
        yield Problem(
            "statement_gap", "critical", message, statement["source_position"], opening - closing,
            statement["account_currency"],
        )  # fmt: skip
    earlier, number = before["sequence_number"], statement["sequence_number"]
    if earlier is not None and number is not None and number > earlier + 1:
        message = f"{_named(statement)} has number {number}, the one before it {earlier}"
        yield Problem("sequence_gap", "critical", message, statement["source_position"])


def _identity(statement: Row) -> tuple[Any, ...]:
    return tuple(
        statement[name]
        for name in (
            "account_number", "account_currency", "statement_id", "page_number", "from_date", "to_date",
            "opening_balance_amount", "closing_balance_amount", "movement_amount",
        )
    )  # fmt: skip


def _named(statement: Row) -> str:
    return f"statement {statement['statement_id'] or statement['source_position']} of {statement['account_number']}"
