"""Which alerts are open, what was told to whom, and what has still to be sent.

Belongs here: remembering, in one SQLite file below TIEOUT_HOME. A night writes what it found and what it
will send in one transaction, before anything is sent: after a crash nothing is forgotten, and what had
been sent but not noted goes out a second time under the same message id.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.alerts.alert import Alert, Event, Notice
from dagster_project.operations import AlertKind, Alerts
from pipelines.settings import Settings

_TABLES = """
create table if not exists open_alerts (
    key text primary key, kind text not null, first_seen text not null, announced_at text not null,
    announced_measure text not null, alert text not null
);
create table if not exists outbox (
    id integer primary key, channel text not null, notices text not null, created_at text not null,
    attempts integer not null default 0, next_attempt_at text not null, failing_since text, error text,
    sent_at text
);
create table if not exists snapshots (name text primary key, taken_at text not null, content text not null);
"""

KEEP_SENT_DAYS = 90
_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True)
class Letter:
    """Notices for one channel that have not been sent."""

    id: int
    channel: str
    notices: tuple[Notice, ...]
    created_at: datetime
    attempts: int
    failing_since: datetime | None
    error: str | None


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


class Book:
    """The open alerts, the outbox and the last observations of one installation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def open_alerts(self) -> list[Notice]:
        """Every alert that is open, oldest first; its event is `opened`."""
        rows = self._connection.execute("select first_seen, alert from open_alerts order by first_seen, key")
        return [
            Notice("opened", Alert.from_json(json.loads(alert)), datetime.fromisoformat(first))
            for first, alert in rows
        ]

    def record(
        self, found: Iterable[Alert], looked_at: Collection[AlertKind], limits: Alerts, now: datetime
    ) -> list[Notice]:
        """Note what was found, and return what has to be told.

        looked_at: the kinds that could be evaluated. Of these an open alert that was not found is over;
        of the others nobody knows, and they stay as they are.
        """
        notices: list[Notice] = []
        keys: set[str] = set()
        for alert in found:
            keys.add(alert.key)
            notice = self._note(alert, limits, now)
            if notice is not None:
                notices.append(notice)
        for known in self.open_alerts():
            if known.alert.kind in looked_at and known.alert.key not in keys:
                self._connection.execute("delete from open_alerts where key = ?", [known.alert.key])
                notices.append(Notice("resolved", known.alert, known.first_seen))
        return notices

    def _note(self, alert: Alert, limits: Alerts, now: datetime) -> Notice | None:
        row = self._connection.execute(
            "select first_seen, announced_at, announced_measure from open_alerts where key = ?", [alert.key]
        ).fetchone()
        body = json.dumps(alert.to_json())
        if row is None:
            self._connection.execute(
                "insert into open_alerts values (?, ?, ?, ?, ?, ?)",
                [alert.key, alert.kind, _time(now), _time(now), str(alert.measure), body],
            )
            return Notice("opened", alert, now)
        first_seen, announced_at = datetime.fromisoformat(row[0]), datetime.fromisoformat(row[1])
        event = self._event(alert, announced_at, Decimal(row[2]), limits, now)
        if event is None:
            self._connection.execute("update open_alerts set alert = ? where key = ?", [body, alert.key])
            return None
        self._connection.execute(
            "update open_alerts set alert = ?, announced_at = ?, announced_measure = ? where key = ?",
            [body, _time(now), str(alert.measure), alert.key],
        )
        return Notice(event, alert, first_seen)

    @staticmethod
    def _event(
        alert: Alert, announced_at: datetime, announced: Decimal, limits: Alerts, now: datetime
    ) -> Event | None:
        allowed = 1 + Decimal(str(limits.again_when_grown_by_percent)) / 100
        if alert.measure > announced * allowed:
            return "grown"
        # What is only worth knowing once (a new field) is not repeated every day.
        if alert.severity == "info" or not limits.remind_after_hours:
            return None
        return "reminder" if now - announced_at >= timedelta(hours=limits.remind_after_hours) else None

    def post(self, channel: str, notices: Sequence[Notice], now: datetime) -> None:
        self._connection.execute(
            "insert into outbox (channel, notices, created_at, next_attempt_at) values (?, ?, ?, ?)",
            [channel, json.dumps([notice.to_json() for notice in notices]), _time(now), _time(now)],
        )

    def letters(self, *, due: datetime | None = None) -> list[Letter]:
        """What has not been sent, oldest first; `due`: only what may be tried at that time."""
        rows = self._connection.execute(
            "select id, channel, notices, created_at, attempts, failing_since, error, next_attempt_at "
            "from outbox where sent_at is null order by id"
        ).fetchall()
        return [
            Letter(
                id=row[0],
                channel=row[1],
                notices=tuple(Notice.from_json(notice) for notice in json.loads(row[2])),
                created_at=datetime.fromisoformat(row[3]),
                attempts=row[4],
                failing_since=datetime.fromisoformat(row[5]) if row[5] else None,
                error=row[6],
            )
            for row in rows
            if due is None or datetime.fromisoformat(row[7]) <= due
        ]

    def sent(self, letter: Letter, now: datetime) -> None:
        self._connection.execute(
            "update outbox set sent_at = ?, error = null where id = ?", [_time(now), letter.id]
        )
        self._connection.execute(
            "delete from outbox where sent_at < ?", [_time(now - timedelta(days=KEEP_SENT_DAYS))]
        )

    def not_sent(self, letter: Letter, error: str, now: datetime) -> None:
        """Try again later, ever more seldom."""
        pause = min(_FIRST_PAUSE * 2 ** min(letter.attempts, 10), _LONGEST_PAUSE)
        self._connection.execute(
            "update outbox set attempts = attempts + 1, error = ?, next_attempt_at = ?, "
            "failing_since = coalesce(failing_since, ?) where id = ?",
            [error, _time(now + pause), _time(now), letter.id],
        )

    def keep(self, name: str, content: Any, now: datetime) -> None:
        """Keep the last observation under a name, for when it cannot be made anew."""
        self._connection.execute(
            "insert or replace into snapshots values (?, ?, ?)", [name, _time(now), json.dumps(content)]
        )

    def kept(self, name: str) -> Any | None:
        row = self._connection.execute("select content from snapshots where name = ?", [name]).fetchone()
        return None if row is None else json.loads(row[0])


def book_file(settings: Settings) -> Path:
    return settings.home / "alerts" / "alerts.sqlite"


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.executescript(_TABLES)
        # A file that was cut off opens well, and fails at some later query.
        [(state,)] = connection.execute("pragma quick_check(1)").fetchall()
        if state != "ok":
            raise sqlite3.DatabaseError(state)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


@contextmanager
def open_book(settings: Settings) -> Iterator[Book]:
    """The book, in one transaction that is kept when the block ends without an error.

    A book that is damaged is put aside and begun anew: alerts told twice are better than none.
    """
    path = book_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = _connect(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        path.replace(path.with_suffix(".damaged"))
        connection = _connect(path)
    try:
        connection.execute("begin immediate")
        try:
            yield Book(connection)
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
    finally:
        connection.close()
