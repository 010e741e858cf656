-- Which delivered statements follow one another, so that equal lines in them are two lines.
with

statements as (
    select
        statements.source_name,
        statements.account_number,
        statements.account_currency,
        -- A bank may go on in another format. Reports, and second formats of a statement, are chains of their own.
        case
            when {{ is_interim_report('statements.format') }} or coverage.covering_statement_id is not null
                then statements.format
            else 'statement'
        end as chain,
        statements.statement_id,
        statements.sequence_number,
        statements.page_number,
        statements.from_date,
        statements.to_date,
        statements.opening_balance_amount,
        statements.closing_balance_amount,
        statements.movement_amount
    from {{ ref('stg_bank__statements') }} as statements
    left join {{ ref('stg_bank__statement_coverage') }} as coverage
        on statements.source_name = coverage.source_name
        and statements.account_number = coverage.account_number
        and statements.statement_id is not distinct from coverage.statement_id
        and statements.page_number is not distinct from coverage.page_number
    where statements.record_state = 'current'
),

runs as (
    {{ statement_runs('statements', ['source_name', 'account_number', 'account_currency', 'chain']) }}
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
    )
    -- The same days in another format: its lines are there already.
    or coverage.covering_statement_id is not null as is_replaced,
    deliveries.created_at
from {{ ref('stg_bank__statements') }} as deliveries
inner join runs
    on deliveries.source_name = runs.source_name
    and deliveries.account_number = runs.account_number
    and deliveries.statement_id is not distinct from runs.statement_id
    and deliveries.page_number is not distinct from runs.page_number
left join {{ ref('stg_bank__statement_coverage') }} as coverage
    on deliveries.source_name = coverage.source_name
    and deliveries.account_number = coverage.account_number
    and deliveries.statement_id is not distinct from coverage.statement_id
    and deliveries.page_number is not distinct from coverage.page_number
where deliveries.record_state <> 'replay'
