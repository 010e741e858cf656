"""Runs one gate with Great Expectations and keeps what it found.

Belongs here: turning rules into suites, results into rows of `checks.expectation_results`, and the
Data Docs. Importing Great Expectations takes five seconds on two cores, so it happens inside
`run_gate` and never when this module is imported.
"""

import json
import logging
import shutil
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from expectations.connection import warehouse_url
from expectations.data_docs import keep_lines, make_self_contained
from expectations.rules import Gate, Result, Rule

SHOWN_ROWS = 20

_RESULTS = """
create table if not exists checks.expectation_results (
    run_id varchar not null,
    gate varchar not null,
    suite varchar not null,
    expectation varchar not null,
    table_name varchar not null,
    severity varchar not null,
    success boolean not null,
    error varchar,
    observed varchar,
    details varchar,
    description varchar not null,
    as_of_date date not null
)
"""


def _store(class_name: str, folder: Path) -> dict[str, Any]:
    return {
        "class_name": class_name,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def data_docs(reports: Path) -> Path:
    """Where the Data Docs of the last run are."""
    return reports / "data_docs" / "index.html"


def _context(reports: Path) -> Any:
    """A context in memory that keeps suites and results of the gates as files, so that the Data Docs
    hold all gates of a run although each gate may run in a process of its own."""
    import great_expectations
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    kept = reports / "checks"
    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    defaults.stores["expectations_store"] = _store("ExpectationsStore", kept / "suites")
    defaults.stores["validation_results_store"] = _store("ValidationResultsStore", kept / "results")
    defaults.data_docs_sites = {
        "tieout": {
            "class_name": "SiteBuilder",
            "site_name": "Tieout checks",
            "show_how_to_buttons": False,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(data_docs(reports).parent),
            },
        }
    }
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = great_expectations.get_context(
        project_config=DataContextConfig(store_backend_defaults=defaults, analytics_enabled=False),
        mode="ephemeral",
    )
    context.variables.progress_bars = {"globally": False}
    return context


def _expectation(rule: Rule) -> Any:
    from great_expectations.expectations import UnexpectedRowsExpectation

    return UnexpectedRowsExpectation(
        unexpected_rows_query=rule.query.strip(),
        description=rule.description,
        severity=rule.severity,
        meta={"rule": rule.name},
    )


