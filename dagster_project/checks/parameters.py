"""What each gate is handed: time zones, currency exponents, the previous match rates and their bounds.

Belongs here: reading parameters from the source configuration, the seeds and the published file, so
that `expectations/` knows none of them.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import duckdb

from dagster_project.warehouse import reading
from expectations import after_canonical, after_load, before_publish
from expectations.before_publish import RateBound, Rates
from expectations.rules import Gate, Rule
from pipelines.company import seed_rows
from pipelines.config import DECISIONS, Configuration
from pipelines.landing import landing_file, list_files
from pipelines.settings import Settings


def time_zones(configuration: Configuration) -> dict[str, dict[tuple[str, str], str]]:
    """Per kind: (source_name, stream) to the time zone of the source's business dates."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for instance in configuration.sources:
        streams = (
            [instance.csv.stream]
            if instance.csv
            else [landed.stream for landed in after_load.LANDED[instance.kind]]
        )
        for stream in streams:
            found.setdefault(instance.kind, {})[instance.name, stream] = instance.time_zone
    return found


def stripe_exponents(settings: Settings) -> dict[str, int]:
    return {
        row["currency"]: int(row["stripe_exponent"]) for row in seed_rows(settings.seeds / "currencies.csv")
    }


def rate_bounds(settings: Settings) -> dict[str, RateBound]:
    """Bounds by reconciliation; `*` is always there."""
    found = {
        row["reconciliation"]: RateBound(
            row["reconciliation"], Decimal(row["warning_drop"]), Decimal(row["critical_drop"])
        )
        for row in seed_rows(settings.seeds / "match_rate_bounds.csv")
    }
    return {"*": RateBound("*", Decimal(2), Decimal(25)), **found}


# In a small company one open item moves the rate by many points: of twelve items, three are a quarter.
FEWEST_ITEMS = 30


def _match_rates(connection: duckdb.DuckDBPyConnection) -> Rates:
    rows = connection.execute(
        "select entity_id, reconciliation, match_rate from reconciliation.summary "
        "where match_rate is not null and item_count >= ?",
        [FEWEST_ITEMS],
    ).fetchall()
    return {(entity, reconciliation): Decimal(rate) for entity, reconciliation, rate in rows}


def previous_match_rates(settings: Settings) -> Rates:
    """Match rates of the published file by (entity_id, reconciliation), where there were enough items to
    speak of a rate; empty before the first run."""
    if not settings.published.is_file():
        return {}
    try:
        with reading(settings.published) as connection:
            return _match_rates(connection)
    except duckdb.Error:
        # A file of an older version without this table or column has nothing to compare with.
        return {}


def published_rates_are(warehouse: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the published file has the match rates that the warehouse has now."""
    try:
        return previous_match_rates(settings) == _match_rates(warehouse)
    except duckdb.CatalogException:
        return False


def decision_log(settings: Settings) -> str | None:
    """Which delivery the log of decisions is, as it lies in the landing folder now."""
    files = list_files(settings.landing, DECISIONS)
    return landing_file(settings.landing, files[0], DECISIONS).load_id if files else None


def gates(configuration: Configuration, settings: Settings) -> dict[Gate, Callable[[], Sequence[Rule]]]:
    """Each gate with the function that gives its rules at the moment when it runs."""
    return {
        "after_load": lambda: after_load.rules(
            time_zones(configuration), stripe_exponents(settings), decision_log(settings)
        ),
        "after_canonical": after_canonical.rules,
        "before_publish": lambda: before_publish.rules(previous_match_rates(settings), rate_bounds(settings)),
    }
