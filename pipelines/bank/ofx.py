"""OFX and QFX: statements as SGML (1.x, tags without an end) or XML (2.x), of banks and card issuers.

Belongs here: both writings, by one cutting at tags. It is not an XML parser on purpose: OFX 1.x is none,
banks send 2.x that is not well-formed, and what is never expanded cannot attack (no entities beyond the
five of XML and numeric ones, nothing external).

OFX has no opening balance. FITID, the bank's id of a line, is its reference and part of its identity. Of an
investment account the lines are what moves its cash: bank lines, and trades by their TOTAL; a reinvestment
or a transfer of securities moves none and is told as drift.

Source: Open Financial Exchange 1.6, 2.2 (chapter 11: banking); QFX is OFX with Intuit's own tags.
"""

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pipelines.bank import values
from pipelines.bank.line_rows import LineRows
from pipelines.bank.reading import Cells, Drift, Reading, Statement, UnreadableFile
from pipelines.decoding import decode

_TAG = re.compile(r"<(/?)([A-Za-z0-9_.]{1,64})(?:\s[^<>]{0,200})?/?>([^<]*)")
# Text as it is, in which marks are no tags; some banks wrap every name and memo in it.
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_BODY = re.compile(r"<(?:OFX|STMTRS|CCSTMTRS|INVSTMTRS|BANKTRANLIST)\s*>", re.IGNORECASE)
_TRADES = {
    *(side + what for side in ("BUY", "SELL") for what in ("STOCK", "MF", "DEBT", "OPT", "OTHER")),
    "INCOME", "INVEXPENSE", "MARGININTEREST", "RETOFCAP",
}  # fmt: skip
_MOVE_NO_CASH = {"REINVEST", "TRANSFER", "SPLIT", "JRNLFUND", "JRNLSEC", "CLOSUREOPT"}
_LINES = {"STMTTRN", *_TRADES}
_STATEMENTS = {"STMTRS", "CCSTMTRS", "INVSTMTRS"}
# Aggregates whose fields we read; every other tag without a text is left where it stands.
_AGGREGATES = _STATEMENTS | _LINES | {
    "SONRS", "BANKTRANLIST", "INVTRANLIST", "LEDGERBAL", "AVAILBAL", "BANKACCTFROM", "CCACCTFROM",
    "INVACCTFROM", "BANKACCTTO", "CCACCTTO", "PAYEE", "CURRENCY", "ORIGCURRENCY", "FI", "BANKTRANLISTP",
}  # fmt: skip
_EXTRA = (
    "CORRECTFITID", "CORRECTACTION", "SIC", "PAYEEID", "SRVRTID", "UNIQUEID", "UNITS", "UNITPRICE", "COMMISSION",
    "FEES", "INCOMETYPE",
)  # fmt: skip
_VALUE_DATES = ("DTAVAIL", "DTSETTLE", "DTUSER")
_TIME = re.compile(
    r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(?:\.\d*)?\s*(?:\[([+-]?\d{1,2}(?:\.\d+)?)[^\]]*\])?"
)
_AMOUNT = re.compile(r"^([+-]?)((?:\d+|\d{1,3}(?:[ ,.']\d{3})+)?)(?:[.,](\d*))?$", re.ASCII)


def read(content: bytes) -> Reading:
    """Read one OFX file. Raises UnreadableFile when it has no statement."""
    text = _CDATA.sub(lambda found: html.escape(found[1], quote=False), decode(content)[0])
    body = _BODY.search(text)
    if body is None:
        raise UnreadableFile("OFX without the element <OFX> or a statement (STMTRS, BANKTRANLIST)")
    reader = _Reader()
    for close, name, value in _TAG.findall(text, body.start()):
        reader.take(bool(close), name.upper(), html.unescape(value).strip())
    reader.end()
    if not reader.statements:
        raise UnreadableFile("OFX without a bank, card or investment statement (STMTRS, CCSTMTRS, INVSTMTRS)")
    if re.search(r"<OFX\s*>", text, re.IGNORECASE) and not re.search(r"</OFX\s*>", text, re.IGNORECASE):
        reader.statements[-1].is_cut_off = True
        reader.statements[-1].control_problem = "no </OFX> at the end: the file may be cut off"
    declared, statements = scan(text)
    version = "2" if re.search(r"<\?OFX|<\?xml", text[: body.start()], re.IGNORECASE) else "1"
    return Reading(
        format=f"ofx.{version}",
        recognised_by="element <OFX>, " + ("XML (2.x)" if version == "2" else "SGML (1.x)"),
        statements=reader.statements,
        lines=reader.rows.table(),
        details=reader.rows.detail_table(),
        payload=reader.rows.payload,
        declared=declared,
        declared_statements=statements,
        drift=[Drift(f"INVTRANLIST/{name}", None, count) for name, count in sorted(reader.cashless.items())],
    )


