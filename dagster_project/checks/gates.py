"""The gates as assets: what comes after a gate depends on it, and each of its rules is a blocking check.

Belongs here: handing a gate its paths and parameters, and telling Dagster what it found. The checks
belong to the gate and not to the tables, because a blocking check on a table would have to run between
two models of one dbt call, and Dagster would cut that call into many. A rule that could not be
evaluated fails with severity ERROR whatever its own severity: an error is not a pass.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from dagster_project.checks.parameters import published_rates_are
from dagster_project.completed import (
    GATE_OF_THE_RAW_TABLES,
    Completion,
    begin,
    complete,
    proven_inputs,
    standing,
)
from dagster_project.inputs import Inputs, inputs, raw_content
from dagster_project.names import WAREHOUSE_POOL
from dagster_project.retries import retrying
from dagster_project.run_config import CloseConfig
from dagster_project.run_identity import as_of, run_id
from dagster_project.warehouse import reading
from expectations.rules import Gate, Result, Rule
from pipelines.settings import Settings

Rules = Callable[[], Sequence[Rule]]

_DESCRIPTIONS: dict[Gate, str] = {
    "after_load": "Declared = landed + rejected, per source, stream, currency and business date. Staging waits for it.",
    "after_canonical": (
        "Landed = canonical + superseded + duplicate, and documents are the sum of their lines. "
        "Ledger and reconciliation wait for it."
    ),
    "before_publish": (
        "The contract, zero residuals, a balanced journal, one state per item, and match rates against the "
        "previous run. Publishing waits for it; when it is closed, the previous file stays."
    ),
}


def gate_key(gate: Gate) -> dg.AssetKey:
    return dg.AssetKey(["checks", gate])


def check_name(rule: Rule) -> str:
    """Short, because lists show little of it: raw tables by their schema, all others by their name."""
    if rule.schema_name == "information_schema":
        return rule.name
    about = rule.schema_name if rule.schema_name.startswith("raw_") else rule.table_name
    return f"{about}__{rule.name}"


def _spec(gate: Gate, rule: Rule) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=check_name(rule),
        asset=gate_key(gate),
        description=f"{rule.table}: {rule.description}",
        blocking=rule.severity == "critical",
        metadata={"table": rule.table, "suite": rule.suite, "severity": rule.severity},
    )


def check_result(gate: Gate, result: Result, unchanged_since: str | None = None) -> dg.AssetCheckResult:
    """One rule's result for Dagster. unchanged_since: when it is an earlier one that still stands."""
    rule = result.rule
    metadata: dict[str, Any] = {"table": rule.table, "observed": result.observed or ""}
    if unchanged_since:
        metadata["unchanged_since"] = unchanged_since
    if result.observed:
        # A number, so that the UI plots it from night to night.
        metadata["broken_rows"] = int(result.observed.split()[0])
    if result.error:
        metadata["error"] = result.error
    if result.details:
        metadata["rows_that_break_it"] = dg.MetadataValue.text(result.details)
    if not result.success:
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{rule.query.strip()}\n```")
    is_error = result.stops or rule.severity == "critical"
    return dg.AssetCheckResult(
        asset_key=gate_key(gate),
        check_name=check_name(rule),
        passed=result.success,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=rule.description,
        metadata=metadata,
    )


def _kept(result: Result) -> dict[str, Any]:
    return {**vars(result), "rule": vars(result.rule)}


def _result(kept: Mapping[str, Any]) -> Result:
    return Result(**{**kept, "rule": Rule(**kept["rule"])})


def _inputs(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of_date: date, step: str) -> Inputs:
    if step == GATE_OF_THE_RAW_TABLES:
        return inputs(connection, settings, as_of_date, raw_content(connection))
    return proven_inputs(connection, settings, as_of_date)


def _compares_with_itself(gate: Gate, connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """The last gate looks at the previous night too: when that was another one, it has to look again."""
    return gate != "before_publish" or published_rates_are(connection, settings)


def _again(gate: Gate, mark: Completion, selected: Iterable[dg.AssetCheckKey]) -> Iterator[Any]:
    """What the gate found for these inputs when it was evaluated, told once more."""
    selected = set(selected)
    for kept in mark.detail["results"]:
        found = check_result(gate, _result(kept), mark.completed_at)
        if dg.AssetCheckKey(gate_key(gate), found.check_name) in selected:
            yield found
    yield dg.MaterializeResult(
        asset_key=gate_key(gate), metadata={**mark.detail["told"], "unchanged_since": mark.completed_at}
    )


def gate_asset(
    gate: Gate,
    rules: Rules,
    upstream: Iterable[dg.AssetKey],
    settings: Settings,
    *,
    with_data_docs: bool,
    before: Callable[[date], None] | None = None,
) -> dg.AssetsDefinition:
    """The asset `checks/<gate>`, after `upstream`. Its step fails when a result stops the run.

    before: what to do with the as-of date first, with no connection open.
    """

    @dg.asset(
        key=gate_key(gate),
        deps=sorted(upstream),
        group_name=f"gate_{gate}",
        owners=["team:data-platform"],
        kinds={"greatexpectations", "duckdb"},
        description=_DESCRIPTIONS[gate],
        check_specs=[_spec(gate, rule) for rule in rules()],
        pool=WAREHOUSE_POOL,
    )
    def step(context: dg.AssetExecutionContext, close: CloseConfig) -> Iterator[Any]:
        from expectations.runner import build_data_docs, data_docs, run_gate

        name = "__".join(gate_key(gate).path)
        with retrying(context):
            with reading(settings.warehouse) as connection:
                as_of_date = as_of(connection, close.as_of_date)
                identity = run_id(connection, settings, as_of_date)
                now = _inputs(connection, settings, as_of_date, name)
                mark = (
                    standing(connection, name, now)
                    if _compares_with_itself(gate, connection, settings)
                    else None
                )
            if mark is not None and not close.full_refresh and data_docs(settings.reports).is_file():
                yield from _again(gate, mark, context.selected_asset_check_keys)
                return
            begin(settings.warehouse, name)
            if before is not None:
                before(as_of_date)
            results = run_gate(
                gate,
                rules(),
                warehouse=settings.warehouse,
                reports=settings.reports,
                run_id=identity,
                as_of_date=as_of_date,
            )
            stopping = [result for result in results if result.stops]
            if with_data_docs or stopping:
                build_data_docs(settings.reports)
        for result in results:
            yield check_result(gate, result)
        if stopping:
            raise dg.Failure(
                description=explain(gate, stopping),
                metadata={"findings": dg.MetadataValue.text(_findings(gate, stopping))},
                allow_retries=False,
            )
        told = {
            "run_id": identity,
            "as_of_date": str(as_of_date),
            "rules": len(results),
            "passed": sum(result.success for result in results),
            "warnings": sum(not result.success for result in results),
        }
        yield dg.MaterializeResult(asset_key=gate_key(gate), metadata=told)
        detail = {"told": told, "results": [_kept(found) for found in results]}
        complete(settings.warehouse, name, now, detail)

    return step


def _findings(gate: Gate, stopping: Sequence[Result]) -> str:
    """What stopped the run, as JSON for the alerts: amounts stay the texts that they are."""
    return json.dumps(
        [
            {
                "gate": gate,
                "rule": result.rule.name,
                "table": result.rule.table,
                "observed": result.observed,
                "rows": json.loads(result.details or "[]"),
            }
            for result in stopping
        ]
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]


def explain(gate: Gate, stopping: Sequence[Result]) -> str:
    """What stopped the run, for the terminal and the alert."""
    lines = [f"The gate '{gate}' is closed: nothing was published, the previous file stays as it is."]
    for result in stopping[:10]:
        rule = result.rule
        found = (
            f"could not be evaluated: {_first_line(result.error)}"
            if result.error
            else f"found {result.observed}"
        )
        lines.append(f"  {rule.table}, {rule.name}: {found}. Expected: {rule.description}")
        if result.details and result.details != "[]":
            lines.append(f"    {result.details[:500]}")
    if len(stopping) > 10:
        lines.append(f"  and {len(stopping) - 10} more, all in checks.expectation_results")
    return "\n".join(lines)
