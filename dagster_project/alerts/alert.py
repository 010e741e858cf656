"""What an alert is: something that is wrong now, said so that a person can act on it.

Belongs here: the shapes that conditions, book, wording and channels share.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from dagster_project.operations import AlertKind, Severity

Event = Literal["opened", "grown", "reminder", "resolved"]
Amounts = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong.

    key: identity from night to night; the same key is the same alert. title: one line. what: what was
    found, with figures. since: when it began, where the data says so (else when it was first seen).
    amounts: money concerned per ISO 4217 currency, never added up across currencies. amount_label: what
    the amounts are. action: what to do. where: commands, files and pages to look at. entity_id: whose it
    is, empty for all. measure: how bad it is, so that a growing alert is told again.
    """

    kind: AlertKind
    key: str
    severity: Severity
    title: str
    what: str
    action: str
    where: tuple[str, ...] = ()
    since: str | None = None
    amounts: Amounts = ()
    amount_label: str = ""
    entity_id: str = ""
    measure: Decimal = Decimal(1)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self), default=str))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Alert":
        return cls(
            **{
                **values,
                "where": tuple(values["where"]),
                "amounts": tuple((currency, Decimal(amount)) for currency, amount in values["amounts"]),
                "measure": Decimal(values["measure"]),
            }
        )


@dataclass(frozen=True)
class Notice:
    """An alert and what happened to it. first_seen: UTC, when it was opened; the same for its whole life."""

    event: Event
    alert: Alert
    first_seen: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "event": self.event,
            "first_seen": self.first_seen.isoformat(),
            "alert": self.alert.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Notice":
        return cls(
            values["event"], Alert.from_json(values["alert"]), datetime.fromisoformat(values["first_seen"])
        )


def moment(value: datetime | date | str | None) -> str | None:
    """A time as people read it, in UTC and saying so; a date as it is."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return None if value is None else str(value)


def merged(amounts: Mapping[str, Decimal]) -> Amounts:
    """Amounts by currency, largest first, without zeros."""
    return tuple(
        sorted(
            ((currency, amount) for currency, amount in amounts.items() if amount),
            key=lambda item: (-abs(item[1]), item[0]),
        )
    )