class _Reader:
    """Fields by the aggregates they stand in; an end that never comes closes with its statement."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.rows = LineRows()
        self.open: list[str] = []
        self.made: datetime | None = None
        self.bank: str | None = None
        self.fields: dict[str, str] = {}  # of the statement
        self.line: dict[str, str] | None = None
        self.kind = ""  # STMTTRN or the trade that is open
        self.cashless: Counter[str] = Counter()

    def take(self, is_end: bool, name: str, value: str) -> None:
        if is_end:
            self._close(name)
        elif name in _AGGREGATES and not value:
            self._open(name)
        elif name in _MOVE_NO_CASH and not value:
            self._finish_line()
            self.cashless[name] += 1
        elif value:
            self._field(name, value)

    def _open(self, name: str) -> None:
        if name in _LINES:
            self._finish_line()
            self.line, self.kind = {}, name
            self.open = [
                part for part in self.open if part not in (*_LINES, "PAYEE", "CURRENCY", "ORIGCURRENCY")
            ]
        elif name in _STATEMENTS:
            self._finish_statement()
            self.statements.append(Statement())
            self.fields = {}
            self.open = []
        self.open.append(name)

    def _close(self, name: str) -> None:
        if name in _LINES or name == "INVTRANLIST":
            self._finish_line()
        elif name in _STATEMENTS:
            self._finish_statement()
        if name in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(name) :]

    def _field(self, name: str, value: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "SONRS" and name == "DTSERVER":
            self.made = moment(value)
        elif inside == "FI" and name == "ORG":
            self.bank = value
        elif self.line is not None and self.kind in self.open:
            key = name if inside == self.kind else f"{inside}/{name}"
            self.line.setdefault(key, value)
        elif self.statements:
            self.fields.setdefault(f"{inside}/{name}" if inside not in _STATEMENTS else name, value)

    def _finish_line(self) -> None:
        if self.line is None or not self.statements:
            self.line = None
            return
        row, self.line = self.line, None
        own = (self.fields.get("CURDEF") or "").upper()
        currency = row.get("CURRENCY/CURSYM", own).upper() or None
        day = row.get("DTPOSTED") or row.get("DTTRADE") or ""
        amount = row.get("TRNAMT") if self.kind == "STMTTRN" else row.get("TOTAL")
        extra = {name: row[name] for name in _EXTRA if name in row}
        self.rows.add(
            f"<{self.kind}>" + "".join(f"<{name}>{value}" for name, value in row.items()),
            statement=len(self.statements) - 1,
            amount_text=amount,
            currency_text=currency,
            date_text=day,
            amount=amount_of(amount or ""),
            currency=currency if currency and re.fullmatch("[A-Z]{3}", currency) else None,
            booking_date=day_of(day),
            value_date=next(
                filter(None, map(day_of, (row.get(name, "") for name in _VALUE_DATES))), day_of(day)
            ),
            bank_transaction_code=row.get("TRNTYPE") or self.kind,
            servicer_reference=row.get("FITID"),
            entry_reference=row.get("REFNUM"),
            customer_reference=row.get("CHECKNUM"),
            counterparty_name=row.get("NAME") or row.get("PAYEE/NAME") or row.get("EXTDNAME"),
            counterparty_account=values.account_number(
                row.get("BANKACCTTO/ACCTID") or row.get("CCACCTTO/ACCTID")
            ),
            counterparty_bank=row.get("BANKACCTTO/BANKID"),
            remittance_text=row.get("MEMO"),
            original_currency=row.get("ORIGCURRENCY/CURSYM"),
            exchange_rate=_rate(row.get("CURRENCY/CURRATE") or row.get("ORIGCURRENCY/CURRATE")),
            extra_json=_json(extra),
        )

    def _finish_statement(self) -> None:
        self._finish_line()
        if not self.statements or self.statements[-1].message_id == "read":
            return
        of, statement = self.fields.get, self.statements[-1]
        account = values.account_number(
            of("BANKACCTFROM/ACCTID") or of("CCACCTFROM/ACCTID") or of("INVACCTFROM/ACCTID")
        )
        start = of("BANKTRANLIST/DTSTART") or of("INVTRANLIST/DTSTART") or ""
        end = of("BANKTRANLIST/DTEND") or of("INVTRANLIST/DTEND") or ""
        currency = (of("CURDEF") or "").upper()
        statement.account_number = account
        statement.account_currency = currency if re.fullmatch("[A-Z]{3}", currency) else None
        statement.statement_id = f"{account} {day_of(start) or ''}..{day_of(end) or ''}"
        statement.from_date, statement.to_date = day_of(start), day_of(end)
        statement.closing_balance_amount = amount_of(of("LEDGERBAL/BALAMT") or "")
        statement.closing_balance_date = day_of(of("LEDGERBAL/DTASOF") or "")
        statement.created_at = self.made
        statement.message_id = "read"

    def end(self) -> None:
        self._finish_statement()
        for statement in self.statements:
            statement.message_id = self.bank


def amount_of(text: str) -> Decimal | None:
    """Signed; a comma or a point for the decimals, groups of three before it."""
    found = _AMOUNT.match(text.strip())
    if found is None or not (found[2] or found[3]):
        return None
    whole, fraction = re.sub(r"\D", "", found[2]), found[3] or ""
    amount = values.parse_money(f"{whole.lstrip('0') or '0'}.{fraction}")
    return None if amount is None else -amount if found[1] == "-" else amount


def day_of(text: str) -> date | None:
    """The day as the bank writes it, in its own time zone."""
    found = _TIME.match(text.strip())
    return values.parse_date(f"{found[1]}-{found[2]}-{found[3]}") if found else None


def moment(text: str) -> datetime | None:
    """A time in UTC: `20260630120000.000[-5:EST]`; without a zone it is GMT, as the standard says."""
    found = _TIME.match(text.strip())
    if found is None or found[4] is None:
        return None
    hours = float(found[7] or 0)
    try:
        zone = timezone(timedelta(hours=hours))
        local = datetime(*(int(found[n]) for n in range(1, 6)), int(found[6] or 0), tzinfo=zone)  # type: ignore[arg-type]
        return local.astimezone(timezone.utc)  # noqa: UP017
    except (ValueError, OverflowError):
        return None


def _rate(text: str | None) -> Decimal | None:
    """A rate with eight decimals, rounded half to even, or None."""
    found = re.fullmatch(r"\d{1,9}(?:[.,]\d{1,20})?", text or "", re.ASCII)
    return Decimal(found[0].replace(",", ".")).quantize(Decimal("1e-8")) if found else None


def _json(fields: dict[str, str]) -> str | None:
    import json

    return json.dumps(fields, ensure_ascii=False) if fields else None


# --- declared: a second, simple path over the text ------------------------------------------------

_MARKS = re.compile(
    r"<(STMTRS|CCSTMTRS|INVSTMTRS|STMTTRN|INCOME|INVEXPENSE|MARGININTEREST|RETOFCAP|"
    r"(?:BUY|SELL)(?:STOCK|MF|DEBT|OPT|OTHER))(?:\s[^<>]{0,200})?>(?=\s*<)",
    re.IGNORECASE,
)
_LINE_END = re.compile(
    r"</(?:STMTTRN|BANKTRANLIST|INVTRANLIST|STMTRS|CCSTMTRS|INVSTMTRS|INCOME|INVEXPENSE|MARGININTEREST|RETOFCAP|"
    r"(?:BUY|SELL)(?:STOCK|MF|DEBT|OPT|OTHER))>|<(?:REINVEST|TRANSFER|SPLIT|JRNLFUND|JRNLSEC|CLOSUREOPT)>",
    re.IGNORECASE,
)


def _value(name: str, text: str) -> str:
    found = re.search(rf"<{name}>\s*([^<]*[^<\s])", text, re.IGNORECASE)
    return html.unescape(found[1]).strip() if found else ""


def _parts(text: str) -> Iterator[tuple[str, str]]:
    cut = _MARKS.split(text)
    return zip((name.upper() for name in cut[1::2]), cut[2::2], strict=True)


def scan(text: str) -> tuple[Cells, int]:
    """Count and sum the STMTTRN of a file by their tags alone."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    currency, statements = "", 0
    for name, part in _parts(text):
        if name.endswith("STMTRS"):
            statements += 1
            currency = _value("CURDEF", part).upper()
        elif statements:
            line = _LINE_END.split(part, maxsplit=1)[0]
            dates, sums = ("DTPOSTED", "TRNAMT") if name == "STMTTRN" else ("DTTRADE", "TOTAL")
            inner = re.search(r"<CURRENCY>(.*?)(?:</CURRENCY>|$)", line, re.IGNORECASE | re.DOTALL)
            code = (inner and _value("CURSYM", inner[1]).upper()) or currency
            code = code if re.fullmatch("[A-Z]{3}", code) else "XXX"
            cell = cells[code, day_of(_value(dates, line))]
            cell[0] += 1
            cell[1] += amount_of(_value(sums, line)) or Decimal(0)
    return {key: (count, amount) for key, (count, amount) in cells.items()}, statements
