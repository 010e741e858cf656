"""Looking, noting, telling: what runs after every job, and every few minutes between them.

Belongs here: the order of it. It may be called at any time and by several processes: what is told follows
from what is the case and what the book says was told, not from who calls.
"""

import fcntl
import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dagster_project.alerts.alert import Alert, Notice
from dagster_project.alerts.book import Book, Letter, book_file, open_book
from dagster_project.alerts.channels import SendingError, missing_variables, send
from dagster_project.alerts.conditions import CONDITIONS, Known, channel_failed
from dagster_project.alerts.observe import Observations, RunOutcome, observe, summary_of_the_warehouse
from dagster_project.operations import SEVERITIES, AlertKind, Alerts, Operations, read_operations
from pipelines.config import Configuration, ConfigurationError, read_configuration
from pipelines.settings import Settings

_LOG = logging.getLogger(__name__)


def place_name(settings: Settings) -> str:
    """Which installation speaks: a machine may hold several, a person may get mail of several machines."""
    import socket

    return f"{socket.gethostname()}:{settings.home}"


def channels_on(alerts: Alerts) -> list[str]:
    """Channels of which every environment variable is set."""
    return [name for name, channel in alerts.channels.items() if not missing_variables(channel)]


def routed(notices: Sequence[Notice], alerts: Alerts) -> dict[str, list[Notice]]:
    """Notices by channel. That a channel fails is not told through this channel."""
    found: dict[str, list[Notice]] = {}
    for notice in notices:
        alert = notice.alert
        for channel in dict.fromkeys(
            name
            for route in alerts.routes
            if (not route.kinds or alert.kind in route.kinds)
            and (not route.entities or not alert.entity_id or alert.entity_id in route.entities)
            and SEVERITIES.index(alert.severity) >= SEVERITIES.index(route.severity)
            for name in route.to
        ):
            if alert.key != f"channel_failed:{channel}":
                found.setdefault(channel, []).append(notice)
    return found


def _post(book: Book, notices: Sequence[Notice], alerts: Alerts, now: datetime) -> None:
    on = set(channels_on(alerts))
    for channel, told in routed(notices, alerts).items():
        if channel in on:
            book.post(channel, told, now)


def _baselines(book: Book) -> dict[tuple[str, str], Decimal]:
    """Rates of the last published run that was looked at; of open falls, those before the fall."""
    kept = {(entity, name): Decimal(rate) for entity, name, rate in book.kept("match_rates") or []}
    for notice in book.open_alerts():
        if notice.alert.kind == "match_rate_drop":
            _, entity, name = notice.alert.key.split(":", 2)
            kept[entity, name] = Decimal(notice.alert.facts["baseline"])
    return kept


def _note(
    settings: Settings, configuration: Configuration | None, operations: Operations, observed: Observations
) -> list[Notice]:
    """Write what is wrong, and the letters that tell it, into the book."""
    from dagster_project.checks.parameters import rate_bounds

    summary = observed.published.rates if observed.published else ()
    is_rate_gate = any(
        finding.rule.startswith("match_rate") for finding in (observed.run.findings if observed.run else ())
    )
    if is_rate_gate:
        summary = summary_of_the_warehouse(settings) or summary
    with open_book(settings) as book:
        observed = _with_start_failure(book, observed)
        if observed.arrivals is not None:
            book.keep("arrivals", [arrival.to_json() for arrival in observed.arrivals], observed.now)
        if observed.last_success_at is not None:
            book.keep("last_success_at", observed.last_success_at.isoformat(), observed.now)
        known = Known(
            observed=observed,
            configuration=configuration,
            operations=operations,
            bounds=rate_bounds(settings),
            baselines=_baselines(book),
            summary=summary,
            letters=tuple(book.letters()),
        )
        found: list[Alert] = []
        looked_at: list[AlertKind] = []
        for kind, condition in CONDITIONS.items():
            alerts = condition(known)
            if alerts is not None:
                looked_at.append(kind)
                found += alerts
        notices = book.record(found, looked_at, operations.alerts, observed.now)
        _post(book, notices, operations.alerts, observed.now)
        if summary and not is_rate_gate:
            rates = [[rate.entity_id, rate.reconciliation, str(rate.rate)] for rate in summary]
            book.keep("match_rates", rates, observed.now)
    return notices


def _with_start_failure(book: Book, observed: Observations) -> Observations:
    """A run that could not even begin is in no history; it counts until a run ends after it."""
    failure = book.kept("start_failure")
    if failure is None:
        return observed
    at = datetime.fromisoformat(failure["at"])
    if observed.run is not None and observed.run.ended_at > at:
        return observed
    return replace(observed, run=RunOutcome("", False, at, {"start": failure["message"]}))


@contextmanager
def _one_sender(settings: Settings) -> Iterator[bool]:
    """False when another process is sending: it will send ours too, or the next look will."""
    path = book_file(settings).with_name("sending.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _send_letters(settings: Settings, operations: Operations, now: datetime) -> bool:
    """Send what is due. The book is not locked meanwhile. Returns whether every channel took it."""
    with open_book(settings) as book:
        due = book.letters(due=now)
    broken: set[str] = set()
    for letter in due:
        channel = operations.alerts.channels.get(letter.channel)
        if letter.channel in broken or channel is None or missing_variables(channel):
            continue
        try:
            send(channel, letter, place_name(settings))
        except SendingError as error:
            broken.add(letter.channel)
            _LOG.warning("alerts through '%s' could not be sent: %s", letter.channel, error)
            with open_book(settings) as book:
                book.not_sent(letter, str(error), now)
        else:
            with open_book(settings) as book:
                book.sent(letter, now)
    return not broken


def _tell_of_channels(settings: Settings, operations: Operations, now: datetime) -> None:
    """What sending itself has shown, told through the other channels in the same look."""
    with open_book(settings) as book:
        letters = [letter for letter in book.letters() if letter.error]
        known = _letters_only(letters, operations, now)
        notices = book.record(channel_failed(known), ["channel_failed"], operations.alerts, now)
        _post(book, notices, operations.alerts, now)


def _letters_only(letters: Collection[Letter], operations: Operations, now: datetime) -> Known:
    return Known(Observations(now), Configuration(sources=()), operations, {}, {}, (), tuple(letters))


def watch(
    settings: Settings,
    instance: Any | None = None,
    now: datetime | None = None,
    *,
    start_failure: str | None = None,
) -> list[Notice]:
    """Look at everything once, note it, and send what is new. Returns what was noted as told.

    instance: Dagster's; without it nothing is known of runs, and their alerts stay as they are.
    start_failure: why a run could not begin. Raises ConfigurationError when operations.yml cannot be used.
    A channel that fails raises nothing.
    """
    now = now or datetime.now(UTC)
    operations = read_operations(settings)
    try:
        configuration = read_configuration(settings.sources_file)
    except ConfigurationError:
        # That is why the run failed; nobody knows which source is late until it can be read again.
        configuration = None
    if start_failure is not None:
        with open_book(settings) as book:
            book.keep("start_failure", {"message": start_failure, "at": now.isoformat()}, now)
    notices = _note(settings, configuration, operations, observe(settings, now, instance))
    with _one_sender(settings) as is_ours:
        if is_ours:
            _send_letters(settings, operations, now)
            _tell_of_channels(settings, operations, now)
            _send_letters(settings, operations, now)
    return notices
