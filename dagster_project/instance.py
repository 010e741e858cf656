"""The Dagster instance of one installation: its configuration file and its environment.

Belongs here: what is written to `TIEOUT_HOME/dagster/dagster.yaml`, and the environment variables that
Dagster, dbt and their child processes read.
"""

import json
import os
from pathlib import Path

from dagster_project.interpreter import tune
from dagster_project.operations import read_operations
from pipelines.limits import VARIABLES
from pipelines.redaction import redact_logs
from pipelines.settings import REPOSITORY, Settings

# One run at a time and one step at a time in the pool `warehouse`: a DuckDB file has one writer. A
# second run waits in the queue instead of failing on the lock.
INSTANCE = """\
# Written by `tieout`; edits are overwritten. See dagster_project/instance.py.
telemetry:
  enabled: false
event_log_storage:
  module: dagster_project.event_storage
  class: OpenSqliteEventLogStorage
  config:
    base_dir: {event_logs}
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    default_limit: 1
    granularity: op
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 60
freshness:
  enabled: true
retention:
  schedule:
    purge_after_days: {tick_days}
  sensor:
    purge_after_days:
      skipped: 3
      failure: {tick_days}
      success: {tick_days}
code_servers:
  local_startup_timeout: 300
"""


def write_instance(settings: Settings) -> Path:
    """Write dagster.yaml when it differs, and return its folder (DAGSTER_HOME)."""
    settings.dagster.mkdir(parents=True, exist_ok=True)
    target = settings.dagster / "dagster.yaml"
    # A JSON string is a YAML string, whatever the path holds.
    content = INSTANCE.format(
        event_logs=json.dumps(str(settings.dagster / "history" / "runs")),
        tick_days=read_operations(settings).retention.tick_days,
    )
    if not target.is_file() or target.read_text(encoding="utf-8") != content:
        target.write_text(content, encoding="utf-8")
    return settings.dagster


def _limits(settings: Settings) -> dict[str, str]:
    """The limits of operations.yml as environment variables; what is set there already comes first."""
    wanted = read_operations(settings).limits
    found = {
        VARIABLES["memory_limit"]: wanted.memory,
        VARIABLES["max_temp_directory_size"]: wanted.temporary_disk,
        VARIABLES["threads"]: wanted.threads,
    }
    return {name: str(value) for name, value in found.items() if value and name not in os.environ}


def prepare_environment(settings: Settings) -> None:
    """Point Dagster and dbt, in this process and its children, at this installation."""
    for folder in (settings.warehouse, settings.published):
        folder.parent.mkdir(parents=True, exist_ok=True)
    for folder in (settings.landing, settings.reports, settings.dbt_target, settings.home / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "TIEOUT_HOME": str(settings.home),
            "TIEOUT_SEEDS": str(settings.seeds),
            "TIEOUT_SOURCES": str(settings.sources_file),
            "TIEOUT_WAREHOUSE": str(settings.warehouse),
            "DAGSTER_HOME": str(settings.dagster),
            "DBT_PROJECT_DIR": str(REPOSITORY / "dbt"),
            "DBT_PROFILES_DIR": str(REPOSITORY / "dbt"),
            "DBT_TARGET_PATH": str(settings.dbt_target),
            "DBT_LOG_PATH": str(settings.home / "logs" / "dbt"),
        }
    )
    os.environ.update(_limits(settings))
    redact_logs()
    tune()
    write_instance(settings)
