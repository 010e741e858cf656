{{ config(materialized='keyed', meta={
    'key': 'event_id',
    'follows': {
        'int_posting_lines': 'event_id',
    },
}) }}
-- One row per event: whether it can be posted as it is, and what one more line must balance. Amounts
-- that do not balance in their own currency are a broken document or rule, never a rounding difference:
-- such an event is not posted. All lines of an event carry its document and dates, so any of them tells.
with events as (
    select
        event_id,
        any_value(event_type) as event_type,
        any_value(entity_id) as entity_id,
        any_value(event_date) as event_date,
        any_value(recorded_date) as recorded_date,
        any_value(posting_date) as posting_date,
        any_value(period) as period,
        any_value(document_type) as document_type,
        any_value(document_id) as document_id,
        any_value(document_number) as document_number,
        any_value(source_name) as source_name,
        any_value(description) as description,
        any_value(base_currency) as base_currency,
        min(currency) as currency,
        count(*) as line_count,
        max(currency) as last_currency,
        min(rate) as lowest_rate,
        max(rate) as highest_rate,
        max(case when is_part_payment then 1 else 0 end) = 1 as has_part_payment,
        min(reason) as reason,
        min(case when reason is not null then component end) as reason_component,
        sum(signed_amount) as residual_amount,
        sum(signed_base_amount) as base_residual_amount,
        sum(case when signed_base_amount > 0 then signed_base_amount else 0 end) as base_debit_amount,
        max(abs(amount)) as largest_amount
    from {{ ref('int_posting_lines') }}
    group by event_id
),

checked as (
    select
        event_id,
        event_type,
        entity_id,
        event_date,
        recorded_date,
        posting_date,
        period,
        document_type,
        document_id,
        document_number,
        source_name,
        description,
        base_currency,
        currency,
        residual_amount,
        base_residual_amount,
        base_debit_amount,
        largest_amount,
        reason_component,
        line_count,
        currency = last_currency and lowest_rate = highest_rate and not has_part_payment as is_one_rate,
        case
            when reason is not null then reason
            when currency = last_currency and residual_amount <> 0 then 'unbalanced'
        end as reason
    from events
)

select
    event_id,
    event_type,
    entity_id,
    event_date,
    recorded_date,
    posting_date,
    period,
    document_type,
    document_id,
    document_number,
    source_name,
    description,
    base_currency,
    currency,
    {{ money('residual_amount') }} as residual_amount,
    {{ money('base_residual_amount') }} as base_residual_amount,
    {{ money('base_debit_amount') }} as base_debit_amount,
    {{ money('largest_amount') }} as largest_amount,
    line_count,
    reason,
    reason_component,
    case
        when reason is not null or base_residual_amount = 0 then null
        when is_one_rate then 'rounding_difference'
        when base_residual_amount > 0 then 'fx_gain'
        else 'fx_loss'
    end as balancing_component
from checked
