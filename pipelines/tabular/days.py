"""One date or time from its text, for settling a layout and for counting (`declared`).

Belongs here: the calendar arithmetic of single values. Whole columns are read by `cells`, with
arithmetic of its own, so that an error in one of the two shows in the control totals.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipelines.tabular import formats


@lru_cache(maxsize=65536)
def day_of(text: str, format_: str) -> date | None:
    """One date in a format, or None."""
    found = re.fullmatch(formats.date_pattern(format_)[1:-1], text, re.ASCII | re.DOTALL)
    if found is None:
        return None
    year, month, day = found["year"], found["month"], found["day"]
    full = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 69 else 1900)
    if len(year) == 4 and int(year) < 100:
        full = int(year) + (2000 if int(year) < 69 else 1900)
    try:
        return date(full, int(month) if month.isdigit() else formats.MONTHS.get(month.lower(), 0), int(day))
    except ValueError:
        return None


def local_day_of(
    cell: str, format_: str | None, time_zone: str, written_in: str | None = None
) -> date | None:
    """The day of a timestamp at the source's place; without an offset it is written in `written_in`."""
    found = re.fullmatch(formats.timestamp_pattern(format_)[1:-1], cell, re.ASCII)
    part = {name: text for name, text in found.groupdict().items() if text} if found else {}
    if not part:
        return None
    try:
        month = (
            part["month"] if part["month"].isdigit() else str(formats.MONTHS.get(part["month"].lower(), 0))
        )
        hour = int(part.get("hour", "0"))
        if "half" in part:
            hour = hour % 12 + (12 if part["half"].lower() == "pm" else 0)
        local = datetime(
            int(part["year"]),
            int(month),
            int(part["day"]),
            hour,
            int(part.get("minute", "0")),
            int(part.get("second", "0")),
        )
        offset = part.get("offset")
        if offset is None and (written_in is None or written_in == time_zone):
            return local.date()
        if offset is None:
            return local.replace(tzinfo=ZoneInfo(str(written_in))).astimezone(ZoneInfo(time_zone)).date()
        zone = UTC if offset in ("Z", "UTC") else datetime.strptime(offset, "%z").tzinfo
        return local.replace(tzinfo=zone).astimezone(ZoneInfo(time_zone)).date()
    except (ValueError, OverflowError):
        return None
