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
        closing_balance_amount
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
    deliveries.created_at
from {{ ref('stg_bank__statements') }} as deliveries
inner join runs
    on deliveries.source_name = runs.source_name
    and deliveries.account_number = runs.account_number
    and deliveries.statement_id is not distinct from runs.statement_id
    and deliveries.page_number is not distinct from runs.page_number
where deliveries.record_state <> 'replay'
