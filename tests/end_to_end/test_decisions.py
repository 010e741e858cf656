"""What people decide on the sample company, through the command, the log and one run of the job."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.decisions import log
from pipelines.settings import REPOSITORY
from tests.conftest import Done, Installation, SampleRun

pytestmark = pytest.mark.slow

REASON = ("--reason", "checked with the customer")


@dataclass
class Case:
    """A copy of the sample's run, what was chosen of it, and what the commands said."""

    installation: Installation
    before: Path
    ids: dict[str, str]
    said: dict[str, Done]
    run: Done

    def both(self) -> Iterator[tuple[str, duckdb.DuckDBPyConnection]]:
        for name, path in (("before", self.before), ("after", self.installation.published)):
            with duckdb.connect(str(path), read_only=True) as connection:
                yield name, connection

    def ask(self, query: str, **parameters) -> dict[str, list[tuple]]:
        return {name: connection.execute(query, parameters).fetchall() for name, connection in self.both()}


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None, query
    return row


def seeds_with_may_closed(folder: Path) -> Path:
    seeds = shutil.copytree(REPOSITORY / "seeds", folder / "seeds")
    periods = seeds / "periods.csv"
    text = periods.read_text(encoding="utf-8")
    periods.write_text(text.replace("2026-05-31,open,", "2026-05-31,closed,2026-06-10"), encoding="utf-8")
    return seeds


@pytest.fixture(scope="module")
def case(sample_run: SampleRun, tmp_path_factory: pytest.TempPathFactory) -> Case:
    home = tmp_path_factory.mktemp("decided") / "home"
    shutil.copytree(sample_run.home, home, ignore=shutil.ignore_patterns("logs", "versions", "*.lock"))
    installation = Installation(home)
    before = home.parent / "before.duckdb"
    shutil.copy(installation.published, before)
    said: dict[str, Done] = {}
    with duckdb.connect(str(before), read_only=True) as books:
        suggested = books.execute(
            "select match_id from reconciliation.matches where status = 'suggested' and reconciliation = 'bank_to_documents' order by 1"
        ).fetchall()
        invoice, rest, entity = one(
            books,
            "select invoice_id, open_amount, entity_id from reconciliation.invoice_to_payment "
            "where status = 'partly_paid' and open_amount < 100 order by open_amount limit 1",
        )
        exception, document = one(
            books,
            "select exception_id, document_id from reconciliation.exceptions where exception_type = 'bank_line_unmatched' order by 1",
        )
        may_line = one(
            books,
            "select item_type || ':' || item_id, match_id from reconciliation.match_items "
            "where item_type = 'bank_transaction' and status = 'auto' and item_date between date '2026-05-01' and date '2026-05-20' order by 1",
        )
        auto, left, right = one(
            books,
            "select match_id, left_type || ':' || left_id, right_type || ':' || right_id "
            "from reconciliation.match_allocations inner join reconciliation.matches using (match_id) "
            "where status = 'auto' and shape = '1:2' and reconciliation = 'bank_to_documents' and match_date >= date '2026-05-01' order by 1, 3",
        )
    ids = {
        "accepted": suggested[0][0],
        "rejected": suggested[1][0],
        "invoice": invoice,
        "exception": exception,
        "document": document,
        "auto": auto,
        "left": left,
        "right": right,
    }
    command = installation.tieout
    said["dry"] = command("match", "accept", ids["accepted"], *REASON, "--dry-run")
    assert not log.log_path(installation.landing).exists()
    said["accept"] = command("match", "accept", ids["accepted"], *REASON)
    said["reject"] = command("match", "reject", ids["rejected"], *REASON, "--user", "jane")
    said["refused"] = command("match", "write-off", f"invoice:{invoice}", *REASON, "--as", "small_write_off")
    said["write_off"] = command("match", "write-off", f"invoice:{invoice}", *REASON, "--as", "goodwill")
    said["assign"] = command("match", "assign", exception[:10], "jane in treasury", *REASON)
    said["comment"] = command("match", "comment", exception[:10], "The bank answers by Friday.")
    said["unmatch"] = command("match", "unmatch", left, right, *REASON)
    said["closed"] = command(
        "match", "unmatch", may_line[1], *REASON, TIEOUT_SEEDS=str(seeds_with_may_closed(home.parent))
    )
    said["unknown"] = command("match", "accept", "m_00000000000000000000", *REASON)
    # Two lines that the command would refuse come through the log all the same.
    path = log.log_path(installation.landing)
    facts = {"side": "right", "type": "invoice", "id": invoice, "currency": "GBP", "date": None}
    forced = {
        "action": "write_off", "amount": str(rest), "currency": "GBP", "decided_by": "mallory", "entity_id": entity,
        "effective_date": "2026-04-30", "reason": "backdated", "reconciliation": "bank_to_documents",
        "document_type": "invoice", "document_id": invoice, "difference_reason": "bad_debt",
        "items": [{**facts, "amount": "227.57"}],
    }  # fmt: skip
    with log.deciding(installation.landing) as place:
        log.record(place, forced)
        log.record(
            place, {**forced, "effective_date": "2026-06-30", "items": [{**facts, "amount": "999.99"}]}
        )
    assert path.is_file()
    run = installation.tieout("run")
    return Case(installation, before, ids, said, run)


