with

source as (
    select *, account_number || '|' || coalesce(statement_id, source_file) as part_key
    from {{ source('raw_csv', 'bank_transactions') }}
),

runs as (
    select * from {{ ref('stg_csv__statement_runs') }}
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
        {{ no_timestamp() }} as source_updated_at,
        source.booking_date as business_date,
        coalesce(numbered.transaction_id, {{ named_transaction_id('source', 'names') }}) as transaction_id,
        coalesce(source.statement_id, source.source_file) as statement_id,
        coalesce(names.account_name, source.account_number) as account_number,
        source.account_currency,
        source.line_number,
        source.booking_date,
        source.value_date,
        source.amount,
        coalesce(source.currency, 'XXX') as currency,
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
        source.detail_count,
        source.balance_amount,
        source.stated_opening_amount,
        source.stated_closing_amount
    from source
    left join {{ ref('stg_bank__account_names') }} as names
        on source.entity_id = names.entity_id
        and source.account_number = names.account_number
    left join numbered
        on source.load_id = numbered.load_id
        and source.source_position = numbered.source_position
)

-- Never current: an entry that is only announced or was refused, which moves no money (its booking will).
{{ record_state(
    'renamed',
    ['transaction_id'],
    never_current="coalesce(numbered.entry_status, 'BOOK') in ('PDNG', 'INFO', 'FUTR')"
) }}
