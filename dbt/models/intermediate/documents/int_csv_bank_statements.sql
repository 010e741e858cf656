-- Statements of banks that export CSV: one per file and account, derived from the lines and their
-- running balance. The same lines in a second file are the same statement, delivered again.
with

lines as (
    select
        source_name,
        entity_id,
        load_id,
        source_file,
        source_position,
        record_hash,
        statement_id,
        account_number,
        account_currency,
        currency,
        booking_date,
        amount,
        balance_amount,
        stated_opening_amount,
        stated_closing_amount
    from {{ ref('stg_csv__bank_transactions') }}
    -- What is only announced, or was refused, moves no balance.
    where record_state <> 'replay' and coalesce(entry_status, 'BOOK') not in ('PDNG', 'INFO', 'FUTR')
),

balanced as (
    {{ csv_statements('lines') }}
)

select
    source_name,
    entity_id,
    load_id,
    source_file,
    source_position,
    statement_id,
    account_number,
    currency,
    from_date,
    to_date,
    line_count,
    movement_amount,
    opening_balance_amount,
    closing_balance_amount,
    -- Beside a running balance, the stated balances must agree with it: lines may be missing at either end.
    case
        when stated_opening_amount <> opening_balance_amount or stated_closing_amount <> closing_balance_amount
            then 'the export states another balance above or below its table than its running balance gives'
    end as control_problem,
    case
        when stated_closing_amount <> closing_balance_amount then stated_closing_amount - closing_balance_amount
        when stated_opening_amount <> opening_balance_amount then stated_opening_amount - opening_balance_amount
    end as control_residual_amount,
    record_hash,
    count(*) over same_statement as delivery_count,
    row_number() over (
        partition by source_name, account_number, from_date, to_date, line_count, movement_amount, closing_balance_amount
        order by source_file desc, load_id desc
    ) as delivery_number
from balanced
window same_statement as (
    partition by source_name, account_number, from_date, to_date, line_count, movement_amount, closing_balance_amount
)
