"""The code location: everything that Dagster knows of Tieout, built by one injectable function."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project.alerts.sensors import alert_sensors
from dagster_project.certificate.assets import certifying
from dagster_project.checks.gates import gate_asset
from dagster_project.checks.parameters import gates
from dagster_project.extraction.assets import extractions
from dagster_project.extraction.sources import source_specs
from dagster_project.freshness.noting import noting_sources
from dagster_project.instance import prepare_environment
from dagster_project.names import JOB, PUBLISHED_SCHEMAS
from dagster_project.operations import read_operations
from dagster_project.publish.assets import publishing
from dagster_project.run_config import CloseConfig
from dagster_project.schedules.days import closing_days
from dagster_project.schedules.landing import landing_sensor
from dagster_project.schedules.lineage import lineage_sensor
from dagster_project.schedules.nightly import nightly_schedules
from dagster_project.schedules.upstream import upstream_sensor
from dagster_project.transform.assets import transformations
from dagster_project.transform.manifest import manifest as read_manifest
from expectations.rules import Gate
from pipelines.company import check_company
from pipelines.config import Configuration, read_configuration
from pipelines.settings import Settings
from pipelines.settings import settings as read_settings


def build_defs(
    settings: Settings | None = None,
    configuration: Configuration | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """All definitions of one installation; tests hand in their own folders, sources and resources."""
    settings = settings or read_settings()
    prepare_environment(settings)
    configuration = configuration or read_configuration(settings.sources_file)
    check_company(configuration, settings.sources_file, settings.seeds)
    operations = read_operations(settings)

    raw = extractions(configuration, settings)
    dbt = transformations(read_manifest(settings), settings, operations)
    tables = {key for step in dbt for key in step.keys if key.path[0] in PUBLISHED_SCHEMAS}
    upstream: dict[Gate, set[dg.AssetKey]] = {
        "after_load": {key for step in raw for key in step.keys},
        "after_canonical": {key for key in tables if key.path[0] == "canonical"},
        "before_publish": {key for key in tables if key.path[0] != "canonical"},
    }
    checks = [
        gate_asset(
            gate,
            rules,
            upstream[gate],
            settings,
            with_data_docs=gate == "before_publish",
            before=noting_sources(configuration, settings) if gate == "after_load" else None,
        )
        for gate, rules in gates(configuration, settings).items()
    ]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        description="From the landing folder to the published file, with a gate after each stage.",
        executor_def=dg.multi_or_in_process_executor,
        config=closing_days(settings),
    )
    return dg.Definitions(
        assets=[
            *source_specs(configuration),
            *raw,
            *dbt,
            *checks,
            *publishing(tables, settings, operations),
            *certifying(configuration, settings, operations),
        ],
        jobs=[job],
        schedules=nightly_schedules(settings, operations),
        sensors=[
            landing_sensor(configuration, settings),
            upstream_sensor(settings, sorted(upstream["after_load"])),
            lineage_sensor(settings),
            *alert_sensors(job, settings),
        ],
        resources={"close": CloseConfig(), **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


def __getattr__(name: str) -> dg.Definitions:
    """`defs` for the workspace, built when asked for: importing this module reads no file."""
    if name == "defs":
        globals()["defs"] = build_defs()
        return globals()["defs"]
    raise AttributeError(name)
