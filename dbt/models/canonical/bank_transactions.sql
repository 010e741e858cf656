{{ config(materialized='keyed', meta={
    'key': 'bank_transaction_id',
}) }}
with

statement_lines as (
    select
        {{ source_key('lines.source_name', 'lines.transaction_id') }} as bank_transaction_id,
        names.statement_id,
        lines.line_number,
        lines.account_number,
        lines.booking_date,
        lines.value_date,
        lines.currency,
        lines.amount,
        lines.counterparty_name,
        lines.counterparty_account,
        lines.counterparty_bank,
        lines.end_to_end_id,
        lines.mandate_id,
        lines.remittance_text,
        lines.structured_reference,
        lines.customer_reference,
        lines.servicer_reference,
        lines.entry_reference,
        lines.additional_info,
        lines.bank_transaction_code,
        lines.proprietary_code,
        lines.purpose_code,
        lines.is_reversal,
        lines.entry_status,
        lines.charges_amount,
        lines.charges_currency,
        lines.original_amount,
        lines.original_currency,
        lines.exchange_rate,
        lines.payment_information_id,
        lines.detail_count,
        {{ no_money() }} as balance_amount,
        lines.business_date,
        {{ provenance('lines', 'transactions', 'lines.transaction_id') }}
    from {{ ref('stg_bank__transactions') }} as lines
    left join {{ ref('int_statement_names') }} as names
        on lines.source_name = names.source_name
        and lines.account_number = names.account_number
        and lines.statement_id = names.native_statement_id
    where lines.record_state = 'current'
),

csv_lines as (
    select
        {{ source_key('lines.source_name', 'lines.transaction_id') }} as bank_transaction_id,
        {{ source_key('lines.source_name', 'lines.statement_id') }} as statement_id,
        coalesce(lines.line_number, lines.source_position) as line_number,
        lines.account_number,
        lines.booking_date,
        lines.value_date,
        lines.currency,
        lines.amount,
        lines.counterparty_name,
        lines.counterparty_account,
        lines.counterparty_bank,
        lines.end_to_end_id,
        lines.mandate_id,
        lines.remittance_text,
        lines.structured_reference,
        lines.customer_reference,
        lines.servicer_reference,
        lines.entry_reference,
        lines.additional_info,
        lines.bank_transaction_code,
        lines.proprietary_code,
        lines.purpose_code,
        lines.is_reversal,
        lines.entry_status,
        lines.charges_amount,
        lines.charges_currency,
        lines.original_amount,
        lines.original_currency,
        lines.exchange_rate,
        lines.payment_information_id,
        lines.detail_count,
        lines.balance_amount,
        lines.business_date,
        {{ provenance('lines', 'bank_transactions', 'lines.transaction_id') }}
    from {{ ref('stg_csv__bank_transactions') }} as lines
    where lines.record_state = 'current'
),

all_lines as (
    select * from statement_lines
    union all
    select * from csv_lines
)

select
    lines.bank_transaction_id,
    lines.statement_id,
    lines.line_number,
    accounts.bank_account_id,
    lines.account_number,
    lines.booking_date,
    coalesce(lines.value_date, lines.booking_date) as value_date,
    lines.currency,
    {{ money('lines.amount') }} as amount,
    lines.counterparty_name,
    upper(replace(lines.counterparty_account, ' ', '')) as counterparty_account,
    lines.counterparty_bank,
    lines.end_to_end_id,
    lines.mandate_id,
    lines.remittance_text,
    lines.structured_reference,
    lines.customer_reference,
    lines.servicer_reference,
    lines.entry_reference,
    lines.additional_info,
    lines.bank_transaction_code,
    lines.proprietary_code,
    lines.purpose_code,
    coalesce(lines.is_reversal, false) as is_reversal,
    coalesce(lines.entry_status, 'BOOK') as entry_status,
    lines.charges_amount,
    lines.charges_currency,
    lines.original_amount,
    lines.original_currency,
    lines.exchange_rate,
    lines.payment_information_id,
    coalesce(lines.detail_count, 1) as detail_count,
    lines.balance_amount,
    lines.business_date,
    {{ provenance_columns('lines') }}
from all_lines as lines
left join {{ ref('bank_accounts') }} as accounts
    on lines.account_number = accounts.account_number
