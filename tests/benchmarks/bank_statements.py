"""How fast statements are read: our readers and the `mt-940` library on the same text, in one run.

    python -m tests.benchmarks.bank_statements 200000

The library gets a tenth of the lines (its time grows in proportion).
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mt940 as library

from pipelines.config import SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file


def camt(entries: int) -> str:
    """One camt.053.001.08 statement with the elements that German banks send for SEPA payments."""
    rows = []
    for n in range(entries):
        sign, party = ("CRDT", "Dbtr") if n % 3 else ("DBIT", "Cdtr")
        amount, day = f"{n % 9000 + 1}.{n % 100:02d}", f"2026-06-{n % 30 + 1:02d}"
        rows.append(
            f'<Ntry><NtryRef>{n}</NtryRef><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
            f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>SVC{n:09d}</AcctSvcrRef>"
            "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn><Prtry><Cd>NTRF+166</Cd>"
            f"<Issr>DK</Issr></Prtry></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>INV-{n:07d}</EndToEndId></Refs>"
            f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><RltdPties><{party}><Pty><Nm>Acme {n % 500} GmbH</Nm>'
            f"</Pty></{party}><{party}Acct><Id><IBAN>DE89370400440532{n % 1000000:06d}</IBAN></Id></{party}Acct></RltdPties><RltdAgts>"
            f"<{party}Agt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></{party}Agt></RltdAgts><RmtInf><Ustrd>Invoice "
            f"{n:07d} thank you</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-06-30T22:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><Acct><Id>"
        f"<IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{''.join(rows)}</Stmt></BkToCstmrStmt></Document>"
    )


def mt940(lines: int) -> str:
    rows = [":20:STMT1", ":25:DE89370400440532013000", ":28C:00001/001", ":60F:C260601EUR1000,00"]
    for n in range(lines):
        rows.append(f":61:2606010601C{n % 900 + 1},{n % 100:02d}NTRFNONREF//BANK{n:08d}")
        rows.append(
            f":86:166?00GUTSCHRIFT?109300?20EREF+INV-{n:07d}?21SVWZ+Invoice {n:07d} thank?22 you very much"
            "?30COBADEFFXXX?31DE89370400440532013000?32ACME TRADING GMBH?33UND CO KG?34000"
        )
    return "\n".join([*rows, ":62F:C260601EUR2000,00", "-", ""])


def _read(path: Path) -> int:
    instance = SourceInstance(name="bank", kind="bank", entity_id="DE01", path="*")
    file = landing_file(path.parent, path, instance)
    return sum(b.rows.num_rows for b in kind_spec("bank").read(file, instance) if b.table == "transactions")


def _rate(what: str, work: Callable[[], int]) -> float:
    start = time.perf_counter()
    lines = work()
    seconds = time.perf_counter() - start
    print(f"{what:28} {lines:>9,} lines {seconds:7.2f} s {lines / seconds:>10,.0f} lines/s")
    return lines / seconds


def main(lines: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small, message, document = (
            Path(folder).resolve() / name for name in ("small.sta", "lines.sta", "entries.xml")
        )
        small.write_text(mt940(10))
        _read(small)  # imports
        message.write_text(mt940(lines))
        document.write_text(camt(lines))
        text = mt940(max(lines // 10, 1))
        base = _rate("mt-940 library", lambda: len(library.parse(text).transactions))
        for what, path in (("MT940", message), ("camt.053", document)):
            rate = _rate(what, lambda path=path: _read(path))
            print(f"{'':28} {rate / base:.1f} times the library; {path.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
