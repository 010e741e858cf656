"""The running balance of a bank's export: the order of its lines, its balances, and where it breaks.

Belongs here: what one file's lines prove about each other, told before anything is loaded. Exports run
oldest first or newest first, and some write a balance on one line of a day only; a line without one is
bridged by the amounts between. dbt makes statements of the same lines over all files.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from pipelines.bank.checks import Problem
from pipelines.bank.schema import NOT_BOOKED

Row = dict[str, Any]
_MOST_BREAKS = 20  # named one by one; a file that is wrong throughout needs no more


class Break(NamedTuple):
    """A line whose balance does not follow from the one before, and by how much."""

    line: Row
    difference: Decimal


class Chain(NamedTuple):
    """The booked lines of one account and currency in the order of time. opening and closing: the
    balances around them, None when no line has one."""

    lines: list[Row]
    opening: Decimal | None
    closing: Decimal | None
    breaks: list[Break]


def chains(lines: Sequence[Row]) -> dict[tuple[str, str], Chain]:
    """One chain per account and currency. Lines that are only announced, or were refused, move nothing."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for line in lines:
        if line["entry_status"] not in NOT_BOOKED:
            groups.setdefault((line["account_number"], line["currency"]), []).append(line)
    return {key: chain_of(own) for key, own in groups.items()}


def chain_of(lines: list[Row]) -> Chain:
    """The direction in which more balances follow is that of time; with none, the days decide."""
    forward, backward = _breaks(lines), _breaks(lines[::-1])
    days = [line["booking_date"] for line in lines]
    is_newest_first = days[0] > days[-1] if len(forward) == len(backward) else len(backward) < len(forward)
    ordered, breaks = (lines[::-1], backward) if is_newest_first else (lines, forward)
    with_balance = [at for at, line in enumerate(ordered) if line["balance_amount"] is not None]
    if not with_balance:
        return Chain(ordered, None, None, [])
    total = list(accumulate((line["amount"] for line in ordered), initial=Decimal(0)))
    first, last = with_balance[0], with_balance[-1]
    opening = ordered[first]["balance_amount"] - total[first + 1]
    closing = ordered[last]["balance_amount"] + total[-1] - total[last + 1]
    return Chain(ordered, opening, closing, breaks)


def _stated_problems(account: str, currency: str, chain: Chain) -> Iterator[Problem]:
    for name, running in (("opening", chain.opening), ("closing", chain.closing)):
        stated = chain.lines[0][f"stated_{name}_amount"]
        if stated is not None and running is not None and stated != running:
            message = (
                f"account {account}: the file states {stated:f} as its {name} balance, its running balance gives "
                f"{running:f}; lines may be missing"
            )
            yield Problem("stated_balance_differs", "critical", message, None, stated - running, currency)


def _breaks(ordered: list[Row]) -> list[Break]:
    total = list(accumulate((line["amount"] for line in ordered), initial=Decimal(0)))
    with_balance = [at for at, line in enumerate(ordered) if line["balance_amount"] is not None]
    found = []
    for before, after in pairwise(with_balance):
        moved = total[after + 1] - total[before + 1]
        difference = ordered[before]["balance_amount"] + moved - ordered[after]["balance_amount"]
        if difference:
            found.append(Break(ordered[after], difference))
    return found


def statements_of_lines(lines: Sequence[Row]) -> Iterator[Row]:
    """Statements of a file that has none: one per account and currency, by the running balance."""
    for position, ((account, currency), chain) in enumerate(chains(lines).items(), 1):
        days = [line["booking_date"] for line in chain.lines]
        yield {
            "source_position": position, "statement_id": None, "account_number": account,
            "account_currency": currency, "sequence_number": None, "page_number": None,
            "from_date": min(days), "to_date": max(days), "line_count": len(days),
            "opening_balance_amount": _first(chain.opening, chain.lines[0]["stated_opening_amount"]),
            "closing_balance_amount": _first(chain.closing, chain.lines[0]["stated_closing_amount"]),
            "movement_amount": sum((line["amount"] for line in chain.lines), Decimal(0)),
            "declared_entry_count": None, "declared_net_amount": None, "control_problem": None,
        }  # fmt: skip


def _first(running: Decimal | None, stated: Decimal | None) -> Decimal | None:
    return stated if running is None else running


def balance_problems(lines: Sequence[Row]) -> Iterator[Problem]:
    """Each line whose balance does not follow from the line before it in time, and balances stated outside the
    table that the running balance contradicts."""
    for (account, currency), chain in chains(lines).items():
        yield from _stated_problems(account, currency, chain)
        for found in chain.breaks[:_MOST_BREAKS]:
            balance = found.line["balance_amount"]
            message = (
                f"account {account}: the balance {balance:f} of {found.line['booking_date']} does not follow from the "
                f"balance before it and the amounts between; it differs by {found.difference:f}"
            )
            yield Problem(
                "balance_break",
                "critical",
                message,
                found.line["source_position"],
                found.difference,
                currency,
            )
        if len(chain.breaks) > _MOST_BREAKS:
            more = len(chain.breaks) - _MOST_BREAKS
            yield Problem(
                "balance_break", "critical", f"account {account}: {more} more balances do not follow"
            )
