"""Which bank lines are one line, and which are two: from files to `canonical.bank_transactions`.

Each case is an account of its own with files in the order of their names; `lines` is how many lines of
5.00 without any reference the account holder really has.
"""

import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from dbt_runs import run_dbt
from raw_tables import create_raw_tables
from schwifty import IBAN

from pipelines.config import CsvMapping, SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files

MODELS = (
    "--exclude-resource-type",
    "unit_test",
    "--indirect-selection",
    "cautious",
    "--select",
    "+control_totals",
    "+bank_transactions",
    "+bank_statements",
    "+bank_transaction_details",
)
CSV = CsvMapping(
    stream="bank_transactions",
    columns={"account_number": "Account", "booking_date": "Date", "amount": "Amount", "balance_amount": "Balance"},
    constants={"currency": "EUR"},
)  # fmt: skip
_LINE = "5.00"


def mt940(number: int, opening: str, *lines: str, day: str = "0630", reference: str = "") -> str:
    """One MT940 statement: lines as `5.00` or `5.00@0629` (booked on another day)."""
    body, balance = "", Decimal(opening)
    for line in lines:
        amount, _, booked = line.partition("@")
        balance += Decimal(amount)
        mark = "C" if Decimal(amount) >= 0 else "D"
        body += f":61:26{day}{booked or day}{mark}{abs(Decimal(amount))!s}NTRFNONREF\n".replace(".", ",")
    balances = [
        f"{'C' if b >= 0 else 'D'}26{day}EUR{abs(b)}".replace(".", ",") for b in (Decimal(opening), balance)
    ]
    reference = reference or f"S2026{day}{number:03}"
    return f":20:{reference}\n:25:ACCOUNT\n:28C:{number}/1\n:60F:{balances[0]}\n{body}:62F:{balances[1]}\n-\n"


def camt(
    kind: str,
    id_: str,
    at: str,
    *lines: str,
    number: int = 1,
    opening: str = "",
    page: str = "",
    status: str = "BOOK",
) -> str:
    """One camt.052 or camt.053; with `opening`, balances around its lines."""
    container, statement = {"052": ("BkToCstmrAcctRpt", "Rpt"), "053": ("BkToCstmrStmt", "Stmt")}[kind]
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>{status}</Sts>'
        "<BookgDt><Dt>2026-06-30</Dt></BookgDt></Ntry>" for amount in lines
    )  # fmt: skip
    balances = ""
    if opening:
        closing = Decimal(opening) + sum(map(Decimal, lines))
        codes = ("OPBD", "CLBD") if kind == "053" else ("ITBD", "ITBD")
        for code, amount in zip(codes, (opening, closing), strict=True):
            balances += (
                f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
                "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-06-30</Dt></Dt></Bal>"
            )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08"><{container}><GrpHdr><MsgId>M</MsgId></GrpHdr>'
        f"<{statement}><Id>{id_}</Id>{page}<ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>2026-06-30T{at}:00Z</CreDtTm>"
        f"<Acct><Id><Othr><Id>ACCOUNT</Id></Othr></Id><Ccy>EUR</Ccy></Acct>{balances}{entries}</{statement}></{container}></Document>"
    )


def csv(*rows: str) -> str:
    return "Account,Date,Amount,Balance\n" + "".join(f"ACCOUNT,{row}\n" for row in rows)


def page(number: int, last: str) -> str:
    return f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>"


def worded(statement: str, text: str, reference: str = "") -> str:
    """The statement with a text, and the bank's reference, on each of its lines."""
    if statement.startswith(":20:"):
        return statement.replace("NTRFNONREF\n", f"NTRFNONREF//{reference}\n:86:{text}\n")
    return statement.replace(
        "</BookgDt></Ntry>",
        f"</BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>",
    )


def mt942(*lines: str) -> str:
    body = "".join(f":61:260630C{line}NTRFNONREF\n" for line in lines).replace(".", ",")
    return f":20:I1\n:25:ACCOUNT\n:28C:1/1\n:34F:EUR0,\n:13D:2606301000+0000\n{body}-\n"


@dataclass(frozen=True)
class Case:
    name: str
    lines: int
    files: tuple[str, ...]
    csv: bool = False


