{{ config(materialized='keyed', meta={
    'key': 'document_id',
    'follows': {
        'orders': 'order_id',
        'invoices': 'invoice_id',
        'bills': 'bill_id',
        'payments': 'payment_id',
        'refunds': 'refund_id',
        'disputes': 'dispute_id',
        'balance_transactions': 'balance_transaction_id',
        'payouts': 'payout_id',
        'expense_reports': 'expense_report_id',
        'expense_lines': 'expense_line_id',
        'card_transactions': 'card_transaction_id',
        'bank_statements': 'statement_id',
        'bank_transactions': 'bank_transaction_id',
        'gl_entries': 'gl_entry_id',
        'decisions': 'decision_id',
    },
}) }}
-- The register of all documents: from any id or number to the source file and line it came from.
select
    'order' as document_type,
    order_id as document_id,
    order_number as document_number,
    entity_id,
    source_name,
    customer_name as party_name,
    currency,
    total_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('orders') }}

union all

select
    document_type,
    invoice_id as document_id,
    invoice_number as document_number,
    entity_id,
    source_name,
    customer_name as party_name,
    currency,
    total_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('invoices') }}

union all

select
    case when document_type = 'credit_note' then 'vendor_credit_note' else 'bill' end as document_type,
    bill_id as document_id,
    bill_number as document_number,
    entity_id,
    source_name,
    vendor_name as party_name,
    currency,
    total_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('bills') }}

union all

select
    'payment' as document_type,
    payment_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('payments') }}

union all

select
    'refund' as document_type,
    refund_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    cast(null as varchar) as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('refunds') }}

union all

select
    'dispute' as document_type,
    dispute_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    cast(null as varchar) as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('disputes') }}

union all

select
    'balance_transaction' as document_type,
    balance_transaction_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    cast(null as varchar) as party_name,
    currency,
    net_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('balance_transactions') }}

union all

select
    'payout' as document_type,
    payout_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    cast(null as varchar) as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('payouts') }}

union all

select
    'expense_report' as document_type,
    expense_report_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    employee_name as party_name,
    currency,
    total_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('expense_reports') }}

union all

select
    'expense_line' as document_type,
    expense_line_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    merchant as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('expense_lines') }}

union all

select
    'card_transaction' as document_type,
    card_transaction_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    merchant as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('card_transactions') }}

union all

select
    'bank_statement' as document_type,
    statement_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    account_number as party_name,
    currency,
    movement_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('bank_statements') }}

union all

select
    'bank_transaction' as document_type,
    bank_transaction_id as document_id,
    source_id as document_number,
    entity_id,
    source_name,
    counterparty_name as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('bank_transactions') }}

union all

select
    'gl_entry' as document_type,
    gl_entry_id as document_id,
    document_number,
    entity_id,
    source_name,
    description as party_name,
    currency,
    debit_amount - credit_amount as amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('gl_entries') }}

union all

select
    'decision' as document_type,
    decision_id as document_id,
    replace(action, '_', ' ') || ' ' || cast(sequence as varchar) as document_number,
    entity_id,
    source_name,
    decided_by as party_name,
    currency,
    amount,
    business_date,
    source_object,
    source_id,
    source_file,
    source_position,
    load_id,
    record_hash
from {{ ref('decisions') }}
