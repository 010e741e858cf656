{{ config(materialized='keyed', meta={
    'key': 'journal_entry_id',
    'follows': {
        'int_posting_events': 'event_id',
    },
}) }}
-- One row per journal entry: one event of one document, with what its lines come to (a test compares).
select
    event_id as journal_entry_id,
    entity_id,
    event_type,
    posting_date,
    event_date as original_posting_date,
    period,
    posting_date <> event_date as is_period_shifted,
    document_type,
    document_id,
    document_number,
    source_name,
    base_currency,
    {{ money('base_debit_amount + case when base_residual_amount < 0 then -base_residual_amount else 0 end') }} as base_debit_amount,
    {{ money('base_debit_amount - base_residual_amount + case when base_residual_amount > 0 then base_residual_amount else 0 end') }} as base_credit_amount,
    cast(line_count + case when balancing_component is not null then 1 else 0 end as integer) as line_count,
    description
from {{ ref('int_posting_events') }}
where reason is null
