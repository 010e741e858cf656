"""Bank lines in statements: references, balances that chain, and the faults of a bank's delivery.

Belongs here: which lines are on which day's statement, and what is wrong with it. Does not belong here:
camt, MT940 or CSV (`camt_file`, `mt940_file`, `bank_csv`).
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pipelines.sample.books import BankLine, Books, text
from pipelines.sample.company import BankAccount
from pipelines.sample.days import is_banking_day
from pipelines.sample.mt940_file import swift_text

OPENING = {"DE01-EUR-MAIN": 48_231_455, "DE01-EUR-SAVINGS": 25_000_000, "UK01-GBP-MAIN": 31_520_910, "UK01-EUR-MAIN": 9_734_020, "US01-USD-MAIN": 42_118_377}  # fmt: skip
# Accounts without a statement on a day without movement.
QUIET = ("DE01-EUR-SAVINGS", "UK01-EUR-MAIN", "US01-USD-MAIN")


@dataclass
class Statement:
    """One statement; `stated_*` is what the bank writes, which a fault may make wrong."""

    account: BankAccount
    day: date
    sequence: int
    opening: int
    closing: int
    previous_day: date
    lines: list[BankLine]
    stated_opening: int = 0
    stated_closing: int = 0
    is_delivered: bool = True
    is_delivered_twice: bool = False

    @property
    def native_id(self) -> str:
        """camt: Stmt/Id. MT940: the transaction reference of :20:, unique per statement."""
        return f"{self.account.prefix}{self.day:%Y%m%d}{self.sequence:04d}"


def line_id(line: BankLine) -> str:
    """The stable identity of a bank line, computed here on purpose a second time, from the recipe in the
    platform's design and not from its code: the truth must not inherit a mistake."""
    amount = f"{Decimal(line.amount).scaleb(-2):.4f}"
    # Every line of the sample has a reference of its bank, so text and counterparty do not count.
    content = "\x1f".join((amount, line.currency, line.reference, "", "", ""))
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return f"{line.account.source_name}:{line.account.number}:{line.day.isoformat()}:{digest}:1"


def build_statements(books: Books) -> list[Statement]:
    """Number the lines, chain the balances, and inject the faults of delivery."""
    by_day: dict[tuple[str, date], list[BankLine]] = {}
    for line in books.lines:
        by_day.setdefault((line.account.bank_account_id, line.day), []).append(line)
    statements: list[Statement] = []
    for account in books.company.accounts.values():
        if account.bank_account_id not in OPENING:
            continue
        suffix = books.company.entities[account.entity_id].suffix
        balance, previous = OPENING[account.bank_account_id], books.time.start - timedelta(1)
        sequence = sum(
            is_banking_day(suffix, date(books.time.start.year, 1, 1) + timedelta(i))
            for i in range((books.time.start - date(books.time.start.year, 1, 1)).days)
        )
        for day in books.time.days():
            lines = by_day.get((account.bank_account_id, day), [])
            if not lines and (not is_banking_day(suffix, day) or account.bank_account_id in QUIET):
                continue
            sequence += 1
            for i, line in enumerate(lines, 1):
                line.reference = f"{account.prefix}{day:%y%m%d}{i:05d}"
                if suffix == "uk":
                    line.remittance, line.name = swift_text(line.remittance), swift_text(line.name)
                line.canonical_id = line_id(line)
                if line.posting:
                    line.posting.document_number = line.reference
                    line.posting.canonical_type, line.posting.canonical_id = (
                        "bank_transaction",
                        line.canonical_id,
                    )
            closing = balance + sum(line.amount for line in lines)
            statements.append(
                Statement(account, day, sequence, balance, closing, previous, lines, balance, closing)
            )
            balance, previous = closing, day
    _lose_days(books, statements)
    _alter_balances(books, statements)
    _deliver_twice(books, statements)
    return statements


def _of(statements: list[Statement], account: str) -> list[Statement]:
    return [s for s in statements if s.account.bank_account_id == account]


def _middle(books: Books, statements: list[Statement], account: str, low: float, high: float) -> list[int]:
    """Positions of an account's statements whose day lies between two shares of the window."""
    last = books.time.last_day
    return [
        i
        for i, s in enumerate(statements)
        if s.account.bank_account_id == account and low * last <= books.time.index(s.day) <= high * last
    ]


