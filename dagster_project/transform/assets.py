"""The dbt project as two steps with a gate between them.

Belongs here: which models belong to which step, and turning dbt's results into materialisations and
asset checks. `prepare` makes the seeds, staging and canonical tables; `reconcile` makes everything
that is built on them, and starts only when the gate after canonical has passed.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.asset_utils import (
    get_asset_check_key_for_test,
    get_subset_selection_for_context,
)

from dagster_project.checks.gates import gate_key
from dagster_project.completed import GATE_OF_THE_RAW_TABLES, completion, proven_inputs
from dagster_project.figures import figures
from dagster_project.names import WAREHOUSE_POOL
from dagster_project.operations import Operations
from dagster_project.retries import retrying
from dagster_project.run_config import CloseConfig
from dagster_project.run_identity import as_of
from dagster_project.transform import lineage
from dagster_project.transform.built import (
    EVERYTHING,
    built_by,
    depths_of,
    fingerprints,
    forget,
    plan,
    remember,
)
from dagster_project.transform.invocation import NodeResult, build_arguments, run_dbt
from dagster_project.transform.translator import TieoutTranslator
from dagster_project.warehouse import reading, row_counts
from pipelines.settings import Settings

# By name and not by path: dbt resolves paths against the working directory, which Dagster does not set.
PREPARE = "resource_type:seed fqn:tieout.staging.* +fqn:tieout.canonical.*"

# A test that spans both steps belongs to the later one, which has all tables that it compares. For what a
# step excludes dbt takes the same word: with "eager" the later step would leave such a test out, too.
_INDIRECT_SELECTION = {"prepare": "buildable", "reconcile": "cautious"}


def _relation(node: Mapping[str, Any]) -> tuple[str, str]:
    return node["schema"], node.get("alias") or node["name"]


def _events(
    context: dg.AssetExecutionContext,
    settings: Settings,
    manifest: Mapping[str, Any],
    translator: TieoutTranslator,
    results: Iterable[NodeResult],
    reported: list[NodeResult],
    unchanged_since: Mapping[str, str],
) -> Iterator[Any]:
    """Checks as they come; tables at the end, with their row counts read in one query. `reported` collects
    the results. unchanged_since: unique_id to the time of a result of an earlier run that still stands."""
    built: list[NodeResult] = []
    for result in results:
        node = manifest["nodes"].get(result.unique_id)
        if node is None:
            continue
        reported.append(result)
        if node["resource_type"] in ("model", "seed") and result.status == "success":
            built.append(result)
            context.log.debug(f"{result.unique_id}: {result.message} in {result.seconds:.2f} s")
        elif node["resource_type"] == "test" and result.status != "skipped":
            key = get_asset_check_key_for_test(manifest, translator, result.unique_id, None)
            if key is None or key not in context.selected_asset_check_keys:
                continue
            is_warning = node["config"]["severity"].lower() == "warn" or result.status == "warn"
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=result.status == "pass",
                severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
                metadata={
                    "seconds": round(result.seconds, 3),
                    "failed_rows": result.failures or 0,
                    **_note(unchanged_since, result),
                    **({"message": result.message} if result.status != "pass" else {}),
                },
            )
    with reading(settings.warehouse) as connection:
        relations = [_relation(manifest["nodes"][result.unique_id]) for result in built]
        counts = row_counts(connection, relations)
        numbers = figures(connection, relations)
    columns = lineage.kept(manifest, settings)
    depths = depths_of(manifest)
    # Dagster takes a table only after those that it is made from, and what stands was not made in order.
    for result in sorted(built, key=lambda result: depths[result.unique_id]):
        node = manifest["nodes"][result.unique_id]
        if node["config"].get("materialized") == "ephemeral":
            continue
        yield dg.MaterializeResult(
            asset_key=translator.get_asset_key(node),
            metadata={
                "dagster/row_count": counts[_relation(node)],
                "seconds": round(result.seconds, 3),
                **numbers.get(_relation(node), {}),
                **lineage.as_metadata(columns.get(".".join(_relation(node)), {})),
                **_note(unchanged_since, result),
            },
        )


def _note(unchanged_since: Mapping[str, str], result: NodeResult) -> dict[str, str]:
    since = unchanged_since.get(result.unique_id)
    return {"unchanged_since": since} if since else {}


def _nothing() -> Iterator[NodeResult]:
    yield from ()


def _failure(broken: list[NodeResult]) -> dg.Failure:
    named = "\n".join(f"  {result.unique_id}: {result.message}" for result in broken[:20])
    return dg.Failure(
        description=f"{len(broken)} dbt nodes failed; what depends on them was not built:\n{named}",
        allow_retries=False,
    )


def _dbt_step(
    name: str,
    manifest: Mapping[str, Any],
    settings: Settings,
    translator: TieoutTranslator,
    select: str,
    exclude: str | None = None,
) -> dg.AssetsDefinition:

    @dbt_assets(
        name=name,
        manifest=manifest,
        select=select,
        exclude=exclude,
        dagster_dbt_translator=translator,
        pool=WAREHOUSE_POOL,
    )
    def step(context: dg.AssetExecutionContext, close: CloseConfig) -> Iterator[Any]:
        reported: list[NodeResult] = []
        with retrying(context):
            with reading(settings.warehouse) as connection:
                as_of_date = as_of(connection, close.as_of_date)
                now = proven_inputs(connection, settings, as_of_date)
                current = fingerprints(manifest, now, settings)
                # By keys only from raw rows that a gate has read: what it saw is compared with what was there.
                is_proven = completion(connection, GATE_OF_THE_RAW_TABLES) is not None
                program = built_by(manifest, now) if is_proven else ""
                # Whoever asks for single tables, or for all of them anew, wants work and not a reason.
                is_asked = close.full_refresh or context.is_subset
                todo = EVERYTHING if is_asked else plan(connection, name, manifest, current)
            standing = [result for result, _ in todo.standing.values()]
            since = {unique_id: at for unique_id, (_, at) in todo.standing.items()}
            if todo.stale is None:
                selection, indirect = get_subset_selection_for_context(
                    context, manifest, select, exclude, None, translator, None
                )
                indirect = indirect or _INDIRECT_SELECTION[name]
            else:
                names = sorted(manifest["nodes"][unique_id]["name"] for unique_id in todo.stale)
                selection, indirect = ["--select", " ".join(names)], "empty"
                context.log.info(f"{len(names)} nodes to build or test; {len(standing)} stand as they are.")
            arguments = [
                *build_arguments(selection, as_of_date, built_by=program, full_refresh=is_asked),
                "--indirect-selection",
                indirect,
            ]
            forget(settings.warehouse, name, keep=since)
            is_nothing = todo.stale is not None and not todo.stale
            # Closed also when an event cannot be yielded: dbt would keep the file open behind it.
            with closing(_nothing() if is_nothing else run_dbt(settings, arguments)) as running:
                results = chain(running, standing)
                yield from _events(context, settings, manifest, translator, results, reported, since)
            built = [result for result in reported if result.unique_id not in since]
            remember(
                settings.warehouse, name, built, current, datetime.now(UTC).isoformat(timespec="seconds")
            )
        if broken := [result for result in reported if result.is_broken]:
            raise _failure(broken)

    return step


def transformations(
    manifest: Mapping[str, Any], settings: Settings, operations: Operations
) -> list[dg.AssetsDefinition]:
    """The steps `prepare`, after the gate after load, and `reconcile`, after the gate after canonical."""
    loaded = TieoutTranslator(gate_key("after_load"), lambda key: key.path[0].startswith("raw_"), operations)
    prepare = _dbt_step("prepare", manifest, settings, loaded, PREPARE)
    prepared = TieoutTranslator(gate_key("after_canonical"), prepare.keys.__contains__, operations)
    return [prepare, _dbt_step("reconcile", manifest, settings, prepared, "fqn:*", PREPARE)]
