"""Two counts of one file must agree before a row of it is landed.

Belongs here: the comparison of what a file's payload lists (declared, measured by a simple scan) with
what a reader made of it (landed and rejected), cell by cell. A file that two ways of reading see
differently is refused as a whole, with both figures: landing one of the two would put a residual into
every later control total, and nobody could say which figure was right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import pyarrow as pa

# (currency, business date) -> (records, signed sum)
Cells = Mapping[tuple[str, date | None], tuple[int, Decimal]]

# Below it, starting a group-by costs more than the loop (0.6 ms a call; most files are a day's records).
_FEW = 500

# Of one file, currency and day. DECIMAL(18,4) holds ten times that, which is room for the sums over files: one
# that does not fit would stop the whole run.
LARGEST_SUM = Decimal(10) ** 13


def cells_of(currency: pa.Array, business_date: pa.Array, amount: pa.Array) -> Cells:
    """Count and sum per currency and date of a set of records."""
    if len(amount) <= _FEW:
        return _cells_of_few(currency, business_date, amount)
    table = pa.table({"currency": currency, "date": business_date, "amount": amount})
    grouped = table.group_by(["currency", "date"], use_threads=False).aggregate(
        [("amount", "sum"), ([], "count_all")]
    )
    return {
        (row["currency"], row["date"]): (row["count_all"], row["amount_sum"] or Decimal(0))
        for row in grouped.to_pylist()
    }


def _cells_of_few(currency: pa.Array, business_date: pa.Array, amount: pa.Array) -> Cells:
    cells: dict[tuple[str, date | None], tuple[int, Decimal]] = {}
    for code, day, value in zip(
        currency.to_pylist(), business_date.to_pylist(), amount.to_pylist(), strict=True
    ):
        count, total = cells.get((code, day), (0, Decimal(0)))
        cells[code, day] = count + 1, total + (value or Decimal(0))
    return cells


def added(parts: Iterable[Cells]) -> Cells:
    total: dict[tuple[str, date | None], list[int | Decimal]] = defaultdict(lambda: [0, Decimal(0)])
    for part in parts:
        for key, (count, amount) in part.items():
            total[key][0] += count
            total[key][1] += amount
    return {key: (int(count), Decimal(amount)) for key, (count, amount) in total.items()}


def disagreement(declared: Cells, read: Cells) -> str | None:
    """The first cell that differs, in words; None when all agree and every sum can be stored."""
    for key in sorted({*declared, *read}, key=lambda cell: (cell[0], cell[1] or date.min)):
        listed, found = declared.get(key, (0, Decimal(0))), read.get(key, (0, Decimal(0)))
        currency, day = key
        where = f"{currency} on {day}" if day else f"{currency} without a date"
        if listed != found:
            return (
                f"the file lists {listed[0]} records of {listed[1]:f} in {where}, "
                f"but reading it gives {found[0]} of {found[1]:f}"
            )
        if abs(listed[1]) >= LARGEST_SUM:
            return f"the amounts in {where} add up to {listed[1]:f}; more than 13 digits cannot be stored"
    return None
