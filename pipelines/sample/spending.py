"""Employees: company cards and expense reports, repaid by transfer and settled by direct debit.

Belongs here: card transactions, expense lines, their reports, reimbursements and the monthly settlement.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.sample.books import BankLine, Books, text
from pipelines.sample.company import BankAccount, Entity, Party
from pipelines.sample.days import add_banking_days, on_or_after
from pipelines.sample.truth import Match

MERCHANTS = {
    "de": [("Deutsche Bahn", "Travel", 1900), ("Gasthaus Löwen", "Meals", 1900), ("Adobe", "Software", 0), ("Staples Köln", "Office supplies", 1900), ("Hotel Zur Brücke", "Travel", 700), ("DHL Express", "Freight", 1900), ("Telekom", "Telephone", 1900)],
    "uk": [("Trainline", "Travel", 0), ("The Crown & Anchor", "Meals", 2000), ("Dropbox", "Software", 2000), ("Ryman", "Office supplies", 2000), ("Premier Inn", "Travel", 2000), ("Waterstones", "Training", 0)],
    "us": [("Delta Air Lines", "Travel", 0), ("Joe's Diner", "Meals", 0), ("GitHub", "Software", 0), ("Office Barn", "Office supplies", 0), ("Hampton Inn", "Travel", 0), ("USPS", "Freight", 0), ("Facebook Ads", "Marketing", 0)],
}  # fmt: skip
TAX_CODE = {
    ("de", 1900): "DE19",
    ("de", 700): "DE7",
    ("de", 0): "DE0",
    ("uk", 2000): "UK20",
    ("uk", 0): "UK0",
    ("us", 0): "US0",
}


@dataclass
class CardTransaction:
    entity: Entity
    native_id: str
    employee: Party
    day: date
    posted: date
    merchant: str
    category: str
    amount: int
    rate: int
    original_currency: str
    original_amount: int

    @property
    def canonical_id(self) -> str:
        return f"card_{self.entity.suffix}:{self.native_id}"

    @property
    def statement(self) -> str:
        return f"CARD-{self.entity.suffix.upper()}-{self.posted:%Y-%m}"


@dataclass
class ExpenseLine:
    native_id: str
    day: date
    merchant: str
    category: str
    amount: int
    tax: int
    tax_code: str
    is_card: bool
    card_transaction: str
    comment: str


@dataclass
class Report:
    entity: Entity
    native_id: str
    name: str
    employee: Party
    submitted: date
    approved: date
    lines: list[ExpenseLine]
    paid: date | None = None


class Spending:
    """Makes cards and expenses of a sample into `books`."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.rng = books.rng
        self.cards: list[CardTransaction] = []
        self.reports: list[Report] = []
        self.seen: set[tuple[str, int]] = set()
        self.numbers = {"card": 0, "expense": 0, "report": 0}

    def _next(self, kind: str, entity: Entity) -> str:
        self.numbers[kind] += 1
        letter = {"card": "CT", "expense": "EX", "report": "ER"}[kind]
        return f"{letter}-{entity.suffix.upper()}-{100000 + self.numbers[kind]}"

    def _amount(self, employee: Party, low: int, high: int) -> int:
        """An amount that the employee has not spent before: equal ones would look like double claims."""
        while True:
            amount = int(self.rng.integers(low, high))
            if (employee.party_id, amount) not in self.seen:
                self.seen.add((employee.party_id, amount))
                return amount

    def week(self, employee: Party, monday: date) -> None:
        """A week of one employee: card and own money, reported on the next Monday."""
        books, end = self.books, self.books.time.end
        entity = books.company.entities[employee.entity_id]
        merchants = MERCHANTS[entity.suffix]
        lines = []
        for _ in range(int(self.rng.integers(0, 3))):
            day = monday + timedelta(int(self.rng.integers(0, 5)))
            merchant, category, rate = merchants[int(self.rng.integers(len(merchants)))]
            amount = self._amount(employee, 900, 48_000)
            posted = add_banking_days(entity.suffix, day, 1)
            if posted > end or day < books.time.start:
                continue
            is_foreign = self.rng.random() < 0.15
            original = "CHF" if is_foreign else entity.currency
            original_amount = amount * 93 // 100 if is_foreign else amount
            card = CardTransaction(
                entity, self._next("card", entity), employee, day, posted, merchant, category, amount, rate, original, original_amount
            )  # fmt: skip
            self.cards.append(card)
            lines.append(self._card_line(entity, card))
        for _ in range(int(self.rng.integers(0, 3))):
            day = monday + timedelta(int(self.rng.integers(0, 5)))
            if not books.time.start <= day <= end:
                continue
            merchant, category, rate = merchants[int(self.rng.integers(len(merchants)))]
            lines.append(self._own_line(entity, employee, day, merchant, category, rate))
        submitted = on_or_after(entity.suffix, monday + timedelta(7))
        if lines and add_banking_days(entity.suffix, submitted, 1) <= end:
            self.report(employee, submitted, lines)

    def _card_line(self, entity: Entity, card: CardTransaction) -> ExpenseLine:
        tax = (2 * card.amount * card.rate + 10000 + card.rate) // (2 * (10000 + card.rate))
        reference = card.native_id if self.rng.random() < 0.7 else ""
        return ExpenseLine(
            self._next("expense", entity), card.day, card.merchant, card.category, card.amount, tax, TAX_CODE[entity.suffix, card.rate],
            True, reference, "Company card",
        )  # fmt: skip

    def _own_line(
        self, entity: Entity, employee: Party, day: date, merchant: str, category: str, rate: int
    ) -> ExpenseLine:
        amount = self._amount(employee, 700, 23_000)
        tax = (2 * amount * rate + 10000 + rate) // (2 * (10000 + rate))
        return ExpenseLine(
            self._next("expense", entity),
            day,
            merchant,
            category,
            amount,
            tax,
            TAX_CODE[entity.suffix, rate],
            False,
            "",
            "Own money",
        )

    def report(self, employee: Party, submitted: date, lines: list[ExpenseLine]) -> Report:
        """A report, approved the next banking day; what was paid privately is repaid six banking days later."""
        books, end = self.books, self.books.time.end
        entity = books.company.entities[employee.entity_id]
        native = self._next("report", entity)
        approved = add_banking_days(entity.suffix, submitted, 1)
        report = Report(
            entity, native, f"{employee.name} {submitted:%d %b}", employee, submitted, approved, lines
        )
        self.reports.append(report)
        canonical = f"expenses_{entity.suffix}:{native}"
        currency = entity.currency
        rows = []
        for line in lines:
            account = books.company.expense_accounts.get(line.category, "1990")
            rows.append((account, currency, line.amount - line.tax, line.amount - line.tax))
            rows.append(("1500", currency, line.tax, line.tax))
            rows.append(("1380" if line.is_card else "2500", currency, -line.amount, -line.amount))
        books.post(
            entity, approved, "expense_report", native, report.name, rows, employee.native[f"expenses_{entity.suffix}"],
            employee.detail, ("expense_report", canonical),
        )  # fmt: skip
        own = sum(line.amount for line in lines if not line.is_card)
        day = add_banking_days(entity.suffix, approved, 6)
        if own and day <= end:
            account = self._account(entity)
            bank = BankLine(
                account, day, -own, employee.name if entity.suffix == "de" else employee.aliases[entity.bank], employee.account,
                f"Expenses {native}" if self.rng.random() < 0.8 else "Expenses", "reimbursement", end_to_end_id=native,
            )  # fmt: skip
            books.receive(
                bank,
                [("2500", currency, own, own)],
                f"Reimbursement {employee.name}",
                employee.native[f"expenses_{entity.suffix}"],
            )
            bank.settles.append(
                (
                    "expense_not_reimbursed",
                    "expense_report",
                    canonical,
                    approved + timedelta(14),
                    currency,
                    text(own, currency),
                )
            )
            books.truth.matches.append(
                Match(
                    "expense_to_bank",
                    "expense_report",
                    canonical,
                    "bank_transaction",
                    bank,
                    text(own, currency),
                    currency,
                    "normal",
                )
            )
            report.paid = day
        return report

    def _account(self, entity: Entity) -> BankAccount:
        return self.books.company.accounts[
            {"de": "DE01-EUR-MAIN", "uk": "UK01-GBP-MAIN", "us": "US01-USD-MAIN"}[entity.suffix]
        ]

    # -- what goes wrong --------------------------------------------------------------------------

    def unexplained(self, employee: Party) -> None:
        """A card transaction for which nobody hands in a receipt."""
        books = self.books
        entity = books.company.entities[employee.entity_id]
        day = books.weekday(0.1, 0.6)
        merchant, category, rate = MERCHANTS[entity.suffix][1]
        amount = self._amount(employee, 30_000, 60_000)
        card = CardTransaction(
            entity, self._next("card", entity), employee, day, add_banking_days(entity.suffix, day, 1), merchant, category, amount, rate,
            entity.currency, amount,
        )  # fmt: skip
        self.cards.append(card)
        fault = books.truth.fault(
            "card_transaction_without_expense", card.canonical_id, f"{merchant} on {day}"
        )
        books.truth.expect(
            fault,
            "card_without_expense",
            "card_transaction",
            card.canonical_id,
            entity.currency,
            text(amount, entity.currency),
        )

    def claimed_twice(self, report: Report) -> None:
        """The same receipt again, in a report two weeks later."""
        books, entity = self.books, report.entity
        line = next(line for line in report.lines if not line.is_card)
        copy = ExpenseLine(
            self._next("expense", entity), line.day, line.merchant, line.category, line.amount, line.tax, line.tax_code, False, "", line.comment
        )  # fmt: skip
        self.report(report.employee, on_or_after(entity.suffix, report.submitted + timedelta(14)), [copy])
        canonical = self._line_id(self.reports[-1], copy)
        fault = books.truth.fault(
            "expense_claimed_twice", canonical, f"{line.merchant} on {line.day}, first in {line.native_id}"
        )
        books.truth.expect(
            fault,
            "expense_duplicate",
            "expense_line",
            canonical,
            entity.currency,
            text(line.amount, entity.currency),
        )

    def unmapped(self, employee: Party) -> None:
        """A category that nobody mapped to an account."""
        books = self.books
        entity = books.company.entities[employee.entity_id]
        day = books.weekday(0.1, 0.5)
        line = self._own_line(entity, employee, day, "Fit & Well Studio", "Wellness", 0)
        report = self.report(employee, on_or_after(entity.suffix, day + timedelta(3)), [line])
        canonical = self._line_id(report, line)
        fault = books.truth.fault(
            "unmapped_account_or_category", canonical, "category 'Wellness' is not in expense_categories"
        )
        books.truth.expect(
            fault,
            "unmapped_value",
            "expense_line",
            canonical,
            entity.currency,
            text(line.amount, entity.currency),
        )

    def _line_id(self, report: Report, line: ExpenseLine) -> str:
        return f"expenses_{report.entity.suffix}:{line.native_id}"

    def close(self) -> None:
        """Post the cards, settle their months, and match cards with expense lines."""
        books = self.books
        by_key = {(c.employee.party_id, c.amount): c for c in self.cards}
        for report in self.reports:
            for line in report.lines:
                card = by_key.get((report.employee.party_id, line.amount)) if line.is_card else None
                if card:
                    case = "normal" if line.card_transaction else "no_card_reference"
                    books.truth.matches.append(
                        Match(
                            "expense_to_card", "card_transaction", card.canonical_id, "expense_line", self._line_id(report, line),
                            text(line.amount, report.entity.currency), report.entity.currency, case,
                        )
                    )  # fmt: skip
        months: dict[tuple[str, str], int] = {}
        for card in self.cards:
            entity, currency = card.entity, card.entity.currency
            rows = [
                ("1380", currency, card.amount, card.amount),
                ("2450", currency, -card.amount, -card.amount),
            ]
            books.post(
                entity, card.posted, "card_transaction", card.native_id, card.merchant, rows, card.employee.native[f"card_{entity.suffix}"],
                canonical=("card_transaction", card.canonical_id),
            )  # fmt: skip
            key = (entity.entity_id, card.statement)
            months[key] = months.get(key, 0) + card.amount
        for (entity_id, statement), amount in sorted(months.items()):
            entity = books.company.entities[entity_id]
            year, month = int(statement[-7:-3]), int(statement[-2:])
            day = on_or_after(entity.suffix, date(year + month // 12, month % 12 + 1, 5))
            if day > books.time.end:
                continue
            account = self._account(entity)
            issuer = {
                "de": "Commerzbank Firmenkarten",
                "uk": "BARCLAYCARD COMMERCIAL",
                "us": "FIRST PRAIRIE CARD SERVICES",
            }[entity.suffix]
            bank = BankLine(
                account,
                day,
                -amount,
                issuer,
                "",
                f"{statement} Settlement",
                "card_settlement",
                end_to_end_id=statement,
                is_simple=False,
            )
            books.receive(bank, [("2450", entity.currency, amount, amount)], f"Card settlement {statement}")
            settlement = f"card_{entity.suffix}:{statement}:{entity.currency}"
            bank.settles.append(
                (
                    "card_settlement_open",
                    "card_settlement",
                    settlement,
                    day + timedelta(9),
                    entity.currency,
                    text(amount, entity.currency),
                )
            )
            books.truth.matches.append(
                Match("expense_to_bank", "card_settlement", settlement, "bank_transaction", bank, text(amount, entity.currency), entity.currency, "card_settlement")
            )  # fmt: skip


def make_spending(books: Books) -> Spending:
    """Write cards, reports and their payments; returns them for the files."""
    spending = Spending(books)
    start, end = books.time.start, books.time.end
    monday = start - timedelta(start.weekday()) + timedelta(7)
    employees = [e for group in books.company.employees.values() for e in group]
    while monday <= end:
        for employee in employees:
            if books.rng.random() < 0.6:
                spending.week(employee, monday)
        monday += timedelta(7)
    for i in range(books.faults.count("card_transaction_without_expense")):
        spending.unexplained(employees[(7 * i + 1) % len(employees)])
    early = [
        r
        for r in spending.reports
        if r.submitted <= start + timedelta(int(0.5 * books.time.last_day))
        and any(not x.is_card for x in r.lines)
    ]
    for i in range(min(books.faults.count("expense_claimed_twice"), len(early))):
        spending.claimed_twice(early[(5 * i + 2) % len(early)])
    for i in range(books.faults.count("unmapped_account_or_category")):
        spending.unmapped(employees[(11 * i + 3) % len(employees)])
    spending.close()
    return spending