def _error(exception_info: Mapping[str, Any]) -> str | None:
    """The message of an exception inside Great Expectations, which reports it as a mere failure."""
    entries = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    messages = [str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")]
    return "; ".join(dict.fromkeys(messages)) or None


def _plain(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows for JSON; an amount stays the text that it is, never a float."""
    return [
        {
            name: value if value is None or isinstance(value, bool | int | str) else str(value)
            for name, value in dict(row).items()
        }
        for row in rows
    ]


def _result(rule: Rule, found: Any) -> Result:
    error = _error(found.exception_info)
    if error is not None:
        return Result(rule, False, error, None, None)
    outcome = found.result or {}
    details = None
    if not found.success:
        rows = outcome.get("details", {}).get("unexpected_rows") or []
        details = json.dumps(_plain(rows[:SHOWN_ROWS]), default=str, sort_keys=True)
    return Result(rule, bool(found.success), None, f"{outcome.get('observed_value') or 0} rows", details)


def _validate(context: Any, source: Any, gate: Gate, run_id: str, rules: Sequence[Rule]) -> list[Result]:
    """Validate the rules of one suite on one table, in one batch."""
    import great_expectations
    from great_expectations.core.run_identifier import RunIdentifier

    suite_name, table = rules[0].suite, rules[0].table
    name = f"{gate}.{suite_name}.{table}"
    try:
        with warnings.catch_warnings():
            # Deprecated in favour of one schema per connection; a DuckDB file has all of them.
            warnings.simplefilter("ignore", DeprecationWarning)
            asset = source.add_table_asset(
                name, table_name=rules[0].table_name, schema_name=rules[0].schema_name
            )
        batch = asset.add_batch_definition_whole_table("whole table")
        suite = great_expectations.ExpectationSuite(name, expectations=[_expectation(rule) for rule in rules])
        validation = great_expectations.ValidationDefinition(
            name=name, data=batch, suite=context.suites.add_or_update(suite)
        )
        found = context.validation_definitions.add_or_update(validation).run(
            result_format="COMPLETE",
            run_id=RunIdentifier(run_name=run_id),
        )
    except Exception as exception:
        # A missing table or a broken suite is an error of every rule in it, never a pass.
        message = f"{type(exception).__name__}: {exception}"
        return [Result(rule, False, message, None, None) for rule in rules]
    by_name = {entry.expectation_config.meta["rule"]: entry for entry in found.results}
    return [
        _result(rule, by_name[rule.name])
        if rule.name in by_name
        else Result(rule, False, "Great Expectations returned no result for this rule", None, None)
        for rule in rules
    ]


def evaluate(gate: Gate, rules: Sequence[Rule], warehouse: Path, reports: Path, run_id: str) -> list[Result]:
    """Evaluate the rules on the DuckDB file `warehouse`; results in the order of the rules."""
    kept = reports / "checks"
    for folder in (kept / "suites" / gate, kept / "results" / gate):
        # The Data Docs show the last run only: results of each night would slow every next night.
        shutil.rmtree(folder, ignore_errors=True)
    context = _context(reports)
    source = context.data_sources.add_sql(
        "warehouse", connection_string=warehouse_url(warehouse), create_temp_table=False
    )
    together: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        together[rule.suite, rule.table].append(rule)
    try:
        results = [
            result
            for group in together.values()
            for result in _validate(context, source, gate, run_id, group)
        ]
    finally:
        # Both the data source and its execution engine keep a pool; either would lock the file.
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()
    order = {(rule.suite, rule.table, rule.name): place for place, rule in enumerate(rules)}
    results.sort(key=lambda result: order[result.rule.suite, result.rule.table, result.rule.name])
    keep_lines(kept / "index", gate, results)
    return results


def store(gate: Gate, results: Sequence[Result], warehouse: Path, run_id: str, as_of_date: date) -> None:
    """Keep the results as rows; a rule that is evaluated again under the same run id replaces its row."""
    connection = duckdb.connect(str(warehouse))
    try:
        connection.execute("create schema if not exists checks")
        connection.execute(_RESULTS)
        connection.execute("begin")
        connection.executemany(
            "delete from checks.expectation_results "
            "where run_id = ? and gate = ? and suite = ? and expectation = ? and table_name = ?",
            [[run_id, gate, result.rule.suite, result.rule.name, result.rule.table] for result in results],
        )
        connection.executemany(
            f"insert into checks.expectation_results values ({', '.join('?' * 12)})",
            [
                [
                    run_id,
                    gate,
                    result.rule.suite,
                    result.rule.name,
                    result.rule.table,
                    result.rule.severity,
                    result.success,
                    result.error,
                    result.observed,
                    result.details,
                    result.rule.description,
                    as_of_date,
                ]
                for result in results
            ],
        )
        connection.execute("commit")
    finally:
        connection.close()


def run_gate(
    gate: Gate, rules: Sequence[Rule], *, warehouse: Path, reports: Path, run_id: str, as_of_date: date
) -> list[Result]:
    """Evaluate a gate and keep its results. The caller decides what a result stops (`Result.stops`)."""
    results = evaluate(gate, rules, warehouse, reports, run_id)
    store(gate, results, warehouse, run_id, as_of_date)
    return results


def build_data_docs(reports: Path) -> Path:
    """Write the pages of the last results of every gate; under a second for eighty rules."""
    pages = data_docs(reports).parent
    shutil.rmtree(pages, ignore_errors=True)
    _context(reports).build_data_docs()
    make_self_contained(pages, reports / "checks" / "index")
    return data_docs(reports)
