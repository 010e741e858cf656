-- Which delivered statements follow one another, so that equal lines in them are two lines.
with

statements as (
    select
        source_name,
        account_number,
        account_currency,
        format,
        statement_id,
        sequence_number,
        page_number,
        from_date,
        to_date,
        opening_balance_amount,
        closing_balance_amount,
        movement_amount
    from {{ ref('stg_bank__statements') }}
    where record_state = 'current'
),

runs as (
    {{ statement_runs('statements', ['source_name', 'account_number', 'account_currency', 'format']) }}
)

select
    deliveries.load_id,
    cast(deliveries.source_position as varchar) as part_key,
    runs.run_key,
    runs.place_in_run,
    runs.is_following,
    -- A corrected version takes the place of the whole statement, also of the lines that it no longer has.
    -- Only where it is proven to be one, because banks use ids again: same day, same opening, and it ties.
    coalesce(
        deliveries.record_state = 'superseded'
        and deliveries.to_date = runs.to_date
        and deliveries.opening_balance_amount = runs.opening_balance_amount
        and runs.opening_balance_amount + runs.movement_amount = runs.closing_balance_amount,
        false
    ) as is_replaced,
    deliveries.created_at
from {{ ref('stg_bank__statements') }} as deliveries
inner join runs
    on deliveries.source_name = runs.source_name
    and deliveries.account_number = runs.account_number
    and deliveries.statement_id is not distinct from runs.statement_id
    and deliveries.page_number is not distinct from runs.page_number
where deliveries.record_state <> 'replay'
