"""Runs: statements of one file that follow one another, so that equal lines in them are two payments.

Belongs here: which statements of a file share the counting of equal lines (`identity`). The same rule
over all files is in dbt (macro `bank_line_identity`), which has the last word: a file alone cannot know
what an earlier one held.

A statement follows the one before it (same account and currency) when it opens with that one's closing
balance, or is the next page of it. It does not when both open and close alike, unless its number or day
says that it is another one: that is the same statement again. Where nothing proves that it follows, equal lines count as one line
delivered again: a doubled payment would be money that never was.
"""

from pipelines.bank.reading import Statement


def statement_runs(statements: list[Statement]) -> list[int]:
    """A number per statement, shared by those of one run."""
    runs: list[int] = []
    latest: dict[tuple[str | None, str | None], tuple[int, Statement]] = {}
    for index, statement in enumerate(statements):
        account = (statement.account_number, statement.account_currency)
        run = index
        if account in latest and follows(statement, latest[account][1]):
            run = latest[account][0]
        latest[account] = run, statement
        runs.append(run)
    return runs


def follows(statement: Statement, before: Statement) -> bool:
    """Whether `statement` goes on where `before` ended."""
    pages = statement.page_number, before.page_number
    is_same_id = _id(statement) is not None and _id(statement) == _id(before)
    if is_same_id and statement.sequence_number == before.sequence_number and pages[0] != pages[1]:
        return None not in pages and (pages[0] or 0) > (pages[1] or 0)
    opening, closing = statement.opening_balance_amount, statement.closing_balance_amount
    if opening is None or opening != before.closing_balance_amount:
        return False
    is_alike = opening == before.opening_balance_amount and closing == before.closing_balance_amount
    is_other_number = None not in (statement.sequence_number, before.sequence_number) and (
        statement.sequence_number != before.sequence_number
    )
    days = (
        statement.from_date or statement.closing_balance_date,
        before.to_date or before.closing_balance_date,
    )
    is_later = days[0] is not None and days[1] is not None and days[0] > days[1]
    return not is_alike or is_other_number or is_later


def _id(statement: Statement) -> str | None:
    return statement.pages_of or statement.statement_id
