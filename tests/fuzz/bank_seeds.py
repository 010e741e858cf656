"""What the fuzzing of the bank readers starts from: statements of every format and dialect, and words that
readers look for. Written for this; nothing in it is anybody's."""

WORDS = [
    b"<", b">", b"/>", b"</Ntry>", b"<Ntry>", b"<Stmt>", b"</Stmt>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&", b"&amp;", b"&#0;", b"<?xml?>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b'Ccy="EUR"', b"CRDT", b"DBIT", b":20:", b":25:", b"\n:61:", b"\n:86:", b"\n:62F:", b":60F:C260630EUR1,00",
    b"\n:61:260630C1,00NTRF", b"\n-}{", b"{4:", b"?20", b"?32", b"/EREF/", b"SVWZ+", b"\n16,", b"\n88,", b"\n49,", b"/", b",", b",,", b"S,1,2,3", b"V,260630,",
    b"D,999999999", b"\n^\n", b"\n!Type:Bank\n", b"\nD1/2/26", b"\nT-1.00", b"\n21", b"\n22", b"\n8", b"\n9", b"<STMTTRN>", b"</STMTTRN>", b"<OFX>", b"<TRNAMT>",
    b"<CURDEF>XXX", b"<BUYSTOCK>", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1a", b"\xe2\x80\xae", b"9" * 40, b"-1", b"1e9", b"1.234,56", b"99999999999999,99", b"0,", b"\r", b"\n",
]  # fmt: skip

_CAMT = """<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-06-30T22:00:00+02:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>
<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-06-30</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">145.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-06-30</Dt></Dt></Bal>
<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><TtlNetNtry><Amt>45.50</Amt><CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry></TtlNtries></TxsSummry>
<Ntry><Amt Ccy="EUR">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-06-30</Dt></BookgDt><ValDt><Dt>2026-06-30</Dt></ValDt>
<AcctSvcrRef>B1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><Btch><PmtInfId>P1</PmtInfId></Btch><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><Amt Ccy="EUR">20.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<RltdPties><Dbtr><Pty><Nm>M&#252;ller &amp; Co</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>GB33BUKB20201555555555</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>Invoice 1</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
<TxDtls><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts><BookgDt><DtTm>2026-06-30T10:00:00</DtTm></BookgDt>
<Chrgs><Rcrd><Amt Ccy="EUR">0.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs></Ntry>
<Ntry><Amt Ccy="EUR">0.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><ValDt><Dt>2026-07-01</Dt></ValDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"""

_MT940 = """{1:F01BANKDEFFXXXX0000000000}{2:O9400000260630BANKDEFFXXXX00000000002606300000N}{4:
:20:STARTUMSE
:25:37040044/0532013000EUR
:28C:00012/001
:60F:C260629EUR1000,00
:61:2606300630CR12,50NTRFNONREF//B1
:86:166?00GUTSCHRIFT?109300?20EREF+INV-1?21SVWZ+Invoice 1 thank?22 you?30COBADEFFXXX?31DE89370400440532013000?32ACME
:61:2512310102RD,5NMSCREF1
more
:86:/EREF/X1//CNTP/NL69INGB0123456789/INGBNL2A/ACME///REMI/USTD//Rent/
:61:260630EC100,S123
:86:free text
over two lines
:62F:C260630EUR1113,00
:64:C260630EUR1113,00
-}{5:{CHK:1}}
:20:2
:25:NL69INGB0123456789
:28C:2/1
:34F:EURD0,00
:13D:2606301000+0200
:61:260630D1,NTRF
:90D:1EUR1,
:90C:0EUR0,
-
"""

_BAI2 = """01,122099999,123456789,260701,0200,1,80,1,2/
02,031001234,122099999,1,260630,2359,USD,2/
03,0123456789,USD,010,100000,,,015,112050,,/
88,100,12550,1,,400,500,1,V,260630,/
16,165,12550,S,1,2,3,BANK1,CUST1,PARTY/A TEXT, WITH COMMAS
88,AND MORE/
16,475,500,V,260701,1200,,1001,/
16,890,,,,,A MESSAGE/
49,225100,6/
98,225100,1,8/
99,225100,1,10/
"""

_OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102

<OFX><SIGNONMSGSRSV1><SONRS><DTSERVER>20260701080000[-5:EST]<FI><ORG>Bank</FI></SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>12345</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260601<DTEND>20260630
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260629120000.000[-5:EST]<TRNAMT>-23.99<FITID>F1<NAME>AT&T<MEMO>Phone &lt;June&gt;
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260630<TRNAMT>1,250.00<FITID>F2<NAME>ACME</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>5000.01<DTASOF>20260630</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1>
<INVSTMTMSGSRSV1><INVSTMTRS><CURDEF>USD<INVACCTFROM><ACCTID>9</INVACCTFROM><INVTRANLIST><DTSTART>20260601<DTEND>20260630
<BUYSTOCK><INVBUY><INVTRAN><FITID>T1<DTTRADE>20260615<MEMO>BOUGHT</INVTRAN><SECID><UNIQUEID>1</SECID><UNITS>10<TOTAL>-100.50</INVBUY></BUYSTOCK>
<REINVEST><INVTRAN><FITID>T2<DTTRADE>20260616</INVTRAN><TOTAL>-1</REINVEST></INVTRANLIST></INVSTMTRS></INVSTMTMSGSRSV1></OFX>
"""

_QIF = "!Account\nNChecking\nTBank\n^\n!Type:Bank\nD6/30'26\nT-12.50\nPACME\nMRent\nSHome\n$-10.00\nSFood\n$-2.50\n^\nD6/29/2026\nT1,250.00\nN1001\n^\n"


def _coda() -> str:
    def at(*fields: tuple[int, str]) -> str:
        line = [" "] * 128
        for position, text in fields:
            line[position - 1 : position - 1 + len(text)] = text
        return "".join(line[:128])

    return "\n".join(
        [
            at((1, "0000030062672505"), (61, "GEBABEBB"), (128, "2")),
            at((1, "12001BE68539007547034"), (40, "EUR0000000000100000290626ACME NV"), (126, "001")),
            at((1, "2100010000REF1"), (32, "0000000000050000300626004500001"), (62, "0INVOICE 1"), (116, "300626"), (126, "1 0")),
            at((1, "2200010000"), (126, "1 0")),
            at((1, "2300010000BE43068999999501"), (48, "JAN"), (126, "0 1")),
            at((1, "3100010001"), (41, "FREE TEXT"), (126, "0 0")),
            at((1, "8001BE68539007547034"), (39, "EUR0000000000150000300626"), (128, "0")),
            at((1, "9"), (17, "000006000000000000000000000000050000"), (128, "2")),
        ]
    )  # fmt: skip


SEEDS: dict[str, list[bytes]] = {
    "camt": [
        _CAMT.encode(),
        _CAMT.replace("camt.053", "camt.052")
        .replace("CstmrStmt", "CstmrAcctRpt")
        .replace("Stmt>", "Rpt>")
        .encode(),
    ],
    "mt940": [_MT940.encode(), _MT940.replace("\n", "\r\n").encode("cp1252")],
    "bai2": [_BAI2.encode(), _BAI2.replace("\n", "").encode()],
    "ofx": [_OFX.encode()],
    "qif": [_QIF.encode()],
    "coda": [_coda().encode()],
}
