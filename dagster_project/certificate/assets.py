"""The certificate and the configuration log as assets of the nightly job."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dagster_project.freshness.policies import table_policy
from dagster_project.names import WAREHOUSE_POOL
from dagster_project.operations import Operations
from dagster_project.publish.assets import PUBLISHED, REPORT
from dagster_project.retries import retrying
from dagster_project.run_config import CloseConfig
from dagster_project.run_identity import as_of, run_id
from dagster_project.warehouse import reading
from pipelines.config import Configuration
from pipelines.settings import Settings

CERTIFICATE = dg.AssetKey(["reports", "certificate"])
CONFIGURATION = dg.AssetKey(["configuration", "changes"])


def certifying(
    configuration: Configuration, settings: Settings, operations: Operations
) -> list[dg.AssetsDefinition]:
    """The assets `configuration/changes`, which waits for nothing, and `reports/certificate`, the last."""

    @dg.asset(
        key=CONFIGURATION,
        group_name="published",
        owners=["team:finance-systems"],
        kinds={"file"},
        description=(
            "The hash-chained log of changes of seeds, sources.yml and operations.yml: who, when, which rows. "
            "Written first, so that a change is logged also when its run publishes nothing."
        ),
    )
    def changes(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from dagster_project import configuration_log

        with retrying(context):
            logged = configuration_log.record(settings, noticed_by=f"run {context.run_id}")
        return dg.MaterializeResult(
            metadata={
                "changes": len(logged),
                "files": [entry["file"] for entry in logged],
                "path": dg.MetadataValue.path(configuration_log.log_path(settings)),
            }
        )

    @dg.asset(
        key=CERTIFICATE,
        deps=[PUBLISHED, REPORT, CONFIGURATION],
        group_name="published",
        owners=["team:finance-operations"],
        kinds={"json", "html"},
        freshness_policy=table_policy("reports.certificate", operations),
        pool=WAREHOUSE_POOL,
        description=(
            "The tie-out certificate: inputs, rules, control totals per stage, checks and content hashes of "
            "this run, chained to the one before. `tieout verify` proves it from the files."
        ),
    )
    def certificate(context: dg.AssetExecutionContext, close: CloseConfig) -> Iterator[Any]:
        from dagster_project.certificate import store
        from dagster_project.certificate.issue import issue, last_published
        from dagster_project.publish.housekeeping import tidy_up
        from dagster_project.publish.versions import version_id, versions

        with retrying(context):
            with reading(settings.warehouse) as connection:
                identity = run_id(connection, settings, as_of(connection, close.as_of_date))
            version = version_id(settings.published)
            entry = issue(
                settings,
                configuration,
                run_id=identity,
                version=version,
                is_changed=version != last_published(settings),
                run={
                    "dagster_run_id": context.run_id,
                    "started_by": context.run.tags.get("tieout/started_by", "unknown"),
                },
            )
            issued = store.load(entry.path)
        try:
            gone = tidy_up(settings, context.instance)
        except Exception as error:
            # The night is good and certified; what could not be taken away is tried again tomorrow.
            context.log.warning(f"retention: not everything could be taken away: {error}")
            gone = {}
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(entry.page),
                "certificate": entry.sequence,
                "hash": issued["hash"],
                "content_sha256": issued["published"]["content_sha256"],
                "input_files": issued["inputs"]["files"],
                "new_files": len(issued["inputs"]["new_files"]),
                "residual_records": issued["residuals"]["records"],
                "kept_versions": len(versions(settings.published)),
                **{f"dropped_{name}": count for name, count in gone.items()},
            }
        )

    return [changes, certificate]
