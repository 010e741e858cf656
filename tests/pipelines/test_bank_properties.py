"""Properties of the bank readers: money survives writing and reading, and no input loses a record."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date
from decimal import Decimal

import mt940 as reference
from bank_files import Line, bank_residuals, camt_of, mt940_of, read
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

PROPERTY = settings(
    max_examples=120,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # shrinking takes minutes; files are small as they are
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
_AMOUNTS = st.decimals(Decimal("0.0001"), Decimal("999999999999"), places=4).flatmap(
    lambda amount: st.sampled_from([amount, -amount, amount.quantize(Decimal("0.01"))])
)
_SWIFT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0123456789 -.:,'()", min_size=1, max_size=60)
_ANY = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1, max_size=60
)


def _lines(text: st.SearchStrategy[str]) -> st.SearchStrategy[list[Line]]:
    def line(amount: Decimal, booking: date, days: int, words: str, reference_: str) -> Line:
        value = date.fromordinal(booking.toordinal() + days)
        return Line(amount, booking, value, text=words, end_to_end_id=reference_, reference=reference_)

    return st.lists(
        st.builds(
            line,
            _AMOUNTS,
            _DAYS,
            st.integers(-20, 20),
            text,
            st.from_regex(r"[A-Z0-9]{1,16}", fullmatch=True),
        ),
        max_size=8,
    )


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


@PROPERTY
@given(_lines(_ANY))
def test_camt_lines_survive_writing_and_reading(tmp_path, lines):
    tables = read(tmp_path, camt_of(lines))
    assert [(row["amount"], row["booking_date"], row["value_date"]) for row in tables["transactions"]] == [
        (line.amount, line.booking, line.value) for line in lines
    ]
    assert [_plain(row["remittance_text"] or "") for row in tables["transactions"]] == [
        _plain(line.text) for line in lines
    ]
    assert bank_residuals(tables) == {}


@PROPERTY
@given(_lines(_SWIFT))
def test_mt940_lines_survive_writing_and_reading(tmp_path, lines):
    tables = read(tmp_path, mt940_of(lines))
    assert [(row["amount"], row["booking_date"], row["value_date"]) for row in tables["transactions"]] == [
        (line.amount, line.booking, line.value) for line in lines
    ]
    assert [_plain(row["remittance_text"] or "") for row in tables["transactions"]] == [
        _plain(line.text) for line in lines
    ]
    assert [row["end_to_end_id"] for row in tables["transactions"]] == [line.end_to_end_id for line in lines]
    assert bank_residuals(tables) == {}


@PROPERTY
@given(_lines(_ANY))
def test_camt_agrees_with_an_element_tree(tmp_path, lines):
    text = camt_of(lines)
    space = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}
    found = [
        Decimal(entry.findtext("c:Amt", namespaces=space))
        * (1 if entry.findtext("c:CdtDbtInd", namespaces=space) == "CRDT" else -1)
        for entry in ElementTree.fromstring(text).iter("{" + space["c"] + "}Ntry")
    ]
    assert [row["amount"] for row in read(tmp_path, text)["transactions"]] == found


@PROPERTY
@given(_lines(_SWIFT))
def test_mt940_agrees_with_the_reference_library(tmp_path, lines):
    # The library reads 15 characters of an amount, as the standard has it, and cuts off the others.
    lines = [replace(line, amount=(line.amount % 1_000_000).quantize(Decimal("0.001"))) for line in lines]
    text = mt940_of(lines)
    found = [
        (t.data["amount"].amount, t.data["date"])
        for t in reference.parse(text).transactions
        if "amount" in t.data
    ]
    rows = read(tmp_path, text)["transactions"]
    assert [(row["amount"], row["value_date"]) for row in rows] == found


@st.composite
def _mangled(draw: st.DrawFn, text: str) -> bytes:
    """The text with stretches cut out, repeated, replaced or put elsewhere."""
    content = text.encode()
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 60))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.binary(max_size=6),
                st.just(content[at : at + length] * 2),
                st.sampled_from(
                    [b"<", b">", b"</Ntry>", b"<Ntry>", b"<Stmt>", b"Ccy", b":61:", b":86:", b":20:", b"\n:61:260630C1,00", b"\n-\n",
                     b",", b"?20", b"EUR", b"-", b"999999999999999999", b"<!--", b"]]>", b"&amp;", b"\x00", b"\xff", b"\r", b'"']
                ),
            )
        )  # fmt: skip
        content = content[:at] + piece + content[at + draw(st.integers(0, length)) :]
    return content


@PROPERTY
@given(st.data(), _lines(_SWIFT))
def test_mangled_mt940_loses_nothing_and_never_raises(tmp_path, data, lines):
    tables = read(tmp_path, data.draw(_mangled(mt940_of(lines))))
    assert bank_residuals(tables) == {}
    assert len(tables["files"]) == 1


@PROPERTY
@given(st.data(), _lines(_ANY))
def test_mangled_camt_loses_nothing_and_never_raises(tmp_path, data, lines):
    tables = read(tmp_path, data.draw(_mangled(camt_of(lines))))
    assert bank_residuals(tables) == {}
    assert len(tables["files"]) == 1


_LEAVES = st.sampled_from(
    [
        "Amt",
        "CdtDbtInd",
        "Dt",
        "IBAN",
        "Ustrd",
        "Cd",
        "EndToEndId",
        "Ntry",
        "BookgDt",
        "NtryDtls",
        "TxDtls",
        "Stmt",
        "Acct",
        "Id",
    ]
)


@PROPERTY
@given(st.data(), _lines(_ANY))
def test_camt_with_elements_exchanged_loses_nothing_and_never_raises(tmp_path, data, lines):
    """Well-formed, but not by the schema: elements renamed, doubled, emptied."""
    text = camt_of(lines)
    for _ in range(data.draw(st.integers(1, 3))):
        name, other = data.draw(_LEAVES), data.draw(_LEAVES)
        action = data.draw(st.sampled_from(["rename", "empty", "double"]))
        if action == "rename":
            text = re.sub(rf"(</?){name}\b", rf"\1{other}", text)
        elif action == "empty":
            text = re.sub(rf"(<{name}\b[^>]*>)[^<]*(</{name}>)", r"\1\2", text)
        else:
            text = re.sub(rf"(<{name}\b[^>]*>[^<]*</{name}>)", r"\1\1", text)
    tables = read(tmp_path, text)
    assert bank_residuals(tables) == {}
