"""The window of a sample: day indexes, dates and local clocks.

Belongs here: turning a day index and a local second into what a vendor writes.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from pipelines.sample.company import Company
from pipelines.sample.days import changes_clock, local_midnight_epoch, offset_text


@dataclass(frozen=True)
class Timeline:
    """Days 0 .. last_day, the last being end_date."""

    start: date
    end: date

    @property
    def last_day(self) -> int:
        return (self.end - self.start).days

    def date(self, day: int) -> date:
        return self.start + timedelta(day)

    def index(self, day: date) -> int:
        return (day - self.start).days

    def days(self) -> list[date]:
        return [self.date(i) for i in range(self.last_day + 1)]

    def clock_changes(self, time_zone: str) -> list[bool]:
        return [changes_clock(time_zone, day) for day in self.days()]

    def clocks(self, company: Company) -> pa.Table:
        """clocks(store, day, date, midnight, utc_offset) for both stores, 40 days past the end."""
        rows = []
        for store, suffix in ((0, "de"), (1, "us")):
            zone = company.entity(suffix).time_zone
            for i in range(self.last_day + 41):
                day = self.date(i)
                rows.append((store, i, day, local_midnight_epoch(zone, day), offset_text(zone, day)))
        names = ("store", "day", "date", "midnight", "utc_offset")
        return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
