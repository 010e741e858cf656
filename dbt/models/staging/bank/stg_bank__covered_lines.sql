-- Lines of interim reports (camt.052, camt.054, MT942) whose day a statement that ties has told: the statement
-- holds all lines of its days, under whatever text and reference.
with

told_days as (
    select
        entity_id,
        account_number,
        account_currency,
        from_date,
        to_date
    from {{ ref('stg_bank__statements') }}
    where
        record_state = 'current'
        and not {{ is_interim_report('format') }}
        and opening_balance_amount + movement_amount = closing_balance_amount
),

reported_lines as (
    select
        transactions.load_id,
        transactions.source_position,
        transactions.entity_id,
        statements.account_number,
        transactions.account_currency,
        transactions.booking_date
    from {{ source('raw_bank', 'transactions') }} as transactions
    inner join {{ ref('stg_bank__statements') }} as statements
        on transactions.load_id = statements.load_id
        and transactions.statement_position = statements.source_position
        and statements.record_state <> 'replay'
        and {{ is_interim_report('statements.format') }}
)

select distinct
    reported_lines.load_id,
    reported_lines.source_position
from reported_lines
inner join told_days
    on reported_lines.entity_id = told_days.entity_id
    and reported_lines.account_number = told_days.account_number
    and reported_lines.account_currency = told_days.account_currency
    and reported_lines.booking_date between told_days.from_date and told_days.to_date
