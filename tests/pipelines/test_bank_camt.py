"""camt.052, camt.053, camt.054: what each element of a statement becomes, in the dialects of the banks."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bank_files import IBAN, balance, bank_residuals, camt, details, entry, read


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


def transaction(tmp_path, entry_text, **options):
    return only(read(tmp_path, camt(entry_text, **options))["transactions"])


@pytest.mark.parametrize("version", ["02", "04", "06", "08", "10", "13"])
def test_every_version_with_namespace_gives_the_same_line(tmp_path, version):
    line = transaction(tmp_path, entry("12.50", "DBIT"), version=version)
    assert (line["amount"], line["currency"]) == (Decimal("-12.5000"), "EUR")
    assert (line["booking_date"], line["account_number"]) == (date(2026, 6, 30), IBAN)


def test_a_file_without_namespace_or_with_a_prefix_is_read_alike(tmp_path):
    plain = camt(entry("12.50"), namespace=False)
    prefixed = camt(entry("12.50")).replace("<", "<n:").replace("<n:/", "</n:").replace("<n:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:n=")
    for content in (plain, prefixed):
        assert only(read(tmp_path, content)["transactions"])["amount"] == Decimal("12.50")


@pytest.mark.parametrize(
    ("container", "statement", "format_"),
    [("BkToCstmrAcctRpt", "Rpt", "camt.052"), ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "camt.054")],
)
def test_reports_and_notifications_are_statements_of_their_kind(tmp_path, container, statement, format_):
    content = camt(entry()).replace("BkToCstmrStmt", container).replace("Stmt>", f"{statement}>")
    content = content.replace("camt.053", format_)
    tables = read(tmp_path, content)
    assert only(tables["files"])["format"] == f"{format_}.001.08"
    assert len(tables["transactions"]) == 1


def test_balances_carry_the_sign_of_their_indicator(tmp_path):
    head = balance("OPBD", "100.00", "DBIT", "2026-06-29") + balance("CLBD", "50.25")
    statement = only(read(tmp_path, camt(entry("150.25"), head=head))["statements"])
    assert statement["opening_balance_amount"] == Decimal("-100")
    assert statement["opening_balance_date"] == date(2026, 6, 29)
    assert statement["closing_balance_amount"] == Decimal("50.25")
    assert statement["movement_amount"] == Decimal("150.25")
    assert statement["is_intermediate"] is False
    assert statement["created_at"] == datetime(2026, 6, 30, 20, 0, tzinfo=UTC)


def test_previous_closing_balance_opens_where_no_opening_balance_is_given(tmp_path):
    head = balance("PRCD", "7.00", day="2026-06-29") + balance("CLBD", "17.00") + balance("CLAV", "99.00")
    statement = only(read(tmp_path, camt(entry(), head=head))["statements"])
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        Decimal(7),
        Decimal(17),
    )


def test_pages_open_and_close_with_interim_balances(tmp_path):
    page = "<StmtPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>"
    head = page + balance("ITBD", "10.00") + balance("ITBD", "20.00")
    statement = only(read(tmp_path, camt(entry(), head=head))["statements"])
    assert (statement["opening_balance_amount"], statement["closing_balance_amount"]) == (
        Decimal(10),
        Decimal(20),
    )
    assert (statement["page_number"], statement["is_last_page"], statement["is_intermediate"]) == (
        2,
        False,
        True,
    )


def test_a_statement_that_does_not_tie_is_loaded_and_leaves_no_residual(tmp_path):
    head = balance("OPBD", "100.00") + balance("CLBD", "999.00")
    tables = read(tmp_path, camt(entry("10.00"), head=head))
    assert len(tables["transactions"]) == 1
    assert tables["rejects"] == []
    assert bank_residuals(tables) == {}


@pytest.mark.parametrize(
    "net",
    [
        "<TtlNetNtryAmt>6.00</TtlNetNtryAmt><CdtDbtInd>DBIT</CdtDbtInd>",
        "<TtlNetNtry><Amt>6.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TtlNetNtry>",
    ],
    ids=["001.02", "001.08"],
)
def test_summary_of_entries_is_what_the_bank_declares(tmp_path, net):
    head = f"<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries>{net}</TtlNtries></TxsSummry>"
    statement = only(read(tmp_path, camt(entry(), head=head))["statements"])
    assert (statement["declared_entry_count"], statement["declared_net_amount"]) == (3, Decimal(-6))


def test_several_statements_in_a_file_keep_their_lines(tmp_path):
    tables = read(tmp_path, camt(entry("1.00"), entry("2.00"), statements=3))
    assert [row["line_count"] for row in tables["statements"]] == [2, 2, 2]
    assert [row["line_number"] for row in tables["transactions"]] == [1, 2, 1, 2, 1, 2]
    assert [row["source_position"] for row in tables["transactions"]] == [1, 2, 3, 4, 5, 6]


_PARTIES = (
    "<RltdPties><Dbtr>{open}<Nm>Payer</Nm>{close}</Dbtr><DbtrAcct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></DbtrAcct>"
    "<Cdtr>{open}<Nm>Receiver</Nm>{close}</Cdtr><CdtrAcct><Id><Othr><Id>12 34 x</Id></Othr></Id></CdtrAcct></RltdPties>"
    "<RltdAgts><DbtrAgt><FinInstnId><BICFI>BUKBGB22</BICFI></FinInstnId></DbtrAgt></RltdAgts>"
)


@pytest.mark.parametrize(("open_", "close"), [("", ""), ("<Pty>", "</Pty>")], ids=["001.02", "001.08"])
def test_the_counterparty_pays_a_credit_and_receives_a_debit(tmp_path, open_, close):
    parties = details(_PARTIES.format(open=open_, close=close))
    credit = transaction(tmp_path, entry(sign="CRDT", after=parties))
    debit = transaction(tmp_path, entry(sign="DBIT", after=parties))
    assert (credit["counterparty_name"], credit["counterparty_account"]) == (
        "Payer",
        "GB33BUKB20201555555555",
    )
    assert credit["counterparty_bank"] == "BUKBGB22"
    assert (debit["counterparty_name"], debit["counterparty_account"]) == ("Receiver", "1234X")


def test_a_reversal_keeps_the_parties_of_the_payment_and_the_sign_of_its_indicator(tmp_path):
    parties = details(_PARTIES.format(open="", close=""))
    returned = transaction(tmp_path, entry("9.00", "CRDT", more="<RvslInd>true</RvslInd>", after=parties))
    assert (returned["amount"], returned["is_reversal"]) == (Decimal(9), True)
    assert returned["counterparty_name"] == "Receiver"


def test_all_text_reaches_the_line(tmp_path):
    line = transaction(
        tmp_path,
        entry(
            more="<NtryRef>N1</NtryRef>",
            after="<AcctSvcrRef>S1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd>"
            "</Fmly></Domn><Prtry><Cd>NTRF+166</Cd></Prtry></BkTxCd>"
            + details(
                "<Refs><PmtInfId>P1</PmtInfId><InstrId>I1</InstrId><EndToEndId>E&amp;1</EndToEndId><MndtId>M1</MndtId></Refs>"
                "<Purp><Cd>SALA</Cd></Purp><RmtInf><Ustrd>Invoice 1</Ustrd><Ustrd>and  &lt;2&gt;</Ustrd><Strd><CdtrRefInf>"
                "<Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf>"
            )
            + "<AddtlNtryInf>SEPA credit</AddtlNtryInf>",
        ),
    )
    assert line["end_to_end_id"] == "E&1"
    assert line["remittance_text"] == "Invoice 1 and  <2>"
    assert line["structured_reference"] == "RF18539007547034"
    assert (line["bank_transaction_code"], line["proprietary_code"]) == ("PMNT-RCDT-ESCT", "NTRF+166")
    assert (line["servicer_reference"], line["customer_reference"]) == ("S1", "I1")
    assert (line["mandate_id"], line["payment_information_id"]) == ("M1", "P1")
    assert (line["purpose_code"], line["additional_info"], line["entry_reference"]) == (
        "SALA",
        "SEPA credit",
        "N1",
    )
    assert "SCOR" in line["extra_json"]


def test_not_provided_is_no_reference(tmp_path):
    line = transaction(tmp_path, entry(after=details("<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>")))
    assert line["end_to_end_id"] is None


def test_status_is_a_text_or_a_code(tmp_path):
    old = entry().replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>PDNG</Sts>")
    assert transaction(tmp_path, old)["entry_status"] == "PDNG"
    assert transaction(tmp_path, entry())["entry_status"] == "BOOK"


@pytest.mark.parametrize(
    "charges",
    [
        '<Chrgs><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Chrgs><Chrgs><Amt Ccy="EUR">0.50</Amt></Chrgs>',
        '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">2.00</TtlChrgsAndTaxAmt><Rcrd><Amt Ccy="EUR">1.50</Amt></Rcrd>'
        '<Rcrd><Amt Ccy="EUR">0.50</Amt></Rcrd></Chrgs>',
        '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">2.00</TtlChrgsAndTaxAmt></Chrgs>',
        '<Chrgs><Rcrd><Amt Ccy="EUR">3.00</Amt></Rcrd><Rcrd><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs>',
    ],
    ids=["001.02", "records", "total", "one given back"],
)
@pytest.mark.parametrize("where", ["entry", "details"])
def test_charges_add_up_to_what_the_bank_kept(tmp_path, charges, where):
    line = transaction(tmp_path, entry(after=charges if where == "entry" else details(charges)))
    assert (line["charges_amount"], line["charges_currency"]) == (Decimal(2), "EUR")


def test_instructed_amount_and_rate_of_a_foreign_payment(tmp_path):
    line = transaction(
        tmp_path,
        entry(
            "93.02",
            after=details(
                '<AmtDtls><InstdAmt><Amt Ccy="USD">100.00</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">93.02</Amt>'
                "<CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>1.0750376261</XchgRate></CcyXchg></TxAmt></AmtDtls>"
            ),
        ),
    )
    assert (line["original_amount"], line["original_currency"]) == (Decimal(100), "USD")
    assert line["exchange_rate"] == Decimal("1.07503763")


def test_a_batch_has_one_line_and_a_detail_per_payment(tmp_path):
    def payment(amount: str, name: str) -> str:
        return (
            f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
            f"<RltdPties><Cdtr><Nm>{name}</Nm></Cdtr></RltdPties><RmtInf><Ustrd>Bill {name}</Ustrd></RmtInf></TxDtls>"
        )

    batch = f"<NtryDtls><Btch><PmtInfId>RUN-7</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>{payment('30.00', 'A')}{payment('12.00', 'B')}</NtryDtls>"
    tables = read(tmp_path, camt(entry("42.00", "DBIT", after=batch), entry("1.00")))
    line = tables["transactions"][0]
    assert (line["detail_count"], line["payment_information_id"]) == (2, "RUN-7")
    assert line["counterparty_name"] is None, "two payees are not one counterparty"
    assert line["remittance_text"] == "Bill A Bill B"
    assert [
        (d["detail_number"], d["amount"], d["counterparty_name"]) for d in tables["transaction_details"]
    ] == [
        (1, Decimal(-30), "A"),
        (2, Decimal(-12), "B"),
    ]
    assert {d["transaction_id"] for d in tables["transaction_details"]} == {line["transaction_id"]}


def test_equal_lines_stay_two_and_the_same_statement_gives_the_same_ids(tmp_path):
    content = camt(entry("4.00"), entry("4.00"))
    first, again = read(tmp_path, content, name="a.xml"), read(tmp_path, content, name="copy.xml")
    ids = [row["transaction_id"] for row in first["transactions"]]
    assert len(set(ids)) == 2
    assert ids == [row["transaction_id"] for row in again["transactions"]]
    assert [r["record_hash"] for r in first["transactions"]] == [
        r["record_hash"] for r in again["transactions"]
    ]
    assert ids[0].startswith(f"{IBAN}:2026-06-30:")


def test_equal_lines_on_two_pages_of_a_statement_are_two_payments(tmp_path):
    def page(number: int) -> str:
        return (
            f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{str(number == 2).lower()}</LastPgInd></StmtPgntn>"
        )

    one = camt(entry("4.00"), head=page(1))
    two = camt(entry("4.00"), head=page(2))
    statement = two[two.index("<Stmt>") : two.index("</Stmt>") + len("</Stmt>")]
    both = one.replace("</BkToCstmrStmt>", statement + "</BkToCstmrStmt>")
    assert len({row["transaction_id"] for row in read(tmp_path, both)["transactions"]}) == 2


def test_a_pending_entry_without_booking_date_takes_its_value_date(tmp_path):
    pending = entry(day="2026-07-02").replace("<BookgDt><Dt>2026-07-02</Dt></BookgDt>", "")
    tables = read(tmp_path, camt(pending))
    assert only(tables["transactions"])["booking_date"] == date(2026, 7, 2)
    assert bank_residuals(tables) == {}


@pytest.mark.parametrize(
    ("broken", "field", "reason"),
    [
        (entry("ten"), "amount", "invalid_value"),
        (entry("1.23456"), "amount", "invalid_value"),
        (entry("-1.00"), "amount", "invalid_value"),
        (entry("999999999999999.00"), "amount", "invalid_value"),
        (entry(sign="DEBIT"), "amount", "invalid_value"),
        (entry().replace('Ccy="EUR"', 'Ccy="euro"'), "currency", "invalid_value"),
        (entry(day="2026-02-30"), "booking_date", "invalid_value"),
        (entry().replace('<Amt Ccy="EUR">10.00</Amt>', ""), "amount", "missing_field"),
    ],
)
def test_an_entry_that_cannot_be_read_is_a_reject_and_the_rest_goes_on(tmp_path, broken, field, reason):
    tables = read(tmp_path, camt(entry("1.00"), broken, entry("2.00")))
    assert [row["amount"] for row in tables["transactions"]] == [Decimal(1), Decimal(2)]
    reject = only(tables["rejects"])
    assert (reject["field"], reject["reason_code"], reject["source_position"]) == (field, reason, 2)
    assert reject["payload"].startswith("<Ntry>")
    assert bank_residuals(tables) == {}


def test_a_name_outside_the_standard_is_kept_and_reported(tmp_path):
    tables = read(tmp_path, camt(entry(after=details("<CryptoWllt>0xabc</CryptoWllt>"))))
    assert "0xabc" in only(tables["transactions"])["extra_json"]
    drift = only(tables["schema_drift"])
    assert drift["field"] == "Ntry/NtryDtls/TxDtls/CryptoWllt"
    assert drift["example"] == "0xabc"


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "iso-8859-1", "cp1252", "cp850"]
)
def test_encodings_keep_names_whole(tmp_path, codec):
    text = camt(entry(after=details("<RmtInf><Ustrd>Müller &#8364; Straße</Ustrd></RmtInf>")))
    declared = {"utf-8-sig": "utf-8", "cp1252": "windows-1252", "cp850": "IBM850"}.get(codec, codec)
    content = text.replace('encoding="UTF-8"', f'encoding="{declared}"').encode(codec)
    assert only(read(tmp_path, content)["transactions"])["remittance_text"] == "Müller € Straße"


@pytest.mark.parametrize("codec", ["cp1252", "cp850"])
def test_a_file_that_lies_about_its_encoding_is_read(tmp_path, codec):
    content = camt(entry(after=details("<RmtInf><Ustrd>Müller</Ustrd></RmtInf>"))).encode(codec)
    assert only(read(tmp_path, content)["transactions"])["remittance_text"] == "Müller"


@pytest.mark.parametrize("junk", ["\x00" * 9, "\x1a", "\r\n\r\n", "EOF", "  -- end of transmission --\n"])
def test_text_behind_the_document_is_left_out(tmp_path, junk):
    assert len(read(tmp_path, camt(entry()) + junk)["transactions"]) == 1


def test_a_pending_entry_does_not_move_the_balance(tmp_path):
    pending = entry("7.00").replace("BOOK", "PDNG")
    content = camt(balance("OPBD", "100.00"), entry("5.00"), pending, balance("CLBD", "105.00"))
    tables = read(tmp_path, content)
    statement = only(tables["statements"])
    assert (statement["movement_amount"], statement["line_count"]) == (Decimal(5), 2)
    assert bank_residuals(tables) == {}


def test_a_pending_entry_is_another_thing_than_its_booking(tmp_path):
    pending = read(tmp_path, camt(entry("7.00").replace("BOOK", "PDNG")))
    booked = read(tmp_path, camt(entry("7.00")))
    assert only(pending["transactions"])["transaction_id"] != only(booked["transactions"])["transaction_id"]


def test_comments_sections_and_bare_angle_brackets_change_nothing(tmp_path):
    text = entry(after=details("<!-- <Ntry> --><RmtInf><Ustrd><![CDATA[a < b]]> and > c</Ustrd></RmtInf>"))
    tables = read(tmp_path, camt(text, "<?check now?>", entry("2.00")))
    assert tables["transactions"][0]["remittance_text"] == "a < b and > c"
    assert len(tables["transactions"]) == 2


def test_long_files_are_read_in_stretches_without_a_seam(tmp_path, monkeypatch):
    entries = [
        entry(f"{n}.00", after=details(f"<RmtInf><Ustrd>line {n}</Ustrd></RmtInf>")) for n in range(1, 200)
    ]
    content = camt(*entries, statements=2)
    whole = read(tmp_path, content)
    monkeypatch.setattr("pipelines.bank.xml_shred._SEGMENT", 700)
    cut = read(tmp_path, content)
    for table in ("statements", "transactions", "control_totals"):
        strip = [{k: v for k, v in row.items() if k != "load_id"} for row in cut[table]]
        assert strip == [{k: v for k, v in row.items() if k != "load_id"} for row in whole[table]]
    assert len(cut["transactions"]) == 398
