-- Vendor bills and vendor credit notes against money that left the bank. Amounts from the cash view: a
-- bill is money out, so negative.
select
    'bill_to_bank' as reconciliation,
    'left' as side,
    case when bills.document_type = 'credit_note' then 'vendor_credit_note' else 'bill' end as item_type,
    bills.bill_id as item_id,
    bills.entity_id as entity_id,
    cast(null as varchar) as account_id,
    bills.currency as currency,
    -bills.total_amount as amount,
    bills.bill_date as item_date,
    bills.due_date as due_date,
    bills.vendor_id as party_id,
    coalesce(vendors.vendor_name, bills.vendor_name) as party_name,
    coalesce(bills.vendor_account, vendors.account_number) as party_account,
    concat_ws(' ', bills.bill_number, bills.source_id, bills.payment_reference) as reference_text,
    {{ reference_key_list(['bills.bill_number', 'bills.source_id', 'bills.payment_reference']) }} as reference_keys,
    cast(null as varchar) as group_key,
    -{{ round_money(amount_times('bills.total_amount', '(bills.discount_percent * 0.01)'), 'bills.currency') }} as discount_amount,
    bills.discount_until_date as discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from {{ ref('bills') }} as bills
left join {{ ref('vendors') }} as vendors on bills.vendor_id = vendors.vendor_id
where
    bills.status not in ('void', 'draft')
    and bills.total_amount <> 0
    and bills.bill_date <= {{ as_of_date() }}

union all

select
    'bill_to_bank' as reconciliation,
    'right' as side,
    'bank_transaction' as item_type,
    lines.bank_transaction_id as item_id,
    lines.entity_id as entity_id,
    lines.bank_account_id as account_id,
    lines.currency as currency,
    lines.amount as amount,
    lines.booking_date as item_date,
    cast(null as date) as due_date,
    parties.party_id as party_id,
    lines.counterparty_name as party_name,
    lines.counterparty_account as party_account,
    lines.reference_text as reference_text,
    lines.reference_keys as reference_keys,
    lines.payment_information_id as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    lines.original_amount as original_amount,
    lines.original_currency as original_currency
from {{ ref('int_bank_lines') }} as lines
left join {{ ref('int_bank_line_parties') }} as parties on lines.bank_transaction_id = parties.bank_transaction_id
where
    lines.direction = 'out'
    and not (lines.is_between_own_accounts and not lines.is_intercompany)
    and lines.bank_line_class is null
    and lines.booking_date <= {{ as_of_date() }}
