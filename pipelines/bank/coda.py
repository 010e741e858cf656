"""CODA: statements of Belgian banks as lines of 128 characters.

Belongs here: records 0, 1, 21 to 23, 31 to 33, 4, 8 and 9. Amounts have three implied decimals and a
sign of their own (0 credit, 1 debit). A movement with detail number 0 is the statement line; further
detail numbers are the payments inside it and no money of their own.

The trailer's totals are the declared net; its number of records, and a missing record 8 or 9, are held
against the file (`control_problem`).

Source: Febelfin, Coded statement of account (CODA), version 2.6.
"""

import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.bank import values
from pipelines.bank.line_rows import LineRows, implied
from pipelines.bank.reading import Cells, Reading, Statement, UnreadableFile
from pipelines.decoding import decode

_WIDTH = 128
_SIGNS = {"0": 1, "1": -1}
# The trailer counts records 1, 2, 3 and 8: neither itself, nor the header, nor free messages (4).
_UNCOUNTED = ("0", "4", "9")
_OGM = ("101", "102")  # structured communication of a payment slip


def read(content: bytes) -> Reading:
    """Read one CODA file. Raises UnreadableFile when it has no statement."""
    text, _ = decode(content)
    reader = _Reader()
    for number, line in enumerate(_lines(text), 1):
        reader.take(line.ljust(_WIDTH), number)
    reader.end()
    if not reader.statements:
        raise UnreadableFile("CODA without an old balance (record 1)")
    declared, statements = scan(text)
    return Reading(
        format="coda",
        recognised_by="record 0 of CODA (00000, date, bank, 05)",
        statements=reader.statements,
        lines=reader.rows.table(),
        details=reader.rows.detail_table(),
        payload=reader.rows.payload,
        declared=declared,
        declared_statements=statements,
    )


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]


def _at(line: str, first: int, last: int) -> str:
    """Characters by their positions in the standard, which count from 1."""
    return line[first - 1 : last]


def _day(ddmmyy: str) -> date | None:
    found = re.fullmatch(r"(\d\d)(\d\d)(\d\d)", ddmmyy, re.ASCII)
    return values.parse_date(f"20{found[3]}-{found[2]}-{found[1]}") if found else None


def _money(sign: str, digits: str) -> Decimal | None:
    amount = implied(digits, 3)
    return None if amount is None or sign not in _SIGNS else _SIGNS[sign] * amount


def _account(line: str) -> tuple[str | None, str | None]:
    """Account and currency of record 1 by its account structure."""
    if _at(line, 2, 2) == "0":
        number, currency = _at(line, 6, 17), _at(line, 19, 21)
    else:
        number, currency = _at(line, 6, 39), _at(line, 40, 42)
    currency = currency.strip().upper()
    return values.account_number(number), currency if re.fullmatch("[A-Z]{3}", currency) else None


def structured_communication(text: str) -> str | None:
    """`101` and twelve digits as `***123/4567/89012***`; None for other communications."""
    digits = text[3:15]
    if text[:3] not in _OGM or not re.fullmatch(r"\d{12}", digits, re.ASCII):
        return None
    return f"***{digits[:3]}/{digits[3:7]}/{digits[7:]}***"


class _Movement:
    """A movement (21 with 22, 23 and its information records 31 to 33) while it is read."""

    def __init__(self, line: str) -> None:
        self.first = line
        self.lines = [line.rstrip()]
        self.detail = _at(line, 7, 10)
        self.is_structured = _at(line, 62, 62) == "1"
        self.communication = _at(line, 63, 115)
        self.information = ""
        self.fields: dict[str, Any] = {}

    def add(self, line: str) -> None:
        self.lines.append(line.rstrip())
        kind = line[:2]
        if kind == "22":
            self.communication += _at(line, 11, 63)
            self.fields |= {
                "end_to_end_id": _at(line, 64, 98),
                "counterparty_bank": _at(line, 99, 109),
                "purpose_code": _at(line, 122, 125),
            }
        elif kind == "23":
            self.communication += _at(line, 84, 125)
            self.fields |= {
                "counterparty_account": values.account_number(_bare_account(_at(line, 11, 47))),
                "counterparty_name": _at(line, 48, 82),
            }
        else:
            first, last = {"31": (41, 113), "32": (11, 115), "33": (11, 100)}[kind]
            self.information += _at(line, first, last)

    def columns(self) -> dict[str, Any]:
        line, reference = self.first, structured_communication(self.communication)
        columns: dict[str, Any] = dict(self.fields)
        if self.is_structured and self.communication[:3] == "127":
            # SEPA direct debit: settlement date, type, scheme, reason, creditor, mandate, communication.
            columns["mandate_id"] = self.communication[47:82]
            columns["remittance_text"] = self.communication[82:144]
        elif self.is_structured and reference:
            columns["structured_reference"] = reference
        else:
            columns["remittance_text"] = self.communication[3:] if self.is_structured else self.communication
        return columns | {
            "amount": _money(_at(line, 32, 32), _at(line, 33, 47)),
            "servicer_reference": _at(line, 11, 31),
        }


def _bare_account(text: str) -> str:
    """Without the currency behind it."""
    return re.sub(r"\s+[A-Z]{3}\s*$|(?<=\d)[A-Z]{3}\s*$", "", text.strip())


