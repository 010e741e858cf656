"""Files that attack or mislead a reader: refused quickly with a reason, nothing fetched, nothing raised."""

import gzip
import time

import pytest
from bank_files import bank_residuals, camt, entry, mt940, read

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{"&lol%s;" % (n - 1 if n > 1 else "") * 10}">' for n in range(1, 10))
    + "]><Document><BkToCstmrStmt>&lol9;</BkToCstmrStmt></Document>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<Document><BkToCstmrStmt><GrpHdr><MsgId>&x;</MsgId></GrpHdr></BkToCstmrStmt></Document>"
)
REMOTE_DTD = '<?xml version="1.0"?><!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><Document/>'
DEEP = "<Document><BkToCstmrStmt>" + "<a>" * 50_000 + "</a>" * 50_000 + "</BkToCstmrStmt></Document>"
MANY_NAMES = (
    "<Document><BkToCstmrStmt>" + "".join(f"<n{n}/>" for n in range(20_000)) + "</BkToCstmrStmt></Document>"
)
TRUNCATED = camt(entry()).partition("<Sts>")[0]
MISMATCHED = camt(entry()).replace("</Stmt>", "</Smtt>")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LAUGHS, "document type"),
        (EXTERNAL, "document type"),
        (REMOTE_DTD, "document type"),
        (DEEP, "deeper"),
        (MANY_NAMES, "different"),
        (TRUNCATED, "not well-formed"),
        (MISMATCHED, "not well-formed"),
        (camt(entry()) + "<more/>", "not well-formed"),
        ("<html><body>Session expired</body></html>", "no camt statement"),
        ("", "empty"),
        ("\x00\x00\x00", "empty"),
        ("Date;Amount\n1;2\n", "no known bank format"),
        ("%PDF-1.7 \xff\xfe", "no known bank format"),
        (":61:2606300630C1,00NTRF\n:25:1\n:20:x\n:60F:C260630EUR1,\n", "before its first"),
    ],
    ids=[
        "laughs",
        "external",
        "remote",
        "deep",
        "names",
        "cut",
        "mismatch",
        "junk",
        "html",
        "empty",
        "nul",
        "csv",
        "pdf",
        "order",
    ],
)
def test_refused_with_a_reason_within_a_second(tmp_path, content, says):
    start = time.perf_counter()
    tables = read(tmp_path, content)
    assert time.perf_counter() - start < 5
    assert tables["transactions"] == [] and tables["statements"] == []
    (reject,) = tables["rejects"]
    assert reject["reason_code"] == "unreadable_file"
    assert says in reject["message"]
    assert "root:" not in reject["message"] + reject["payload"]
    assert tables["files"][0]["status"] == "rejected"
    assert bank_residuals(tables) == {}


def test_a_damaged_gzip_is_refused_and_a_whole_one_is_read(tmp_path):
    packed = gzip.compress(camt(entry()).encode())
    assert len(read(tmp_path, packed, name="a.xml.gz")["transactions"]) == 1
    assert "unpacked" in read(tmp_path, packed[:-9], name="b.xml.gz")["rejects"][0]["message"]


def test_control_characters_and_right_to_left_marks_are_only_text(tmp_path):
    text = mt940(":61:2606300630C5,00NTRFNONREF", ":86:\u202einvoice\x07 =1+1")
    tables = read(tmp_path, text)
    assert tables["transactions"][0]["remittance_text"] == "\u202einvoice\x07 =1+1"


def test_hundreds_of_thousands_of_lines_that_are_no_lines_end_quickly(tmp_path):
    start = time.perf_counter()
    tables = read(tmp_path, mt940(*[":61:" + "9" * 40] * 20_000))
    assert time.perf_counter() - start < 20
    assert len(tables["rejects"]) == 20_000
    assert bank_residuals(tables) == {}