def test_the_commands_say_what_they_change_and_a_run_with_decisions_alone_publishes(case: Case) -> None:
    for name in ("dry", "accept", "reject", "write_off", "assign", "comment", "unmatch"):
        assert case.said[name].code == 0, (name, case.said[name].err)
    assert "Nothing was written" in case.said["dry"].out
    assert f"Confirms {case.ids['accepted']}" in case.said["accept"].out
    assert "before, 0.00" in case.said["write_off"].out
    assert case.said["refused"].code == 1
    assert "write_off_limits.csv" in case.said["refused"].err
    assert case.said["closed"].code == 1
    assert "closed since 2026-06-10" in case.said["closed"].err
    assert case.said["unknown"].code == 1
    assert "Nearest:" in case.said["unknown"].err
    assert case.run.code == 0, case.run.err
    assert case.installation.published.read_bytes() != case.before.read_bytes()


def test_matches_are_confirmed_rejected_and_undone_and_say_by_whom(case: Case) -> None:
    found = case.ask("select match_id, status, decided_by, decision_reason from reconciliation.matches")[
        "after"
    ]
    by_id = {row[0]: row[1:] for row in found}
    assert by_id[case.ids["accepted"]][0] == "confirmed"
    assert by_id[case.ids["rejected"]] == ("rejected", "jane", REASON[1])
    assert case.ids["auto"] not in by_id
    links = set(
        case.ask(
            "select left_type || ':' || left_id, right_type || ':' || right_id, status "
            "from reconciliation.match_allocations inner join reconciliation.matches using (match_id)"
        )["after"]
    )
    undone = (case.ids["left"], case.ids["right"])
    assert undone not in {row[:2] for row in links}
    assert [row[2] for row in links if row[0] == case.ids["left"]] == ["confirmed"]


def test_a_write_off_closes_its_invoice_and_is_posted_balanced(case: Case) -> None:
    invoice = case.ids["invoice"]
    found = case.ask(
        "select written_off_amount, open_amount, status from reconciliation.invoice_to_payment where invoice_id = $id",
        id=invoice,
    )
    rest = found["before"][0][1]
    assert found["after"] == [(rest, Decimal(0), "paid_with_difference")]
    lines = case.ask(
        "select account_code, debit_amount, credit_amount, related_document_id from ledger.journal_lines "
        "where document_type = 'decision' order by 1"
    )
    assert lines == {"before": [], "after": [("1400", 0, rest, invoice), ("6840", rest, 0, invoice)]}
    proof = case.ask(
        "select count(*) from reconciliation.subledger_to_ledger where subledger_difference_amount <> 0"
    )
    assert proof["after"] == proof["before"]


