"""What the close report says, as rows: one query per section of the page, on the published file only."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

Row = dict[str, Any]

AGEING_BUCKETS = ("0-7 days", "8-30 days", "31-60 days", "61-90 days", "over 90 days")

ENTITIES = """
with open_items as (
    select
        entity_id,
        count(*) filter (where blocks_close) as blocking_count,
        coalesce(sum(base_amount) filter (where blocks_close), 0) as blocking_base_amount,
        count(*) filter (where not blocks_close) as other_count,
    from reconciliation.exceptions
    where status != 'explained'
    group by entity_id
)
select
    legal_entities.entity_id,
    legal_entities.entity_name,
    legal_entities.base_currency,
    coalesce(open_items.blocking_count, 0) = 0 as can_close,
    coalesce(open_items.blocking_count, 0) as blocking_count,
    coalesce(open_items.blocking_base_amount, 0) as blocking_base_amount,
    coalesce(open_items.other_count, 0) as other_count,
from canonical.legal_entities
left join open_items using (entity_id)
order by legal_entities.entity_id
"""

SUMMARY = """
select
    entity_id, reconciliation, item_count, matched_count, waiting_count, open_count,
    matched_amount as base_matched_amount, waiting_amount as base_waiting_amount,
    open_amount as base_open_amount, match_rate, oldest_open_date,
from reconciliation.summary
where item_count > 0
order by entity_id, reconciliation
"""

WATERFALL = """
select
    sum(declared_count) as declared,
    sum(rejected_count) as rejected,
    sum(superseded_count) as superseded,
    sum(duplicate_count) as duplicate,
    sum(canonical_count) as canonical,
from reconciliation.control_totals
"""

# Streams whose records each end in exactly one state of one mart.
STREAMS = """
with states as (
    select 'orders' as stream, status_group from reconciliation.order_to_payment where order_id is not null
    union all
    select 'invoices', status_group from reconciliation.invoice_to_payment
    union all
    select 'bills', status_group from reconciliation.bill_to_bank
    union all
    select 'payouts', status_group from reconciliation.payout_to_bank
    union all
    select 'bank_transactions', status_group from reconciliation.bank_to_documents
),
reconciled as (
    select
        stream,
        count(*) filter (where status_group = 'matched') as reconciled,
        count(*) filter (where status_group = 'waiting') as waiting,
        count(*) filter (where status_group = 'open') as still_open,
    from states
    group by stream
),
declared as (
    select
        stream,
        sum(declared_count) as declared,
        sum(rejected_count) as rejected,
        sum(superseded_count) as superseded,
        sum(duplicate_count) as duplicate,
    from reconciliation.control_totals
    group by stream
)
select * from declared inner join reconciled using (stream) order by declared desc, stream
"""

AGEING = """
select
    entity_id,
    case
        when age_days <= 7 then '0-7 days'
        when age_days <= 30 then '8-30 days'
        when age_days <= 60 then '31-60 days'
        when age_days <= 90 then '61-90 days'
        else 'over 90 days'
    end as bucket,
    count(*) as items,
    coalesce(sum(base_amount), 0) as base_amount,
from reconciliation.exceptions
where status != 'explained'
group by all
order by all
"""

EXCEPTION_TYPES = """
select
    entity_id,
    exception_type,
    severity,
    count(*) as items,
    coalesce(sum(base_amount), 0) as base_amount,
from reconciliation.exceptions
where status != 'explained'
group by all
order by entity_id, base_amount desc, exception_type
"""

WORST_EXCEPTIONS = """
select
    exception_type, severity, entity_id, document_id, document_number, currency, amount, age_days, owner,
    explanation, suggested_action,
from reconciliation.exceptions
where status != 'explained'
order by blocks_close desc, coalesce(base_amount, 0) desc, exception_id
limit 10
"""

CONTROL_TOTALS = """
select
    source_name, stream, currency,
    sum(declared_count) as declared_count,
    sum(rejected_count) as rejected_count,
    sum(superseded_count) as superseded_count,
    sum(duplicate_count) as duplicate_count,
    sum(canonical_count) as canonical_count,
    sum(abs(count_residual)) as count_residual,
    sum(declared_amount) as declared_amount,
    sum(canonical_amount) as canonical_amount,
    sum(abs(amount_residual)) as amount_residual,
from reconciliation.control_totals
group by all
order by all
"""

FRESHNESS = """
select
    source_name,
    any_value(entity_id) as entity_id,
    max(business_date) as newest_date,
    $as_of_date::date - max(business_date) as days_behind,
    sum(declared_count) as records,
from reconciliation.control_totals
where business_date <= $as_of_date::date
group by source_name
order by days_behind desc, source_name
"""

CHECKS = """
select
    gate,
    count(*) as checks,
    count(*) filter (where success) as passed,
    count(*) filter (where not success and severity = 'warning') as warnings,
    count(*) filter (where not success and severity = 'critical') as failed,
from checks.expectation_results
group by gate
order by gate
"""


@dataclass(frozen=True)
class Figures:
    """Everything on the page; amounts are Decimal, never float."""

    as_of_date: str
    entities: list[Row]
    summary: list[Row]
    waterfall: Row
    streams: list[Row]
    ageing: list[Row]
    exception_types: list[Row]
    worst: list[Row]
    control_totals: list[Row]
    freshness: list[Row]
    checks: list[Row]

    @property
    def residual(self) -> Decimal:
        """Sum of absolute residuals over all control totals; law 1 wants exactly zero."""
        return sum((abs(row["amount_residual"]) for row in self.control_totals), Decimal(0))

    @property
    def residual_count(self) -> int:
        return sum(row["count_residual"] for row in self.control_totals)


def read_figures(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Ask the published file every question that the page answers."""

    def rows(query: str, **parameters: Any) -> list[Row]:
        cursor = connection.execute(query, parameters) if parameters else connection.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    [as_of] = rows("select max(as_of_date) as as_of_date from checks.expectation_results")
    as_of_date = str(as_of["as_of_date"])
    return Figures(
        as_of_date=as_of_date,
        entities=rows(ENTITIES),
        summary=rows(SUMMARY),
        waterfall=rows(WATERFALL)[0],
        streams=rows(STREAMS),
        ageing=rows(AGEING),
        exception_types=rows(EXCEPTION_TYPES),
        worst=rows(WORST_EXCEPTIONS),
        control_totals=rows(CONTROL_TOTALS),
        freshness=rows(FRESHNESS, as_of_date=as_of_date),
        checks=rows(CHECKS),
    )
