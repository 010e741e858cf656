-- Cash application: receipts on the left, invoices and credit notes that are paid by transfer on the
-- right. Transfers within one entity never pay a document and stay out.
with receipts as (
    select
        lines.bank_transaction_id,
        lines.entity_id,
        lines.bank_account_id,
        lines.currency,
        lines.amount,
        lines.booking_date,
        lines.counterparty_name,
        lines.counterparty_account,
        lines.reference_text,
        lines.reference_keys,
        lines.payment_information_id,
        lines.original_amount,
        lines.original_currency,
        parties.party_id
    from {{ ref('int_bank_lines') }} as lines
    left join {{ ref('int_bank_line_parties') }} as parties on lines.bank_transaction_id = parties.bank_transaction_id
    where
        lines.direction = 'in'
        and not (lines.is_between_own_accounts and not lines.is_intercompany)
        and lines.bank_line_class is null
        and lines.booking_date <= {{ as_of_date() }}
),

documents as (
    select
        invoices.invoice_id,
        invoices.document_type,
        invoices.entity_id,
        invoices.currency,
        invoices.total_amount,
        invoices.invoice_date,
        invoices.due_date,
        invoices.customer_id,
        coalesce(customers.customer_name, invoices.customer_name) as customer_name,
        customers.account_number,
        invoices.invoice_number,
        invoices.payment_reference,
        invoices.order_number,
        invoices.original_invoice_number,
        invoices.discount_percent,
        invoices.discount_until_date
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('int_invoice_channels') }} as channels on invoices.invoice_id = channels.invoice_id
    left join {{ ref('customers') }} as customers on invoices.customer_id = customers.customer_id
    where
        channels.settlement_channel = 'bank'
        and invoices.total_amount <> 0
        and invoices.invoice_date <= {{ as_of_date() }}
)

select
    'bank_to_documents' as reconciliation,
    'left' as side,
    'bank_transaction' as item_type,
    bank_transaction_id as item_id,
    entity_id,
    bank_account_id as account_id,
    currency,
    amount,
    booking_date as item_date,
    cast(null as date) as due_date,
    party_id,
    counterparty_name as party_name,
    counterparty_account as party_account,
    reference_text,
    reference_keys,
    payment_information_id as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    original_amount,
    original_currency
from receipts

union all

select
    'bank_to_documents' as reconciliation,
    'right' as side,
    document_type as item_type,
    invoice_id as item_id,
    entity_id,
    cast(null as varchar) as account_id,
    currency,
    total_amount as amount,
    invoice_date as item_date,
    due_date,
    customer_id as party_id,
    customer_name as party_name,
    account_number as party_account,
    concat_ws(' ', invoice_number, payment_reference, order_number, original_invoice_number) as reference_text,
    {{ reference_key_list(['invoice_number', 'payment_reference', 'order_number']) }} as reference_keys,
    cast(null as varchar) as group_key,
    {{ round_money(amount_times('total_amount', '(discount_percent * 0.01)'), 'currency') }} as discount_amount,
    discount_until_date,
    cast(null as decimal(18, 4)) as original_amount,
    cast(null as varchar) as original_currency
from documents