CASES = (
    Case("one statement", 2, (mt940(1, "100.00", _LINE, _LINE),)),
    Case("statements that follow on one day", 2, (mt940(1, "100.00", _LINE), mt940(2, "105.00", _LINE))),
    Case("the same in one file", 2, (mt940(1, "100.00", _LINE) + mt940(2, "105.00", _LINE),)),
    Case(
        "in one file and once more alone",
        2,
        (mt940(1, "100.00", _LINE) + mt940(2, "105.00", _LINE), mt940(2, "105.00", _LINE)),
    ),
    Case(
        "three that follow, the middle one without it",
        2,
        (mt940(1, "100.00", _LINE), mt940(2, "105.00", "1.00"), mt940(3, "106.00", _LINE)),
    ),
    Case("delivered twice", 1, (mt940(1, "100.00", _LINE),) * 2),
    Case("delivered twice under another reference", 1, (mt940(1, "100.00", _LINE), mt940(1, "100.00", _LINE, reference="COPY1"))),
    Case("two that follow, both delivered twice", 2, (mt940(1, "100.00", _LINE), mt940(2, "105.00", _LINE)) * 2),
    Case("corrected: a balance was wrong", 1, (mt940(1, "90.00", _LINE), mt940(1, "100.00", _LINE))),
    Case("corrected: a line was missing", 2, (mt940(1, "100.00", _LINE), mt940(1, "100.00", _LINE, _LINE))),
    Case("corrected: a line was too many", 1, (mt940(1, "100.00", _LINE, _LINE), mt940(1, "100.00", _LINE))),
    Case(
        "corrected: a line was too many, and the day goes on",
        2,
        (mt940(1, "100.00", _LINE, _LINE), mt940(1, "100.00", _LINE), mt940(2, "105.00", _LINE)),
    ),
    Case(
        "another statement under the same id corrects nothing",
        2,
        (mt940(1, "100.00", _LINE, day="0629", reference="X1"), mt940(1, "105.00", _LINE, reference="X1")),
    ),
    Case(
        "a version that does not tie corrects nothing",
        2,
        (mt940(1, "100.00", _LINE, _LINE), mt940(1, "100.00", _LINE).replace("EUR105.00", "EUR105,00").replace(":62F:C260630EUR105,00", ":62F:C260630EUR110,00")),
    ),
    Case(
        "a week and its days",
        2,
        (
            mt940(1, "100.00", _LINE, day="0629"),
            mt940(2, "105.00", _LINE),
            mt940(27, "100.00", "5.00@0629", _LINE, reference="WEEK27"),
        ),
    ),
    Case("booked late: in the next day's statement", 2, (mt940(1, "100.00", _LINE, day="0629"), mt940(2, "105.00", "5.00@0629"))),
    Case("a gap between them proves nothing", 1, (mt940(1, "100.00", _LINE), mt940(3, "250.00", _LINE))),
    Case("two that sum to nothing, by their numbers", 2, (mt940(1, "100.00", _LINE, "-5.00"), mt940(2, "100.00", _LINE, "-5.00"))),
    Case(
        "pages in two files without balances",
        2,
        (camt("053", "S", "20:00", _LINE, page=page(1, "false")), camt("053", "S", "20:00", _LINE, page=page(2, "true"))),
    ),
    Case(
        "the whole of the day so far, twice, then the day",
        2,
        (
            camt("052", "R1", "10:00", _LINE, number=1, opening="100.00"),
            camt("052", "R2", "14:00", _LINE, _LINE, number=2, opening="100.00"),
            camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"),
        ),
    ),
    Case(
        "each hour's new lines with balances, then the day",
        2,
        (
            camt("052", "R1", "10:00", _LINE, number=1, opening="100.00"),
            camt("052", "R2", "14:00", _LINE, number=2, opening="105.00"),
            camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"),
        ),
    ),
    Case(
        "each hour's new lines without balances, then the day",
        2,
        (
            camt("052", "R1", "10:00", _LINE, number=1),
            camt("052", "R2", "14:00", _LINE, number=2),
            camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"),
        ),
    ),
    Case("the day as camt and as MT940", 2, (camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"), mt940(1, "100.00", _LINE, _LINE))),
    Case(
        "the day as camt and as MT940, each with its own words",
        2,
        (worded(camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"), "Rent June"), worded(mt940(1, "100.00", _LINE, _LINE), "RENT/JUNE")),
    ),
    Case(
        "the bank changed its format within the day",
        2,
        (mt940(1, "100.00", _LINE), camt("053", "S", "20:00", _LINE, number=2, opening="105.00")),
    ),
    Case(
        "two MT940 of a day and the camt of it",
        2,
        (
            worded(mt940(1, "100.00", _LINE), "A"),
            worded(mt940(2, "105.00", _LINE), "B"),
            worded(camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"), "C"),
        ),
    ),
    Case(
        "a camt that does not tie proves nothing about the MT940",
        4,
        (
            worded(mt940(1, "100.00", _LINE, _LINE), "A"),
            worded(camt("053", "S", "20:00", _LINE, _LINE, opening="100.00").replace(">110.00<", ">111.00<"), "C"),
        ),
    ),
    Case(
        "reported and then stated, in other words",
        1,
        (worded(camt("052", "R1", "10:00", _LINE), "Incoming"), worded(camt("053", "S", "20:00", _LINE, opening="100.00"), "Rent June")),
    ),
    Case(
        "MT942 and then MT940, in other words",
        2,
        (worded(mt942(_LINE), "Incoming"), worded(mt942(_LINE), "Later"), worded(mt940(1, "100.00", _LINE, _LINE), "Rent June")),
    ),
    Case("reported, the day not stated yet", 1, (worded(camt("052", "R1", "10:00", _LINE), "Incoming"),)),
    Case(
        "reported as camt and notified, one reference and two texts",
        1,
        (worded(camt("052", "R1", "10:00", _LINE), "Incoming", "B1"), worded(camt("052", "R2", "12:00", _LINE), "Rent June", "B1")),
    ),
    Case(
        "reported one by one: two references and one text",
        2,
        (worded(camt("052", "R1", "10:00", _LINE), "Rent", "B1"), worded(camt("052", "R2", "12:00", _LINE), "Rent", "B2")),
    ),
    Case(
        "sent again and cut off on the way",
        2,
        (
            camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"),
            camt("053", "S", "20:00", _LINE, _LINE, opening="100.00").rpartition("<BookgDt>")[0],
        ),
    ),
    Case("announced and not yet booked", 0, (camt("052", "R1", "10:00", _LINE, status="PDNG"),)),
    Case(
        "announced, then booked twice",
        2,
        (
            camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"),
            camt("052", "Z9", "10:00", _LINE, status="PDNG"),
        ),
    ),
    Case(
        "the day as camt with an IBAN and as MT940 with bank code and number",
        2,
        (
            worded(camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"), "Rent June").replace("ACCOUNT", "@IBAN"),
            worded(mt940(1, "100.00", _LINE, _LINE), "RENT/JUNE").replace("ACCOUNT", "@NATIONAL"),
        ),
    ),
    Case(
        "the same, the MT940 with the bare number and its currency",
        2,
        (
            worded(camt("053", "S", "20:00", _LINE, _LINE, opening="100.00"), "Rent June").replace("ACCOUNT", "@IBAN"),
            worded(mt940(1, "100.00", _LINE, _LINE), "RENT/JUNE").replace("ACCOUNT", "@NUMBEREUR"),
        ),
    ),
    Case(
        "an equal line in one camt and in an MT940 that goes on, under the two names of the account",
        2,
        (
            camt("053", "S", "20:00", _LINE, opening="100.00").replace("ACCOUNT", "@IBAN"),
            mt940(2, "105.00", _LINE).replace("ACCOUNT", "@NATIONAL"),
        ),
    ),
    Case(
        "reported with the number, stated with the IBAN",
        1,
        (
            worded(mt942(_LINE), "Incoming").replace("ACCOUNT", "@NATIONAL"),
            worded(camt("053", "S", "20:00", _LINE, opening="100.00"), "Rent").replace("ACCOUNT", "@IBAN"),
        ),
    ),
    Case("CSV files that follow by their running balance", 2, (csv("2026-06-30,5.00,105.00"), csv("2026-06-30,5.00,110.00")), csv=True),
    Case(
        "CSV files that overlap",
        2,
        (
            csv("2026-06-30,5.00,105.00", "2026-06-30,5.00,110.00"),
            csv("2026-06-30,5.00,110.00", "2026-07-01,1.00,111.00"),
        ),
        csv=True,
    ),
    Case("CSV files without a balance prove nothing", 1, (csv("2026-06-30,5.00,"), csv("2026-06-30,5.00,")), csv=True),
)  # fmt: skip


def generated(seed: int) -> Case:
    """A day of lines, reported in pieces and then stated once, twice, or in two formats, each in other words.

    Whatever was sent, and in whatever order, the lines of the day are those that the account moved by.
    """
    rng = random.Random(seed)
    lines = [rng.choice((_LINE, _LINE, "7.50", "1.25")) for _ in range(rng.randint(1, 6))]
    files = []
    for report in range(rng.randint(0, 3)):
        so_far = lines[: rng.randint(1, len(lines))]
        if rng.random() < 0.5:
            files.append(worded(camt("052", f"R{report}", f"{10 + report}:00", *so_far), f"Report {report}"))
        else:
            files.append(worded(mt942(*so_far), f"Interim {report}"))
    as_camt = worded(
        camt("053", "S", "20:00", *lines, opening="100.00"), "Statement", rng.choice(("", "REF"))
    )
    cut = rng.randint(0, len(lines))
    middle = 100 + sum(map(Decimal, lines[:cut]), Decimal(0))
    as_mt940 = (
        [worded(mt940(1, "100.00", *lines), "MT")]
        if cut in (0, len(lines))
        else [
            worded(mt940(1, "100.00", *lines[:cut]), "MT"),
            worded(mt940(2, str(middle), *lines[cut:]), "MT"),
        ]
    )
    files += rng.choice(([as_camt], as_mt940, [as_camt, *as_mt940], [as_camt, as_camt], as_mt940 * 2))
    if rng.random() < 0.5:
        rng.shuffle(files)
    return Case(f"generated {seed}", lines.count(_LINE), tuple(files))


CASES += tuple(generated(seed) for seed in range(40))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    home = tmp_path_factory.mktemp("identity")
    path = home / "warehouse.duckdb"
    create_raw_tables(path)
    with duckdb.connect(str(path)) as connection:
        for number, case in enumerate(CASES):
            load(connection, home / str(number), number, case)
    run = run_dbt("build", *MODELS, "--vars", "{as_of_date: '2026-06-30'}", home=home, warehouse=path)
    assert run.code == 0, run.output
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def load(connection: duckdb.DuckDBPyConnection, folder: Path, number: int, case: Case) -> None:
    kind = "csv" if case.csv else "bank"
    spec = kind_spec(kind)
    instance = SourceInstance(
        name=f"bank_{number}", kind=kind, entity_id="DE01", path="*", csv=CSV if case.csv else None
    )
    folder.mkdir()
    files = []
    for at, content in enumerate(case.files):
        path = folder / f"{at}.txt"
        iban = IBAN.generate("DE", bank_code="37040044", account_code=f"{500000 + number}")
        for mark, text in (
            ("ACCOUNT", f"AC{number:03}"),
            ("@IBAN", str(iban)),
            ("@NATIONAL", f"{iban.bank_code}/{500000 + number}"),
            ("@NUMBER", iban.account_code),
        ):
            content = content.replace(mark, text)
        path.write_text(content)
        files.append(landing_file(folder.resolve(), path.resolve(), instance))
    # Loaded newest first: the order of loading must not matter.
    for order, file in enumerate(reversed(files)):
        for batch in read_files(spec, [file], instance):
            if batch.rows.num_rows:
                rows = batch.rows.append_column("_dlt_load_id", pa.repeat(str(order), batch.rows.num_rows))
                connection.register("rows", rows)
                connection.execute(f"insert into {spec.dataset}.{batch.table} by name select * from rows")


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[case.name for case in CASES])
def test_every_line_counts_once(warehouse, number, case):
    found = warehouse.execute(
        "select count(*), count(distinct bank_transaction_id) from canonical.bank_transactions"
        " where source_name = ? and amount = 5",
        [f"bank_{number}"],
    ).fetchone()
    assert found == (case.lines, case.lines)


def test_a_statement_that_was_cut_off_takes_the_place_of_no_whole_one(warehouse):
    number = next(n for n, case in enumerate(CASES) if case.name == "sent again and cut off on the way")
    assert warehouse.execute(
        "select line_count, is_tied, control_problem, delivery_count from canonical.bank_statements"
        " where source_name = ?",
        [f"bank_{number}"],
    ).fetchall() == [(2, True, None, 1)]


def test_nothing_is_lost_between_file_and_canonical(warehouse):
    rows = warehouse.execute(
        "select * from reconciliation.control_totals where count_residual <> 0 or amount_residual <> 0"
    ).fetchall()
    assert rows == []
