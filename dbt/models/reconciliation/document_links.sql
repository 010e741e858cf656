-- Edges between documents, from the business event to the money and the books: walk them from any id to
-- the ledger and the bank. Where a record came from (file, line) is in `documents`.
select
    'order' as from_type,
    order_id as from_id,
    'payment' as to_type,
    payment_id as to_id,
    'paid_by' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('int_order_charges') }}
where order_id is not null

union all

select
    'invoice' as from_type,
    invoice_id as from_id,
    'payment' as to_type,
    payment_id as to_id,
    'paid_by' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('payments') }}
where invoice_id is not null

union all

select
    'order' as from_type,
    order_id as from_id,
    document_type as to_type,
    invoice_id as to_id,
    'invoiced_by' as relation,
    total_amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('invoices') }}
where order_id is not null

union all

select
    'invoice' as from_type,
    invoices.invoice_id as from_id,
    'credit_note' as to_type,
    notes.invoice_id as to_id,
    'credited_by' as relation,
    -notes.total_amount as amount,
    notes.currency as currency,
    notes.entity_id as entity_id
from {{ ref('invoices') }} as notes
inner join {{ ref('invoices') }} as invoices
    on
        notes.original_invoice_number = invoices.invoice_number
        and notes.source_name = invoices.source_name
        and invoices.document_type = 'invoice'
where notes.document_type = 'credit_note'

union all

select
    'order' as from_type,
    order_id as from_id,
    'refund' as to_type,
    refund_id as to_id,
    'refunded_by' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('refunds') }}
where order_id is not null and refund_source <> 'psp'

union all

select
    'payment' as from_type,
    payment_id as from_id,
    'refund' as to_type,
    refund_id as to_id,
    'refunded_by' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('refunds') }}
where payment_id is not null

union all

select
    'refund' as from_type,
    store_refund_id as from_id,
    'refund' as to_type,
    provider_refund_id as to_id,
    'paid_out_by' as relation,
    provider_amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('int_store_refunds') }}
where store_refund_id is not null and provider_refund_id is not null

union all

select
    'payment' as from_type,
    payment_id as from_id,
    'dispute' as to_type,
    dispute_id as to_id,
    'disputed_by' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('disputes') }}
where payment_id is not null

union all

select
    document_type as from_type,
    document_id as from_id,
    'balance_transaction' as to_type,
    balance_transaction_id as to_id,
    'booked_by_provider_as' as relation,
    net_amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('balance_transactions') }}
where document_id is not null and document_type is not null

union all

select
    'balance_transaction' as from_type,
    balance_transaction_id as from_id,
    'payout' as to_type,
    payout_id as to_id,
    'paid_out_in' as relation,
    net_amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('balance_transactions') }}
where payout_id is not null and balance_type <> 'payout'

union all

select
    'bank_statement' as from_type,
    statement_id as from_id,
    'bank_transaction' as to_type,
    bank_transaction_id as to_id,
    'has_line' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('bank_transactions') }}
where statement_id is not null

union all

select
    'expense_report' as from_type,
    expense_report_id as from_id,
    'expense_line' as to_type,
    expense_line_id as to_id,
    'has_line' as relation,
    amount as amount,
    currency as currency,
    entity_id as entity_id
from {{ ref('expense_lines') }}
where expense_report_id is not null

union all

select
    'card_settlement' as from_type,
    settlements.card_settlement_id as from_id,
    'card_transaction' as to_type,
    cards.card_transaction_id as to_id,
    'has_line' as relation,
    cards.amount as amount,
    cards.currency as currency,
    cards.entity_id as entity_id
from {{ ref('card_transactions') }} as cards
inner join {{ ref('int_card_settlements') }} as settlements
    on
        cards.entity_id = settlements.entity_id
        and cards.source_name = settlements.source_name
        and cards.currency = settlements.currency
        and cards.statement_reference = settlements.statement_reference
where cards.transaction_type <> 'payment' and cards.is_posted

union all

select
    case when allocations.left_type = 'bank_transaction' then allocations.right_type else allocations.left_type end as from_type,
    case when allocations.left_type = 'bank_transaction' then allocations.right_id else allocations.left_id end as from_id,
    case when allocations.left_type = 'bank_transaction' then allocations.left_type else allocations.right_type end as to_type,
    case when allocations.left_type = 'bank_transaction' then allocations.left_id else allocations.right_id end as to_id,
    case when matches.status = 'suggested' then 'probably_settled_by' else 'settled_by' end as relation,
    allocations.allocated_amount as amount,
    allocations.currency as currency,
    matches.entity_id as entity_id
from {{ ref('match_allocations') }} as allocations
inner join {{ ref('matches') }} as matches on allocations.match_id = matches.match_id
where
    matches.status <> 'rejected'
    and matches.reconciliation <> 'order_to_payment'
    and allocations.left_id is not null
    and allocations.right_id is not null

union all

select
    document_type as from_type,
    document_id as from_id,
    'journal_entry' as to_type,
    journal_entry_id as to_id,
    'posted_in' as relation,
    base_debit_amount as amount,
    base_currency as currency,
    entity_id as entity_id
from {{ ref('journal_entries') }}
where document_id is not null

union all

select
    item_type as from_type,
    item_id as from_id,
    'decision' as to_type,
    decision_id as to_id,
    'written_off_by' as relation,
    written_off_amount as amount,
    currency,
    entity_id
from {{ ref('int_write_offs') }}
