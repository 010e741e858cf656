"""Control totals stage by stage: declared, landed, canonical, counted where each stage ends.

Belongs here: asking the warehouse what landed, and counting the canonical tables of a published file
anew. The counting is the model `int_canonical_counts` itself, rendered on the published tables, so that
there is no second opinion on what counts (law 12).
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, nodes

from dagster_project.certificate.figures import rows
from dagster_project.checks.parameters import stripe_exponents, time_zones
from dagster_project.run_identity import PROJECT
from dagster_project.warehouse import quoted, raw_schemas
from expectations.after_load import LANDED, stages
from pipelines.config import Configuration
from pipelines.settings import Settings

_COUNTS = PROJECT / "models" / "intermediate" / "control" / "int_canonical_counts.sql"
_MACROS = ("as_written.sql", "money.sql")
_NOT_PUBLISHED = "not_published"


def landed(
    connection: duckdb.DuckDBPyConnection, configuration: Configuration, settings: Settings
) -> list[dict[str, Any]]:
    """Per source, stream and currency what was declared, what lies in the raw tables, what was rejected."""
    present = set(raw_schemas(connection))
    zones, exponents = time_zones(configuration), stripe_exponents(settings)
    found: list[dict[str, Any]] = []
    for kind in LANDED:
        if f"raw_{kind}" not in present:
            continue
        cells = stages(kind, zones.get(kind, {}), exponents).replace(
            "{batch}", quoted(f"raw_{kind}", "control_totals")
        )
        found += rows(
            connection,
            f"""
            select
                source_name, stream, coalesce(currency, 'XXX') as currency,
                sum(declared_count)::bigint as declared_count, sum(landed_count)::bigint as landed_count,
                sum(rejected_count)::bigint as rejected_count,
                sum(declared_amount)::decimal(18, 4) as declared_amount,
                sum(landed_amount)::decimal(18, 4) as landed_amount,
                sum(rejected_amount)::decimal(18, 4) as rejected_amount
            from ({cells})
            group by all
            order by all
            """,
        )
    return sorted(found, key=lambda row: (row["source_name"], row["stream"], row["currency"]))


def _rendered(is_published: Callable[[str], bool]) -> str:
    """The SQL of the model on published tables; what it takes from staging is named `not_published`."""
    environment = Environment(
        loader=FileSystemLoader([PROJECT / "macros", _COUNTS.parent]),
        extensions=["jinja2.ext.do"],
    )
    environment.globals["ref"] = lambda name: (
        quoted("canonical", name) if is_published(name) else f"{_NOT_PUBLISHED}.{name}"
    )
    imports = "".join(
        f"{{% from '{name}' import {', '.join(_macro_names(environment, name))} with context %}}"
        for name in _MACROS
    )
    return environment.from_string(imports + _COUNTS.read_text(encoding="utf-8")).render()


def _macro_names(environment: Environment, template: str) -> list[str]:
    source = environment.loader.get_source(environment, template)[0]  # type: ignore[union-attr]
    return [macro.name for macro in environment.parse(source).find_all(nodes.Macro)]


def _legs(sql: str) -> list[str]:
    """The selects of the CTE `arrived`, one per canonical table; comments are out."""
    plain = re.sub(r"--[^\n]*", "", sql)
    inside = re.search(r"arrived as \((.*?)\n\)", plain, re.DOTALL)
    if inside is None:
        raise ValueError(f"{_COUNTS} has no CTE 'arrived' any more; correct {__name__}")
    return [leg.strip() for leg in re.split(r"\bunion all\b", inside[1])]


def canonical_counts(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    """(source, stream, currency) to records and amount, counted in the canonical tables of a published file.

    Streams whose count needs staging (lines under the date and currency of their own row, single rates)
    are not among them.
    """
    tables = {
        name
        for (name,) in connection.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = current_database() and table_schema = 'canonical'"
        ).fetchall()
    }
    legs = [leg for leg in _legs(_rendered(tables.__contains__)) if f"{_NOT_PUBLISHED}." not in leg]
    named = [
        f"select * from ({leg}) as leg(source_name, stream, entity_id, currency, business_date, amount)"
        for leg in legs
    ]
    found = connection.execute(
        f"""
        select source_name, stream, coalesce(currency, 'XXX'), count(*), sum(amount)::decimal(18, 4)
        from ({" union all ".join(named)})
        group by all
        """
    ).fetchall()
    return {(source, stream, currency): (count, amount) for source, stream, currency, count, amount in found}
