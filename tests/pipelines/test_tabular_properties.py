"""Properties of the CSV reader: money survives writing and reading, and no input loses a record."""

import csv
import io
from datetime import date
from decimal import Decimal

from bank_files import read, residuals
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.config import CsvMapping

PROPERTY = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_HEADER = ["No", "Date", "Cur", "Net", "Total", "Who", "At"]
_COLUMNS = {
    "invoice_id": "No", "invoice_date": "Date", "currency": "Cur", "net_amount": "Net", "total_amount": "Total",
    "customer_name": "Who", "updated_at": "At",
}  # fmt: skip
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=20)
_NAMES = st.one_of(
    _TEXT, st.sampled_from(['say "x"', "a;b", "a,b", "line\nbreak", "=1+1", " pad ", '"', '5" disk'])
)
_AMOUNTS = st.decimals(Decimal(-99999999), Decimal(99999999), places=4)


def _amount(amount: Decimal, style: str, decimal: str) -> str:
    group = "," if decimal == "." else "."
    text = f"{abs(amount):,f}" if "grouped" in style else f"{abs(amount):f}"
    text = text.replace(",", "G").replace(".", decimal).replace("G", group)
    if amount >= 0:
        return text
    return {"behind": f"{text}-", "parentheses": f"({text})", "debit": f"{text} DR"}.get(
        style.split()[0], f"-{text}"
    )


@st.composite
def _files(draw: st.DrawFn) -> tuple[str, CsvMapping, list[tuple]]:
    decimal = draw(st.sampled_from([".", ","]))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    date_format = draw(st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y"]))
    style = draw(st.sampled_from(["front", "behind", "parentheses grouped", "debit", "front grouped"]))
    records = draw(
        st.lists(st.tuples(_AMOUNTS, st.dates(date(1990, 1, 1), date(2060, 1, 1)), _NAMES), max_size=8)
    )
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=delimiter, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    )
    writer.writerow(_HEADER)
    for number, (amount, day, name) in enumerate(records):
        text = _amount(amount, style, decimal)
        writer.writerow(
            [f"R{number}", day.strftime(date_format), "EUR", text, text, name, "2026-06-30T10:00:00Z"]
        )
    mapping = CsvMapping(
        stream="invoices", columns=_COLUMNS, delimiter=delimiter, decimal=decimal, date_format=date_format
    )
    return out.getvalue(), mapping, records


def _residuals(tables: dict) -> dict:
    return residuals(tables, "invoices", "invoices", "total_amount", "invoice_date")


@PROPERTY
@given(_files(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_records_survive_writing_and_reading(tmp_path, file, codec):
    text, mapping, records = file
    tables = read(tmp_path, text.encode(codec), mapping)
    assert tables["rejects"] == []
    assert [(row["total_amount"], row["invoice_date"]) for row in tables["invoices"]] == [
        (amount, day) for amount, day, _ in records
    ]
    assert _residuals(tables) == {}


@PROPERTY
@given(st.data(), _files())
def test_mangled_files_lose_nothing_and_never_raise(tmp_path, data, file):
    text, mapping, _ = file
    content = text.encode()
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        junk = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b'"', b'""', b"\n", b"\r", b",", b";", b"\t", b"-", b"(", b"EUR", b"\x00", b"9" * 20, b"\xc2\xa0", b"\n\n"]),
            )
        )  # fmt: skip
        content = content[:at] + junk + content[at + data.draw(st.integers(0, 8)) :]
    tables = read(tmp_path, content, mapping)
    assert _residuals(tables) == {}
    assert len(tables["files"]) == 1


_CELLS = st.one_of(
    _TEXT,
    st.sampled_from(
        ["", " ", "1", "-1", "1,5", "1.5", "1.234,5", "1,234.5", "(1)", "1-", "1 DR", "-1 CR", "1e3", "NaN", "EUR", "eur", "€", "2026-06-30",
         "30.06.2026", "2026-02-30", "0000-00-00", "9999-12-31", "2026-06-30T10:00:00Z", "2026-06-30 25:61:61", "٣", "１", "ſſß", "--1",
         "2026-03-29T02:30:00", "99999999999999", "999999999999999", "0.00001", "\u202f1", "true", "x"]
    ),
)  # fmt: skip
_STREAMS = {
    "invoices": ("total_amount", ("invoice_date",), ""),
    "orders": ("total_amount", ("order_date",), ""),
    "bank_transactions": ("amount", ("booking_date",), ""),
    "card_transactions": ("amount", ("transaction_date",), ""),
    "gl_entries": ("debit_amount", ("posting_date",), "credit_amount"),
    "invoice_lines": ("net_amount", ("invoice_date",), ""),
}


@PROPERTY
@given(st.data(), st.sampled_from(sorted(_STREAMS)), st.booleans())
def test_any_cells_in_any_stream_lose_nothing_and_never_raise(tmp_path, data, stream, is_guessed):
    """Every record of arbitrary cells is landed or rejected, with its money if that can be read."""
    amount, dates, minus = _STREAMS[stream]
    headers = ["currency", *dates, amount, *([minus] if minus else [])]
    headers += {
        "invoices": ["invoice_id", "due_date"], "orders": ["order_id", "created_at"], "bank_transactions": ["value_date", "debit", "credit"],
        "card_transactions": ["card_transaction_id", "posting_date"], "gl_entries": ["entry_id", "account_code", "line_number"],
        "invoice_lines": ["invoice_id", "line_number", "quantity"],
    }[stream]  # fmt: skip
    rows = data.draw(st.lists(st.lists(_CELLS, min_size=len(headers), max_size=len(headers)), max_size=6))
    out = io.StringIO()
    csv.writer(out).writerows([headers, *rows])
    options = {} if is_guessed else {"date_format": "%d.%m.%Y", "decimal": ","}
    mapping = CsvMapping(
        stream=stream, columns={} if is_guessed else {name: name for name in headers}, **options
    )
    tables = read(tmp_path, out.getvalue(), mapping)
    assert residuals(tables, stream, stream, amount, *dates, minus=minus) == {}
