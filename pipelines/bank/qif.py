"""QIF: account histories as lines with a letter in front, of Quicken and of banks that imitate it.

Belongs here: the bank, cash and card sections, splits, and the date writings. QIF names no currency and
often no account: the currency is `XXX` and the account the source's name, and both are said.

Dates may be month first or day first; all dates of the file decide: by a number above 12, by Quicken's
apostrophe, else by the order of the lines, which in one of the readings runs in one direction. A file in
which both readings hold is refused: a guess would move money between months.

Source: Quicken Interchange Format, file specification of Intuit (1997).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from pipelines.bank.line_rows import LineRows
from pipelines.bank.ofx import amount_of
from pipelines.bank.reading import Cells, Drift, Reading, Statement, UnreadableFile
from pipelines.decoding import decode
from pipelines.rejects import UNKNOWN_CURRENCY

_SECTIONS = ("bank", "cash", "ccard", "oth a", "oth l")
_DATE = re.compile(r"^\s*(\d{1,4})\s*([/.\- ])\s*(\d{1,2}|[A-Za-z]{3})\s*([/.\-' ]+)\s*(\d{1,4})\s*$")
_MONTHS = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


class _Record(NamedTuple):
    section: int  # ordinal of its statement
    fields: list[tuple[str, str]]


def read(content: bytes) -> Reading:
    """Read one QIF file. Raises UnreadableFile without a bank section or with ambiguous dates."""
    text, _ = decode(content)
    statements, records, drift = _sections(text)
    if not statements:
        raise UnreadableFile(
            "QIF without a bank, cash or card section (!Type:Bank, Cash, CCard, Oth A, Oth L)"
        )
    order = _date_order(value for record in records for letter, value in record.fields if letter == "D")
    rows = LineRows()
    for record in records:
        first = dict(reversed(record.fields))
        statement = statements[record.section]
        amount, day = amount_of(_amount(first)), _day(first.get("D", ""), order)
        if _is_opening(first):
            statement.opening_balance_amount, statement.opening_balance_date = amount, day
            continue
        line = rows.add(
            "\n".join(letter + value for letter, value in record.fields),
            statement=record.section,
            amount_text=_amount(first) or None,
            date_text=first.get("D"),
            amount=amount,
            currency=UNKNOWN_CURRENCY,
            booking_date=day,
            value_date=day,
            customer_reference=first.get("N"),
            counterparty_name=first.get("P"),
            remittance_text=first.get("M"),
            proprietary_code=first.get("L"),
            additional_info=", ".join(value for letter, value in record.fields if letter == "A"),
        )
        for split in _splits(record.fields):
            rows.add_detail(
                line, amount=amount_of(split.get("$", "")), currency=UNKNOWN_CURRENCY,
                remittance_text=split.get("E"), purpose_code=split.get("S"),
            )  # fmt: skip
    _name(statements, rows)
    declared, declared_statements = scan(text, order)
    return Reading(
        format="qif",
        recognised_by="line !Type: of QIF",
        statements=statements,
        lines=rows.table(),
        details=rows.detail_table(),
        payload=rows.payload,
        declared=declared,
        declared_statements=declared_statements,
        drift=drift,
        names_no_account=True,
    )


def _sections(text: str) -> tuple[list[Statement], list[_Record], list[Drift]]:
    statements: list[Statement] = []
    records: list[_Record] = []
    skipped: dict[str, int] = defaultdict(int)
    fields: list[tuple[str, str]] = []
    section, account = "", None

    def finish() -> None:
        nonlocal fields, account
        if fields and section == "account":
            account = dict(fields).get("N") or account
        elif fields and section in _SECTIONS:
            records.append(_Record(len(statements) - 1, fields))
        elif fields:
            skipped[section] += 1
        fields = []

    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = line.strip()
        if line.startswith("!"):
            finish()
            section = line[1:].strip().lower().removeprefix("type:").strip()
            if section in _SECTIONS:
                name = re.sub(r"\s+", " ", account).upper() if account else None
                statements.append(Statement(account_number=name, account_currency=UNKNOWN_CURRENCY))
        elif line == "^":
            finish()
        elif line and not (line.startswith("#") and not fields):  # a remark between records
            fields.append((line[0], line[1:].strip()))
    finish()
    return statements, records, [Drift(f"!Type:{name}", None, n) for name, n in skipped.items() if name]


def _name(statements: list[Statement], rows: LineRows) -> None:
    """An export is told from the next one by its account and days: QIF numbers nothing."""
    days: dict[int, list[date]] = defaultdict(list)
    for index, day in zip(rows.columns["statement"], rows.columns["booking_date"], strict=True):
        if day is not None:
            days[index].append(day)
    for index, statement in enumerate(statements):
        own = days[index]
        if own:
            statement.from_date, statement.to_date = min(own), max(own)
        period = f"{min(own)}..{max(own)}" if own else "empty"
        statement.statement_id = f"{statement.account_number or f'section {index + 1}'} {period}"


def _amount(fields: dict[str, str]) -> str:
    return fields.get("T") or fields.get("U") or ""


def _is_opening(fields: dict[str, str]) -> bool:
    """Quicken writes the balance before the first line as a line of its own."""
    return fields.get("P", "").lower() == "opening balance" and fields.get("L", "").startswith("[")


def _splits(fields: list[tuple[str, str]]) -> Iterator[dict[str, str]]:
    starts = [at for at, (letter, _) in enumerate(fields) if letter == "S"] + [len(fields)]
    for start, end in pairwise(starts):
        yield dict(fields[start:end])


def _parts(text: str) -> tuple[int, int, int] | None:
    """The numbers of a date as written; a month's name counts as the second."""
    found = _DATE.match(text)
    if found is None:
        return None
    middle = _MONTHS.get(found[3].lower()) if found[3].isalpha() else int(found[3])
    return None if middle is None else (int(found[1]), middle, int(found[5]))


