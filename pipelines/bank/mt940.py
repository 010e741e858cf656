"""MT940 and MT942: bank statements as SWIFT text messages, several in a file, in the dialects of the banks.

Belongs here: fields 20 to 90 and the statement line, field 61. Field 86 is in `mt940_information`.

The reader is our own. The `mt-940` library (5.1.1) is the reference in the tests for what both read. It was
not taken because on real files it keeps the balances of the last statement only, gives RC, a credit that
is taken back, a positive amount, and leaves field 86 uncut where the mark of the subfields is not `?`
(`test_mt940_reference_library` holds it to these statements).

Field 61 is cut with one regular expression, a column of lines at a time. A missing entry date is the value
date; an entry date has no year and takes the one nearest to its value date (December and January).

Source: SWIFT Standards, Category 9, MT940 Customer Statement Message, MT942 Interim Transaction Report.
"""

import re
from calendar import monthrange
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank import values
from pipelines.bank.accounts import account_of
from pipelines.bank.mt940_information import columns_of, merged_json
from pipelines.bank.pieces import join_by_owner, tidy
from pipelines.bank.reading import Cells, Reading, Statement, UnreadableFile
from pipelines.decoding import decode

_TAGS = (
    "20", "25", "25P", "28", "28C", "60F", "60M", "60", "61", "86", "NS", "62F", "62M", "62", "64", "65", "--",
    "13", "13D", "34F", "90C", "90D",
)  # fmt: skip
_OTHER = len(_TAGS)  # a field that says nothing to us; its text must not pass for the field before it
# With a literal line end instead of ^, which the engine would test at every character.
_FIELD = re.compile(r"\n:(\d\d[A-Z]?|NS|--):", re.ASCII)
_PERHAPS_TIME = re.compile(r"\n:([0-5]\d):(?=[0-5]\d(?![\d,]))", re.ASCII)
_ANY_FIELD = re.compile(r"\n:(\d\d[A-Z]?|NS):", re.ASCII)
_END = re.compile(r"\n-(?:\}.*)?(?=\n|$)")
_TEXT_BLOCK = re.compile(r"\{4:[ \t]*\n?")
_LINE_TAG, _INFORMATION_TAGS = _TAGS.index("61"), (_TAGS.index("86"), _TAGS.index("NS"))

# For RE2, a column at a time; \x1f stands for the line end before the supplementary details. Blanks stand for
# a missing entry date (ASN, Citi) or behind the amount; some leave the type out and write NONREF at once.
_LINE = (
    r"^(?P<value>[0-9]{6})(?P<entry>[0-9]{4})? *(?P<mark>[RE]?[CD])(?P<funds>[A-Z])? *"
    r"(?P<amount>[0-9,.]+) *"
    r"(?:NONREF)?(?P<type>[A-Z][A-Z0-9 ]{3})?(?P<customer>[^\x1f]*?)(?://(?P<servicer>[^\x1f]*))?(?:\x1f(?P<more>.*))?$"
)
_BALANCE = re.compile(r"^([CD])(\d{6})([A-Z]{3})\s?([\d,.]+)", re.ASCII)
# `1.234,56`: no bank should write it, some do; the first mark is then no decimal mark.
_GROUPED = re.compile(r"\d{1,3}(?:(\.)\d{3})+,\d*|\d{1,3}(?:(,)\d{3})+\.\d*", re.ASCII)
_CURRENCY_AMOUNT = r"^(?P<currency>[A-Z]{3}) ?(?P<amount>[0-9]+[,.]?[0-9]*)"
_FLOOR = re.compile(r"^([A-Z]{3})[CD]?(?:\d|,\d)", re.ASCII)
_SUM = re.compile(r"^(\d{1,5})([A-Z]{3})([\d,.]+)", re.ASCII)
_MADE = re.compile(r"^(\d{6})(\d{2})(\d{2})(?:([+-])(\d{2})(\d{2}))?", re.ASCII)
_SENDER = re.compile(r"\{2:O940\d{10}([A-Z0-9]{12})")
_NO_CLOSING = "an opening balance (:60F:) and no closing one (:62F:): the file may be cut off"
_STRETCH = 20_000  # lines at a time: what the steps between hold stays in the processor's cache


