-- One row per journal entry, summed from its own lines: what stands here is what the lines say.
with line_totals as (
    select
        journal_entry_id,
        count(*) as line_count,
        sum(base_debit_amount) as base_debit_amount,
        sum(base_credit_amount) as base_credit_amount
    from {{ ref('journal_lines') }}
    group by journal_entry_id
)

select
    events.event_id as journal_entry_id,
    events.entity_id,
    events.event_type,
    events.posting_date,
    events.event_date as original_posting_date,
    events.period,
    events.posting_date <> events.event_date as is_period_shifted,
    events.document_type,
    events.document_id,
    events.document_number,
    events.source_name,
    events.base_currency,
    {{ money('line_totals.base_debit_amount') }} as base_debit_amount,
    {{ money('line_totals.base_credit_amount') }} as base_credit_amount,
    cast(line_totals.line_count as integer) as line_count,
    events.description
from {{ ref('int_posting_events') }} as events
inner join line_totals on events.event_id = line_totals.journal_entry_id
where events.reason is null
