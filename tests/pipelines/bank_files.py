"""What the bank and CSV tests share: writing statements in the banks' formats, reading them back."""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from pipelines.config import CsvMapping, SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.tabular.schema import STREAMS

Tables = dict[str, list[dict[str, Any]]]

IBAN = "DE89370400440532013000"
_numbers = itertools.count()


def read(landing: Path, content: str | bytes, mapping: CsvMapping | None = None, name: str = "a") -> Tables:
    """All rows of one delivered file, by table, each checked against its schema."""
    kind = "csv" if mapping else "bank"
    instance = SourceInstance(
        name=f"{kind}_de", kind=kind, entity_id="DE01", path="*", time_zone="Europe/Berlin", csv=mapping
    )
    folder = landing / str(next(_numbers))
    folder.mkdir(parents=True)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    spec = kind_spec(kind)
    tables: Tables = {table: [] for table in spec.all_tables}
    for batch in spec.read(landing_file(folder, path, instance), instance):
        assert batch.rows.schema.equals(spec.all_tables[batch.table]), batch.table
        tables[batch.table] += batch.rows.to_pylist()
    return tables


def residuals(tables: Tables, stream: str, table: str, amount: str, *dates: str, minus: str = "") -> dict:
    """declared - landed - rejected per currency and business date; empty when nothing was lost."""
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, Decimal(0)])

    def add(key: Any, count: int, value: Decimal) -> None:
        cells[key][0] += count
        cells[key][1] += value

    for row in tables["control_totals"]:
        if row["stream"] == stream:
            add((row["currency"], row["business_date"]), row["declared_count"], row["declared_amount"])
    for row in tables["rejects"]:
        if row["stream"] == stream:
            add((row["currency"], row["business_date"]), -1, -row["amount"])
    for row in tables[table]:
        day = next((row[name] for name in dates if row[name] is not None), None)
        value = (row[amount] or Decimal(0)) - ((row[minus] or Decimal(0)) if minus else Decimal(0))
        add((row["currency"] or "XXX", day), -1, -value)
    return {key: cell for key, cell in cells.items() if cell != [0, Decimal(0)]}


def residuals_of_file(tables: Tables) -> dict:
    """declared - landed - rejected of every stream of CSV files; empty when nothing was lost."""
    found = {}
    for name, stream in STREAMS.items():
        amount = "debit_amount" if stream.minus else stream.amount[0]
        minus = stream.minus[0] if stream.minus else ""
        found |= {
            (name, *k): v
            for k, v in residuals(tables, name, name, amount, stream.dates[0], minus=minus).items()
        }
    return found


def bank_residuals(tables: Tables) -> dict:
    return residuals(tables, "bank_transactions", "transactions", "amount", "booking_date")


@dataclass
class Line:
    amount: Decimal
    booking: date = date(2026, 6, 30)
    value: date = date(2026, 6, 30)
    currency: str = "EUR"
    name: str = "ACME Trading GmbH"
    account: str = "GB33BUKB20201555555555"
    end_to_end_id: str = ""
    text: str = "Invoice 1"
    reference: str = ""
    details: list["Line"] = field(default_factory=list)


def camt(
    *entries: str, version: str = "08", head: str = "", statements: int = 1, namespace: bool = True
) -> str:
    """A camt.053 file around entries written out by the test."""
    uri = f' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"' if namespace else ""
    statement = "".join(
        f"<Stmt><Id>STM-{n}</Id><ElctrncSeqNb>{n}</ElctrncSeqNb><CreDtTm>2026-06-30T22:00:00+02:00</CreDtTm>"
        f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>{head}{''.join(entries)}</Stmt>"
        for n in range(1, statements + 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document{uri}><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>'
        f"<CreDtTm>2026-06-30T22:00:00</CreDtTm></GrpHdr>{statement}</BkToCstmrStmt></Document>"
    )


def balance(code: str, amount: str, sign: str = "CRDT", day: str = "2026-06-30") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(
    amount: str = "10.00", sign: str = "CRDT", day: str = "2026-06-30", more: str = "", after: str = ""
) -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{more}<Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{after}</Ntry>"
    )


def details(inner: str) -> str:
    return f"<NtryDtls><TxDtls>{inner}</TxDtls></NtryDtls>"


def camt_of(lines: list[Line]) -> str:
    return camt(*(_entry(line) for line in lines))


def _entry(line: Line) -> str:
    sign, party = ("CRDT", "Dbtr") if line.amount >= 0 else ("DBIT", "Cdtr")
    inner = (
        f"<Refs><EndToEndId>{escape(line.end_to_end_id) or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties><{party}><Nm>{escape(line.name)}</Nm></{party}>"
        f"<{party}Acct><Id><IBAN>{line.account}</IBAN></Id></{party}Acct></RltdPties>"
        f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf>"
    )
    return (
        f'<Ntry><Amt Ccy="{line.currency}">{abs(line.amount):f}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{line.booking}</Dt></BookgDt><ValDt><Dt>{line.value}</Dt></ValDt>"
        f"<AcctSvcrRef>{escape(line.reference)}</AcctSvcrRef>{details(inner)}</Ntry>"
    )


def mt940(*fields: str, opening: str = "C260629EUR100,00", closing: str = "C260630EUR100,00") -> str:
    """An MT940 statement around fields 61 and 86 written out by the test."""
    body = "\r\n".join(fields)
    return (
        f":20:STM26001\r\n:25:{IBAN}\r\n:28C:00012/001\r\n:60F:{opening}\r\n{body}\r\n:62F:{closing}\r\n"
        f":64:{closing}\r\n-\r\n"
    )


def mt940_of(lines: list[Line]) -> str:
    fields = []
    for line in lines:
        mark = "C" if line.amount >= 0 else "D"
        amount = f"{abs(line.amount):f}".replace(".", ",")
        amount = amount if "," in amount else amount + ","
        fields.append(f":61:{line.value:%y%m%d}{line.booking:%m%d}{mark}{amount}NTRFNONREF//{line.reference}")
        text = f"EREF+{line.end_to_end_id}SVWZ+{line.text}"
        pieces = "".join(f"?{20 + n // 27}{text[n : n + 27]}" for n in range(0, len(text), 27))
        fields.append(f":86:166?00GUTSCHRIFT{pieces}?31{line.account}?32{line.name[:27]}")
    return mt940(*fields)
