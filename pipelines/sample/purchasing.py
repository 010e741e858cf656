"""Purchases: vendor bills and how they are paid, singly, in payment runs, with discount, or twice.

Belongs here: bills, vendor credit notes and the money that leaves the bank for them.
"""

from collections.abc import Callable
from datetime import date, timedelta

from pipelines.sample.books import BankLine, Books, Detail, Document, Line, percent, text
from pipelines.sample.company import BankAccount, Entity, Party
from pipelines.sample.days import on_or_after
from pipelines.sample.truth import Match

WHAT = {
    "5000": "Ware", "5100": "Kartons und Polster", "5200": "Fracht", "6150": "Miete", "6160": "Strom und Gas",
    "6170": "Beratung", "6140": "Anzeigen", "6130": "Büromaterial",
}  # fmt: skip
WHAT_EN = {
    "5000": "Goods", "5100": "Packaging", "5200": "Freight", "6150": "Rent", "6160": "Electricity and gas",
    "6170": "Professional services", "6140": "Advertising", "6130": "Office supplies",
}  # fmt: skip


class Purchasing:
    """Makes the purchases of a sample into `books`."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.rng = books.rng
        self.counter = {"de": 0, "uk": 0, "us": 0}
        self.run = 0
        self.seen: set[tuple[str, int]] = set()

    def pick(self, suffix: str, wanted: Callable[[Party], bool] = lambda _: True) -> Party:
        parties = [p for p in self.books.company.vendors[f"{suffix.upper()}01"] if wanted(p)]
        return parties[int(self.rng.integers(len(parties)))]

    def account_of(self, entity: Entity, currency: str) -> BankAccount:
        name = {"de": "DE01-EUR-MAIN", "us": "US01-USD-MAIN"}.get(entity.suffix)
        return self.books.company.accounts[
            name or ("UK01-EUR-MAIN" if currency == "EUR" else "UK01-GBP-MAIN")
        ]

    def bill(
        self,
        party: Party,
        day: date,
        *,
        terms: int = 14,
        discount: bool = False,
        credit_of: Document | None = None,
    ) -> Document:
        """Write a bill, or a vendor credit note over a part of `credit_of`, and its posting."""
        books, entity = self.books, self.books.company.entities[party.entity_id]
        suffix = entity.suffix
        self.counter[suffix] += 1
        i = self.counter[suffix]
        currency = "EUR" if suffix == "uk" and party.country == "IE" else entity.currency
        native = {"de": f"ER-2026-{i:05d}", "uk": f"PI{i:06d}", "us": f"B-{i:06d}"}[suffix]
        stem = "".join(c for c in party.native[entity.erp] if c.isdigit())[-3:]
        number = f"{'RG' if suffix == 'de' else 'SINV' if suffix == 'uk' else 'V'}{stem}-{4100 + 7 * i}"
        code, rate = self._tax(entity, party)
        while True:
            lines = []
            for _ in range(int(self.rng.integers(1, 4))):
                quantity, unit = int(self.rng.integers(1, 6)), int(self.rng.integers(3_500, 42_000))
                net = quantity * unit
                description = (WHAT if suffix == "de" else WHAT_EN)[party.detail]
                center = books.company.cost_centers[entity.entity_id][int(self.rng.integers(2))]
                lines.append(
                    Line(description, quantity, unit, net, percent(net, rate), code, party.detail, center)
                )
            if credit_of is not None:
                first = credit_of.lines[0]
                net = -percent(first.net, int(self.rng.integers(1500, 4500)))
                lines = [
                    Line(
                        first.description,
                        1,
                        net,
                        net,
                        -percent(-net, rate),
                        code,
                        party.detail,
                        first.cost_center,
                    )
                ]
            document = Document(
                "credit_note" if credit_of else "bill", entity, native, ("GS-" if credit_of else "") + number, day,
                day + timedelta(terms), party, currency, lines, original=credit_of.number if credit_of else "", is_bill=True,
            )  # fmt: skip
            if (entity.entity_id, document.total) not in self.seen:
                break
        self.seen.add((entity.entity_id, document.total))
        if discount:
            document.discount_percent, document.discount_days = 200, 10
        document.updates.append((day, "open"))
        books.documents.append(document)

        def base(minor: int) -> int:
            return books.base(minor, currency, entity, day)

        rows = [
            ("2400", currency, -document.total, -base(document.total)),
            ("1500", currency, document.tax, base(document.tax)),
        ]
        rows.append((party.detail, currency, document.net, base(document.total) - base(document.tax)))
        books.post(
            entity, day, "credit_note" if credit_of else "bill", native, f"{party.name} {document.number}", rows,
            party.native[entity.erp], document.lines[0].cost_center, ("bill", document.canonical_id),
        )  # fmt: skip
        return document

    def _tax(self, entity: Entity, party: Party) -> tuple[str, int]:
        if entity.suffix == "de":
            return ("DE19", 1900) if party.country == "DE" else ("DE0", 0)
        if entity.suffix == "uk":
            return ("UK20", 2000) if party.country == "GB" else ("UK0", 0)
        return ("US0", 0)

    def pay(
        self,
        documents: list[Document],
        day: date,
        case: str,
        *,
        discount: int = 0,
        note: str | None = None,
        is_second: bool = False,
    ) -> BankLine:
        """One transfer for documents of one vendor."""
        books = self.books
        first = documents[0]
        entity, party, currency = first.entity, first.party, first.currency
        account = self.account_of(entity, currency)
        amount = sum(d.total for d in documents) - discount
        day = books.banking_day(entity, day)
        numbers = " ".join(d.number for d in documents)
        line = BankLine(
            account, day, -amount, party.aliases[entity.bank] if entity.suffix != "de" else party.name, party.account,
            note or f"{numbers} {first.native_id}", "bill_payment", end_to_end_id=first.native_id if not is_second else f"{first.native_id}-2",
            is_simple=case == "normal",
        )  # fmt: skip
        rows = [("2400", currency, d.total, books.base(d.total, currency, entity, d.day)) for d in documents]
        if discount:
            rows.append(("4300", currency, -discount, -books.base(discount, currency, entity, day)))
        books.receive(line, rows, f"Payment {party.name}", party.native[entity.erp])
        if not is_second:
            for document in documents:
                self._match(line, document, case)
                document.updates.append((day, "paid"))
        return line

    def _match(self, line: BankLine, document: Document, case: str) -> None:
        truth = self.books.truth
        is_bill = document.kind == "bill"
        truth.matches.append(
            Match(
                "bill_to_bank", "bill" if is_bill else "vendor_credit_note", document.canonical_id, "bank_transaction", line,
                text(abs(document.total), document.currency), document.currency, case,
            )
        )  # fmt: skip
        if case not in ("normal", "short_payment", "over_payment", "paid_twice"):
            truth.case(case, "bill", document.canonical_id)
        if is_bill:
            line.settles.append(
                (
                    "bill_overdue",
                    "bill",
                    document.canonical_id,
                    document.due + timedelta(5),
                    document.currency,
                    text(document.total, document.currency),
                )
            )

    # -- cases ------------------------------------------------------------------------------------

    def normal(self, suffix: str) -> None:
        document = self.bill(
            self.pick(suffix), self.books.weekday(0.0, 1.0), terms=(10, 14, 21, 30)[int(self.rng.integers(4))]
        )
        day = on_or_after(suffix, document.due - timedelta(int(self.rng.integers(0, 4))))
        if day <= self.books.time.end:
            self.pay([document], day, "normal")

    def payment_run(self, suffix: str) -> None:
        """Four to eight bills of several vendors in one debit."""
        books, truth = self.books, self.books.truth
        entity = books.company.entity(suffix)
        start = books.weekday(0.05, 0.6)
        count = int(self.rng.integers(4, 9))
        vendors = {self.pick(suffix, lambda p: p.country != "IE").party_id: None for _ in range(count)}
        parties = [p for p in books.company.vendors[entity.entity_id] if p.party_id in vendors]
        documents = [self.bill(p, start) for p in parties]
        self.run += 1
        account = self.account_of(entity, entity.currency)
        day = books.banking_day(entity, start + timedelta(12))
        run = f"ZL{day:%y%m%d}{self.run:03d}"
        total = sum(d.total for d in documents)
        details = [
            Detail(-d.total, d.native_id, d.party.name if suffix == "de" else d.party.aliases[entity.bank], d.party.account, f"{d.number} {d.native_id}")
            for d in documents
        ]  # fmt: skip
        if suffix == "de":
            note, name, details_sent = "", "", details
        elif suffix == "uk":
            note, name, details_sent = (
                f"BACS {run} " + " ".join(d.native_id for d in documents),
                "BACS PAYMENT RUN",
                [],
            )
        else:
            note, name, details_sent = (
                f"ACH BATCH {run} " + " ".join(d.native_id for d in documents),
                "ACH BATCH DEBIT",
                [],
            )
        line = BankLine(
            account, day, -total, name, "", note, "payment_run", payment_information_id=run if suffix == "de" else "",
            end_to_end_id="" if suffix == "de" else run, details=details_sent, is_simple=False,
        )  # fmt: skip
        rows = [("2400", d.currency, d.total, d.total) for d in documents]
        books.receive(line, rows, f"Payment run {run}")
        for document in documents:
            self._match(line, document, "batch_debit")
            document.updates.append((day, "paid"))
        truth.case("batch_debit", "bank_transaction", line, f"{len(documents)} bills")

    def discounted(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("NL", "FR", "AT", "DK", "US"))
        document = self.bill(party, self.books.weekday(0.05, 0.7), terms=30, discount=True)
        discount = percent(document.total, 200)
        self.pay([document], document.day + timedelta(7), "early_payment_discount", discount=discount)

    def credited(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.bill(party, self.books.weekday(0.05, 0.5))
        note_day = document.day + timedelta(3)
        while note_day.weekday() > 4:
            note_day += timedelta(1)
        note = self.bill(party, note_day, terms=11, credit_of=document)
        self.pay([document, note], document.due - timedelta(2), "credit_note_netted")

    def paid_twice(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.bill(party, self.books.weekday(0.05, 0.5))
        first = self.pay([document], document.due - timedelta(2), "paid_twice")
        second = self.pay(
            [document],
            first.day + timedelta(6),
            "paid_twice",
            note=f"{document.number} {document.native_id}",
            is_second=True,
        )
        truth = self.books.truth
        fault = truth.fault(
            "bill_paid_twice",
            document.canonical_id,
            f"{document.number} paid on {first.day} and {second.day}",
        )
        truth.expect(
            fault,
            "bill_paid_twice",
            "bank_transaction",
            second,
            second.currency,
            text(document.total, document.currency),
        )

    def unpaid(self, suffix: str) -> None:
        document = self.bill(
            self.pick(suffix, lambda p: p.country in ("DE", "GB", "US")), self.books.weekday(0.05, 0.4)
        )
        truth = self.books.truth
        fault = truth.fault(
            "bill_unpaid_overdue", document.canonical_id, f"{document.number} was due on {document.due}"
        )
        truth.expect(
            fault,
            "bill_overdue",
            "bill",
            document.canonical_id,
            document.currency,
            text(document.total, document.currency),
        )


def make_purchases(books: Books, bills: int) -> None:
    """Write about `bills` vendor bills: all cases, then normal ones up to the number."""
    purchasing = Purchasing(books)
    before = len(books.documents)
    factor = max(1, round(bills / 80))
    plan: list[tuple[Callable[[str], None], str, int]] = [
        (purchasing.payment_run, "de", 2 * factor), (purchasing.payment_run, "uk", factor), (purchasing.payment_run, "us", factor),
        (purchasing.discounted, "de", factor), (purchasing.discounted, "us", 2 * factor),
        (purchasing.credited, "de", factor), (purchasing.credited, "uk", factor),
    ]  # fmt: skip
    for maker, fault in (
        (purchasing.paid_twice, "bill_paid_twice"),
        (purchasing.unpaid, "bill_unpaid_overdue"),
    ):
        plan += [(maker, ("de", "uk", "us")[i % 3], 1) for i in range(books.faults.count(fault))]
    for maker, suffix, count in plan:
        for _ in range(count):
            maker(suffix)
    suffixes = ("de", "uk", "us", "de", "us")
    for i in range(max(0, bills - (len(books.documents) - before))):
        purchasing.normal(suffixes[i % 5])
