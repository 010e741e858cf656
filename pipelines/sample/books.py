"""What the business side writes down: documents, bank lines and the ERP's postings of them.

Belongs here: the records that the other modules fill, in minor units (integers) with the currency beside
them. Does not belong here: how any of them looks in a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np

from pipelines.sample.company import BankAccount, Company, Entity, Party
from pipelines.sample.days import on_or_after, on_or_before
from pipelines.sample.levels import Faults
from pipelines.sample.rates import Rates
from pipelines.sample.timeline import Timeline
from pipelines.sample.truth import Truth

EXPONENT = {"JPY": 0, "KWD": 3}


def exponent(currency: str) -> int:
    return EXPONENT.get(currency, 2)


def text(minor: int, currency: str) -> str:
    """Minor units as a plain decimal: 123456 EUR -> 1234.56, 123456 JPY -> 123456."""
    digits = EXPONENT.get(currency, 2)
    if digits == 0:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}d}"


def percent(amount: int, hundredths: int) -> int:
    """A percentage (in hundredths of a percent) of minor units, rounded half up."""
    return (2 * amount * hundredths + 10000) // 20000


@dataclass
class Line:
    description: str
    quantity: int
    unit: int
    net: int
    tax: int
    tax_code: str
    account: str
    cost_center: str


@dataclass(eq=False)
class Document:
    """An invoice, credit note or bill. Credit notes are negative. `updates`: (date, status)."""

    kind: str  # invoice | credit_note | bill
    entity: Entity
    native_id: str
    number: str
    day: date
    due: date
    party: Party
    currency: str
    lines: list[Line]
    discount_percent: int = 0
    discount_days: int = 0
    order_number: str = ""
    original: str = ""
    updates: list[tuple[date, str]] = field(default_factory=list)
    is_bill: bool = False

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        return self.net + self.tax

    @property
    def canonical_id(self) -> str:
        return f"{self.entity.erp}:{self.native_id}"


@dataclass
class Detail:
    """One payment inside a batch."""

    amount: int
    end_to_end_id: str
    name: str
    account: str
    remittance: str


@dataclass(eq=False)
class BankLine:
    """One line of a statement, signed from the holder's view. `settles` says what stays open if the
    line never reaches us: (exception, document type, id, day from which it counts, currency, amount)."""

    account: BankAccount
    day: date
    amount: int
    name: str
    counterparty: str
    remittance: str
    kind: str
    counterparty_bank: str = ""
    end_to_end_id: str = ""
    payment_information_id: str = ""
    original_amount: int = 0
    original_currency: str = ""
    charges: int = 0
    details: list[Detail] = field(default_factory=list)
    settles: list[tuple[str, str, "str | BankLine", date, str, str]] = field(default_factory=list)
    reference: str = ""
    canonical_id: str = ""
    posting: "Posting | None" = None
    is_delivered: bool = True
    is_simple: bool = True

    @property
    def currency(self) -> str:
        return self.account.currency


@dataclass(eq=False)
class Posting:
    """One balanced entry of an ERP: lines (account, currency, minor signed debit +, base cents)."""

    entity: Entity
    day: date
    document_type: str
    document_number: str
    description: str
    lines: list[tuple[str, str, int, int]]
    party: str = ""
    cost_center: str = ""
    canonical_type: str = ""
    canonical_id: str = ""


@dataclass
class Books:
    """Everything that is not a store order, as it is made."""

    company: Company
    time: Timeline
    rates: Rates
    faults: Faults
    truth: Truth
    rng: np.random.Generator
    documents: list[Document] = field(default_factory=list)
    lines: list[BankLine] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)

    def base(self, minor: int, currency: str, entity: Entity, day: date) -> int:
        if currency == entity.currency:
            return minor
        amount = Decimal(abs(minor)).scaleb(-exponent(currency))
        cents = int(self.rates.to_base(amount, currency, entity.currency, day) * 100)
        return cents if minor >= 0 else -cents

    def weekday(self, low: float, high: float) -> date:
        """A working day between two shares of the window."""
        last = self.time.last_day
        day = self.time.date(
            int(self.rng.integers(int(low * last), max(int(high * last), int(low * last) + 1)))
        )
        found = on_or_after("de", day) if day.weekday() > 4 else day
        return found if found <= self.time.end else on_or_before("de", self.time.end)

    def banking_day(self, entity: Entity, day: date) -> date:
        """The banking day on or after, but never after the window's last one."""
        found = on_or_after(entity.suffix, day)
        return found if found <= self.time.end else on_or_before(entity.suffix, self.time.end)

    def post(
        self,
        entity: Entity,
        day: date,
        document_type: str,
        number: str,
        description: str,
        lines: Iterator[tuple[str, str, int, int]] | list[tuple[str, str, int, int]],
        party: str = "",
        cost_center: str = "",
        canonical: tuple[str, str] = ("", ""),
    ) -> Posting:
        merged: dict[tuple[str, str], list[int]] = {}
        for account, currency, minor, base in lines:
            sums = merged.setdefault((account, currency), [0, 0])
            sums[0] += minor
            sums[1] += base
        entry = Posting(
            entity,
            day,
            document_type,
            number,
            description,
            [(a, c, m, b) for (a, c), (m, b) in merged.items() if m or b],
            party,
            cost_center,
            *canonical,
        )
        difference = sum(line[3] for line in entry.lines)
        if difference:
            raise ValueError(f"{document_type} {number} is out of balance by {difference}")
        self.postings.append(entry)
        return entry

    def receive(
        self, line: BankLine, entries: list[tuple[str, str, int, int]], description: str, party: str = ""
    ) -> BankLine:
        """Book a bank line: its own side and the given other side; what is left in base is FX."""
        entity = self.company.entities[line.account.entity_id]
        own = (
            line.account.account_code,
            line.currency,
            line.amount,
            self.base(line.amount, line.currency, entity, line.day),
        )
        rows = [own, *entries]
        difference = sum(row[3] for row in rows)
        if difference:
            rows.append(("6850", entity.currency, -difference, -difference))
        line.posting = self.post(entity, line.day, "bank_transaction", "", description, rows, party)
        self.lines.append(line)
        return line
