"""Statements written in the shape of every bank's profile and read again: money, days and identity stay.

The writer knows a profile's columns and conventions and shares no code with the reader.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import pytest
from bank_files import residuals_of_file
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_tabular_profiles import SAMPLES, load, source

from pipelines.tabular.profiles import Profile, fitting, profiles
from pipelines.tabular.text import decode

PROPERTY = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BANKS = {p.name: p for p in profiles() if [part["stream"] for part in p.parts] == ["bank_transactions"]}


@dataclass(frozen=True)
class Line:
    day: date
    amount: Decimal
    text: str
    balance: Decimal = Decimal(0)


_TEXT = st.text(st.characters(codec="cp1250", categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=12).map(
    lambda text: f"Ref {text} x"
)
_LINES = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2).filter(bool),
        st.one_of(_TEXT, st.sampled_from(['Say "x"', "a;b,c|d", "Rent June", "Rent June"])),
    ),
    min_size=1,
    max_size=9,
)


def statement(drawn: list[tuple[int, Decimal, str]]) -> list[Line]:
    """Lines in the order of time, with running balances from 1000."""
    ordered = sorted(drawn, key=lambda line: line[0])
    balances = accumulate((amount for _, amount, _ in ordered), initial=Decimal(1000))
    next(balances)
    return [
        Line(date(2026, 6, 1) + timedelta(days), amount, text, balance)
        for (days, amount, text), balance in zip(ordered, balances, strict=True)
    ]


class Writer:
    """One bank's export: the lines above and the header of its sample, and lines of ours below."""

    def __init__(self, profile: Profile) -> None:
        self.profile, self.part = profile, profile.parts[0]
        content = (SAMPLES / f"{profile.name}.csv").read_bytes()
        self.codec = profile.encodings[0] if profile.encodings else "utf-8"
        text = content.decode(self.codec) if profile.encodings else decode(content, None)[0]
        fit = fitting(text, profile.name)
        assert fit is not None
        self.delimiter = fit.delimiter
        lines = text.split("\n")
        self.head = [] if profile.pattern else lines[: fit.above + 1]
        self.names = [n.strip() for n in (profile.header_names or fit.cells)]
        self.decimal = self.part.get("decimal", ".")
        format_ = self.part.get("date_format") or self.part["date_formats"][0]
        # Real exports of Postbank write 1.6.2026; strftime has no portable way to.
        self.day = lambda day: day.strftime(format_)

    def place(self, header: str) -> int | None:
        for name in header.split(" | "):
            for index, cell in enumerate(self.names):
                if cell == name or ("{currency}" in name and cell.startswith(name.split("{currency}")[0])):
                    return index
        return None

    def money(self, amount: Decimal) -> str:
        return f"{amount:f}".replace(".", self.decimal)

    def row(self, line: Line) -> list[str]:
        cells = [""] * len(self.names)

        def put(header: str, value: str) -> None:
            index = self.place(header)
            if index is not None:
                cells[index] = value

        part, amount = self.part, line.amount
        put(next(iter(part.get("joined", {}).get("remittance_text", [""]))), line.text)
        for ours, header in part["columns"].items():
            value = {
                "booking_date": self.day(line.day), "value_date": self.day(line.day), "remittance_text": line.text,
                "balance_amount": self.money(line.balance), "currency": "EUR", "account_number": "NL20INGB0001234567",
            }.get(ours)  # fmt: skip
            if value is not None:
                put(header, value)
        if "amount" in part["columns"]:
            unsigned = "sign_column" in part
            put(part["columns"]["amount"], self.money(abs(amount) if unsigned else amount))
        if "sign_column" in part:
            negative = [mark for mark in part["negative_values"] if mark in self.sample_marks()] or part[
                "negative_values"
            ]
            put(part["sign_column"], negative[0] if amount < 0 else "Bij" if "Af" in negative else "C")
        if "debit_column" in part:
            put(part["debit_column"] if amount < 0 else part["credit_column"], self.money(abs(amount)))
        for terms in part.get("sums", {}).values():
            first, second = terms
            if second.startswith("-"):  # the fee beside the amount
                put(first, self.money(amount + Decimal("0.25")))
                put(second[1:], self.money(Decimal("0.25")))
            else:  # money in, and money out with its own minus
                put(first if amount > 0 else second, self.money(amount))
        for codes in part.get("values", {}).values():
            put(part["columns"]["entry_status"], next(code for code, ours in codes.items() if ours == "BOOK"))
        if self.profile.pattern:
            cells[2] = "*"
        return cells

    def has_text(self) -> bool:
        joined = self.part.get("joined", {}).get("remittance_text", ())
        headers = joined or [self.part["columns"].get("remittance_text", "")]
        return self.place(headers[0]) is not None

    def sample_marks(self) -> set[str]:
        return {"Af", "Bij", "C", "D"}

    def write(self, lines: list[Line], newest_first: bool) -> bytes:
        out = io.StringIO(newline="")
        for line in self.head:
            out.write(line + "\n")
        writer = csv.writer(
            out,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_ALL if self.profile.pattern else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        )
        writer.writerows(self.row(line) for line in (lines[::-1] if newest_first else lines))
        return out.getvalue().encode(self.codec, errors="replace")


