-- Which files of a bank's CSV follow one another by their running balances, so that equal lines in them
-- are two lines.
with

lines as (
    -- Without replays: the same record of a load that was repeated.
    select distinct
        source_name,
        entity_id,
        load_id,
        source_file,
        source_position,
        record_hash,
        coalesce(statement_id, source_file) as statement_id,
        account_number,
        account_currency,
        currency,
        booking_date,
        amount,
        balance_amount,
        stated_opening_amount,
        stated_closing_amount
    from {{ source('raw_csv', 'bank_transactions') }}
    where coalesce(entry_status, 'BOOK') not in ('PDNG', 'INFO', 'FUTR')
),

statements as (
    select
        balanced.source_name,
        balanced.account_number,
        balanced.currency,
        balanced.load_id,
        balanced.statement_id,
        balanced.from_date,
        balanced.to_date,
        balanced.opening_balance_amount,
        balanced.closing_balance_amount,
        cast(null as bigint) as sequence_number,
        cast(null as bigint) as page_number
    from ({{ csv_statements('lines') }}) as balanced
),

runs as (
    {{ statement_runs('statements', ['source_name', 'account_number', 'currency']) }}
)

select
    load_id,
    account_number || '|' || statement_id as part_key,
    run_key,
    place_in_run,
    is_following
from runs