class _Reader:
    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.rows = LineRows()
        self.header = " " * _WIDTH
        self.movement: _Movement | None = None
        self.owner: int | None = None  # line to which details belong
        self.records = 0
        self.debits = self.credits = Decimal(0)
        self.is_closed = True

    def take(self, line: str, number: int) -> None:
        kind = line[:2] if line[0] in "23" else line[0]
        if kind not in _UNCOUNTED:
            self.records += 1
        if kind in ("22", "23", "31", "32", "33") and self.movement is not None:
            self.movement.add(line)
            return
        self._finish_movement()
        if kind == "0":
            self._problem_if_open()
            self.header, self.records, self.is_closed = line, 0, False
        elif kind == "1":
            self._open(line)
        elif kind == "21":
            if not self.statements:
                raise UnreadableFile(f"line {number}: a movement (21) before the old balance (1)")
            self.movement = _Movement(line)
        elif kind == "8" and self.statements:
            statement = self.statements[-1]
            statement.closing_balance_amount = _money(_at(line, 42, 42), _at(line, 43, 57))
            statement.closing_balance_date = statement.to_date = _day(_at(line, 58, 63))
            self._name(statement)
        elif kind == "9" and self.statements:
            self._trailer(line)

    def _open(self, line: str) -> None:
        account, currency = _account(line)
        number = _at(line, 126, 128).strip() or _at(line, 3, 5).strip()
        day = _day(_at(line, 59, 64))
        made = _day(_at(self.header, 6, 11))
        self.statements.append(
            Statement(
                account_number=account,
                account_currency=currency,
                account_owner=_at(line, 65, 90).strip() or None,
                bank_bic=_at(self.header, 61, 71).strip() or None,
                sequence_number=values.parse_count(number),
                created_at=values.parse_time(f"{made}T00:00:00" if made else None),
                opening_balance_amount=_money(_at(line, 43, 43), _at(line, 44, 58)),
                opening_balance_date=day,
                message_id=_at(self.header, 25, 34).strip() or None,
            )
        )
        self._name(self.statements[-1])
        self.debits = self.credits = Decimal(0)
        self.owner = None

    def _name(self, statement: Statement) -> None:
        """The number starts again each year, so the year belongs to the id."""
        day = (
            statement.closing_balance_date or _day(_at(self.header, 6, 11)) or statement.opening_balance_date
        )
        number = "" if statement.sequence_number is None else f"{statement.sequence_number:03}"
        statement.statement_id = f"{day.year if day else ''}-{number}"

    def _finish_movement(self) -> None:
        movement, self.movement = self.movement, None
        if movement is None:
            return
        columns, line, statement = movement.columns(), movement.first, self.statements[-1]
        if movement.detail != "0000" and self.owner is not None:
            detail = {name: columns.get(name) for name in _DETAIL}
            self.rows.add_detail(self.owner, currency=statement.account_currency, **detail)
            return
        amount = columns["amount"]
        if amount is not None and amount < 0:
            self.debits -= amount
        else:
            self.credits += amount or 0
        day = _day(_at(line, 116, 121))
        self.owner = self.rows.add(
            "\n".join(movement.lines),
            statement=len(self.statements) - 1,
            amount_text=_at(line, 33, 47),
            sign_text=_at(line, 32, 32),
            currency_text=statement.account_currency,
            date_text=_at(line, 116, 121),
            currency=statement.account_currency,
            booking_date=day,
            value_date=_day(_at(line, 48, 53)) or day,
            bank_transaction_code=_at(line, 54, 61),
            entry_reference=_at(line, 3, 6),
            additional_info=movement.information,
            **columns,
        )

    def _trailer(self, line: str) -> None:
        statement, said = self.statements[-1], []
        debits, credits = implied(_at(line, 23, 37), 3), implied(_at(line, 38, 52), 3)
        if debits is not None and credits is not None:
            statement.declared_net_amount = credits - debits
            if (debits, credits) != (self.debits, self.credits):
                statement.control_residual_amount = credits - debits - (self.credits - self.debits)
                said.append(
                    f"the trailer declares debits {debits:f} and credits {credits:f}, the movements give "
                    f"{self.debits:f} and {self.credits:f}"
                )
        stated = values.parse_count(_at(line, 17, 22))
        if stated is not None and stated != self.records:
            said.append(f"the trailer declares {stated} records, the file has {self.records}")
        if statement.closing_balance_amount is None:
            said.append("no new balance (record 8)")
        statement.control_problem = "; ".join(said) or None
        self.is_closed = True

    def _problem_if_open(self) -> None:
        if not self.is_closed and self.statements and self.statements[-1].control_problem is None:
            self.statements[-1].is_cut_off = True
            self.statements[-1].control_problem = "no trailer (record 9): the file may be cut off"

    def end(self) -> None:
        self._finish_movement()
        self._problem_if_open()


_DETAIL = (
    "amount", "end_to_end_id", "mandate_id", "counterparty_name", "counterparty_account", "remittance_text",
    "structured_reference", "servicer_reference", "purpose_code",
)  # fmt: skip


# --- declared: a second, simple path over the text ------------------------------------------------


def scan(text: str) -> tuple[Cells, int]:
    """Count and sum the movements with detail number 0 by their positions alone."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    currency, statements, has_line = None, 0, False
    for line in _lines(text):
        if line.startswith("1"):
            statements, has_line = statements + 1, False
            currency = _account(line.ljust(_WIDTH))[1]
        elif line.startswith("21") and statements and (line[6:10] == "0000" or not has_line):
            has_line = True
            found = re.match(r".{31}(.)(\d{15})", line, re.ASCII)
            amount = Decimal(found[2]).scaleb(-3) if found and found[1] in _SIGNS else Decimal(0)
            if values.parse_money(f"{amount:f}") is None:
                amount = Decimal(0)
            sign = -1 if found and found[1] == "1" else 1
            cell = cells[currency or "XXX", _day(line.ljust(_WIDTH)[115:121])]
            cell[0] += 1
            cell[1] += sign * amount
    return {key: (count, amount) for key, (count, amount) in cells.items()}, statements