def loaded(folder: Path, **files: bytes) -> dict[str, list[dict]]:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content)
    tables = load(folder, source(constants={"currency": "EUR"}))
    assert [reject["message"] for reject in tables["rejects"]] == []
    assert residuals_of_file(tables) == {}
    return tables


_numbers = iter(range(10**9))


@pytest.mark.parametrize("name", sorted(BANKS))
@PROPERTY
@given(drawn=_LINES, newest_first=st.booleans())
def test_a_statement_survives_the_shape_of_its_bank(tmp_path, name, drawn, newest_first):
    lines, writer = statement(drawn), Writer(BANKS[name])
    content = writer.write(lines, newest_first)
    tables = loaded(tmp_path / str(next(_numbers)), a=content)
    rows = tables["bank_transactions"][:: -1 if newest_first else 1]
    assert [(row["booking_date"], row["amount"]) for row in rows] == [
        (line.day, line.amount) for line in lines
    ]
    if any(
        "balance_amount" in part["columns"] and writer.place(part["columns"]["balance_amount"]) is not None
        for part in BANKS[name].parts
    ):
        assert [row["balance_amount"] for row in rows] == [line.balance for line in lines]
    if writer.has_text():
        texts = [row["remittance_text"] or "" for row in rows]
        assert all(line.text.split()[0] in text for text, line in zip(texts, lines, strict=True))


@pytest.mark.parametrize("name", sorted(BANKS))
@PROPERTY
@given(drawn=_LINES, data=st.data())
def test_a_line_is_the_same_in_either_order_and_in_the_next_export(tmp_path, name, drawn, data):
    """Newest first or oldest first, and again in an export of whole days that overlaps: the same ids, once."""
    lines, writer = statement(drawn), Writer(BANKS[name])
    days = sorted({line.day for line in lines})
    first, last = sorted(data.draw(st.tuples(st.sampled_from(days), st.sampled_from(days))))
    tables = [
        loaded(tmp_path / str(next(_numbers)), a=writer.write(part, newest_first))["bank_transactions"]
        for part, newest_first in (
            (lines, False),
            (lines, True),
            ([line for line in lines if line.day <= last], data.draw(st.booleans())),
            ([line for line in lines if line.day >= first], data.draw(st.booleans())),
        )
    ]
    oldest, newest, early, late = ({row["transaction_id"] for row in rows} for rows in tables)
    assert len(oldest) == len(lines) and oldest == newest
    assert early | late == oldest
    assert early & late == {
        row["transaction_id"] for row in tables[0] if first <= row["booking_date"] <= last
    }
