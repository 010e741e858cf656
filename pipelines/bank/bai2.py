"""BAI2: cash management reports of North American banks, records of fields between commas.

Belongs here: records 01 to 99 with their continuations, type codes and funds types, and the three levels
of control totals. Amounts have no decimal point: the currency says how many decimals there are.

A statement is one account (03 to 49) of one group; the group's as-of date is the booking date. A control
total that its records contradict is kept on the statement (`control_problem`); the lines are loaded.

Source: BAI, Cash Management Balance Reporting Specifications, version 2 (type codes: appendix A).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pipelines.bank import values
from pipelines.bank.line_rows import LineRows, implied
from pipelines.bank.reading import Cells, Drift, Reading, Statement, UnreadableFile
from pipelines.decoding import decode
from pipelines.stripe.currencies import THREE_DECIMALS, ZERO_DECIMALS

_OPENING, _CLOSING, _CREDITS, _DEBITS = "010", "015", "100", "400"
_MESSAGE = "890"  # a record of text without money
_STATUS = {"2": "the group is a deletion", "3": "the group is a correction", "4": "the group is a test"}
_RECORD = re.compile(r"^\s*(01|02|03|16|49|88|98|99)\s*,(.*)$")
_NEXT_RECORD = re.compile(r"/[ \t]*(?=(?:02|03|16|49|88|98|99),)")
# Within a line, where `12/16,300` may stand in a text: only with the first fields that such a record has.
_RUN_TOGETHER = re.compile(
    r"/[ \t]*(?=02,[^,/\n]*,[^,/\n]*,[1-4],\d{6},|03,[^,/\n]+,(?:[A-Z]{3})?,|16,\d{3},[+-]?\d*,"
    r"|(?:49,[+-]?\d+,|9[89],[+-]?\d+,\d+,)\d+[ \t]*/)",
    re.ASCII,
)


class Record(NamedTuple):
    """A logical record: code, text with its continuations, and how many physical records it was."""

    code: str
    text: str
    count: int
    line: int


@dataclass
class _Level:
    """What one level of the file adds up to, against its trailer."""

    total: int = 0
    records: int = 0
    members: int = 0
    statements: list[Statement] = field(default_factory=list)


def read(content: bytes) -> Reading:
    """Read one BAI2 file. Raises UnreadableFile when it has no account."""
    text = in_lines(decode(content)[0].replace("\r\n", "\n").replace("\r", "\n"))
    reader = _Reader()
    for record in _records(text):
        reader.take(record)
    reader.end()
    if not reader.statements:
        raise UnreadableFile("BAI2 without an account (record 03)")
    declared, statements = scan(text)
    return Reading(
        format="bai2",
        recognised_by="record 01 of BAI2 (sender, receiver, date)",
        statements=reader.statements,
        lines=reader.rows.table(),
        details=reader.rows.detail_table(),
        payload=reader.rows.payload,
        declared=declared,
        declared_statements=statements,
        drift=reader.drift,
    )


def in_lines(text: str) -> str:
    """One physical record per line, also for a file without line ends.

    Such a file has records of the length that its header states (field 7), padded with blanks, or records
    that follow one another after their `/`. A `/` inside a text is none: it is followed by no record code.
    Lines with several records in them occur too, among others that hold one.
    """
    first, _, rest = text.strip("\n").partition("\n")
    if _RECORD.match(rest.lstrip("\n").partition("\n")[0]):
        return _RUN_TOGETHER.sub("/\n", text)
    length = values.parse_count((first.split(",") + [""] * 8)[6]) or 0
    if length >= 40 and all(
        _RECORD.match(first[at : at + length]) for at in range(0, len(first.rstrip()), length)
    ):
        cut = [first[at : at + length].rstrip() for at in range(0, len(first), length)]
        return "\n".join([*cut, rest])
    return _NEXT_RECORD.sub("/\n", text)


def _records(text: str) -> Iterator[Record]:
    """Logical records: a continuation (88) follows a record that ended with `/` as its next field, and
    one that did not as its next words."""
    current: Record | None = None
    for number, line in enumerate(text.split("\n"), 1):
        found = _RECORD.match(line)
        if found is None:
            # A line that is no record goes on with the text of the one before (wrapped by an editor).
            if current is not None and line.strip():
                current = current._replace(text=f"{current.text} {line.strip()}")
            continue
        code, rest = found[1], found[2].rstrip()
        if code == "88" and current is not None:
            ended = current.text.endswith("/") and not (current.code == "16" and _detail(current.text[:-1]))
            joined = f"{current.text[:-1]},{rest}" if ended else f"{current.text.removesuffix('/')} {rest}"
            current = current._replace(text=joined, count=current.count + 1)
            continue
        if current is not None:
            yield current
        current = Record(code, rest, 1, number)
    if current is not None:
        yield current


class _Detail(NamedTuple):
    code: str
    amount: str
    value_date: date | None
    bank_reference: str
    customer_reference: str
    text: str


def _funds(fields: list[str], at: int) -> tuple[int, date | None]:
    """Where the fields after a funds type begin, and its value date. V has a date and time, S three
    amounts, D a number of pairs."""
    kind = fields[at].strip().upper() if at < len(fields) else ""
    if kind == "V":
        return at + 3, _day(fields[at + 1]) if at + 1 < len(fields) else None
    if kind == "S":
        return at + 4, None
    if kind == "D":
        pairs = values.parse_count(fields[at + 1]) if at + 1 < len(fields) else None
        return at + 2 + 2 * (pairs or 0), None
    return at + 1, None


def _detail(text: str) -> _Detail | None:
    """A record 16; None when a continuation has still to bring its references."""
    fields = text.split(",")
    if len(fields) < 2:
        return None
    at, value_date = _funds(fields, 2)
    if at + 2 > len(fields):
        return None
    return _Detail(
        fields[0].strip(),
        fields[1].strip(),
        value_date,
        fields[at],
        fields[at + 1],
        ",".join(fields[at + 2 :]),
    )


def _day(yymmdd: str) -> date | None:
    found = re.fullmatch(r"(\d\d)(\d\d)(\d\d)", yymmdd.strip(), re.ASCII)
    return values.parse_date("20{}-{}-{}".format(*found.groups())) if found else None


def _decimals(currency: str) -> int:
    return 0 if currency in ZERO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def _number(text: str) -> int | None:
    cleaned = text.strip()
    return int(cleaned) if re.fullmatch(r"[+-]?\d{1,18}", cleaned, re.ASCII) else None


class _Reader:
    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.rows = LineRows()
        self.drift: list[Drift] = []
        self.file = _Level()
        self.group = _Level()
        self.account = _Level()
        self.made = ""
        self.originator: str | None = None
        self.group_currency = "USD"
        self.as_of: date | None = None
        self.suffix = ""
        self.decimals = 2
        self.status = ""
        self.messages = 0
        self.is_closed = False

    def take(self, record: Record) -> None:
        for level in (self.file, self.group, self.account):
            level.records += record.count
        fields = record.text.rstrip().removesuffix("/").split(",")
        fields += [""] * (8 - len(fields))
        if record.code == "01":
            self.file = _Level(records=record.count)
            day, time = _day(fields[2]), fields[3].strip()
            self.made = f"{day}T{time[:2]}:{time[2:4]}:00" if day and re.fullmatch(r"\d{4}", time) else ""
        elif record.code == "02":
            self._open_group(fields, record)
        elif record.code == "03":
            self._open_account(fields, record)
        elif record.code == "16":
            self._line(record)
        elif record.code == "49":
            self._close(self.account, fields, "account", None)
            self.group.total += _number(fields[0]) or 0
        elif record.code == "98":
            self._close(self.group, fields, "group", "accounts")
            self.file.total += _number(fields[0]) or 0
        elif record.code == "99":
            self._close(self.file, fields, "file", "groups")
            self.is_closed = True

    def _open_group(self, fields: list[str], record: Record) -> None:
        self.group = _Level(records=record.count)
        self.file.members += 1
        self.originator = fields[1].strip() or None
        self.status = fields[2].strip()
        self.as_of = _day(fields[3])
        self.group_currency = fields[5].strip().upper() or "USD"
        # Interim reports of a day are statements of their own; the final one of a day is one.
        is_interim = fields[6].strip() in ("1", "3")
        self.suffix = f" {fields[4].strip()}" if is_interim and fields[4].strip() else ""

    def _open_account(self, fields: list[str], record: Record) -> None:
        self.account = _Level(records=record.count)
        self.group.members += 1
        currency = fields[1].strip().upper() or self.group_currency
        self.decimals = _decimals(currency)
        account = values.account_number(fields[0])
        statement = Statement(
            statement_id=f"{account} {self.as_of or ''}{self.suffix}",
            account_number=account,
            account_currency=currency if re.fullmatch("[A-Z]{3}", currency) else None,
            from_date=self.as_of,
            to_date=self.as_of,
            created_at=values.parse_time(self.made),
            message_id=self.originator,
            control_problem=_STATUS.get(self.status),
        )
        counts: dict[str, int | None] = {}
        amounts: dict[str, Decimal | None] = {}
        at = 2
        while at < len(fields):
            if not fields[at].strip():  # one comma more than the fields need, before a continuation
                at += 1
                continue
            code, amount = fields[at].strip(), fields[at + 1].strip() if at + 1 < len(fields) else ""
            if code and amount:
                self.account.total += _number(amount) or 0
                amounts.setdefault(code, self._money(amount))
                counts.setdefault(code, values.parse_count(fields[at + 2]) if at + 2 < len(fields) else None)
            at, _ = _funds(fields, at + 3)
        statement.opening_balance_amount = amounts.get(_OPENING)
        statement.closing_balance_amount = amounts.get(_CLOSING)
        statement.opening_balance_date = self.as_of if _OPENING in amounts else None
        statement.closing_balance_date = self.as_of if _CLOSING in amounts else None
        received, paid = amounts.get(_CREDITS), amounts.get(_DEBITS)
        if received is not None and paid is not None:
            statement.declared_net_amount = abs(received) - abs(paid)
            both = counts[_CREDITS], counts[_DEBITS]
            statement.declared_entry_count = None if None in both else sum(both)  # type: ignore[arg-type]
        # Some banks list an account once per value date: each is a statement of its own.
        same = sum(
            (other.statement_id or "").partition(" #")[0] == statement.statement_id
            for other in self.statements
        )
        if same:
            statement.statement_id = f"{statement.statement_id} #{same + 1}"
        self.statements.append(statement)
        for level in (self.account, self.group, self.file):
            level.statements.append(statement)

    def _money(self, text: str) -> Decimal | None:
        amount = implied(text.lstrip("+-"), self.decimals)
        return None if amount is None else -amount if text.startswith("-") else amount

    def _line(self, record: Record) -> None:
        text = record.text.rstrip().removesuffix("/")
        code, amount = [*(part.strip() for part in text.split(",")), ""][:2]
        detail = _detail(text) or _Detail(code, amount, None, "", "", "")
        self.account.total += _number(detail.amount) or 0
        if detail.code == _MESSAGE:
            self.messages += 1
            self.drift[:] = [Drift("16/890 (message without money)", text[:200], self.messages)]
            return
        if not self.statements:
            raise UnreadableFile(f"line {record.line}: a transaction (16) before any account (03)")
        statement = self.statements[-1]
        sign = sign_of(detail.code)
        amount = self._money(detail.amount or "0")
        self.rows.add(
            f"16,{record.text}",
            statement=len(self.statements) - 1,
            amount_text=detail.amount,
            sign_text=None if sign else f"type code {detail.code}",
            currency_text=statement.account_currency,
            date_text=str(self.as_of or ""),
            amount=None if amount is None or not sign else sign * amount,
            currency=statement.account_currency,
            booking_date=self.as_of,
            value_date=detail.value_date or self.as_of,
            bank_transaction_code=detail.code,
            servicer_reference=_reference(detail.bank_reference),
            customer_reference=_reference(detail.customer_reference),
            remittance_text=detail.text,
        )

    def _close(self, level: _Level, fields: list[str], name: str, members: str | None) -> None:
        """Hold a trailer against what was read; the last statement of the level carries a difference."""
        stated = [_number(text) for text in fields[: 3 if members else 2]]
        found = [level.total, level.members, level.records] if members else [level.total, level.records]
        words = (
            ["control total", f"number of {members}", "number of records"]
            if members
            else ["control total", "number of records"]
        )
        for what, expected, actual in zip(words, stated, found, strict=True):
            if expected is not None and expected != actual and level.statements:
                last = level.statements[-1]
                if what == "control total" and last.control_residual_amount is None:
                    last.control_residual_amount = Decimal(expected - actual).scaleb(-self.decimals)
                said = f"{name} {what} {expected}, but its records give {actual}"
                last.control_problem = f"{last.control_problem}; {said}" if last.control_problem else said

    def end(self) -> None:
        """A file without its trailer was cut off."""
        if self.statements and not self.is_closed:
            last = self.statements[-1]
            last.is_cut_off = True
            said = "the file has no trailer (99): it may be cut off"
            last.control_problem = f"{last.control_problem}; {said}" if last.control_problem else said


def _reference(text: str) -> str | None:
    cleaned = text.strip()
    return None if re.fullmatch(r"0*|NONREF", cleaned) else cleaned


def sign_of(code: str) -> int:
    """Credits 100 to 399 and 920 to 959, debits 400 to 699 and 960 to 999; 0 for what moves no money."""
    number = int(code) if re.fullmatch(r"\d{3}", code, re.ASCII) else 0
    if 100 <= number <= 399 or 920 <= number <= 959:
        return 1
    return -1 if 400 <= number <= 699 or 960 <= number <= 999 else 0


# --- declared: a second, simple path over the text ------------------------------------------------

_SCANNED = re.compile(r"^\s*(02|03|16)\s*,([^\n]*)", re.MULTILINE)


def scan(text: str) -> tuple[Cells, int]:
    """Count and sum the records 16 of a file by their first fields alone."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    day, group_currency, currency, statements = None, "USD", "USD", 0
    for code, rest in _SCANNED.findall(text):
        fields = [part.strip().removesuffix("/") for part in rest.split(",")] + [""] * 6
        if code == "02":
            day, group_currency = _day(fields[3]), fields[5].upper() or "USD"
        elif code == "03":
            currency, statements = fields[1].upper() or group_currency, statements + 1
        elif fields[0] != _MESSAGE:
            exponent = _decimals(currency)
            digits = fields[1].lstrip("+-") or "0"
            amount = Decimal(int(digits)).scaleb(-exponent) if digits.isascii() and digits.isdigit() else None
            if amount is None or values.parse_money(f"{amount:f}") is None:
                amount = Decimal(0)
            sign = sign_of(fields[0]) * (-1 if fields[1].startswith("-") else 1)
            key = currency if re.fullmatch("[A-Z]{3}", currency) else "XXX"
            cells[key, day][0] += 1
            cells[key, day][1] += sign * amount
    return {key: (count, amount) for key, (count, amount) in cells.items()}, statements
