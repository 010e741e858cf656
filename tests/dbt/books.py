"""A small warehouse for tests of the ledger: canonical tables filled by hand, then posted by dbt.

Belongs here: making tables from the contracts of the canonical models, filling them, and running the
ledger models on them. Does not belong here: cases and what they should give (the tests).
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "dbt"

#: What is built from the canonical tables; everything upstream of them is filled by the test.
MODELS = (
    "path:models/intermediate/accounting",
    "path:models/ledger",
    "int_bank_lines",
    "int_bank_line_parties",
    "int_card_settlements",
    "int_entity_fx_rates",
    "subledger_to_ledger",
)
#: Read from staging or from the matching; the tests say themselves when a document became known, and
#: nobody has decided anything.
EXCLUDED = ("int_document_first_seen", "int_write_offs")
WRITE_OFFS = (
    "decision_id varchar, sequence bigint, effective_date date, known_date date, decided_by varchar, reason varchar, "
    "difference_reason varchar, difference_component varchar, item_type varchar, item_id varchar, entity_id varchar, "
    "source_name varchar, document_number varchar, document_date date, component varchar, customer_id varchar, "
    "vendor_id varchar, employee_id varchar, currency varchar, written_off_amount decimal(18, 4), "
    "cash_amount decimal(18, 4), control_amount decimal(18, 4), cleared_amount decimal(18, 4)"
)
#: Canonical tables that come from seeds alone are built, not filled.
FROM_SEEDS = ("legal_entities", "accounts", "bank_accounts")
PUBLISHED_MATCHES = ("matches", "match_allocations")


def contract_columns(project: Path) -> dict[str, dict[str, str]]:
    """table -> column -> SQL type, from the contracts of the canonical models and of the matches."""
    tables: dict[str, dict[str, str]] = {}
    for path in [
        *project.glob("models/canonical/**/*.yml"),
        *project.glob("models/reconciliation/match*.yml"),
    ]:
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            tables[model["name"]] = {
                column["name"]: column["data_type"] for column in model.get("columns", [])
            }
    return tables


class Books:
    """One warehouse file with canonical tables to fill and a ledger to read."""

    def __init__(self, home: Path, seeds: Path | None = None, project: Path = PROJECT) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.project = project
        self.seeds = seeds or project.parent / "seeds"
        self.warehouse = home / "books.duckdb"
        with duckdb.connect(str(self.warehouse)) as connection:
            for schema in ("seeds", "intermediate", "canonical", "ledger", "reconciliation"):
                connection.execute(f"create schema if not exists {schema}")
            for table, columns in contract_columns(project).items():
                if table in FROM_SEEDS or not columns:
                    continue
                schema = "reconciliation" if table in PUBLISHED_MATCHES else "canonical"
                definition = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                connection.execute(f"create table {schema}.{table} ({definition})")
            connection.execute(
                "create table intermediate.int_document_first_seen "
                "(document_type varchar, document_id varchar, first_seen_at timestamptz)"
            )
            connection.execute(f"create table intermediate.int_write_offs ({WRITE_OFFS})")

    def copy(self, home: Path, seeds: Path) -> "Books":
        """The same documents, to be posted with other rules."""
        home.mkdir(parents=True, exist_ok=True)
        other = object.__new__(Books)
        other.home, other.project, other.seeds = home, self.project, seeds
        other.warehouse = home / "books.duckdb"
        shutil.copy(self.warehouse, other.warehouse)
        return other

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows; columns that a row does not name stay empty. Amounts as text, to stay exact."""
        schema = "reconciliation" if table in PUBLISHED_MATCHES else "canonical"
        schema = "intermediate" if table in EXCLUDED else schema
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("begin")
            for row in rows:
                names = ", ".join(row)
                places = ", ".join("?" for _ in row)
                connection.execute(
                    f"insert into {schema}.{table} ({names}) values ({places})", list(row.values())
                )
            connection.execute("commit")

    def post(self, as_of: str = "2026-06-30", select: tuple[str, ...] = MODELS) -> "Books":
        """Load the seeds and build the ledger. Raises AssertionError with dbt's own words."""
        from dbt.cli.main import dbtRunner

        environment = {
            "TIEOUT_WAREHOUSE": str(self.warehouse),
            "TIEOUT_SEEDS": str(self.seeds),
            "DBT_TARGET_PATH": str(self.home / "target"),
            "DBT_LOG_PATH": str(self.home / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            common = ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
            common += ["--vars", f"{{as_of_date: '{as_of}'}}"]
            for command in (["seed"], ["run", "--select", *select, *FROM_SEEDS, "--exclude", *EXCLUDED]):
                result = dbtRunner().invoke(["--quiet", *command, *common])
                failures = [
                    f"{node.node.name}: {node.message}"
                    for node in getattr(result.result, "results", [])
                    if node.status not in ("success", "skipped")
                ]
                assert result.success, "\n".join(failures) or str(result.exception)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        return self

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def entry(self, journal_entry_id: str) -> dict[str, tuple[str, str]]:
        """The lines of an entry: component and account -> net debit in document and base currency, as text."""
        return {
            f"{component} {account}": (f"{amount:.3f}".rstrip("0").rstrip("."), f"{base:.2f}")
            for component, account, amount, base in self.rows(
                """
                select component, account_code, sum(debit_amount - credit_amount), sum(base_debit_amount - base_credit_amount)
                from ledger.journal_lines where journal_entry_id = ? group by all order by all
                """,
                journal_entry_id,
            )
        }
