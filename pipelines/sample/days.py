"""Days: banking days and holidays of the three countries, and local time of an entity.

Belongs here: which days a bank books and what a clock on the wall shows. Rules, not lists of dates,
so that any `end_date` works.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1)


@cache
def _easter(year: int) -> date:
    """Easter Sunday (Meeus, Astronomical Algorithms, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th weekday of a month (Monday 0); n = -1 is the last."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
    return last - timedelta((last.weekday() - weekday) % 7)


@cache
def holidays(suffix: str, year: int) -> frozenset[date]:
    """Days without bank business: TARGET calendar (de), England (uk), Federal Reserve (us)."""
    easter = _easter(year)
    friday, monday = easter - timedelta(2), easter + timedelta(1)
    new_year, christmas, boxing = date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)
    if suffix == "de":
        return frozenset({new_year, friday, monday, date(year, 5, 1), christmas, boxing})
    if suffix == "uk":
        moving = {_nth(year, 5, 0, 1), _nth(year, 5, 0, -1), _nth(year, 8, 0, -1)}
        return frozenset({new_year, friday, monday, christmas, boxing} | moving)
    moving = {
        _nth(year, 1, 0, 3),
        _nth(year, 2, 0, 3),
        _nth(year, 5, 0, -1),
        _nth(year, 9, 0, 1),
        _nth(year, 10, 0, 2),
        _nth(year, 11, 3, 4),
    }
    return frozenset({new_year, date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), christmas} | moving)


@cache
def is_banking_day(suffix: str, day: date) -> bool:
    return day.weekday() < 5 and day not in holidays(suffix, day.year)


def on_or_after(suffix: str, day: date) -> date:
    while not is_banking_day(suffix, day):
        day += timedelta(1)
    return day


def on_or_before(suffix: str, day: date) -> date:
    while not is_banking_day(suffix, day):
        day -= timedelta(1)
    return day


def add_banking_days(suffix: str, day: date, count: int) -> date:
    for _ in range(count):
        day = on_or_after(suffix, day + timedelta(1))
    return day


@cache
def utc_offset_seconds(time_zone: str, day: date) -> int:
    """Seconds that local time is ahead of UTC at noon; nothing is generated before 04:00 on a day on
    which the clocks change, so noon's offset holds for every event."""
    offset = datetime.combine(day, time(12), ZoneInfo(time_zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def changes_clock(time_zone: str, day: date) -> bool:
    return utc_offset_seconds(time_zone, day - timedelta(1)) != utc_offset_seconds(time_zone, day)


def local_midnight_epoch(time_zone: str, day: date) -> int:
    """Unix seconds of local midnight (by noon's offset)."""
    return (day - EPOCH).days * 86400 - utc_offset_seconds(time_zone, day)


def offset_text(time_zone: str, day: date) -> str:
    minutes = utc_offset_seconds(time_zone, day) // 60
    return f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def as_utc(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
