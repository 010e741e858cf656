"""What a CSV file lists: records, amounts, currencies and dates, counted record by record.

Belongs here: the second path of the control totals. It reads with the csv module and adds with Python's
Decimal, and shares with the reader only the layout and the definitions in `formats`, so that a record
or a cent lost there shows as a difference. Equal combinations of cells are worked out once.
"""

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import lru_cache

from pipelines.agreement import LARGEST_SUM, Cells
from pipelines.config import CsvMapping
from pipelines.stripe.currencies import exponent
from pipelines.tabular import formats
from pipelines.tabular.days import day_of, local_day_of
from pipelines.tabular.layout import Layout
from pipelines.tabular.line_amounts import line_total
from pipelines.tabular.numbers import number_of
from pipelines.tabular.schema import STREAMS
from pipelines.tabular.text import rows

_MARK = re.compile(formats.MARK)


def amount_of(text: str, decimal: str, thousands: str) -> Decimal | None:
    """One signed amount, or None."""
    return number_of(text, decimal, thousands, formats.MAX_WHOLE, formats.MAX_FRACTION)


@lru_cache(maxsize=1024)
def currency_of(text: str) -> str | None:
    code = {"€": "EUR", "£": "GBP"}.get(text, text)
    return code.upper() if re.fullmatch("[A-Za-z]{3}", code) else None


def count(text: str, layout: Layout, mapping: CsvMapping, time_zone: str) -> tuple[Cells, int]:
    """Cells of the file and the number of its records."""
    stream = STREAMS[mapping.stream]
    wanted = [
        name
        for name in (
            "currency",
            "account_currency",
            *stream.dates,
            *stream.amount,
            *stream.minus,
            *(layout.line.money + layout.line.rates if layout.line else ()),
            "amount",
            "debit",
            "credit",
            "sign",
        )
        if name in layout.at
    ]
    wanted = list(dict.fromkeys(wanted))
    indices = [layout.at[name] for name in wanted]
    # Amounts made of several cells, and marks of their own, by the number of the cell.
    listed = (*stream.amount, *stream.minus, *(layout.line.money if layout.line else ()))
    money = [name for name in listed if name in layout.sums or name in layout.signs]
    more = {index for name in money for _, index in layout.sums.get(name, ())}
    more |= {layout.signs[name][0] for name in money if name in layout.signs}
    wanted += [f"#{index}" for index in sorted(more)]
    indices += sorted(more)
    tally: Counter[tuple[str, ...] | None] = Counter()
    width, header_line = layout.width, layout.header_line
    for line, row in rows(text, layout.delimiter, mapping.quote):
        if line > header_line:
            tally[tuple([row[i] for i in indices]) if len(row) == width else None] += 1
    cells: dict[tuple[str, date | None], list[int | Decimal]] = {}
    # A day and an amount are worked out once, however many times they come together.
    of_day = [at for at, name in enumerate(wanted) if name in stream.dates]
    of_amount = [at for at, name in enumerate(wanted) if name not in stream.dates]
    days: dict[tuple[str, ...], date | None] = {}
    amounts: dict[tuple[str, ...], tuple[str, Decimal]] = {}
    for combination, number in tally.items():
        currency, day, amount = "XXX", None, Decimal(0)
        if combination is not None:
            day_cells = tuple([combination[at] for at in of_day])
            if day_cells not in days:
                text_of_day = _text({wanted[at]: combination[at].strip() for at in of_day}, mapping)
                days[day_cells] = _day(text_of_day, stream.dates, layout, mapping, time_zone)
            day = days[day_cells]
            amount_cells = tuple([combination[at] for at in of_amount])
            if amount_cells not in amounts:
                found = _text({wanted[at]: combination[at].strip() for at in of_amount}, mapping)
                amounts[amount_cells] = _currency(found) or "XXX", _amount(found, layout, mapping)
            currency, amount = amounts[amount_cells]
        total = cells.setdefault((currency, day), [0, Decimal(0)])
        total[0] += number
        total[1] += amount * number
    return {key: (int(n), Decimal(a)) for key, (n, a) in cells.items()}, sum(tally.values())


def _text(found: dict[str, str], mapping: CsvMapping) -> dict[str, str]:
    """Cells of a record in our words, with what the configuration says beside them."""
    text = {**mapping.constants, **found}
    for name, codes in mapping.values.items():
        if name in found:
            text[name] = translated(found[name], codes)
    return text


def _currency(text: dict[str, str]) -> str | None:
    return currency_of(
        text.get("currency") or ("" if "currency" in text else text.get("account_currency", ""))
    )


