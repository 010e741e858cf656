-- One row per event: whether it can be posted as it is, and what one more line must balance. Amounts
-- that do not balance in their own currency are a broken document or rule, never a rounding difference:
-- such an event is not posted.
with events as (
    select
        event_id,
        min(event_type) as event_type,
        min(entity_id) as entity_id,
        min(event_date) as event_date,
        min(recorded_date) as recorded_date,
        min(posting_date) as posting_date,
        min(period) as period,
        min(document_type) as document_type,
        min(document_id) as document_id,
        min(document_number) as document_number,
        min(source_name) as source_name,
        min(description) as description,
        min(base_currency) as base_currency,
        min(currency) as currency,
        count(distinct currency) as currency_count,
        count(distinct rate) as rate_count,
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
        currency_count = 1 and rate_count = 1 and not has_part_payment as is_one_rate,
        case
            when reason is not null then reason
            when currency_count = 1 and residual_amount <> 0 then 'unbalanced'
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
    reason,
    reason_component,
    case
        when reason is not null or base_residual_amount = 0 then null
        when is_one_rate then 'rounding_difference'
        when base_residual_amount > 0 then 'fx_gain'
        else 'fx_loss'
    end as balancing_component
from checked
