"""One step per gate; each rule is a blocking check on the table that it is about.

Belongs here: handing a gate its paths and parameters, and telling Dagster what it found. A rule that
could not be evaluated is reported as a failure of severity ERROR, whatever its own severity: an
error inside Great Expectations is not a pass.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from dagster_project.names import WAREHOUSE_POOL
from dagster_project.retries import retrying
from dagster_project.run_config import CloseConfig
from dagster_project.run_identity import as_of, run_id
from dagster_project.warehouse import reading
from expectations.rules import Gate, Result, Rule
from pipelines.settings import Settings

Rules = Callable[[], Sequence[Rule]]


def check_name(rule: Rule) -> str:
    return f"{rule.suite}__{rule.name}"


def _specs(rules: Iterable[Rule]) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            name=check_name(rule),
            asset=dg.AssetKey(rule.table.split(".")),
            description=rule.description,
            blocking=rule.severity == "critical",
            metadata={"severity": rule.severity, "suite": rule.suite},
        )
        for rule in rules
    ]


def check_result(result: Result) -> dg.AssetCheckResult:
    """One rule's result for Dagster."""
    rule = result.rule
    metadata: dict[str, Any] = {"observed": result.observed or ""}
    if result.error:
        metadata["error"] = result.error
    if result.details:
        metadata["rows_that_break_it"] = dg.MetadataValue.text(result.details)
    if rule.query:
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{rule.query.strip()}\n```")
    stops = result.stops or rule.severity == "critical"
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(rule.table.split(".")),
        check_name=check_name(rule),
        passed=result.success,
        severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
        description=rule.description,
        metadata=metadata,
    )


def gate_step(
    gate: Gate, rules: Rules, settings: Settings, *, with_data_docs: bool
) -> dg.AssetChecksDefinition:
    """The step `gate_<gate>`. It fails when a critical rule is broken or any could not be evaluated."""

    @dg.multi_asset_check(name=f"gate_{gate}", specs=_specs(rules()), pool=WAREHOUSE_POOL)
    def step(context: dg.AssetCheckExecutionContext, close: CloseConfig) -> Iterator[Any]:
        from expectations.runner import build_data_docs, run_gate

        with retrying(context):
            with reading(settings.warehouse) as connection:
                as_of_date = as_of(connection, close.as_of_date)
                identity = run_id(connection, settings, as_of_date)
            results = run_gate(
                gate,
                rules(),
                warehouse=settings.warehouse,
                reports=settings.reports,
                run_id=identity,
                as_of_date=as_of_date,
            )
            if with_data_docs or any(result.stops for result in results):
                build_data_docs(settings.reports)
        for result in results:
            yield check_result(result)
        stopping = [result for result in results if result.stops]
        if stopping:
            raise dg.Failure(description=explain(gate, stopping), allow_retries=False)

    return step


def explain(gate: Gate, stopping: Sequence[Result]) -> str:
    """What stopped the run, for the terminal and the alert."""
    lines = [f"The gate '{gate}' is closed: nothing was published, the previous file stays as it is."]
    for result in stopping[:10]:
        rule = result.rule
        found = f"could not be evaluated: {result.error}" if result.error else f"found {result.observed}"
        lines.append(f"  {rule.table}, {check_name(rule)}: {rule.description} {found}")
        if result.details:
            lines.append(f"    {result.details[:500]}")
    if len(stopping) > 10:
        lines.append(f"  and {len(stopping) - 10} more, all in checks.expectation_results")
    return "\n".join(lines)
