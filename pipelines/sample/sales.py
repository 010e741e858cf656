"""Sales on invoice: B2B invoices and credit notes of the three ERPs, and how customers pay them.

Belongs here: the cases of cash application. Each maker writes the documents, the bank lines, the ERP's
postings and the truth together, so that they cannot disagree.
"""

from collections.abc import Callable
from datetime import date, timedelta

from pipelines.sample.books import BankLine, Books, Document, Line, percent, text
from pipelines.sample.company import BankAccount, Entity, Party
from pipelines.sample.truth import Match

GOODS = {
    "de": ["Teekannen Sturmfest", "Becher Nordwind", "Wolldecken Hygge", "Kerzen, Karton à 48", "Messestand-Ausstattung", "Frühjahrskollektion"],
    "uk": ["Teapots, boxed", "Harbour mugs", "Wool blankets", "Candles, case of 48", "Display stand", "Spring collection"],
    "us": ["Stoneware teapots", "Prairie mugs", "Wool throws", "Candles, case of 48", "Display rack", "Spring collection"],
}  # fmt: skip
TERMS = {"de": 14, "uk": 21, "us": 30}


class Sales:
    """Makes the B2B sales of a sample into `books`."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.rng = books.rng
        self.counter = {"de": 0, "uk": 0, "us": 0}
        self.seen: set[tuple[str, str, int]] = set()

    # -- parties and accounts ---------------------------------------------------------------------

    def pick(self, suffix: str, wanted: Callable[[Party], bool] = lambda _: True) -> Party:
        parties = [p for p in self.books.company.customers[f"{suffix.upper()}01"] if wanted(p)]
        if suffix == "us":  # the first eight are billed through Stripe
            parties = [p for p in parties if "stripe_us" not in p.native]
        return parties[int(self.rng.integers(len(parties)))]

    def currency_of(self, entity: Entity, party: Party) -> str:
        if entity.suffix != "uk":
            return entity.currency
        return {"GB": "GBP", "JP": "JPY", "KW": "KWD"}.get(party.country, "EUR")

    def account_of(self, entity: Entity, currency: str) -> BankAccount:
        name = {"de": "DE01-EUR-MAIN", "us": "US01-USD-MAIN"}.get(entity.suffix)
        return self.books.company.accounts[
            name or ("UK01-EUR-MAIN" if currency == "EUR" else "UK01-GBP-MAIN")
        ]

    # -- documents --------------------------------------------------------------------------------

    def invoice(
        self,
        party: Party,
        day: date,
        *,
        terms: int | None = None,
        discount: bool = False,
        total: int | None = None,
    ) -> Document:
        """Write an invoice and its posting. `total` fixes a tax-free amount."""
        entity = self.books.company.entities[party.entity_id]
        suffix = entity.suffix
        currency = self.currency_of(entity, party)
        self.counter[suffix] += 1
        i = self.counter[suffix]
        number = {"de": f"RE-2026-{i:05d}", "uk": f"HV-{10000 + i}", "us": f"INV-{20000 + i}"}[suffix]
        native = {"de": f"{4_000_000 + i}", "uk": f"SI{i:06d}", "us": f"I-{i:06d}"}[suffix]
        while True:
            lines = [self._line(entity, party, currency) for _ in range(int(self.rng.integers(1, 5)))]
            if total is not None:
                lines = [
                    Line(
                        GOODS[suffix][0],
                        1,
                        total,
                        total,
                        0,
                        self._tax(entity, party)[0],
                        "4010",
                        lines[0].cost_center,
                    )
                ]
            document = Document(
                "invoice",
                entity,
                native,
                number,
                day,
                day + timedelta(terms or TERMS[suffix]),
                party,
                currency,
                lines,
            )
            key = (entity.entity_id, party.party_id, document.total)
            # Two equal open amounts of one customer would be a case of their own.
            if total is not None or key not in self.seen:
                break
        self.seen.add((entity.entity_id, party.party_id, document.total))
        if discount:
            document.discount_percent, document.discount_days = 200, 10
        document.updates.append((day, "open"))
        self._post(document)
        return document

    def _tax(self, entity: Entity, party: Party) -> tuple[str, int]:
        if entity.suffix == "de":
            return ("DE19", 1900) if party.country == "DE" else ("DE0", 0)
        if entity.suffix == "uk":
            return ("UK20", 2000) if party.country == "GB" else ("UK0", 0)
        return ("US0", 0)

    def _line(self, entity: Entity, party: Party, currency: str) -> Line:
        low, high = {"JPY": (8_000, 90_000), "KWD": (40_000, 350_000)}.get(currency, (4_500, 38_000))
        quantity, unit = int(self.rng.integers(1, 9)), int(self.rng.integers(low, high))
        code, rate = self._tax(entity, party)
        net = quantity * unit
        center = {"de": "DE-200", "uk": "UK-200", "us": "US-200"}[entity.suffix]
        description = GOODS[entity.suffix][int(self.rng.integers(6))]
        return Line(description, quantity, unit, net, percent(net, rate), code, "4010", center)

    def _post(self, document: Document) -> None:
        books, entity, day = self.books, document.entity, document.day
        books.documents.append(document)

        def base(minor: int) -> int:
            return books.base(minor, document.currency, entity, day)

        rows = [("1400", document.currency, document.total, base(document.total))]
        rows += [("2600", document.currency, -document.tax, -base(document.tax))]
        net_base = base(document.total) - base(document.tax)
        rows += [("4010", document.currency, -document.net, -net_base)]
        books.post(
            entity,
            day,
            document.kind,
            document.number,
            f"{document.party.name}",
            rows,
            document.party.native[entity.erp],
            document.lines[0].cost_center,
            (document.kind, document.canonical_id),
        )

    def credit_note(self, invoice: Document, day: date, share: int) -> Document:
        """A credit note over a share (hundredths of a percent) of the first line."""
        entity, suffix = invoice.entity, invoice.entity.suffix
        self.counter[suffix] += 1
        i = self.counter[suffix]
        first = invoice.lines[0]
        net = -percent(first.net, share)
        tax = -percent(-net, self._tax(entity, invoice.party)[1])
        document = Document(
            "credit_note",
            entity,
            {"de": f"{4_000_000 + i}", "uk": f"SI{i:06d}", "us": f"I-{i:06d}"}[suffix],
            {"de": f"GU-2026-{i:05d}", "uk": f"HVC-{10000 + i}", "us": f"CM-{20000 + i}"}[suffix],
            day,
            day,
            invoice.party,
            invoice.currency,
            [Line(first.description, 1, net, net, tax, first.tax_code, first.account, first.cost_center)],
            original=invoice.number,
        )
        document.updates.append((day, "open"))
        self._post(document)
        return document

    # -- receipts ---------------------------------------------------------------------------------

    def remittance(self, documents: list[Document]) -> str:
        numbers = [d.number for d in documents]
        suffix = documents[0].entity.suffix
        style = int(self.rng.integers(3))
        joined = ", ".join(numbers)
        if suffix == "de":
            stem = (
                f"vom {documents[0].day:%d.%m.%Y}" if len(documents) == 1 else f"{len(documents)} Rechnungen"
            )
            return [
                f"Rechnung {joined} {stem}",
                f"RG {joined} KD {documents[0].party.native['erp_de']}",
                joined,
            ][style]
        if suffix == "uk":
            return [f"Invoice {joined}", f"{joined} Harbour & Vale", f"PAYMENT OF {joined}"][style]
        return [
            f"ACH CREDIT INV {joined}",
            f"PAYMENT {joined}",
            f"{documents[0].party.aliases['bank_us']} {joined}",
        ][style]

    def receipt(
        self, documents: list[Document], day: date, amount: int, remittance: str, case: str, *,
        cleared: list[int] | None = None, discount: int = 0, charges: int = 0, suspense: bool = False, named: bool = True,
    ) -> BankLine:  # fmt: skip
        """A receipt for documents in their own currency, or in GBP after the bank's conversion.

        cleared: minor units cleared per document (default: their totals).
        """
        books = self.books
        first = documents[0]
        entity, party, currency = first.entity, first.party, first.currency
        account = self.account_of(entity, currency)
        foreign = account.currency != currency
        e2e = (
            ""
            if self.rng.random() < 0.6 or suspense or case in ("missing_reference", "garbled_reference")
            else first.number
        )
        line = BankLine(
            account,
            books.banking_day(entity, day),
            amount,
            (party.name if self.rng.random() < 0.5 and entity.suffix == "de" else party.aliases[entity.bank])
            if named
            else "",
            party.account if named else "",
            remittance,
            "receipt",
            end_to_end_id=e2e,
            original_amount=sum(d.total for d in documents) if foreign else 0,
            original_currency=currency if foreign else "",
            charges=charges if foreign or case == "bank_charges_deducted" else 0,
            is_simple=case in ("normal", "late_payment"),
        )
        amounts = cleared or [d.total for d in documents]
        rows = []
        if suspense:
            rows.append(
                ("1990", account.currency, -amount, -books.base(amount, account.currency, entity, line.day))
            )
        else:
            for document, clears in zip(documents, amounts, strict=True):
                whole = books.base(document.total, currency, entity, document.day)
                part = (
                    whole if clears == document.total else books.base(clears, currency, entity, document.day)
                )
                rows.append(("1400", currency, -clears, -part))
            if discount:
                rows.append(("4200", currency, discount, books.base(discount, currency, entity, line.day)))
            if charges:
                rows.append(
                    (
                        "6810",
                        account.currency,
                        charges,
                        books.base(charges, account.currency, entity, line.day),
                    )
                )
        books.receive(line, rows, f"Receipt {party.name}", party.native[entity.erp])
        if not suspense:
            for document, clears in zip(documents, amounts, strict=True):
                self._match(line, document, clears, case)
                if document.kind == "invoice":
                    line.settles.append(
                        (
                            # Of an invoice paid in parts the other part may have come: short-paid, not unpaid.
                            "invoice_overdue"
                            if clears == document.total
                            else "invoice_overdue|invoice_short_paid",
                            "invoice",
                            document.canonical_id,
                            document.due + timedelta(5),
                            currency,
                            text(document.total, currency),
                        )
                    )
        return line

    def _match(self, line: BankLine, document: Document, clears: int, case: str) -> None:
        self.books.truth.matches.append(
            Match(
                "bank_to_documents",
                "bank_transaction",
                line,
                document.kind,
                document.canonical_id,
                text(abs(clears), document.currency),
                document.currency,
                case,
            )
        )
        if case not in ("normal", "short_payment", "over_payment", "paid_twice"):
            self.books.truth.case(case, document.kind, document.canonical_id)

    # -- cases ------------------------------------------------------------------------------------

    def normal(self, suffix: str, low: float = 0.0, high: float = 1.0) -> None:
        """Paid around the due date; not yet, when that is after the window."""
        party = self.pick(suffix, lambda p: p.country not in ("JP", "KW"))
        document = self.invoice(party, self.books.weekday(low, high), discount=self.rng.random() < 0.08)
        self.settle_normally(document)

    def settle_normally(self, document: Document) -> None:
        end = self.books.time.end
        wanted = document.due + timedelta(int(self.rng.integers(-5, 4)))
        if document.discount_days:
            wanted = max(wanted, document.day + timedelta(document.discount_days + 2))
        if wanted > end and document.due >= end:
            return
        day = self.books.banking_day(document.entity, wanted)
        line = self.receipt([document], day, document.total, self.remittance([document]), "normal")
        document.updates.append((line.day, "paid"))

    def one_for_several(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country not in ("JP", "KW"))
        count = int(self.rng.integers(2, 5))
        documents = sorted(
            (self.invoice(party, self.books.weekday(0.05, 0.40)) for _ in range(count)), key=lambda d: d.day
        )
        day = max(d.day for d in documents) + timedelta(9)
        line = self.receipt(
            documents,
            day,
            sum(d.total for d in documents),
            self.remittance(documents),
            "one_transfer_for_several",
        )
        for document in documents:
            document.updates.append((line.day, "paid"))

    def several_for_one(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.invoice(party, self.books.weekday(0.05, 0.45))
        first = percent(document.total, 4000)
        parts = [first, document.total - first]
        base_left = None
        for i, part in enumerate(parts):
            line = self.receipt(
                [document], document.day + timedelta(6 + 6 * i), part, f"{self.remittance([document])} {i + 1}/2",
                "several_transfers_for_one", cleared=[part],
            )  # fmt: skip
            base_left = line.day
        if base_left:
            document.updates.append((base_left, "paid"))

    def short_paid(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.invoice(party, self.books.weekday(0.10, 0.45))
        missing = max(percent(document.total, int(self.rng.integers(900, 2200))), 4000)
        paid = document.total - missing
        self.receipt(
            [document],
            document.day + timedelta(12),
            paid,
            self.remittance([document]),
            "short_payment",
            cleared=[paid],
        )
        fault = self.books.truth.fault(
            "invoice_short_paid",
            document.canonical_id,
            f"{text(missing, document.currency)} of {document.number} not paid",
        )
        self.books.truth.expect(
            fault,
            "invoice_short_paid",
            "invoice",
            document.canonical_id,
            document.currency,
            text(missing, document.currency),
        )

    def over_paid(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.invoice(party, self.books.weekday(0.10, 0.45))
        extra = max(percent(document.total, int(self.rng.integers(600, 1500))), 4500)
        line = self.receipt(
            [document], document.day + timedelta(11), document.total + extra, self.remittance([document]), "over_payment",
            cleared=[document.total + extra],
        )  # fmt: skip
        document.updates.append((line.day, "paid"))
        fault = self.books.truth.fault(
            "invoice_over_paid",
            document.canonical_id,
            f"{text(extra, document.currency)} too much for {document.number}",
        )
        self.books.truth.expect(
            fault,
            "invoice_over_paid",
            "invoice",
            document.canonical_id,
            document.currency,
            text(extra, document.currency),
        )

    def charges_deducted(self, suffix: str) -> None:
        """Banks on the way keep up to 15.00, well below two percent of the invoice."""
        party = self.pick(suffix, lambda p: p.country in ("CH", "DK", "US", "FR"))
        document = self.invoice(party, self.books.weekday(0.05, 0.45))
        while document.total < 120_000:
            self._withdraw(document)
            document = self.invoice(party, self.books.weekday(0.05, 0.45))
        fee = (750, 1000, 1250, 1500)[int(self.rng.integers(4))]
        note = f"{self.remittance([document])} CHGS {text(fee, document.currency)}"
        line = self.receipt(
            [document],
            document.day + timedelta(13),
            document.total - fee,
            note,
            "bank_charges_deducted",
            charges=fee,
        )
        document.updates.append((line.day, "paid"))

    def _withdraw(self, document: Document) -> None:
        """Take back a draft that did not fit: nothing of it was seen outside."""
        self.books.documents.remove(document)
        self.books.postings.pop()
        self.counter[document.entity.suffix] -= 1

    def garbled(self, suffix: str) -> None:
        """The number is hurt (O for 0, a digit lost); amount and account still say who and what."""
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US", "AT", "NL"))
        document = self.invoice(party, self.books.weekday(0.05, 0.5))
        number = document.number
        hurt = [number.replace("0", "O", 2), number[:-3] + number[-2:], number.replace("-", " ")[1:]][
            int(self.rng.integers(3))
        ]
        line = self.receipt(
            [document],
            document.day + timedelta(10),
            document.total,
            f"Zahlung {hurt}" if suffix == "de" else f"PMT {hurt}",
            "garbled_reference",
        )
        document.updates.append((line.day, "paid"))

    def missing(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US", "AT", "NL"))
        document = self.invoice(party, self.books.weekday(0.05, 0.5))
        note = {"de": "Vielen Dank", "uk": "THANK YOU", "us": "ACH CREDIT"}[suffix]
        line = self.receipt(
            [document], document.day + timedelta(10), document.total, note, "missing_reference"
        )
        document.updates.append((line.day, "paid"))

    def ambiguous(self, suffix: str) -> None:
        """Two open invoices of one customer over the same amount, one payment without a reference."""
        truth = self.books.truth
        party = self.pick(suffix, lambda p: p.country in ("AT", "NL", "FR", "DK", "US"))
        amount = 10 * int(self.rng.integers(9_000, 40_000))
        day = self.books.weekday(0.80, 0.84)
        days = (day, self.next_weekday(day + timedelta(1)))
        documents = [self.invoice(party, d, terms=30, total=amount) for d in days]
        line = self.receipt(
            documents,
            day + timedelta(5),
            amount,
            "Zahlung" if suffix == "de" else "PAYMENT",
            "ambiguous",
            suspense=True,
        )
        fault = truth.fault(
            "ambiguous_receipt",
            documents[0].canonical_id,
            f"fits {documents[0].number} and {documents[1].number}",
        )
        truth.expect(
            fault, "match_to_review", "bank_transaction", line, line.currency, text(amount, line.currency)
        )

    def discounted(self, suffix: str) -> None:
        """2 % within 10 days, on tax-free sales, so that no VAT has to be corrected."""
        party = self.pick(suffix, lambda p: p.country in ("AT", "NL", "FR", "US"))
        document = self.invoice(party, self.books.weekday(0.05, 0.7), discount=True)
        discount = percent(document.total, 200)
        day = document.day + timedelta(int(self.rng.integers(5, 8)))
        note = f"{self.remittance([document])} {'abzgl. 2 % Skonto' if suffix == 'de' else 'LESS 2 PCT'}"
        line = self.receipt(
            [document], day, document.total - discount, note, "early_payment_discount", discount=discount
        )
        document.updates.append((line.day, "paid"))

    def credited(self, suffix: str) -> None:
        """Invoice less credit note in one transfer."""
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.invoice(party, self.books.weekday(0.05, 0.45))
        note = self.credit_note(
            document, self.next_weekday(document.day + timedelta(4)), int(self.rng.integers(1500, 6000))
        )
        both = [document, note]
        line = self.receipt(
            both,
            document.day + timedelta(12),
            document.total + note.total,
            self.remittance(both),
            "credit_note_netted",
        )
        for item in both:
            item.updates.append((line.day, "paid"))

    def next_weekday(self, day: date) -> date:
        while day.weekday() > 4:
            day += timedelta(1)
        return day

    def unpaid(self, suffix: str) -> None:
        party = self.pick(suffix, lambda p: p.country in ("DE", "GB", "US"))
        document = self.invoice(party, self.books.weekday(0.05, 0.35), terms=14)
        fault = self.books.truth.fault(
            "invoice_unpaid", document.canonical_id, f"{document.number} was due on {document.due}"
        )
        self.books.truth.expect(
            fault,
            "invoice_overdue",
            "invoice",
            document.canonical_id,
            document.currency,
            text(document.total, document.currency),
        )

    def converted(self, suffix: str) -> None:
        """JPY and KWD invoices, paid in full; our bank converts to GBP at its own rate."""
        country = ("JP", "KW")[self.counter["uk"] % 2]
        party = self.pick("uk", lambda p: p.country == country)
        document = self.invoice(party, self.books.weekday(0.05, 0.55))
        day = self.books.banking_day(document.entity, document.due - timedelta(int(self.rng.integers(1, 6))))
        market = self.books.base(document.total, document.currency, document.entity, day)
        fee = 800 if self.rng.random() < 0.5 else 0
        credited = market * 9960 // 10000 - fee
        line = self.receipt(
            [document], day, credited, self.remittance([document]), "fx_difference", charges=fee
        )
        document.updates.append((line.day, "paid"))

    def unknown(self, suffix: str) -> None:
        """Money from someone whom no system knows, for nothing that we billed."""
        books = self.books
        entity = books.company.entity(suffix)
        account = self.account_of(entity, entity.currency)
        amount = int(self.rng.integers(3_100, 39_000)) * 3 + 1
        names = [("KARIN FEDDERSEN", "DE02500105170137075030"), ("MR A J BLYTHE", "GB33BUKB20201555555555"), ("R. VANCE HOLDINGS", "7710093344"), ("STIFTUNG WATTENMEER", "DE75512108001245126199")]  # fmt: skip
        n = sum(1 for f in books.truth.faults if f[1] == "unknown_receipt")
        name, number = names[{"de": 0, "uk": 1, "us": 2}[suffix] if n < 3 else 3]
        line = BankLine(
            account, books.banking_day(entity, books.weekday(0.15, 0.85)), amount, name, number,
            {"de": "Rueckzahlung Kaution", "uk": "REFUND DEPOSIT", "us": "DEPOSIT RETURN"}[suffix], "unknown", is_simple=False,
        )  # fmt: skip
        books.receive(
            line,
            [("1990", account.currency, -amount, -books.base(amount, account.currency, entity, line.day))],
            f"Receipt {name}",
        )
        fault = books.truth.fault("unknown_receipt", entity.bank, f"{name}, {text(amount, account.currency)}")
        books.truth.expect(
            fault,
            "bank_line_unmatched",
            "bank_transaction",
            line,
            account.currency,
            text(amount, account.currency),
        )


def make_sales(books: Books, invoices: int) -> None:
    """Write about `invoices` B2B sales: all cases, then normal ones up to the number."""
    sales = Sales(books)
    faults = books.faults
    factor = max(1, round(invoices / 120))
    plan: list[tuple[Callable[[str], None], str, int]] = [
        (sales.one_for_several, "de", 2 * factor), (sales.one_for_several, "uk", factor), (sales.one_for_several, "us", 2 * factor),
        (sales.several_for_one, "de", factor), (sales.several_for_one, "uk", factor), (sales.several_for_one, "us", factor),
        (sales.charges_deducted, "de", 2 * factor), (sales.charges_deducted, "us", factor),
        (sales.garbled, "de", 2 * factor), (sales.garbled, "uk", factor), (sales.garbled, "us", factor),
        (sales.missing, "de", factor), (sales.missing, "uk", factor), (sales.missing, "us", factor),
        (sales.discounted, "de", 2 * factor), (sales.discounted, "us", 2 * factor),
        (sales.credited, "de", factor), (sales.credited, "uk", factor), (sales.credited, "us", factor),
        (sales.converted, "uk", 5 * factor),
    ]  # fmt: skip
    for maker, fault in (
        (sales.short_paid, "invoice_short_paid"), (sales.over_paid, "invoice_over_paid"), (sales.unpaid, "invoice_unpaid"),
        (sales.unknown, "unknown_receipt"),
    ):  # fmt: skip
        plan += [(maker, ("de", "uk", "us")[i % 3], 1) for i in range(faults.count(fault))]
    plan += [(sales.ambiguous, ("de", "us")[i % 2], 1) for i in range(faults.count("ambiguous_receipt"))]
    for maker, suffix, count in plan:
        for _ in range(count):
            maker(suffix)
    suffixes = ("de", "uk", "de", "us", "de", "uk", "us")
    for i in range(max(0, invoices - len(books.documents))):
        sales.normal(suffixes[i % 7])
