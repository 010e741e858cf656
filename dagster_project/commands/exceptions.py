"""`tieout exceptions`: what a person has to look at."""

from collections.abc import Mapping
from typing import Any

from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from dagster_project.commands.tables import checked_format, write

_ALL_COLUMNS = (
    "exception_id, exception_type, severity, reconciliation, entity_id, document_type, document_id, currency, "
    "amount, base_amount, business_date, age_days, status, owner, explanation, suggested_action, comments"
)
_SHOWN = (
    "left(exception_id, 8) as id, severity, exception_type, entity_id, document_id, currency, amount, age_days, owner, "
    "concat_ws(' ', explanation, '[' || comments || ']') as explanation"
)


def show_exceptions(filters: Mapping[str, Any], limit: int, format_: str) -> None:
    """filters: column of reconciliation.exceptions to the value that it must have."""
    checked_format(format_)
    condition = " and ".join(f"{column} = ${column}" for column in filters) or "true"
    with published() as connection:
        for column, value in filters.items():
            known = [
                row[0]
                for row in connection.execute(
                    f"select distinct {column} from reconciliation.exceptions order by all"
                ).fetchall()
            ]
            if value not in known and column != "status":
                raise CommandError(
                    f"no exception has {column} '{value}'. There are: {', '.join(map(str, known)) or 'none'}"
                )
        (total,) = connection.execute(
            f"select count(*) from reconciliation.exceptions where {condition}", dict(filters)
        ).fetchone() or (0,)
        cursor = connection.execute(
            f"""
            select {_SHOWN if format_ == "table" else _ALL_COLUMNS}
            from {_relation(connection)}
            where {condition}
            order by
                case severity when 'critical' then 0 when 'warning' then 1 else 2 end,
                abs(coalesce(base_amount, 0)) desc,
                exception_id
            {f"limit {limit}" if limit else ""}
            """,
            dict(filters),
        )
        written = write(cursor, format_, for_spreadsheets=True)
    if format_ == "table":
        more = f"; the first {written} shown, --limit 0 for all" if written < total else ""
        print(f"{total:,} exceptions{more}. Look into one: tieout trace DOCUMENT_ID")


def _relation(connection: Any) -> str:
    """The exceptions, also of a file that was published before people could comment on them."""
    columns = {row[0] for row in connection.execute("describe reconciliation.exceptions").fetchall()}
    if "comments" in columns:
        return "reconciliation.exceptions"
    return "(select *, cast(null as varchar) as comments from reconciliation.exceptions)"