def translated(cell: str, codes: dict[str, str]) -> str:
    """A code of the file in our words: as written, else without regard to case."""
    return codes.get(cell, {code.casefold(): ours for code, ours in codes.items()}.get(cell.casefold(), cell))


def _day(
    text: dict[str, str], dates: tuple[str, ...], layout: Layout, mapping: CsvMapping, time_zone: str
) -> date | None:
    for name in dates:
        cell = text.get(name, "")
        if not cell:
            continue
        if name == "created_at":
            return local_day_of(cell, mapping.timestamp_format, time_zone, mapping.time_zone)
        # A constant is written in the configuration, in ISO form.
        return day_of(cell, layout.date_format if name in layout.at else "%Y-%m-%d")
    return None


def _amount(text: dict[str, str], layout: Layout, mapping: CsvMapping) -> Decimal:
    """The record's amount for the control totals; an amount that cannot be read counts 0."""
    stream = STREAMS[mapping.stream]

    def value(name: str) -> Decimal | None:
        cell = text.get(name, "")
        if name in layout.sums:
            return marked(name, _sum(text, name, layout, mapping))
        if not cell:
            return Decimal(0)
        decimal, thousands = (layout.decimal, layout.thousands) if name in layout.at else (".", "")
        mark, currency = _MARK.search(cell), _currency(text)
        if mark and currency and formats.is_other_currency(mark[0], currency):
            return None
        found = _unit(amount_of(cell, decimal, thousands), text, mapping)
        return marked(name, -found if found is not None and name in mapping.negate else found)

    def marked(name: str, amount: Decimal | None) -> Decimal | None:
        if amount is None or name not in layout.signs:
            return amount
        index, negative = layout.signs[name]
        return -amount if _is_marked(text.get(f"#{index}", ""), negative) else amount

    def signed() -> Decimal | None:
        amount = value("amount")
        if amount is not None and "sign" in layout.at and _is_marked(text.get("sign", ""), layout.negative):
            return -amount
        return amount

    if layout.line:
        rates = {
            name: number_of(
                text.get(name, "").rstrip("%"),
                layout.decimal,
                layout.thousands,
                formats.MAX_RATE_WHOLE,
                formats.MAX_RATE_FRACTION,
            )
            if text.get(name)
            else None
            for name in layout.line.rates
        }
        if any(rates[name] is None and text.get(name) for name in rates):
            return Decimal(0)
        stated = {name: value(name) for name in layout.line.money}
        if any(amount is None for amount in stated.values()):
            return Decimal(0)
        if not all(text.get(name) or name in layout.sums for name in layout.line.needs):
            return Decimal(0)
        return line_total(layout.line, {**stated, **rates})
    if stream.amount == ("amount",):
        if "amount" not in layout.sums and ("debit" in text or "credit" in text):
            parts = value("credit"), value("debit")
            return Decimal(0) if None in parts else _storable(parts[0] - parts[1])  # type: ignore[operator]
        return signed() or Decimal(0)
    if stream.minus and "amount" in text and "debit_amount" not in text and "credit_amount" not in text:
        return signed() or Decimal(0)
    plus, minus = [value(name) for name in stream.amount], [value(name) for name in stream.minus]
    if None in plus or None in minus:
        return Decimal(0)
    return _storable(sum(plus, Decimal(0)) - sum(minus, Decimal(0)))  # type: ignore[arg-type]


def _sum(text: dict[str, str], name: str, layout: Layout, mapping: CsvMapping) -> Decimal | None:
    total = Decimal(0)
    for sign, index in layout.sums[name]:
        cell = text.get(f"#{index}", "")
        amount = (
            _unit(amount_of(cell, layout.decimal, layout.thousands), text, mapping) if cell else Decimal(0)
        )
        if amount is None:
            return None
        total = total + amount if sign > 0 else total - amount
        if abs(total) >= LARGEST_SUM:
            return None
    return total


def _unit(amount: Decimal | None, text: dict[str, str], mapping: CsvMapping) -> Decimal | None:
    """Of cents the currency's unit, where the file writes cents."""
    if amount is None or not mapping.minor_units:
        return amount
    digits = minor_digits(text.get("currency", ""))
    return None if digits is None or amount != amount.to_integral_value() else amount.scaleb(-digits)


def _is_marked(cell: str, negative: tuple[str, ...]) -> bool:
    return cell.casefold() in {code.casefold() for code in negative}


def minor_digits(currency: str | None) -> int | None:
    """Decimals of a currency's smallest unit; None for what is no currency."""
    code = currency_of(currency or "")
    return None if code is None else exponent(code)


def _storable(amount: Decimal) -> Decimal:
    return amount if abs(amount) < LARGEST_SUM else Decimal(0)
