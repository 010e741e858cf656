"""How fast statements are read, and in how much memory: our readers and the libraries `mt-940` and `pycamt`.

    python -m tests.benchmarks.bank_statements 1000000          # speed, all in one run
    python -m tests.benchmarks.bank_statements --memory 2000    # a camt and an MT940 of 2,000 MB each

The libraries get fewer lines. `mt-940` takes time in proportion to them; `pycamt` in proportion to their
square, so it gets a thousand, which is to its advantage. It is measured only where it is installed.
"""

import argparse
import os
import resource
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


def speed(lines: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small, message, document = (
            Path(folder).resolve() / name for name in ("small.sta", "lines.sta", "entries.xml")
        )
        small.write_text(mt940(10))
        _read(small)  # imports
        message.write_text(mt940(lines))
        document.write_text(camt(lines))
        text = mt940(max(lines // 10, 1))
        base = {"MT940": _rate("mt-940 library", lambda: len(library.parse(text).transactions))}
        base["camt.053"] = _pycamt() or base["MT940"]
        for what, path in (("MT940", message), ("camt.053", document)):
            rate = _rate(what, lambda path=path: _read(path))
            print(f"{'':28} {rate / base[what]:.1f} times the library; {path.stat().st_size / 1e6:,.0f} MB")


def _pycamt() -> float | None:
    try:
        from pycamt.parser import Camt053Parser
    except ImportError:
        print("pycamt is not installed: camt is compared with mt-940")
        return None
    text = camt(1000).encode()
    return _rate("pycamt library", lambda: len(Camt053Parser(text).get_transactions()))


def memory(megabytes: int) -> None:
    """The largest size in memory of this process and of any of its readers, against the size of the file."""
    for what, write in (("camt.053", camt), ("MT940", mt940)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder).resolve() / what
            _write_large(path, write, megabytes << 20)
            started = time.perf_counter()
            lines = _read(path)
            seconds = time.perf_counter() - started
            own, other = (
                resource.getrusage(who).ru_maxrss >> 10
                for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            print(
                f"{what:10} {path.stat().st_size >> 20:>6,} MB {lines:>11,} lines {seconds:8.1f} s; at most {own:,} MB "
                f"in the loader and {other:,} MB in each of {os.cpu_count()} readers",
                flush=True,
            )


def _write_large(path: Path, write: Callable[[int], str], size: int) -> None:
    """One statement of that size: its lines again and again between its header and its end."""
    once = write(20_000)
    if once.startswith("<"):
        first, last = once.index("<Ntry>"), once.rindex("</Ntry>") + len("</Ntry>")
    else:
        first, last = once.index("\n:61:"), once.rindex("\n:62F:")
    head, lines, tail = once[:first].encode(), once[first:last].encode(), once[last:].encode()
    with path.open("wb") as file:
        file.write(head)
        for _ in range(max((size - len(head) - len(tail)) // len(lines), 1)):
            file.write(lines)
        file.write(tail)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lines", type=int, nargs="?", default=200_000)
    parser.add_argument("--memory", type=int, metavar="MB")
    options = parser.parse_args()
    if options.memory:
        memory(options.memory)
    else:
        speed(options.lines)
