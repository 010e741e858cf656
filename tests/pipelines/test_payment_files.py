"""Payment files: every instruction exact, control figures held against the content, refusals told."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payment_file_texts import ENTRIES, PAYMENTS, Entry, Nacha, Payment, pain001, pain002
from reading import Tables, assert_conserved, read_content

from pipelines.company import seed_rows

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


def read(tmp_path: Path, content: str | bytes) -> Tables:
    tables = read_content("payment_files", tmp_path, content, "a")
    assert_conserved("payment_files", tables)
    return tables


def codes(tables: Tables) -> list[tuple[str, Decimal | None, Decimal | None]]:
    return [(row["code"], row["expected_amount"], row["found_amount"]) for row in tables["findings"]]


@pytest.mark.parametrize(
    "version", ["pain.001.001.02", "pain.001.001.03", "pain.001.001.09", "pain.001.001.11", "pain.001.001.12"]
)
def test_pain_001_gives_every_instruction(tmp_path: Path, version: str) -> None:
    tables = read(tmp_path, pain001(version=version))
    assert tables["rejects"] == [] and codes(tables) == []
    assert tables["files"][0]["format"] == version
    assert [(r["end_to_end_id"], r["amount"], r["currency"], r["execution_date"]) for r in tables["instructions"]] == [
        ("E-1", Decimal("119.00"), "EUR", date(2026, 6, 30)),
        ("E-2", Decimal("0.01"), "EUR", date(2026, 6, 30)),
        ("E-3", Decimal("2500.50"), "EUR", date(2026, 6, 30)),
    ]  # fmt: skip
    first = tables["instructions"][0]
    assert {name: first[name] for name in ("batch_id", "direction", "own_account", "own_bank", "counterparty_name", "counterparty_account", "counterparty_bank", "remittance_text", "service_level")} == {
        "batch_id": "B-1", "direction": "outgoing", "own_account": "DE89370400440532013000", "own_bank": "COBADEFFXXX",
        "counterparty_name": "Großhandel Fröhlich GmbH", "counterparty_account": "DE90701500000078038347",
        "counterparty_bank": "BYLADEM1001", "remittance_text": "Rechnung 4711", "service_level": "SEPA",
    }  # fmt: skip
    (message,) = tables["messages"]
    assert (message["declared_count"], message["declared_amount"]) == (3, Decimal("2619.51"))
    assert (message["found_count"], message["found_amount"]) == (3, Decimal("2619.51"))


def test_without_namespace_or_with_a_prefix(tmp_path: Path) -> None:
    bare = pain001(namespace=False)
    assert len(read(tmp_path, bare)["instructions"]) == 3
    prefixed = (
        pain001()
        .replace("<", "<p:")
        .replace("<p:/", "</p:")
        .replace("<p:?", "<?")
        .replace("xmlns=", "xmlns:p=")
    )
    assert len(read(tmp_path, prefixed)["instructions"]) == 3


def test_wrong_control_figures_are_told_with_both(tmp_path: Path) -> None:
    tables = read(tmp_path, pain001(count=4, total=Decimal("2619.52"), batch_total=Decimal("2619.5")))
    assert codes(tables) == [
        ("sum_mismatch", Decimal("2619.50"), Decimal("2619.51")),
        ("count_mismatch", None, None),
        ("sum_mismatch", Decimal("2619.52"), Decimal("2619.51")),
    ]
    assert len(tables["instructions"]) == 3


def test_an_unreadable_amount_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    tables = read(tmp_path, pain001().replace(">0.01<", ">1e3<"))
    (reject,) = tables["rejects"]
    assert (reject["source_position"], reject["field"], reject["value"]) == (2, "amount", "1e3")
    assert [row["end_to_end_id"] for row in tables["instructions"]] == ["E-1", "E-3"]
    assert ("sum_mismatch", Decimal("2619.51"), Decimal("2619.50")) in codes(tables)


def test_pain_002_says_what_was_refused_and_why(tmp_path: Path) -> None:
    tables = read(tmp_path, pain002({"E-1": ("RJCT", "AC04"), "E-2": ("ACSC", "")}, group="PART"))
    assert [(r["level"], r["source_status"], r["original_end_to_end_id"], r["reason_code"]) for r in tables["statuses"]] == [
        ("message", "PART", None, None),
        ("instruction", "RJCT", "E-1", "AC04"),
        ("instruction", "ACSC", "E-2", None),
    ]  # fmt: skip
    assert {(r["original_message_id"], r["original_batch_id"]) for r in tables["statuses"]} == {
        ("M-1", None),
        ("M-1", "B-1"),
    }


@pytest.mark.parametrize("end", ["\r\n", "\n", ""])
def test_nacha_gives_every_entry(tmp_path: Path, end: str) -> None:
    tables = read(tmp_path, Nacha(end=end).text())
    assert tables["rejects"] == [] and codes(tables) == []
    rows = [
        (r["direction"], r["amount"], r["counterparty_name"], r["execution_date"])
        for r in tables["instructions"]
    ]
    assert rows == [
        ("outgoing", Decimal("1250.00"), "PRAIRIE SUPPLY LLC", date(2026, 6, 30)),
        ("collection", Decimal("49.99"), "ADA CUSTOMER", date(2026, 6, 30)),
        ("outgoing", Decimal("0.01"), "SAVER", date(2026, 6, 30)),
    ]
    assert tables["instructions"][0]["remittance_text"] == "INVOICE 4711 AND 4712"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (Nacha(hash_error=1), {"hash_mismatch"}),
        (Nacha(credit_error=-1), {"sum_mismatch"}),
        (Nacha(count_error=1), {"count_mismatch"}),
        (Nacha(block_error=1), {"block_count_mismatch"}),
        (Nacha(filled=False), {"block_not_filled"}),
    ],
)
def test_nacha_control_figures(tmp_path: Path, file: Nacha, expected: set[str]) -> None:
    tables = read(tmp_path, file.text())
    assert {code for code, _, _ in codes(tables)} == expected
    assert len(tables["instructions"]) == 3


def test_a_cut_nacha_file_is_told(tmp_path: Path) -> None:
    lines = Nacha().text().splitlines()[:4]
    found = {code for code, _, _ in codes(read(tmp_path, "\n".join(lines)))}
    assert found >= {"batch_without_control", "file_without_control"}


def test_a_returned_entry_is_a_status_and_no_new_payment(tmp_path: Path) -> None:
    returned = Entry(
        "21",
        125000,
        "PRAIRIE SUPPLY LLC",
        addenda=("99R03" + "071000300000001" + "".ljust(6) + "09100001NO ACCOUNT",),
    )
    tables = read(tmp_path, Nacha(entries=(returned, ENTRIES[2])).text())
    assert [row["amount"] for row in tables["instructions"]] == [Decimal("0.01")]
    (status,) = tables["statuses"]
    assert (status["source_status"], status["reason_code"], status["original_instruction_id"]) == (
        "RETURNED",
        "R03",
        "071000300000001",
    )
    assert status["original_amount"] == Decimal("1250.00")


def nacha_lines(*records: str) -> str:
    """Records as others write them: blanks at the end of a line may be missing."""
    filled = [*records, *(["9" * 94] * (-len(records) % 10))]
    return "\n".join(filled) + "\n"


_HEADER = "101 071000301 1234567892606290930A094101FIRST BANK             PRAIRIE GOODS"


def test_an_international_entry_and_its_return(tmp_path: Path) -> None:
    """IAT: the receiver stands in an addendum; a return repeats the amount in front of the words."""
    addenda = [
        "710BUS000000000000100000".ljust(46) + "BEK ENTERPRISES".ljust(41) + "0000001",
        "711PRAIRIE GOODS                      1 MAIN STREET".ljust(87) + "0000001",
    ]
    entry = "6220710005080002             0000100000" + "GB29NWBK60161331926819".ljust(40) + "071000300000001"
    batch = "5220                FF3               GB1471234567IATTRADEPAYMTUSDGBP260630   1071000300000001"
    sent = nacha_lines(
        _HEADER, batch, entry, *addenda,
        ("8220000003" + f"{7100050:010d}{0:012d}{100000:012d}" + "1471234567").ljust(79) + "071000300000001",
        "900000100000100000003" + f"{7100050:010d}{0:012d}{100000:012d}",
    )  # fmt: skip
    tables = read(tmp_path, sent)
    assert codes(tables) == []
    (row,) = tables["instructions"]
    assert (row["counterparty_name"], row["counterparty_account"], row["transfer_currency"], row["amount"]) == (
        "BEK ENTERPRISES", "GB29NWBK60161331926819", "GBP", Decimal("1000.00"),
    )  # fmt: skip
    returned = nacha_lines(
        _HEADER, batch, entry, *addenda,
        "799R03071000300000001      071000500000100000NO ACCOUNT".ljust(79) + "071000300000001",
        # The control of an international batch may leave out who sent it.
        ("8220000004" + f"{7100050:010d}{0:012d}{100000:012d}").ljust(79) + "071000300000001",
        "900000100000100000004" + f"{7100050:010d}{0:012d}{100000:012d}",
    )  # fmt: skip
    tables = read(tmp_path, returned)
    assert codes(tables) == [] and tables["instructions"] == []
    (status,) = tables["statuses"]
    assert (status["reason_code"], status["reason_text"], status["original_amount"]) == (
        "R03", "NO ACCOUNT", Decimal("1000.00"),
    )  # fmt: skip


def test_a_notification_of_change_is_no_payment(tmp_path: Path) -> None:
    change = Entry("21", 0, "BEST CO", addenda=("98C01071000300000001".ljust(26) + "071000501918171614",))
    tables = read(tmp_path, Nacha(entries=(change,), standard_class="COR").text())
    assert tables["instructions"] == [] and codes(tables) == []
    (status,) = tables["statuses"]
    assert (status["source_status"], status["reason_code"], status["reason_text"]) == (
        "CHANGE", "C01", "1918171614",
    )  # fmt: skip


def test_advices_have_amounts_and_totals_of_their_own_width(tmp_path: Path) -> None:
    tables = read(
        tmp_path,
        nacha_lines(
            _HEADER,
            "5280PRAIRIE GOODS                       1471234567ADVACCOUNTING      260630   0071000300000001",
            "681071000505744-5678-99    000000050000071000300"
            + "11131 NAME                    0071000300100001",
            "682071000505744-5678-99    000000250000071000300"
            + "11139 NAME                    0071000300100002",
            "8280000002"
            + f"{14200100:010d}"
            + f"{250000:020d}{50000:020d}"
            + "PRAIRIE GOODS".ljust(19)
            + "071000300000001",
            "900000100000100000002" + f"{14200100:010d}{250000:020d}{50000:020d}",
        ),
    )
    assert codes(tables) == [] and tables["rejects"] == []
    assert [(row["direction"], row["amount"]) for row in tables["instructions"]] == [
        ("outgoing", Decimal("500.00")),
        ("collection", Decimal("2500.00")),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_names_beyond_ascii_keep_their_columns(tmp_path: Path, encoding: str) -> None:
    file = Nacha(entries=(Entry("22", 125000, "MÜLLER & SØNNER"), ENTRIES[1])).text()
    tables = read(tmp_path, file.encode(encoding))
    assert codes(tables) == []
    assert [(row["counterparty_name"], row["instruction_id"]) for row in tables["instructions"]] == [
        ("MÜLLER & SØNNER", "071000300000001"),
        ("ADA CUSTOMER", "071000300000002"),
    ]


def test_a_file_without_batches_is_a_message_without_payments(tmp_path: Path) -> None:
    tables = read(tmp_path, nacha_lines(_HEADER, "9" + "0" * 6 + "000001" + "0" * 42))
    assert codes(tables) == [] and tables["rejects"] == [] and len(tables["messages"]) == 1


def test_a_message_in_a_container(tmp_path: Path) -> None:
    document = pain001().partition("?>")[2]
    container = f'<conxml xmlns="urn:conxml:xsd:container.nnn.003.02"><MsgPain001><HashValue>00</HashValue>{document}</MsgPain001>'
    tables = read(tmp_path, container + "</conxml>")
    assert tables["files"][0]["format"] == "pain.001.001.09" and len(tables["instructions"]) == 3
    tables = read(tmp_path, container + f"<MsgPain001>{document}</MsgPain001></conxml>")
    assert "2 messages" in tables["rejects"][0]["message"]


def test_every_status_of_iso_20022_means_something() -> None:
    codes_of_iso = [
        "ACCC",
        "ACCP",
        "ACFC",
        "ACIS",
        "ACPD",
        "ACSC",
        "ACSP",
        "ACTC",
        "ACWC",
        "ACWP",
        "BLCK",
        "CANC",
        "CPUC",
        "PATC",
        "PDNG",
        "PRES",
        "RCVD",
        "RJCT",
    ]
    mapped = {
        row["source_status"]: row["status"]
        for row in seed_rows(SEEDS / "status_mappings.csv")
        if row["object"] == "payment_instruction"
    }
    assert {code.lower() for code in codes_of_iso} - set(mapped) == set()
    assert mapped["acfc"] == "accepted", "funds were checked, nothing is settled"


HOSTILE = {
    "empty": "",
    "bomb": pain001().replace("?>", "?><!DOCTYPE x [<!ENTITY a 'aaaa'>]>"),
    "deep": pain001().replace("<RmtInf>", "<RmtInf>" + "<x>" * 80).replace("</RmtInf>", "</x>" * 80 + "</RmtInf>"),
    "cut": pain001()[:900],
    "no_message": "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'><Other/></Document>",
    "no_header": "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'><CstmrCdtTrfInitn/></Document>",
    "two_amounts": pain001().replace("<Amt><InstdAmt", "<Amt><EqvtAmt><Amt Ccy='USD'>1.00</Amt></EqvtAmt><InstdAmt", 1),
    "long_record": Nacha().text().replace("SAVER", "SAVER" + "x" * 50),
    "huge_sum": pain001(tuple(Payment(f"E-{n}", Decimal("99999999999999.99")) for n in range(3))),
}  # fmt: skip


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_files_are_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    tables = read(tmp_path, HOSTILE[name])
    (reject,) = tables["rejects"]
    assert reject["reason_code"] == "unreadable_file" and len(reject["message"]) > 10
    assert tables["instructions"] == []


_names = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f"), min_size=1, max_size=30
)
_payments = st.builds(
    Payment,
    st.uuids().map(lambda value: value.hex),
    st.decimals(Decimal("0.01"), Decimal("999999999.99"), places=2),
    _names,
    currency=st.sampled_from(["EUR", "USD", "KWD"]),
    text=_names,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payments=st.lists(_payments, min_size=1, max_size=6).map(tuple), mangled=st.booleans())
def test_money_survives_writing_and_reading(
    tmp_path: Path, payments: tuple[Payment, ...], mangled: bool
) -> None:
    text = pain001(payments)
    content = ("\n\n" + text.replace("><", ">\r\n\t<") + "\n\x00\x00").encode() if mangled else text.encode()
    tables = read(tmp_path, content.lstrip() if not mangled else content)
    assert codes(tables) == []
    assert [(r["end_to_end_id"], r["amount"], r["currency"]) for r in tables["instructions"]] == [
        (p.end_to_end_id, p.amount, p.currency) for p in payments
    ]


def test_what_is_sent_adds_up() -> None:
    """The files of these tests are right where they say so."""
    assert sum(payment.amount for payment in PAYMENTS) == Decimal("2619.51")
