-- Statements of banks that export CSV: one per file and account, derived from the lines and their
-- running balance. The same lines in a second file are the same statement, delivered again.
with

lines as (
    select
        lines.source_name,
        lines.entity_id,
        lines.load_id,
        lines.source_file,
        lines.source_position,
        lines.record_hash,
        lines.statement_id,
        lines.account_number,
        lines.account_currency,
        lines.currency,
        lines.booking_date,
        lines.amount,
        lines.balance_amount,
        lag(lines.balance_amount) over by_position as balance_above,
        lag(lines.amount) over by_position as amount_above
    from {{ ref('stg_csv__bank_transactions') }} as lines
    where lines.record_state <> 'replay'
    window by_position as (
        partition by lines.load_id, lines.account_number, lines.statement_id order by lines.source_position
    )
),

-- Does the balance grow down the file (oldest first) or up (newest first)? The lines that fit decide.
files as (
    select
        source_name,
        entity_id,
        load_id,
        source_file,
        account_number,
        statement_id,
        count(*) as line_count,
        sum(amount) as movement_amount,
        min(booking_date) as from_date,
        max(booking_date) as to_date,
        max(coalesce(account_currency, currency)) as currency,
        min(source_position) as first_position,
        max(source_position) as last_position,
        count(balance_amount) = count(*) as has_balances,
        sum(case when balance_above + amount = balance_amount then 1 else 0 end)
        >= sum(case when balance_amount + amount_above = balance_above then 1 else 0 end) as is_oldest_first
    from lines
    group by source_name, entity_id, load_id, source_file, account_number, statement_id
),

balanced as (
    select
        files.source_name,
        files.entity_id,
        files.load_id,
        files.source_file,
        files.first_position as source_position,
        files.statement_id,
        files.account_number,
        files.currency,
        files.from_date,
        files.to_date,
        files.line_count,
        files.movement_amount,
        case when files.has_balances then oldest.balance_amount - oldest.amount end as opening_balance_amount,
        case when files.has_balances then newest.balance_amount end as closing_balance_amount,
        oldest.record_hash as record_hash
    from files
    inner join lines as oldest
        on files.load_id = oldest.load_id
        and oldest.source_position = case when files.is_oldest_first then files.first_position else files.last_position end
    inner join lines as newest
        on files.load_id = newest.load_id
        and newest.source_position = case when files.is_oldest_first then files.last_position else files.first_position end
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
