"""The records of one file as typed columns, with what is wrong with each.

Belongs here: types, signs, keys and dates of a record, and its reject when a cell cannot be read. A
record lands whole or is rejected whole. Does not belong here: cutting the text (`text`), finding the
columns (`layout`) or opening files (`read`).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.agreement import LARGEST_SUM
from pipelines.bank.identity import digests, occurrences, transaction_ids
from pipelines.bank.pieces import json_text, tidy
from pipelines.config import CsvMapping, SourceInstance
from pipelines.provenance import MONEY, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, Reason, reject_row, rejects_table
from pipelines.tabular import cells, declared, evidence, formats
from pipelines.tabular.layout import Layout
from pipelines.tabular.line_amounts import line_totals
from pipelines.tabular.schema import STREAMS
from pipelines.tabular.text import Ragged, Records

_EXPECTED = {
    "decimal": "an amount with up to 13 digits and 4 decimals, decimal mark '{decimal}'",
    "rate": "a number with up to 8 decimals, decimal mark '{decimal}'",
    "date": "a date like {date_format}",
    "timestamp": "a time like {timestamp_format}",
    "int": "a whole number",
    "bool": "yes or no",
    "currency": "a currency code of three letters (ISO 4217)",
}
_EXAMPLE = datetime(2026, 6, 30, 14, 5)
_WRITTEN_AS_TEXT = (
    "account_number", "counterparty_account", "card_id", "card_transaction_id", "servicer_reference", "account_code",
    "invoice_number", "bill_number", "order_number", "payment_id", "payout_id", "balance_transaction_id",
)  # fmt: skip
# Numbers that a script once held as floats: 17850.0 is customer 17850.
_NUMBERS_AS_FLOATS = ("customer_id", "order_id", "order_number", "line_id")
# A day that no file has, standing for "has a date that cannot be read".
_NO_DAY = -1_000_000


class Table:
    """The records of one file as typed columns, with what is wrong with each."""

    def __init__(
        self, found: Records, layout: Layout, mapping: CsvMapping, file: LandingFile, instance: SourceInstance
    ) -> None:
        self.cells = [tidy(column) for column in found.columns]
        self.found, self.layout, self.mapping = found, layout, mapping
        self.file, self.instance = file, instance
        self.stream = STREAMS[mapping.stream]
        self.count = len(found.line)
        self.text = {name: self._text(name, self.cells[index]) for name, index in layout.at.items()}
        self.columns: dict[str, pa.Array] = {}
        self.bad = np.zeros(self.count, bool)
        self.invalid: dict[str, np.ndarray] = {}  # column -> rows whose text is not of its type
        for name, type_ in self.stream.columns.items():
            self.columns[name] = self._typed(name, type_)
        self._derive()
        self.contradicting = self._of_other_currencies()
        for mask in self.invalid.values():
            self.bad |= mask
        self.missing = {name: self._is_null(name) for name in self._required()}
        for mask in self.missing.values():
            self.bad |= mask
        self.control = self._control()

    def _text(self, name: str, column: pa.Array) -> pa.Array:
        if name in _WRITTEN_AS_TEXT:
            # An apostrophe, or ="...", keeps a spreadsheet from reading a number; it is no part of it.
            column = tidy(pc.utf8_trim(pc.replace_substring_regex(column, '^="(.*)"$', r"\1"), "'"))
        if name in _NUMBERS_AS_FLOATS:
            column = pc.replace_substring_regex(column, r"^([0-9]{1,15})\.0$", r"\1")
        codes = self.mapping.values.get(name)
        if not codes:
            return column
        distinct = column.dictionary_encode()
        ours = [declared.translated(cell, codes) for cell in distinct.dictionary.to_pylist()]
        return tidy(pa.array(ours, pa.string()).take(distinct.indices))

    def _is_null(self, name: str) -> np.ndarray:
        return pc.is_null(self.columns[name]).to_numpy(zero_copy_only=False)

    def _typed(self, name: str, type_: pa.DataType) -> pa.Array:
        """One column; what is neither in the file nor constant is null."""
        if name in self.layout.sums:
            return self._marked(name, self._sum(name))
        if name in self.layout.joined:
            places = self.layout.joined[name]
            texts = [pc.fill_null(self.cells[index], "") for index in places]
            joined = pc.binary_join_element_wise(*texts, " ") if len(texts) > 1 else texts[0]
            return tidy(pc.utf8_trim_whitespace(pc.replace_substring_regex(joined, " {2,}", " ")))
        if name in self.text:
            return self._converted(
                name,
                self.text[name],
                type_,
                self.layout.decimal,
                self.layout.thousands,
                self.layout.date_format,
            )
        constant = self.mapping.constants.get(name)
        if constant is None:
            return pa.nulls(self.count, type_)
        return self._converted(name, pa.repeat(constant, self.count), type_, ".", "", "%Y-%m-%d")

    def _converted(
        self, name: str, text: pa.Array, type_: pa.DataType, decimal: str, thousands: str, date_format: str
    ) -> pa.Array:
        convert: dict[str, Callable[[], pa.Array]] = {
            "decimal": lambda: self._marked(name, self._signed(name, self._money(text, decimal, thousands))),
            "rate": lambda: self._signed(name, cells.rates(text, decimal, thousands)),
            "date": lambda: cells.dates(text, date_format),
            "timestamp": lambda: cells.timestamps(
                text, self.mapping.timestamp_format, self.mapping.time_zone or self.instance.time_zone
            ),
            "int": lambda: cells.integers(text),
            "bool": lambda: cells.flags(text),
            "currency": lambda: cells.currencies(text),
            "text": lambda: text,
        }
        column = convert[_type_of(name, type_)]()
        wrong = pc.and_(pc.is_valid(text), pc.is_null(column)).to_numpy(zero_copy_only=False)
        if wrong.any():
            self.invalid[name] = wrong
        return column

    def _money(self, text: pa.Array, decimal: str, thousands: str) -> pa.Array:
        amount = cells.amounts(text, decimal, thousands)
        return self._from_minor(amount) if self.mapping.minor_units else amount

    def _from_minor(self, amount: pa.Array) -> pa.Array:
        """Cents to the currency's unit. A currency that we do not know, and a fraction of a cent, are null."""
        codes = self.text.get("currency", pa.repeat(self.mapping.constants.get("currency", ""), self.count))
        distinct = codes.dictionary_encode()
        places = pa.array(
            [declared.minor_digits(code) for code in distinct.dictionary.to_pylist()], pa.int8()
        )
        digits = places.take(distinct.indices)
        result = pa.nulls(self.count, MONEY)
        for number in (0, 2, 3, 4):
            factor = pa.scalar(Decimal(10) ** -number, pa.decimal128(5, 4))
            scaled = pc.multiply(amount.cast(pa.decimal128(18, 4)), factor)
            exact = pc.equal(pc.round(amount), amount)
            value = pc.round(scaled, 4).cast(MONEY)
            result = pc.if_else(pc.fill_null(pc.and_(pc.equal(digits, number), exact), False), value, result)
        return result

    def _sum(self, name: str) -> pa.Array:
        """The signed sum of cells; with nothing in any of them there is no amount."""
        zero, parts = pa.scalar(Decimal(0), MONEY), []
        total, nothing = pa.repeat(zero, self.count), pa.repeat(True, self.count)
        for sign, index in self.layout.sums[name]:
            cell = self.cells[index]
            amount = self._converted(
                f"{name}:{index}", cell, MONEY, self.layout.decimal, self.layout.thousands, ""
            )
            if f"{name}:{index}" in self.invalid:
                wrong = self.invalid.pop(f"{name}:{index}")
                self.invalid[name] = self.invalid.get(name, np.zeros(self.count, bool)) | wrong
            nothing = pc.and_(nothing, pc.is_null(cell))
            parts.append((sign, pc.fill_null(amount, zero)))
        for sign, amount in parts:
            total = self._difference(name, total, pc.negate(amount) if sign > 0 else amount)
        return pc.if_else(nothing, pa.scalar(None, MONEY), total)

    def _marked(self, name: str, amount: pa.Array) -> pa.Array:
        """Negative where the amount's own indicator says so (`signs`)."""
        if name not in self.layout.signs:
            return amount
        index, negative = self.layout.signs[name]
        return self._where_marked(amount, self.cells[index], negative)

    def _signed(self, name: str, column: pa.Array) -> pa.Array:
        return pc.negate(column) if name in self.mapping.negate else column

    def _pseudo(self, name: str) -> pa.Array:
        """debit, credit or a ledger's single amount: columns of the file that are none of the stream's."""
        if name not in self.text:
            return pa.nulls(self.count, MONEY)
        return self._converted(name, self.text[name], MONEY, self.layout.decimal, self.layout.thousands, "")

    def _of_other_currencies(self) -> dict[str, np.ndarray]:
        """Amounts whose own symbol or code is not the record's currency: five pounds are not five euros."""
        found = {}
        parts = self.layout.line.money if self.layout.line else ()
        listed = (*self.stream.amount, *self.stream.minus, *parts, "amount", "debit", "credit")
        for name in dict.fromkeys(listed):
            if name not in self.text or name in self.layout.sums:
                continue
            mark = pc.struct_field(pc.extract_regex(self.text[name], f"(?P<mark>{formats.MARK})"), "mark")
            pairs = pc.binary_join_element_wise(mark, self.columns["currency"], " ").dictionary_encode()
            other = [formats.is_other_currency(*pair.split(" ")) for pair in pairs.dictionary.to_pylist()]
            if any(other):
                mask = pc.fill_null(pa.array(other).take(pairs.indices), False)
                found[name] = mask.to_numpy(zero_copy_only=False)
                self.invalid[name] = self.invalid.get(name, np.zeros(self.count, bool)) | found[name]
        return found

    def _required(self) -> tuple[str, ...]:
        there = {*self.text, *self.layout.sums, *self.mapping.constants}
        more = [name for name in self.stream.required_if_there if name in there]
        return (*self.stream.required, *more, *(self.layout.line.needs if self.layout.line else ()))

    def _derive(self) -> None:
        """What follows from other columns of the record: signs, keys, line numbers, dates."""
        columns, zero = self.columns, pa.scalar(Decimal(0), MONEY)
        if (
            "amount" in columns
            and "amount" not in self.layout.sums
            and ("debit" in self.text or "credit" in self.text)
        ):
            credit, debit = self._pseudo("credit"), self._pseudo("debit")
            # One of the two is empty on every line; a line with neither has no amount at all.
            nothing = pc.and_(pc.is_null(credit), pc.is_null(debit))
            columns["amount"] = pc.if_else(
                nothing,
                pa.scalar(None, MONEY),
                self._difference("amount", pc.fill_null(credit, zero), pc.fill_null(debit, zero)),
            )
        elif "sign" in self.text and "amount" in columns and self.stream.amount == ("amount",):
            columns["amount"] = self._by_sign(columns["amount"])
        if (
            self.stream.minus
            and "amount" in self.text
            and not {"debit_amount", "credit_amount"} & set(self.text)
        ):
            amount = self._by_sign(self._pseudo("amount"))
            columns["debit_amount"] = pc.if_else(pc.greater(amount, zero), amount, zero)
            columns["credit_amount"] = pc.if_else(pc.less(amount, zero), pc.negate(amount), zero)
        for name, (money_in, money_out) in self.layout.by_sign.items():
            is_in = pc.fill_null(pc.greater_equal(columns["amount"], zero), True)
            one, other = self.cells[money_in], self.cells[money_out]
            columns[name] = pc.coalesce(pc.if_else(is_in, one, other), pc.if_else(is_in, other, one))
        if "currency" in columns and "currency" not in self.text and "currency" not in self.mapping.constants:
            columns["currency"] = columns.get("account_currency", columns["currency"])
        for name in self.stream.dates:
            # A date that is not in the file follows from the other one; see Stream.dates.
            if name in ("order_date", "booking_date", "transaction_date", "created_date"):
                columns[name] = pc.coalesce(columns[name], self._business_date())
        if self.layout.line:
            self._order_line()
        if self.stream.line_of:
            number = pa.array(occurrences(pc.fill_null(columns[self.stream.line_of], "")), pa.int64())
            columns["line_number"] = pc.coalesce(columns["line_number"], number)
        self._keys()

    def _order_line(self) -> None:
        """What the row adds to its order, and its own number where that is one."""
        columns, line = self.columns, self.layout.line
        assert line is not None
        if not line.has_quantity:
            columns["quantity"] = pa.repeat(pa.scalar(Decimal(1), columns["quantity"].type), self.count)
        if line.tax == "inside":
            columns["is_tax_included"] = pa.repeat(True, self.count)
        total, discount, is_too_large = line_totals(line, columns)
        if line.discount:
            columns["discount_amount"] = discount
        too_large = is_too_large.to_numpy(zero_copy_only=False)
        if too_large.any():
            self.invalid[line.needs[-1]] = (
                self.invalid.get(line.needs[-1], np.zeros(self.count, bool)) | too_large
            )
        columns["total_amount"] = total
        order = pc.coalesce(columns["order_id"], columns["order_number"])
        columns["order_id"] = order
        # A number that two rows of an order share is none of the row.
        named = pc.is_valid(columns["line_id"])
        keys = pc.binary_join_element_wise(pc.fill_null(order, ""), columns["line_id"], " ").filter(named)
        if len(keys) and pc.count_distinct(keys).as_py() < len(keys):
            columns["line_id"] = pa.nulls(self.count, pa.string())

    def _difference(self, name: str, plus: pa.Array, minus: pa.Array) -> pa.Array:
        """plus - minus; a difference of more than 13 digits makes the record a reject, with amount 0."""
        difference = pc.subtract(plus, minus)
        fits = pc.less(pc.abs(difference), pa.scalar(LARGEST_SUM))
        too_large = pc.invert(fits).to_numpy(zero_copy_only=False)
        if too_large.any():
            self.invalid[name] = self.invalid.get(name, np.zeros(self.count, bool)) | too_large
            self.bad |= too_large
        return pc.if_else(fits, difference, pa.scalar(Decimal(0), difference.type)).cast(MONEY)

    def _by_sign(self, amount: pa.Array) -> pa.Array:
        if "sign" not in self.text:
            return amount
        if self.layout.is_guessed:
            known = pa.array([*evidence.NEGATIVE_MARKS, *evidence.POSITIVE_MARKS])
            folded = pc.utf8_lower(pc.fill_null(self.text["sign"], ""))
            unknown = pc.invert(pc.is_in(folded, known)).to_numpy(zero_copy_only=False)
            if unknown.any():
                self.invalid["sign"] = unknown
        return self._where_marked(amount, self.text["sign"], self.layout.negative)

    def _where_marked(self, amount: pa.Array, marks: pa.Array, negative: tuple[str, ...]) -> pa.Array:
        words = pa.array([code.casefold() for code in negative], pa.string())
        distinct = marks.dictionary_encode()
        folded = pa.array([(mark or "").casefold() for mark in distinct.dictionary.to_pylist()], pa.string())
        is_negative = pc.fill_null(pc.is_in(folded, words).take(distinct.indices), False)
        return pc.if_else(is_negative, pc.negate(amount), amount)

    def _business_date(self) -> pa.Array:
        """The first of the stream's dates that a record has; of a time, the day at the source's place."""
        days = []
        for name in self.stream.dates:
            column = self.columns[name]
            # An unreadable first date leaves the record without one: the next must not stand in for it.
            if name in self.invalid:
                column = pc.if_else(
                    pa.array(self.invalid[name]), pa.scalar(_NO_DAY, pa.date32()), column.cast(pa.date32())
                )
            elif pa.types.is_timestamp(column.type):
                column = column.cast(pa.timestamp("us", tz=self.instance.time_zone))
                column = pc.local_timestamp(column).cast(pa.date32())
            days.append(column)
        first = pc.coalesce(*days) if days else pa.nulls(self.count, pa.date32())
        return pc.if_else(
            pc.fill_null(pc.equal(first, pa.scalar(_NO_DAY, pa.date32())), False),
            pa.scalar(None, pa.date32()),
            first,
        )

    def _keys(self) -> None:
        columns, key = self.columns, self.stream.key
        if self.mapping.stream == "bank_transactions":
            self._bank_line()
            return
        if self.stream.key_from:
            parts = [pc.fill_null(columns[name], "") for name in self.stream.key_from]
            joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, ":")
            columns[key] = pc.coalesce(columns[key], tidy(pc.utf8_trim(joined, ":")))
        elif not self.stream.line_of and key not in self.text and key not in self.layout.joined:
            # No key in the export: the content is the key, as for bank lines.
            content = pa.array(self._content_hash(12), pa.string())
            number = pa.array(occurrences(content)).cast(pa.string())
            columns[key] = pc.binary_join_element_wise(content, number, ":")

    def _bank_line(self) -> None:
        columns = self.columns
        account = pc.coalesce(columns["account_number"], pa.scalar(self.instance.name))
        columns["account_number"] = pc.utf8_upper(pc.replace_substring_regex(account, r"\s+", ""))
        columns["counterparty_account"] = _compact_ibans(columns["counterparty_account"])
        statement = pc.coalesce(columns["statement_id"], pa.scalar(self.file.source_file))
        if pc.count_distinct(columns["currency"]).as_py() > 1:
            # Each currency has a balance of its own.
            statement = pc.binary_join_element_wise(statement, pc.fill_null(columns["currency"], ""), ":")
        columns["statement_id"] = statement
        columns["line_number"] = pc.coalesce(columns["line_number"], pa.array(np.arange(1, self.count + 1)))
        codes = statement.dictionary_encode().indices.cast(pa.int64())
        columns["transaction_id"] = transaction_ids(
            **{
                name: columns[name]
                for name in (
                    "account_number", "booking_date", "amount", "currency", "servicer_reference", "end_to_end_id",
                    "remittance_text", "counterparty_account",
                )
            },
            statement=codes,
            entry_status=columns["entry_status"],
        )  # fmt: skip

    def _content_hash(self, length: int) -> list[str]:
        """Hash of the cells by header, so that a file with its columns in another order is the same."""
        order = sorted(range(self.layout.width), key=lambda index: self.layout.headers[index])
        return digests([self.cells[index] for index in order], length)

    def _control(self) -> dict[str, pa.Array]:
        """Currency, date and amount of each record as the control totals count them, also for rejects."""
        zero = pa.scalar(Decimal(0), MONEY)
        parts = [self.columns[name] for name in self.stream.amount]
        amount = pc.fill_null(parts[0], zero)
        for name in self.stream.minus:
            amount = self._difference(name, amount, pc.fill_null(self.columns[name], zero))
        wrong = np.zeros(self.count, bool)
        line = self.layout.line
        parts = (*line.money, *line.rates, *line.needs) if line else ()
        for name in (*self.stream.amount, *self.stream.minus, *parts, "debit", "credit", "amount"):
            if name in self.invalid:
                wrong |= self.invalid[name]
        currency = self.columns["currency"]
        return {
            "control_currency": pc.fill_null(currency, UNKNOWN_CURRENCY),
            "control_date": self._business_date(),
            "control_amount": pc.if_else(pa.array(wrong), zero, amount),
        }

    def landed(self) -> dict[str, pa.Array]:
        good = pa.array(np.flatnonzero(~self.bad))
        columns = {name: column.take(good) for name, column in self.columns.items()}
        return {**columns, **{name: column.take(good) for name, column in self.control.items()}}

    def typed(self, rows: dict[str, pa.Array]) -> pa.Table:
        good = np.flatnonzero(~self.bad)
        chosen = pa.array(good)
        constants = {
            "source_name": self.instance.name,
            "entity_id": self.instance.entity_id,
            "load_id": self.file.load_id,
            "source_file": self.file.source_file,
        }
        columns: dict[str, pa.Array] = {
            name: pa.repeat(value, good.size) for name, value in constants.items()
        }
        columns["source_position"] = pa.array(self.found.position[good], pa.int64())
        columns["record_hash"] = pa.array(self._content_hash(32), pa.string()).take(chosen)
        columns["extra_json"] = self._extra().take(chosen)
        schema = self.stream.table
        return pa.table([(rows | columns)[field.name] for field in schema], schema=schema)

    def _extra(self) -> pa.Array:
        """Cells without a column of ours, as one JSON object per record."""
        pairs = []
        for name, index in self.layout.unmapped:
            cell = self.cells[index]
            label = json_text(pa.array([name]))[0].as_py()
            pair = pc.binary_join_element_wise(f'"{label}": "', json_text(cell), '", ', "")
            pairs.append(pc.fill_null(pair, ""))
        if not pairs:
            return pa.nulls(self.count, pa.string())
        body = tidy(
            pc.utf8_rtrim(pc.binary_join_element_wise(*pairs, "") if len(pairs) > 1 else pairs[0], ", ")
        )
        return pc.binary_join_element_wise("{", body, "}", "")

    def drift(self) -> Iterator[dict[str, Any]]:
        for name, index in self.layout.unmapped:
            cell = self.cells[index]
            filled = len(cell) - cell.null_count
            if filled:
                example = pc.min(cell).as_py()
                yield {
                    "stream": self.mapping.stream,
                    "field": name,
                    "example": example,
                    "occurrences": filled,
                }

    def rejects(self) -> pa.Table:
        rows = [self._reject(int(at), self.control) for at in np.flatnonzero(self.bad).tolist()]
        rows += [self._ragged(record) for record in self.found.ragged]
        return rejects_table(sorted(rows, key=lambda row: row["source_position"]))

    def _reject(self, at: int, control: dict[str, pa.Array]) -> dict[str, Any]:
        line = int(self.found.line[at])
        wrong = next((name for name, mask in self.invalid.items() if mask[at]), None)
        field = wrong or next(name for name, mask in self.missing.items() if mask[at])
        value = self.text[field][at].as_py() if field in self.text else self.mapping.constants.get(field)
        header = self.layout.headers[self.layout.at[field]] if field in self.layout.at else field
        payload = self.layout.delimiter.join(column[at].as_py() for column in self.found.columns)
        return reject_row(
            self.file,
            self.instance,
            stream=self.mapping.stream,
            position=int(self.found.position[at]),
            reason=Reason.INVALID_VALUE if wrong else Reason.MISSING_FIELD,
            message=f"line {line}: '{header}' ({field}) " + self._wrong_with(field, at, bool(wrong)),
            payload=payload,
            field=field,
            value=value,
            expected=(
                f"an amount in {self.columns['currency'][at].as_py()}, the currency of the record"
                if self._is_contradicting(field, at)
                else self._expected(field)
            ),
            currency=control["control_currency"][at].as_py(),
            business_date=control["control_date"][at].as_py(),
            amount=control["control_amount"][at].as_py(),
        )

    def _is_contradicting(self, field: str, at: int) -> bool:
        return field in self.contradicting and bool(self.contradicting[field][at])

    def _wrong_with(self, field: str, at: int, is_wrong: bool) -> str:
        if self._is_contradicting(field, at):
            return "is in another currency than the record"
        return "cannot be read" if is_wrong else "is empty"

    def _ragged(self, record: Ragged) -> dict[str, Any]:
        return reject_row(
            self.file,
            self.instance,
            stream=self.mapping.stream,
            position=record.position,
            reason=Reason.MALFORMED_RECORD,
            message=f"line {record.line} has {record.cells} cells, the header has {self.layout.width}",
            payload=record.text,
            expected=f"{self.layout.width} cells separated by {self.layout.delimiter!r}",
        )

    def _expected(self, field: str) -> str:
        type_ = self.stream.columns.get(field, MONEY)
        return _EXPECTED.get(_type_of(field, type_), "a value").format(
            decimal=self.layout.decimal,
            date_format=_EXAMPLE.strftime(self.layout.date_format),
            timestamp_format=_EXAMPLE.strftime(self.mapping.timestamp_format or "%Y-%m-%dT%H:%M:%SZ"),
        )


def _compact_ibans(column: pa.Array) -> pa.Array:
    """IBANs as machines write them (ISO 13616); what is no IBAN stays as the bank writes it."""
    is_iban = pc.fill_null(
        pc.match_substring_regex(column, r"^[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7} ?[A-Za-z0-9]{0,4}$"),
        False,
    )
    return pc.if_else(is_iban, pc.utf8_upper(pc.replace_substring(column, " ", "")), column)


def _type_of(name: str, type_: pa.DataType) -> str:
    if name in ("currency", "account_currency", "base_currency", "original_currency", "charges_currency"):
        return "currency"
    if pa.types.is_decimal(type_):
        return "decimal" if type_ == MONEY else "rate"
    if pa.types.is_date(type_):
        return "date"
    if pa.types.is_timestamp(type_):
        return "timestamp"
    if pa.types.is_integer(type_):
        return "int"
    return "bool" if pa.types.is_boolean(type_) else "text"
