"""`operations.yml`: when the job runs, what counts as late, who is told what, and what is kept how long.

Belongs here: the shape of the file and its checks. Does not belong here: business rules (seeds), sources
(`sources.yml`) and secrets, which are read from the environment at the moment when they are needed.
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dagster_project.upkeep import Limits, Retention
from pipelines.config import ConfigurationError
from pipelines.settings import Settings

BUNDLED = Path(__file__).with_name("operations.yml")

AlertKind = Literal[
    "run_failed",
    "source_failed",
    "source_late",
    "mart_late",
    "residual",
    "match_rate_drop",
    "reject_backlog",
    "schema_drift",
    "channel_failed",
]
Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

_ENV = "env:"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(_Strict):
    """Hours after which something is late (warn) or stale (error)."""

    warn_after_hours: float = Field(gt=0)
    error_after_hours: float = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Hours":
        if self.warn_after_hours > self.error_after_hours:
            raise ValueError("warn_after_hours should not be more than error_after_hours")
        return self


class Nights(_Strict):
    """cron: of every time zone. time_zones: IANA time zone to a cron of its own."""

    cron: str = "0 5 * * *"
    time_zones: dict[str, str] = Field(default_factory=dict)

    @field_validator("time_zones")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        for zone in value:
            try:
                ZoneInfo(zone)
            except Exception as error:
                raise ValueError(f"'{zone}' is not an IANA time zone such as Europe/Berlin") from error
        return value

    @model_validator(mode="after")
    def _crons(self) -> "Nights":
        from croniter import croniter

        for cron in (self.cron, *self.time_zones.values()):
            if not croniter.is_valid(cron):
                raise ValueError(f"'{cron}' is not a cron line of five fields such as '0 5 * * *'")
        return self

    def of(self, zone: str) -> str:
        return self.time_zones.get(zone, self.cron)


class Freshness(_Strict):
    """marts: of everything published. tables: `schema.table` or `schema` to hours of its own."""

    marts: Hours = Hours(warn_after_hours=30, error_after_hours=54)
    tables: dict[str, Hours] = Field(default_factory=dict)

    def of(self, table: str) -> Hours:
        return self.tables.get(table) or self.tables.get(table.split(".")[0]) or self.marts


class RejectBacklog(_Strict):
    records: int = Field(default=10, ge=1)
    oldest_days: int = Field(default=3, ge=0)


def _secret(value: str) -> str:
    if not value.startswith(_ENV):
        # Not shown in the message: it may be the secret itself.
        raise ValueError("should be env:NAME; secrets are read from the environment, never from a file")
    return value


class Email(_Strict):
    """A mail server. `security`: starttls (usually port 587), tls (465) or none (a relay of one's own)."""

    type: Literal["email"]
    host: str
    port: str | int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None
    sender: str
    to: tuple[str, ...] = Field(min_length=1)

    @field_validator("password")
    @classmethod
    def _hidden(cls, value: str | None) -> str | None:
        return None if value is None else _secret(value)


class Webhook(_Strict):
    """An address that takes a POST: `slack` (text and blocks) or `webhook` (the alerts as JSON).

    token: sent as `Authorization: Bearer`, where the receiver wants one.
    """

    type: Literal["slack", "webhook"]
    url: str
    token: str | None = None

    @field_validator("url", "token")
    @classmethod
    def _hidden(cls, value: str | None) -> str | None:
        return None if value is None else _secret(value)


Channel = Annotated[Email | Webhook, Field(discriminator="type")]


class Route(_Strict):
    """severity: at least this one. entities: alerts of these legal entities, and those of none."""

    to: tuple[str, ...]
    kinds: tuple[AlertKind, ...] = ()
    entities: tuple[str, ...] = ()
    severity: Severity = "info"


class Alerts(_Strict):
    remind_after_hours: float = Field(default=24, ge=0)
    again_when_grown_by_percent: float = Field(default=50, ge=0)
    reject_backlog: RejectBacklog = RejectBacklog()
    channels: dict[str, Channel] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> "Alerts":
        for place, route in enumerate(self.routes, 1):
            for name in route.to:
                if name not in self.channels:
                    raise ValueError(
                        f"route {place} leads to '{name}', which is no channel; there are: "
                        + (", ".join(self.channels) or "none")
                    )
        return self


class Operations(_Strict):
    nights: Nights = Nights()
    freshness: Freshness = Freshness()
    alerts: Alerts = Alerts()
    retention: Retention = Retention()
    limits: Limits = Limits()


class NotSet(LookupError):
    """Environment variables that a channel needs and that are not set."""


def resolved(value: str) -> str:
    """The value, or what the environment variable behind `env:NAME` holds. Raises NotSet."""
    if not value.startswith(_ENV):
        return value
    name = value.removeprefix(_ENV)
    found = os.environ.get(name, "")
    if not found:
        raise NotSet(name)
    return found


def operations_file(settings: Settings) -> Path:
    """TIEOUT_OPERATIONS, or the company's own beside its sources.yml, or the bundled one."""
    own = settings.home / "operations.yml"
    given = os.environ.get("TIEOUT_OPERATIONS")
    return Path(given).expanduser().resolve() if given else (own if own.is_file() else BUNDLED)


@cache
def _read(path: Path, modified: float) -> Operations:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not readable as YAML.\n{error}") from error
    try:
        return Operations.model_validate(content)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, problem['loc'])) or 'the file'}: "
            + problem["msg"].removeprefix("Value error, ")
            for problem in error.errors()
        ]
        raise ConfigurationError(
            f"{path}: not a valid configuration of operations; what each field means is in "
            "dagster_project/operations.py.\n" + "\n".join(lines)
        ) from error


def read_operations(settings: Settings) -> Operations:
    """Raises ConfigurationError with file, field and what was expected."""
    path = operations_file(settings)
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file; TIEOUT_OPERATIONS should name an operations.yml.")
    return _read(path, path.stat().st_mtime)
