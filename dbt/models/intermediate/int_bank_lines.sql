-- Bank lines with what the reconciliations ask of them: whose line it is, whether it moves money
-- between our own accounts, and which document numbers its text names.
with details as (
    select
        bank_transaction_id,
        count(*) as detail_count,
        {{ dbt.listagg("coalesce(remittance_text, '') || ' ' || coalesce(structured_reference, '') || ' ' || coalesce(end_to_end_id, '')", "' '", 'order by detail_number') }} as detail_text
    from {{ ref('bank_transaction_details') }}
    group by bank_transaction_id
),

own_accounts as (
    select
        account_number,
        min(bank_account_id) as bank_account_id,
        min(entity_id) as entity_id
    from {{ ref('bank_accounts') }}
    where account_number is not null and account_type in ('current', 'savings')
    group by account_number
),

own_names as (
    select
        {{ name_key('entity_name') }} as name_key,
        min(entity_id) as entity_id
    from {{ ref('legal_entities') }}
    group by 1
),

lines as (
    select
        bank_transactions.bank_transaction_id,
        bank_transactions.entity_id,
        bank_transactions.source_name,
        bank_transactions.statement_id,
        bank_transactions.bank_account_id,
        bank_transactions.booking_date,
        bank_transactions.value_date,
        bank_transactions.currency,
        bank_transactions.amount,
        bank_transactions.counterparty_name,
        bank_transactions.counterparty_account,
        bank_transactions.end_to_end_id,
        bank_transactions.remittance_text,
        bank_transactions.bank_transaction_code,
        bank_transactions.is_reversal,
        bank_transactions.charges_amount,
        bank_transactions.original_amount,
        bank_transactions.original_currency,
        bank_transactions.payment_information_id,
        coalesce(details.detail_count, 0) as detail_count,
        trim(concat_ws(
            ' ',
            bank_transactions.remittance_text,
            bank_transactions.structured_reference,
            bank_transactions.customer_reference,
            nullif(bank_transactions.end_to_end_id, 'NOTPROVIDED'),
            bank_transactions.payment_information_id,
            details.detail_text
        )) as reference_text,
        coalesce(own_accounts.entity_id, own_names.entity_id) as own_entity_id,
        own_accounts.bank_account_id as own_bank_account_id,
        classes.bank_line_class
    from {{ ref('bank_transactions') }} as bank_transactions
    left join details on bank_transactions.bank_transaction_id = details.bank_transaction_id
    left join own_accounts on bank_transactions.counterparty_account = own_accounts.account_number
    left join {{ ref('int_bank_line_classes') }} as classes
        on bank_transactions.bank_transaction_id = classes.bank_transaction_id
    left join own_names on {{ name_key('bank_transactions.counterparty_name') }} = own_names.name_key
)

select
    bank_transaction_id,
    entity_id,
    source_name,
    statement_id,
    bank_account_id,
    booking_date,
    value_date,
    currency,
    amount,
    case when amount < 0 then 'out' else 'in' end as direction,
    counterparty_name,
    counterparty_account,
    end_to_end_id,
    remittance_text,
    bank_transaction_code,
    charges_amount,
    original_amount,
    original_currency,
    payment_information_id,
    detail_count,
    reference_text,
    {{ reference_keys_of_text('reference_text') }} as reference_keys,
    own_entity_id,
    own_bank_account_id,
    own_entity_id is not null as is_between_own_accounts,
    coalesce(own_entity_id <> entity_id, false) as is_intercompany,
    -- bank_charge or interest when no document will ever come for the line, else null.
    bank_line_class,
    is_reversal
from lines