def test_exceptions_are_cleared_assigned_commented_and_raised(case: Case) -> None:
    keys = "select exception_type, document_id from reconciliation.exceptions"
    found = {name: set(rows) for name, rows in case.ask(keys).items()}
    assert ("invoice_short_paid", case.ids["invoice"]) in found["before"] - found["after"]
    [(owner, comments)] = case.ask(
        "select owner, comments from reconciliation.exceptions where exception_id = $id",
        id=case.ids["exception"],
    )["after"]
    assert owner == "jane in treasury"
    assert comments.endswith("The bank answers by Friday.")
    raised = case.ask(
        "select exception_type, amount, explanation from reconciliation.exceptions where document_type = 'decision' "
        "and exception_type like 'decision%' order by 1"
    )["after"]
    assert [row[0] for row in raised] == ["decision_contradicted", "decision_in_closed_period"]
    assert all(row[1] > 0 and "mallory" in row[2] for row in raised)
    assert "999.99" in raised[0][2]
    assert "closed since 2026-05-08" in raised[1][2]


def test_nothing_else_changed(case: Case) -> None:
    """Tables that no decision is about are equal to the row, and of the others only the rows concerned differ."""
    touched = {
        "canonical.decisions", "ledger.account_balances", "ledger.journal_entries", "ledger.journal_export",
        "ledger.journal_lines", "ledger.trial_balance", "reconciliation.bank_to_documents",
        "reconciliation.control_totals", "reconciliation.decision_outcomes", "reconciliation.document_links",
        "reconciliation.documents", "reconciliation.exceptions", "reconciliation.invoice_to_payment",
        "reconciliation.match_allocations", "reconciliation.match_items", "reconciliation.matches",
        "reconciliation.subledger_to_ledger", "reconciliation.summary",
    }  # fmt: skip
    contents = case.ask(
        "select schema_name || '.' || table_name, row_count, content_hash from checks.published_tables "
        "where schema_name in ('canonical', 'ledger', 'reconciliation')"
    )
    before, after = ({row[0]: row[1:] for row in contents[name]} for name in ("before", "after"))
    assert {name for name in after if before.get(name) != after[name]} <= touched
    concerned = {case.ids["left"].partition(":")[2], case.ids["right"].partition(":")[2], case.ids["invoice"]}
    for name, status in (("accepted", "suggested"), ("rejected", "suggested")):
        rows = case.ask(
            "select left_id, right_id from reconciliation.match_allocations where match_id = $id",
            id=case.ids[name],
        )["before"]
        assert rows, status
        concerned |= {end for row in rows for end in row}
    rows = case.ask(
        "select match_id, left_id, right_id, allocated_amount from reconciliation.match_allocations"
    )
    strangers = {row for row in set(rows["before"]) ^ set(rows["after"]) if not {row[1], row[2]} & concerned}
    # The engine may give what a rejection freed to the runner-up, and nothing else.
    assert not strangers, strangers
    journal = case.ask(
        "select document_id, account_code, debit_amount, credit_amount, base_debit_amount from ledger.journal_lines"
    )
    moved = {row[0] for row in set(journal["before"]) ^ set(journal["after"])}
    assert all(document in concerned or document.startswith("decisions:") for document in moved), moved


def test_a_run_as_of_an_earlier_day_does_not_know_later_decisions(case: Case) -> None:
    """effective_date is the day of the books in which it was decided."""
    rows = case.ask(
        "select effective_date, business_date from canonical.decisions where decided_by <> 'mallory'"
    )["after"]
    as_of = date(2026, 6, 30)
    assert rows and set(rows) == {(as_of, as_of)}


def test_a_tampered_log_stops_the_next_run_and_says_where(case: Case) -> None:
    path = log.log_path(case.installation.landing)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = json.loads(lines[1])
    try:
        path.write_bytes(b"".join([lines[0], lines[1].replace(b'"jane"', b'"john"'), *lines[2:]]))
        verified = case.installation.tieout("match", "log", "--verify")
        assert (verified.code, "line 2: was changed" in verified.err) == (1, True)
        refused = case.installation.tieout("match", "comment", case.ids["document"], "x")
        assert (refused.code, "line 2" in refused.err) == (1, True)
    finally:
        path.write_bytes(whole)
    assert changed["decided_by"] == "jane"
    assert case.installation.tieout("match", "log", "--verify").code == 0
