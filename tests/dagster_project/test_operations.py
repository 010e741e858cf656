"""`operations.yml`: what a person may write in it, and what he is told when it cannot be used."""

from pathlib import Path

import pytest

from dagster_project.operations import BUNDLED, NotSet, Operations, read_operations, resolved
from pipelines.config import ConfigurationError
from pipelines.settings import Settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("TIEOUT_OPERATIONS", raising=False)
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


def test_the_bundled_file_routes_every_kind_somewhere(place: Settings) -> None:
    alerts = read_operations(place).alerts
    assert {type(channel).__name__ for channel in alerts.channels.values()} == {"Email", "Webhook"}
    assert any(not route.kinds and not route.entities and route.severity == "info" for route in alerts.routes)


def test_the_company_s_own_file_comes_first(place: Settings) -> None:
    (place.home / "operations.yml").write_text("alerts: { remind_after_hours: 7 }")
    assert read_operations(place).alerts.remind_after_hours == 7


def test_an_empty_file_is_all_defaults(place: Settings) -> None:
    (place.home / "operations.yml").write_text("")
    assert read_operations(place) == Operations()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alerts: { remind_after_days: 1 }", "alerts.remind_after_days"),
        ("nights: { cron: '99 5 * * *' }", "no cron line|not a cron line"),
        ("nights: { time_zones: { Europe/Nowhere: '0 5 * * *' } }", "IANA"),
        ("freshness: { marts: { warn_after_hours: 5, error_after_hours: 4 } }", "warn_after_hours"),
        ("alerts: { routes: [ { to: [nobody] } ] }", "'nobody', which is no channel"),
        ("alerts: [", "YAML"),
    ],
)
def test_a_mistake_is_said_with_file_and_field(place: Settings, text: str, said: str) -> None:
    (place.home / "operations.yml").write_text(text)
    with pytest.raises(ConfigurationError, match=said) as error:
        read_operations(place)
    assert "operations.yml" in str(error.value)


@pytest.mark.parametrize(
    "channel",
    [
        "{ type: slack, url: 'https://hooks.example.com/T0/B0/s3cret' }",
        "{ type: webhook, url: env:X, token: s3cret }",
        "{ type: email, host: h, sender: a@b.c, to: [a@b.c], password: s3cret }",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(place: Settings, channel: str) -> None:
    (place.home / "operations.yml").write_text(f"alerts: {{ channels: {{ one: {channel} }} }}")
    with pytest.raises(ConfigurationError, match="env:NAME") as error:
        read_operations(place)
    assert "s3cret" not in str(error.value)


def test_a_value_comes_from_the_environment_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_HOST", "mail.example.com")
    assert resolved("env:SOME_HOST") == "mail.example.com"
    assert resolved("mail.example.org") == "mail.example.org"
    monkeypatch.delenv("SOME_HOST")
    with pytest.raises(NotSet, match="SOME_HOST"):
        resolved("env:SOME_HOST")


def test_hours_are_of_the_table_else_of_its_schema_else_of_all_marts() -> None:
    hours = {"warn_after_hours": 1, "error_after_hours": 2}
    freshness = Operations.model_validate(
        {
            "freshness": {
                "tables": {"ledger.journal_export": hours, "ledger": {**hours, "error_after_hours": 3}}
            }
        }
    ).freshness
    assert freshness.of("ledger.journal_export").error_after_hours == 2
    assert freshness.of("ledger.trial_balance").error_after_hours == 3
    assert freshness.of("canonical.orders").error_after_hours == 54


def test_the_package_holds_the_bundled_file() -> None:
    assert BUNDLED.is_file()
