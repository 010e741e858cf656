"""The published file and the close report as assets: what everything else is for."""

import time
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import dagster as dg
import duckdb

from dagster_project.checks.gates import gate_key
from dagster_project.figures import close_figures
from dagster_project.freshness.policies import table_policy
from dagster_project.names import WAREHOUSE_POOL
from dagster_project.operations import Operations
from dagster_project.retries import retrying
from dagster_project.run_config import CloseConfig
from dagster_project.run_identity import as_of, run_id
from dagster_project.warehouse import reading
from expectations.rules import Gate
from pipelines.settings import Settings

PUBLISHED = dg.AssetKey(["published", "tieout"])
REPORT = dg.AssetKey(["reports", "close"])

_CHANGED = (
    "Nothing was published: the inputs changed while the run was under way (a seed, a model, the source "
    "configuration or the landed files). These gates were passed with other inputs: {gates}. Run again."
)


def gates_without_results(connection: duckdb.DuckDBPyConnection, identity: str) -> list[str]:
    """Gates that have not been evaluated for exactly these inputs."""
    passed = connection.execute(
        "select distinct gate from checks.expectation_results where run_id = ?", [identity]
    ).fetchall()
    return sorted(set(get_args(Gate)) - {gate for (gate,) in passed})


def publishing(
    tables: Iterable[dg.AssetKey], settings: Settings, operations: Operations
) -> list[dg.AssetsDefinition]:
    """The assets `published/tieout`, which depends on `tables`, and `reports/close`."""

    @dg.asset(
        key=PUBLISHED,
        deps=[gate_key("before_publish"), *sorted(tables)],
        group_name="published",
        owners=["team:data-platform"],
        kinds={"duckdb", "file"},
        pool=WAREHOUSE_POOL,
        freshness_policy=table_policy("published.tieout", operations),
        description=(
            "The one file that analysts, notebooks and BI read: canonical, ledger, reconciliation and "
            "check results, swapped in whole after every gate has passed."
        ),
    )
    def published(context: dg.AssetExecutionContext, close: CloseConfig) -> Iterator[Any]:
        from dagster_project.publish.publishing import publish

        started = time.perf_counter()
        with retrying(context):
            with reading(settings.warehouse) as connection:
                identity = run_id(connection, settings, as_of(connection, close.as_of_date))
                closed = gates_without_results(connection, identity)
            if closed:
                raise dg.Failure(description=_CHANGED.format(gates=", ".join(closed)), allow_retries=False)
            done = publish(settings.warehouse, settings.published, identity)
        with reading(settings.published) as connection:
            numbers = close_figures(connection)
        yield dg.MaterializeResult(
            metadata={
                **numbers,
                "seconds": round(time.perf_counter() - started, 2),
                "run_id": identity,
                "is_changed": done.is_changed,
                "version": done.version,
                "path": dg.MetadataValue.path(done.path),
                "tables": len(done.tables),
                "dagster/row_count": done.rows,
                "bytes": done.size_bytes,
            }
        )

    @dg.asset(
        key=REPORT,
        deps=[PUBLISHED],
        group_name="published",
        owners=["team:finance-operations"],
        kinds={"html"},
        freshness_policy=table_policy("reports.close", operations),
        description="Can the books close? One self-contained page per run, made from the published file.",
    )
    def report(context: dg.AssetExecutionContext, close: CloseConfig) -> Iterator[Any]:
        from dagster_project.publish import standing_report

        page = settings.reports / "close.html"
        with retrying(context):
            is_made = close.full_refresh or not standing_report.stands(settings.published, page)
            if is_made:
                # Late: it draws with matplotlib, whose import takes as long as the plots.
                from dagster_project.report import build_close_report

                build_close_report(settings.published, page)
                standing_report.note(settings.published, page)
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(page),
                "bytes": page.stat().st_size,
                "is_made_anew": is_made,
            }
        )

    return [published, report]
