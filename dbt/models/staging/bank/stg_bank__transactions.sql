with

source as (
    select *, cast(statement_position as varchar) as part_key
    from {{ source('raw_bank', 'transactions') }}
),

runs as (
    select * from {{ ref('stg_bank__statement_runs') }}
),

named as (
    select
        source.source_name,
        source.load_id,
        source.source_position,
        source.part_key,
        {{ named_transaction_id('source', 'names') }} as transaction_id
    from source
    left join {{ ref('stg_bank__account_names') }} as names
        on source.entity_id = names.entity_id
        and source.account_number = names.account_number
),

numbered as (
    {{ bank_line_numbers('named', 'runs') }}
),

renamed as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        -- What the bank wrote later wins: an intraday report gives way to the statement of the day.
        runs.created_at as source_updated_at,
        coalesce(runs.is_replaced, false) or covered.load_id is not null as is_replaced,
        source.booking_date as business_date,
        coalesce(numbered.transaction_id, {{ named_transaction_id('source', 'names') }}) as transaction_id,
        source.statement_id,
        coalesce(names.account_name, source.account_number) as account_number,
        source.account_currency,
        source.line_number,
        source.booking_date,
        source.value_date,
        source.amount,
        source.currency,
        source.is_reversal,
        source.entry_status,
        source.entry_reference,
        source.bank_transaction_code,
        source.proprietary_code,
        source.servicer_reference,
        source.customer_reference,
        source.end_to_end_id,
        source.mandate_id,
        source.payment_information_id,
        source.counterparty_name,
        source.counterparty_account,
        source.counterparty_bank,
        source.remittance_text,
        source.structured_reference,
        source.additional_info,
        source.purpose_code,
        source.charges_amount,
        source.charges_currency,
        source.original_amount,
        source.original_currency,
        source.exchange_rate,
        source.detail_count
    from source
    left join runs
        on source.load_id = runs.load_id
        and source.part_key = runs.part_key
    left join {{ ref('stg_bank__account_names') }} as names
        on source.entity_id = names.entity_id
        and source.account_number = names.account_number
    left join numbered
        on source.load_id = numbered.load_id
        and source.source_position = numbered.source_position
    left join {{ ref('stg_bank__covered_lines') }} as covered
        on source.load_id = covered.load_id
        and source.source_position = covered.source_position
)

-- Never current: a pending entry, which has an identity of its own and moves no money (its booking will),
-- a line of a statement that was replaced, and one of a report whose day a statement has told.
{{ record_state(
    'renamed',
    ['transaction_id', 'is_replaced'],
    never_current="numbered.is_replaced or coalesce(numbered.entry_status, 'BOOK') in ('PDNG', 'INFO', 'FUTR')"
) }}