def read(content: bytes) -> Reading:
    """Read one MT940 file. Raises UnreadableFile when it has no statement."""
    text = to_text(content)
    cut = _FIELD.split(_END.sub("\n:--:", text))
    tags, contents = cut[1::2], cut[2::2]
    number = defaultdict(lambda: _OTHER, {tag: code for code, tag in enumerate(_TAGS)})
    code = np.array(list(map(number.__getitem__, tags)), np.int64)
    statement = np.cumsum(code == number["20"]) - 1
    is_line = code == _LINE_TAG
    if not (statement >= 0).any() or (statement[is_line] < 0).any():
        raise UnreadableFile("MT940 without field :20: before its first statement line")

    envelope = [cut[0]]
    headers = [_Header() for _ in range(int(statement[-1]) + 1)]
    for at in np.flatnonzero(~np.isin(code, (_LINE_TAG, *_INFORMATION_TAGS))).tolist():
        if tags[at] == "--":
            envelope.append(contents[at])
        elif statement[at] >= 0:
            headers[statement[at]].add(tags[at], contents[at].strip(), envelope)
    statements = [header.statement() for header in headers]

    at_line = np.flatnonzero(is_line)
    raw_lines = list(map(str.rstrip, map(contents.__getitem__, at_line.tolist()), repeat("\n")))
    information = _information(code, at_line, contents)
    declared, declared_statements = scan(text)
    is_interim = not any(header.has_balance for header in headers) and any(h.is_interim for h in headers)
    return Reading(
        format="mt942" if is_interim else "mt940",
        recognised_by="fields :20:, :25: and :34F:, :90D: or :90C: of SWIFT MT942"
        if is_interim
        else "fields :20:, :25: and :60F: or :61: of SWIFT MT940",
        statements=statements,
        lines=pa.concat_tables(
            _lines(
                raw_lines[a : a + _STRETCH],
                statement[at_line][a : a + _STRETCH],
                statements,
                information[a : a + _STRETCH],
            )
            for a in range(0, max(len(raw_lines), 1), _STRETCH)
        ),
        details=_NO_DETAILS,
        payload=lambda line: f":61:{raw_lines[line]}\n:86:{information[line].as_py() or ''}",
        declared=declared,
        declared_statements=declared_statements,
    )


def to_text(content: bytes) -> str:
    """The text with line ends as one character, one of them in front, and without SWIFT's envelopes."""
    text, _ = decode(content)
    text = text.rstrip("\x00\x1a").lstrip("\ufeff")
    # The separator of supplementary details, and what no text field may hold.
    text = text.replace("\x1f", " ").replace("\x00", " ")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "\n" + (_TEXT_BLOCK.sub("\n", text) if "{4:" in text else text)
    if "\n:20:" not in text:
        text = _without_references(text)
    return _times_joined(text)


def _without_references(text: str) -> str:
    """Fields set in from the margin, or statements without field 20, which then begin at field 25."""
    text = re.sub(r"\n[ \t]+:(?=\d\d[A-Z]?:)", "\n:", text)
    return text if "\n:20:" in text else re.sub(r"\n(?=:25P?:)", "\n:20:\n", text)


def _times_joined(text: str) -> str:
    """Field 86 wrapped before the minutes of a time (`16` / `:25:37`): that line is text and no field."""
    kept, start = [], 0
    for found in _PERHAPS_TIME.finditer(text):
        before = text.rfind("\n:", 0, found.start() + 1)
        last = _ANY_FIELD.match(text, before) if before >= 0 else None
        following = _ANY_FIELD.search(text, found.end())
        opens_statement = found[1] == "20" and following and following[1] in ("21", "25", "25P", "28", "28C")
        if last and last[1] in ("61", "86", "NS") and not opens_statement:
            kept.append(text[start : found.start()])
            start = found.start() + 1
    return "".join([*kept, text[start:]])