def _lose_days(books: Books, statements: list[Statement]) -> None:
    """Two statements never come. The ERP lives on the same files and posts nothing of those days."""
    truth = books.truth
    accounts = ("DE01-EUR-MAIN", "US01-USD-MAIN")[: books.faults.count("statement_day_missing")]
    for account in accounts:
        candidates = _middle(books, statements, account, 0.35, 0.62)
        chosen = min(
            candidates,
            key=lambda i: (
                not statements[i].lines,
                sum(not x.is_simple for x in statements[i].lines),
                statements[i].day,
            ),
        )
        lost = statements[chosen]
        lost.is_delivered = False
        after = next(s for s in statements[chosen + 1 :] if s.account == lost.account)
        fault = truth.fault(
            "statement_day_missing", account, f"{lost.day} was never delivered, {len(lost.lines)} lines"
        )
        movement = text(abs(lost.closing - lost.opening), lost.account.currency)
        truth.expect(
            fault, "statement_gap", "bank_statement", statement_id(after), lost.account.currency, movement
        )
        gone = {id(line) for line in lost.lines}
        already = {
            (e.exception_type, e.document if isinstance(e.document, str) else id(e.document))
            for e in truth.expected
        }
        for line in lost.lines:
            line.is_delivered = False
            for exception, kind, document, counts_after, currency, amount in line.settles:
                key = (exception, document if isinstance(document, str) else id(document))
                if books.time.end > counts_after and key not in already:
                    truth.expect(fault, exception, kind, document, currency, amount, caused_by=fault)
        unposted = {id(line.posting) for line in lost.lines}
        books.postings[:] = [p for p in books.postings if id(p) not in unposted]
        truth.matches[:] = [m for m in truth.matches if id(m.left) not in gone and id(m.right) not in gone]
        truth.expected[:] = [e for e in truth.expected if id(e.document) not in gone]
        truth.cases[:] = [c for c in truth.cases if id(c[2]) not in gone]


def _alter_balances(books: Books, statements: list[Statement]) -> None:
    """A wrong closing balance that the next statement repeats as its opening: both do not tie."""
    truth = books.truth
    accounts = ("DE01-EUR-SAVINGS", "UK01-GBP-MAIN")[: books.faults.count("statement_does_not_tie")]
    for i, account in enumerate(accounts):
        # Apart from lost days, or two faults would be one.
        chosen = _middle(books, statements, account, 0.3, 0.72)[:2]
        first, second = (statements[j] for j in chosen)
        wrong = (9_000, -4_500)[i]
        first.stated_closing += wrong
        second.stated_opening += wrong
        fault = truth.fault(
            "statement_does_not_tie",
            account,
            f"closing balance of {first.day} is off by {text(wrong, first.account.currency)}",
        )
        for statement in (first, second):
            truth.expect(
                fault, "statement_does_not_tie", "bank_statement", statement_id(statement), statement.account.currency,
                text(abs(wrong), statement.account.currency), caused_by="" if statement is first else fault,
            )  # fmt: skip


def _deliver_twice(books: Books, statements: list[Statement]) -> None:
    truth = books.truth
    accounts = ("DE01-EUR-MAIN", "UK01-GBP-MAIN")[: books.faults.count("statement_delivered_twice")]
    for account in accounts:
        chosen = next(
            statements[i]
            for i in _middle(books, statements, account, 0.65, 1.0)
            if statements[i].lines and statements[i].stated_closing == statements[i].closing
        )
        chosen.is_delivered_twice = True
        fault = truth.fault("statement_delivered_twice", account, f"{chosen.day} came in two files")
        truth.expect(
            fault, "statement_duplicate", "bank_statement", statement_id(chosen), chosen.account.currency, ""
        )


def statement_id(statement: Statement) -> str:
    """The canonical id of a statement. MT940 adds :28C: (number and page); CSV exports have no number of
    their own and go by their file."""
    source = statement.account.source_name
    if source == "bank_us":
        return f"{source}:{source}/{file_stem(statement)}.csv"
    if source == "bank_uk":
        return f"{source}:{statement.native_id} {statement.sequence:05d}/001"
    return f"{source}:{statement.native_id}"


def file_stem(statement: Statement) -> str:
    return f"{statement.account.bank_account_id}_{statement.day.isoformat()}"