def _date_order(texts: Iterator[str]) -> str:
    """`ymd`, `dmy` or `mdy`, by all dates of the file. Raises UnreadableFile when two hold."""
    kinds: set[str] = set()
    could_be = {"dmy", "mdy"}
    differing = ""
    read: list[tuple[int, int, int]] = []
    for text in texts:
        parts = _parts(text)
        if parts is None:
            continue
        read.append(parts)
        if parts[0] > 31:
            kinds.add("ymd")
            continue
        kinds.add("")
        if re.search("[A-Za-z.]", text):
            could_be.discard("mdy")
        if "'" in text:
            could_be.discard("dmy")  # only Quicken's own writing has it, month first
        if parts[0] > 12:
            could_be.discard("mdy")
        if parts[1] > 12:
            could_be.discard("dmy")
        if parts[0] != parts[1]:
            differing = text
    if kinds == {"ymd"}:
        return "ymd"
    if len(could_be) == 2 and differing:
        could_be = {order for order in could_be if _in_one_direction(read, order)} or could_be
    if len(could_be) == 2 and differing:
        raise UnreadableFile(
            f"dates such as '{differing}' may be month first or day first; ask for ISO dates"
        )
    return could_be.pop() if could_be else "mdy"


def _in_one_direction(dates: list[tuple[int, int, int]], order: str) -> bool:
    """Whether the dates, read in this order, rise or fall without a break; three of them prove something."""
    days = [tuple(dict(zip(order, parts, strict=True))[part] for part in "ymd") for parts in dates]
    return len(set(days)) > 2 and (days == sorted(days) or days == sorted(days, reverse=True))


def _day(text: str, order: str) -> date | None:
    parts = _parts(text)
    if parts is None:
        return None
    named = dict(zip(order if parts[0] <= 31 else "ymd", parts, strict=True))
    year = named["y"]
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    try:
        return date(year, named["m"], named["d"])
    except ValueError:
        return None


# --- declared: a second, simple path over the text ------------------------------------------------


def scan(text: str, order: str) -> tuple[Cells, int]:
    """Count and sum the records between `^` in the sections that hold money."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    statements = 0
    for section in re.split(r"(?m)^[ \t]*!", text.replace("\r\n", "\n").replace("\r", "\n"))[1:]:
        head, _, body = section.partition("\n")
        if head.strip().lower().removeprefix("type:").strip() not in _SECTIONS:
            continue
        statements += 1
        for record in re.split(r"(?m)^[ \t]*\^[ \t]*$", body):
            found = {m[0]: m[1].strip() for m in reversed(re.findall(r"(?m)^[ \t]*(\S)(.*)$", record))}
            if not found or _is_opening(found):
                continue
            cell = cells[UNKNOWN_CURRENCY, _day(found.get("D", ""), order)]
            cell[0] += 1
            cell[1] += amount_of(_amount(found)) or Decimal(0)
    return {key: (count, amount) for key, (count, amount) in cells.items()}, statements