class _Header:
    """Fields of one statement outside its lines."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.closing: str | None = None
        self.bank_bic: str | None = None

    def add(self, tag: str, content: str, envelope: list[str]) -> None:
        if tag == "20":
            sender = _SENDER.search(envelope[-1])
            self.bank_bic = sender[1][:8] + sender[1][9:] if sender else None
        if tag.startswith("62"):
            self.closing = tag  # the last one closes
            self.fields[tag] = content
        self.fields.setdefault(tag, content)

    @property
    def has_balance(self) -> bool:
        return any(tag.startswith(("60", "62")) for tag in self.fields)

    @property
    def is_interim(self) -> bool:
        return any(tag in ("34F", "13D", "90C", "90D") for tag in self.fields)

    def statement(self) -> Statement:
        fields = self.fields
        opening_tag = next((tag for tag in ("60F", "60M", "60") if tag in fields), "60F")
        opening, closing = _balance(fields.get(opening_tag)), _balance(fields.get(self.closing or ""))
        known = [opening, closing, _balance(fields.get("64")), _balance(fields.get("65"))]
        currency = next((balance[1] for balance in known if balance), None)
        numbered = (fields.get("28C") or fields.get("28") or "").split("\n")[0].strip()
        number, _, page = numbered.partition("/")
        reference = fields.get("20", "").split("\n")[0].strip()
        closing_date = closing[2] if closing else None
        written = account_of((fields.get("25") or fields.get("25P") or ""), currency)
        currency = currency or self._stated_currency() or written.currency
        count, net = self._declared()
        return Statement(
            statement_id=_statement_id(reference, numbered, closing_date),
            account_number=written.number,
            account_currency=currency,
            bank_bic=self.bank_bic or written.bic,
            sequence_number=values.parse_count(number),
            page_number=values.parse_count(page),
            is_last_page=None if self.closing is None else self.closing != "62M",
            to_date=closing_date,
            created_at=_made(fields.get("13D")),
            opening_balance_amount=opening[0] if opening else None,
            opening_balance_date=opening[2] if opening else None,
            closing_balance_amount=closing[0] if closing else None,
            closing_balance_date=closing_date,
            is_intermediate=opening_tag == "60M" or self.closing == "62M",
            declared_entry_count=count,
            declared_net_amount=net,
            control_problem=_NO_CLOSING if opening and self.closing is None else None,
            is_cut_off=True if opening and self.closing is None else None,
            message_id=reference or None,
            pages_of=_statement_id(reference, number, closing_date),
        )

    def _stated_currency(self) -> str | None:
        """The currency of an interim report: of its floor limit, or of its sums."""
        found = _FLOOR.match(self.fields.get("34F", ""))
        if found:
            return found[1]
        sums = (_SUM.match(self.fields.get(tag, "")) for tag in ("90D", "90C"))
        return next((found[2] for found in sums if found), None)

    def _declared(self) -> tuple[int | None, Decimal | None]:
        """Number and net of the lines as fields 90D and 90C state them, where both are there."""
        sums = [_SUM.match(self.fields.get(tag, "")) for tag in ("90C", "90D")]
        amounts = [values.parse_money(_point(found[3])) if found else None for found in sums]
        if None in sums or None in amounts:
            return None, None
        return sum(int(found[1]) for found in sums if found), amounts[0] - amounts[1]  # type: ignore[operator]


def _statement_id(reference: str, number: str, closing: date | None) -> str | None:
    """`<:20:> <:28C:>`. Where :20: is a constant word (STARTUMSE), the year is put between: numbers
    start again each January, and last year's statement would pass for a version of this one. Where the
    bank does not number either (00000/001), the day is."""
    parts = [reference, number]
    if not re.search(r"\d", reference) and closing:
        is_numbered = bool(re.search("[1-9]", number.partition("/")[0]))
        parts.insert(1, str(closing.year) if is_numbered else closing.isoformat())
    return " ".join(part for part in parts if part) or None


def _balance(content: str | None) -> tuple[Decimal, str, date | None] | None:
    """Signed amount, currency, date of a balance field."""
    found = _BALANCE.match(content or "")
    amount = values.parse_money(_point(found[4])) if found else None
    if found is None or amount is None:
        return None
    return (amount if found[1] == "C" else -amount), found[3], _day(found[2])


def _made(content: str | None) -> datetime | None:
    """Field 13D, `YYMMDDHHMM` with an offset; without one, UTC."""
    found = _MADE.match(content or "")
    day = _day(found[1]) if found else None
    if found is None or day is None:
        return None
    offset = f"{found[4]}{found[5]}:{found[6]}" if found[4] else ""
    return values.parse_time(f"{day}T{found[2]}:{found[3]}:00{offset}")


def _point(amount: str) -> str:
    """Decimal comma to point, as `values.AMOUNT` expects it: `,5` is 0.5, `100,` is 100, `1.234,5` 1234.5."""
    grouped = _GROUPED.fullmatch(amount)
    if grouped:
        amount = amount.replace(grouped[1] or grouped[2], "")
    amount = amount.replace(",", ".").lstrip("0")
    return amount if amount[:1].isdigit() else "0" + amount


def _day(yymmdd: str) -> date | None:
    """A value or balance date. Interest counts months of thirty days, and banks write such days (30 February,
    31 November): they are the last day of the month."""
    year, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:6])
    year += 1900 if year >= 80 else 2000
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return date(year, month, min(day, monthrange(year, month)[1]))


def booking_day(value: str, entry: str) -> date | None:
    """The entry date (MMDD) in the year nearest to the value date (YYMMDD); without one, the value date."""
    if not entry:
        return _day(value)
    year = int(value[:2])
    year += 1900 if year >= 80 else 2000
    months = int(entry[:2]) - int(value[2:4])
    year += -1 if months > 6 else 1 if months < -6 else 0
    try:
        return date(year, int(entry[:2]), int(entry[2:]))
    except ValueError:
        return None


def _information(code: np.ndarray, at_line: np.ndarray, contents: list[str]) -> pa.Array:
    """Field 86 of each line: the 86 fields that follow it before any other field."""
    index = np.arange(code.size)
    is_information = np.isin(code, _INFORMATION_TAGS)
    last_line = np.maximum.accumulate(np.where(code == _LINE_TAG, index, -1))
    last_other = np.maximum.accumulate(np.where(~is_information & (code != _LINE_TAG), index, -1))
    chosen = np.flatnonzero(is_information & (last_line > last_other))
    owner = np.searchsorted(at_line, last_line[chosen])
    texts = pa.array([contents[at] for at in chosen.tolist()], pa.string())
    return join_by_owner(pc.utf8_trim(texts, "\n "), owner, at_line.size, "\n")


def _lines(
    raw: list[str], statement: np.ndarray, statements: list[Statement], information: pa.Array
) -> pa.Table:
    texts = pc.replace_substring(pa.array(raw, pa.string()), "\n", "\x1f")
    found = pc.extract_regex(texts, _LINE)
    value, entry, mark, funds, amount, type_, customer, servicer, more = (
        pc.fill_null(pc.struct_field(found, name), "")
        for name in ("value", "entry", "mark", "funds", "amount", "type", "customer", "servicer", "more")
    )
    currency = pa.array([s.account_currency for s in statements], pa.string()).take(pa.array(statement))
    days = pc.binary_join_element_wise(value, entry, "/").dictionary_encode()
    split = [day.partition("/") for day in days.dictionary.to_pylist()]
    bookings = pa.array([booking_day(v, e) if v else None for v, _, e in split], pa.date32()).take(
        days.indices
    )
    value_dates = pa.array([_day(v) if v else None for v, _, _ in split], pa.date32()).take(days.indices)
    unsigned = values.money(_points(amount))
    # RC takes a credit back, RD a debit: the money moves against the letter.
    is_debit = pc.is_in(mark, pa.array(["D", "RC", "ED"]))
    about = columns_of(information)
    more = pc.replace_substring(tidy(more), "\x1f", " ")
    original_amount, original_currency = _currency_amount(
        pc.coalesce(about["original_text"], _after(more, "OCMT"))
    )
    charges, charges_currency = _currency_amount(pc.coalesce(about["charges_text"], _after(more, "CHGS")))
    has_funds = pc.not_equal(funds, "")
    extra = pc.if_else(
        has_funds,
        pc.binary_join_element_wise('{"funds_code": "', funds, '"}', ""),
        pa.scalar(None, pa.string()),
    )
    return pa.table(
        {
            "statement": pa.array(statement, pa.int64()),
            "amount_text": tidy(pc.if_else(pc.is_null(found), texts, amount)),
            "sign_text": tidy(mark),
            "currency_text": currency,
            "date_text": tidy(pc.binary_join_element_wise(value, entry, "")),
            "amount": pc.if_else(is_debit, pc.negate(unsigned), unsigned),
            "currency": currency,
            "booking_date": bookings,
            "value_date": value_dates,
            "is_reversal": pc.starts_with(mark, "R"),
            "entry_status": pa.repeat("BOOK", len(raw)),
            "entry_reference": pa.nulls(len(raw), pa.string()),
            "bank_transaction_code": tidy(type_),
            "proprietary_code": pc.coalesce(about["proprietary_code"], _after(more, "TRCD")),
            "servicer_reference": values.provided(tidy(servicer)),
            "customer_reference": pc.coalesce(values.provided(tidy(customer)), about["key_reference"]),
            "end_to_end_id": about["end_to_end_id"],
            "mandate_id": about["mandate_id"],
            "payment_information_id": pa.nulls(len(raw), pa.string()),
            "counterparty_name": about["counterparty_name"],
            "counterparty_account": pc.coalesce(about["counterparty_account"], _iban(more)),
            "counterparty_bank": about["counterparty_bank"],
            "remittance_text": about["remittance_text"],
            "structured_reference": about["structured_reference"],
            "additional_info": _both(about["additional_info"], more),
            "purpose_code": about["purpose_code"],
            "charges_amount": charges,
            "charges_currency": charges_currency,
            "original_amount": original_amount,
            "original_currency": original_currency,
            "exchange_rate": values.rate(_points(pc.coalesce(about["rate_text"], _after(more, "EXCH")))),
            "detail_count": pa.array(np.zeros(len(raw), np.int64)),
            "extra_json": merged_json(about["extra_json"], extra),
        }
    )


def _currency_amount(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """`USD123,45` as amount and currency."""
    if text.null_count == len(text):
        return pa.nulls(len(text), values.MONEY), text
    found = pc.extract_regex(pc.fill_null(text, ""), _CURRENCY_AMOUNT)
    return values.money(_points(pc.struct_field(found, "amount"))), tidy(pc.struct_field(found, "currency"))


def _both(left: pa.Array, right: pa.Array) -> pa.Array:
    return tidy(pc.binary_join_element_wise(pc.fill_null(left, ""), pc.fill_null(right, ""), " "))


def _points(amount: pa.Array) -> pa.Array:
    """`_point` for a column; an empty text stays no amount."""
    if amount.null_count == len(amount):
        return amount
    amount = tidy(amount)
    both = pc.fill_null(pc.match_substring_regex(amount, r",.*\.|\..*,"), False)
    if pc.any(both).as_py():
        plain = pa.array([_point(text) for text in amount.filter(both).to_pylist()], pa.string())
        amount = pc.replace_with_mask(amount, both, plain)
    with_point = pc.replace_substring(amount, ",", ".")
    return pc.replace_substring_regex(pc.replace_substring_regex(with_point, r"^0+", ""), r"^(\.|$)", r"0\1")


def _iban(more: pa.Array) -> pa.Array:
    """The other account where the bank writes it below field 61 instead of into field 86 (Rabobank)."""
    if more.null_count == len(more):
        return more
    found = pc.extract_regex(pc.fill_null(more, ""), r"^(?P<iban>[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})$")
    return tidy(pc.struct_field(found, "iban"))


def _after(text: pa.Array, mark: str) -> pa.Array:
    """What follows `/MARK/` up to the next slash."""
    if text.null_count == len(text):
        return text
    found = pc.extract_regex(pc.fill_null(text, ""), rf"/{mark}/(?P<found>[^/]*)")
    return tidy(pc.struct_field(found, "found"))


_NO_DETAILS = pa.table(
    {
        "line": pa.array([], pa.int64()),
        "detail_number": pa.array([], pa.int64()),
        "amount": pa.array([], values.MONEY),
        **{
            name: pa.array([], pa.string())
            for name in (
                "currency", "end_to_end_id", "mandate_id", "counterparty_name", "counterparty_account",
                "remittance_text", "structured_reference", "servicer_reference", "purpose_code",
            )
        },
    }
)  # fmt: skip


# --- declared: a second, simple path over the text, for the control totals -----------------------

_CURRENCIES = (
    re.compile(r"\n:(?:60[FM]?|62[FM]?|64|65):\s*[CD]\d{6}([A-Z]{3})\s?(?:\d|,\d)", re.ASCII),
    re.compile(r"\n:34F:\s*([A-Z]{3})[CD]?(?:\d|,\d)", re.ASCII),
    re.compile(r"\n:90[CD]:\s*\d{1,5}([A-Z]{3})(?:\d|,\d)", re.ASCII),
)
_ACCOUNT = re.compile(r"\n:25P?:([^\n]*(?:\n[^:\n][^\n]*)?)")
_HEAD = re.compile(r"\n:61:(?:(\d{6})(\d{4})? *(R?[CD]|E[CD])[A-Z]? *([\d,.]+))?", re.ASCII)


def scan(text: str) -> tuple[Cells, int]:
    """Count and sum the lines of a file by its text alone: what the payload lists."""
    cells: dict[Any, list[Any]] = {}
    statements = text.split("\n:20:")[1:]
    for statement in statements:
        found = next((found for pattern in _CURRENCIES if (found := pattern.search(statement))), None)
        account = _ACCOUNT.search(statement)
        currency = (
            found[1] if found else account_of(account[1], None).currency if account else None
        ) or "XXX"
        for (value, entry, mark, amount), count in Counter(_HEAD.findall(statement)).items():
            day = booking_day(value, entry) if value else None
            money = values.parse_money(_point(amount)) if amount else None
            if money is None:
                money = Decimal(0)
            cell = cells.setdefault((currency, day), [0, Decimal(0)])
            cell[0] += count
            cell[1] += count * (-money if mark in ("D", "RC", "ED") else money)
    return {key: (count, amount) for key, (count, amount) in cells.items()}, len(statements)
