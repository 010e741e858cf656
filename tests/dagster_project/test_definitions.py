"""The asset graph: one line from delivered file to report, with gates that nothing gets around."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.definitions import build_defs
from dagster_project.names import JOB
from expectations.contract import contract_tables
from pipelines.config import read_configuration
from pipelines.kinds import KINDS, kind_spec
from pipelines.settings import REPOSITORY, Settings


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        home=tmp_path_factory.mktemp("home"),
        sources_file=REPOSITORY / "pipelines" / "sources.yml",
        seeds=REPOSITORY / "seeds",
    )


@pytest.fixture(scope="module")
def defs(place: Settings) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        # The definitions point the process at their installation; later tests must not inherit that.
        for name in ("TIEOUT_HOME", "TIEOUT_SOURCES", "TIEOUT_SEEDS", "TIEOUT_WAREHOUSE", "DAGSTER_HOME"):
            patch.setenv(name, "")
        for name in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
            patch.setenv(name, "")
        yield build_defs(place)


@pytest.fixture(scope="module")
def graph(defs: dg.Definitions):
    return defs.resolve_asset_graph()


def test_every_raw_table_of_every_kind_is_an_asset(graph) -> None:
    expected = {dg.AssetKey([f"raw_{kind}", table]) for kind in KINDS for table in kind_spec(kind).all_tables}
    assert expected <= set(graph.materializable_asset_keys)


def test_every_source_is_in_the_graph_with_its_own_freshness(graph, place: Settings) -> None:
    configuration = read_configuration(place.sources_file)
    for instance in configuration.sources:
        node = graph.get(dg.AssetKey(["landing", instance.name]))
        strictest = min(
            entry.freshness.error_after_hours
            for entry in configuration.sources
            if entry.name == instance.name
        )
        assert node.freshness_policy.fail_window.to_timedelta() == timedelta(hours=strictest)


def test_every_table_of_the_contract_has_a_model(graph) -> None:
    keys = {".".join(key.path) for key in graph.materializable_asset_keys}
    assert set(contract_tables()) <= keys


def test_every_asset_says_what_it_is_and_whose_it_is(graph) -> None:
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.description, f"{key.to_user_string()} has no description"
        assert node.owners, f"{key.to_user_string()} has no owner"
        assert node.group_name not in (None, "default"), f"{key.to_user_string()} has no group"
        assert node.kinds, f"{key.to_user_string()} has no kind"


def test_the_report_goes_back_to_every_source(graph, place: Settings) -> None:
    reached: set[dg.AssetKey] = set()
    waiting = [dg.AssetKey(["reports", "close"])]
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting += list(graph.get(key).parent_keys)
    sources = {
        dg.AssetKey(["landing", source.name]) for source in read_configuration(place.sources_file).sources
    }
    assert sources <= reached


def test_nothing_gets_around_a_gate(graph) -> None:
    """Staging waits for the gate after load, what is built on canonical for the next, publishing for the last."""
    for key in graph.materializable_asset_keys:
        parents = {parent.path[0] for parent in graph.get(key).parent_keys}
        if any(name.startswith("raw_") for name in parents) and key.path[0] != "checks":
            assert dg.AssetKey(["checks", "after_load"]) in graph.get(key).parent_keys, key
        if key.path[0] in ("ledger", "reconciliation") and "canonical" in parents:
            assert dg.AssetKey(["checks", "after_canonical"]) in graph.get(key).parent_keys, key
    published = graph.get(dg.AssetKey(["published", "tieout"]))
    assert dg.AssetKey(["checks", "before_publish"]) in published.parent_keys


def test_critical_rules_block_and_warnings_do_not(graph) -> None:
    blocking = {True: 0, False: 0}
    for key in graph.asset_check_keys:
        if key.asset_key.path[0] == "checks":
            spec = graph.get_check_spec(key)
            assert spec.blocking == (spec.metadata["severity"] == "critical")
            blocking[spec.blocking] += 1
    assert blocking[True] > 30
    assert blocking[False] > 5


def test_one_step_per_kind_gate_and_dbt_call(defs: dg.Definitions) -> None:
    """Dagster cuts a multi-asset in two when checks run in between, and each cut is another dbt call."""
    steps = {node.name for node in defs.resolve_job_def(JOB).nodes}
    assert steps == {
        *(f"extract_{kind}" for kind in KINDS),
        "checks__after_load",
        "prepare",
        "checks__after_canonical",
        "reconcile",
        "checks__before_publish",
        "published__tieout",
        "reports__certificate",
        "reports__close",
        "configuration__changes",
    }


def test_everything_that_opens_the_warehouse_is_in_the_pool(defs: dg.Definitions) -> None:
    without = {"reports__close", "configuration__changes"}
    for node in defs.resolve_job_def(JOB).nodes:
        expected = None if node.name in without else "warehouse"
        assert node.definition.pool == expected, node.name


def test_each_time_zone_has_its_night(defs: dg.Definitions) -> None:
    schedules = {schedule.name: schedule for schedule in defs.schedules}
    assert {name: schedule.execution_timezone for name, schedule in schedules.items()} == {
        "nightly_america_new_york": "America/New_York",
        "nightly_europe_berlin": "Europe/Berlin",
        "nightly_europe_london": "Europe/London",
    }


def test_a_night_closes_the_day_before_as_a_partition_of_the_job(defs: dg.Definitions) -> None:
    [berlin] = [schedule for schedule in defs.schedules if "berlin" in schedule.name]
    context = dg.build_schedule_context(
        repository_def=defs.get_repository_def(),
        scheduled_execution_time=datetime(2026, 3, 2, 4, 0, tzinfo=UTC),
    )
    [request] = berlin.evaluate_tick(context).run_requests
    assert request.partition_key == "2026-03-01"
    assert request.run_config["resources"]["close"]["config"]["as_of_date"] == "2026-03-01"
    assert "in_process" in request.run_config["execution"]["config"]


def test_every_published_table_has_a_freshness_policy_from_the_configuration(graph) -> None:
    for key in graph.materializable_asset_keys:
        if key.path[0] in ("canonical", "ledger", "reconciliation", "published") or key.path[-1] == "close":
            policy = graph.get(key).freshness_policy
            assert policy is not None, key
            assert policy.fail_window.to_timedelta() == timedelta(hours=54), key


def test_what_is_on_by_itself_and_what_a_person_switches_on(defs: dg.Definitions) -> None:
    running = {
        sensor.name for sensor in defs.sensors if sensor.default_status == dg.DefaultSensorStatus.RUNNING
    }
    assert running == {
        "alerts_after_a_failure",
        "alerts_after_a_success",
        "alerts_between_runs",
        "column_lineage",
    }
    assert {sensor.name for sensor in defs.sensors} - running == {"new_landing_files", "upstream_updates"}


def test_resources_can_be_replaced(place: Settings) -> None:
    from dagster_project.run_config import CloseConfig

    with pytest.MonkeyPatch.context() as patch:
        for name in ("TIEOUT_HOME", "TIEOUT_SOURCES", "TIEOUT_SEEDS", "TIEOUT_WAREHOUSE", "DAGSTER_HOME"):
            patch.setenv(name, "")
        for name in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
            patch.setenv(name, "")
        other = build_defs(place, resource_overrides={"close": CloseConfig(as_of_date="2026-01-31")})
    assert other.resources["close"].as_of_date == "2026-01-31"


def test_the_workspace_file_names_the_definitions() -> None:
    text = (Path(REPOSITORY) / "workspace.yaml").read_text(encoding="utf-8")
    assert "dagster_project.definitions" in text
