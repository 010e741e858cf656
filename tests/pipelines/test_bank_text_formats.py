"""What holds for every text format: encodings, line ends, cuts, junk, and mangling loses no money."""

import time

import pytest
from bank_files import bank_residuals, mt940, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_bank_bai2 import SPECIMEN, bai2
from test_bank_coda import PLAIN
from test_bank_mt940_dialects import ING, MT942, SPARKASSE
from test_bank_ofx import SGML, XML
from test_bank_qif import QIF

from pipelines.decoding import decode
from pipelines.tabular.text import decode as decode_table

NAME = "Zoë Müller, Ærø – Łódź"
FILES = {
    "bai2": bai2("16,165,12550,0,BANK1,CUST1,PARTY"),
    "ofx1": SGML.replace("ACME", "PARTY"),
    "ofx2": XML.replace("M&#252;ller", "PARTY"),
    "qif": QIF.replace("ACME", "PARTY"),
    "coda": PLAIN.replace("Jan Janssens".ljust(20), "PARTY".ljust(20)),
    "mt940": mt940(":61:2606300630C5,00NTRFNONREF", ":86:166?20Rent?32PARTY"),
}


def names(tables) -> set[str]:
    return {
        row[column]
        for row in tables["transactions"]
        for column in ("counterparty_name", "remittance_text")
        if row[column]
    }


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "cp850"])
@pytest.mark.parametrize("format_", FILES)
def test_encodings(tmp_path, format_, codec):
    name = NAME if codec.startswith("utf") else "Zoë Müller, Ærø"
    # CODA is read by position: the name takes the place of as many blanks.
    text = FILES[format_].replace("PARTY".ljust(len(name)) if format_ == "coda" else "PARTY", name)
    tables = read(tmp_path, text.encode(codec))
    assert bank_residuals(tables) == {} and tables["rejects"] == []
    assert name in names(tables)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("codec", ["cp1252", "cp850"])
def test_a_piece_in_another_encoding_costs_the_other_names_nothing(mark, codec):
    content = "Zoë Müller, Ærø\nŁódź €\n".encode() + "Köln".encode(codec) + b"\nend"
    assert decode(mark + content)[0] == "Zoë Müller, Ærø\nŁódź €\nKöln\nend"
    assert decode_table(mark + content, None)[0] == "Zoë Müller, Ærø\nŁódź €\nKöln\nend"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("format_", FILES)
def test_line_ends(tmp_path, format_, end):
    text = FILES[format_].replace("\r\n", "\n")
    expected = read(tmp_path, text)["transactions"]
    found = read(tmp_path, text.replace("\n", end))["transactions"]
    assert [row["transaction_id"] for row in found] == [row["transaction_id"] for row in expected]


@pytest.mark.parametrize("junk", [b"\x00" * 512, b"\x1a", b"\r\n\r\n", b"   \n"])
@pytest.mark.parametrize("format_", FILES)
def test_padding_at_the_end_changes_nothing(tmp_path, format_, junk):
    content = FILES[format_].encode()
    tables = read(tmp_path, content + junk)
    assert len(tables["transactions"]) == len(read(tmp_path, content)["transactions"])
    assert tables["rejects"] == []
    assert all("control total" not in (s["control_problem"] or "") for s in tables["statements"])


ALL = [*FILES.values(), SPECIMEN, ING, SPARKASSE, MT942.format(iban="DE89370400440532013000", debits=1)]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), content=st.sampled_from(ALL))
def test_mangled_files_lose_nothing_and_never_raise(tmp_path_factory, data, content):
    raw = bytearray(content.encode("cp1252", errors="replace"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        what = data.draw(st.sampled_from(["cut", "flip", "insert", "drop", "twice"]))
        if what == "cut":
            del raw[at:]
        elif what == "flip" and raw:
            raw[at] = data.draw(st.integers(0, 255))
        elif what == "insert":
            raw[at:at] = data.draw(
                st.sampled_from(
                    [b",", b"/", b"<", b"\n", b"^\n", b"21", b"-", b"9" * 30, b"\xff", b":61:", b"16,"]
                )
            )
        elif what == "drop":
            del raw[at : at + data.draw(st.integers(1, 200))]
        else:
            raw[at:at] = raw[at : at + 300]
    tables = read(tmp_path_factory.mktemp("m"), bytes(raw))
    assert bank_residuals(tables) == {}
    assert tables["files"][0]["record_count"] >= 0


@pytest.mark.parametrize("zeros", [16, 17, 60, 3000])
def test_an_amount_with_endless_zeros_stops_no_other_record(tmp_path, zeros):
    content = f"!Type:Bank\nD6/30/2026\nT-12.50\n^\nD6/29/2026\nT1,250.0000{'0' * zeros}\n^\n"
    tables = read(tmp_path, content)
    assert len(tables["transactions"]) + len(tables["rejects"]) == 2
    assert len(tables["rejects"]) == (zeros > 16)
    assert bank_residuals(tables) == {}


@pytest.mark.parametrize(
    "content",
    [
        "01,a,b,260630,,,,,/\n" + "02,a,b,1,260630,,USD,/\n03,1,USD/\n" + "16,165,1,D,999999999,/\n" * 2000,
        "01,a,b,260630,,,,,/\n02,,,,260630/\n03,1/\n16,165,1,,,,X\n" + "88,X\n" * 20_000,
        "<OFX><STMTRS><CURDEF>EUR" + "<STMTTRN>" * 20_000,
        "<OFX>" + "<BANKTRANLIST>" * 50_000,
        "!Type:Bank\n" + "S1\n" * 20_000 + "^\n",
        "!Type:Bank\n" + "^\n" * 50_000,
        "00000010726539052" + " " * 111 + "\n" + ("21" + "9" * 126 + "\n") * 5000,
    ],
)  # fmt: skip
def test_hostile_files_end_quickly(tmp_path, content):
    start = time.perf_counter()
    tables = read(tmp_path, content)
    assert time.perf_counter() - start < 20
    assert bank_residuals(tables) == {}
