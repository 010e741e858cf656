-- One row per remainder that a person wrote off and that is still open: of a document, or of a bank line.
-- Amounts: written_off_amount positive, cash_amount signed from the cash view like the item. A write-off
-- settles a document as money would; the rest of a bank line it takes away.
with applied as (
    select
        decision_sequence,
        item_type,
        item_id
    from {{ ref('int_match_results') }}
    where record_type = 'decision' and outcome = 'applied'
),

write_offs as (
    select
        decisions.decision_id,
        decisions.sequence,
        decisions.effective_date,
        decisions.known_date,
        decisions.decided_by,
        decisions.reason,
        decisions.difference_reason,
        decisions.currency,
        decisions.amount,
        applied.item_type,
        applied.item_id
    from {{ ref('int_decisions') }} as decisions
    inner join applied on decisions.sequence = applied.decision_sequence
    where decisions.action = 'write_off'
),

items as (
    select
        document_type as item_type,
        invoice_id as item_id,
        entity_id,
        source_name,
        invoice_number as document_number,
        total_amount as cash_amount,
        invoice_date as document_date,
        'receivable' as component,
        customer_id,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as employee_id
    from {{ ref('invoices') }}
    union all
    select
        case when document_type = 'credit_note' then 'vendor_credit_note' else 'bill' end,
        bill_id,
        entity_id,
        source_name,
        bill_number,
        -total_amount,
        bill_date,
        'payable',
        null,
        vendor_id,
        null
    from {{ ref('bills') }}
    union all
    select
        'bank_transaction',
        bank_transaction_id,
        entity_id,
        source_name,
        document_number,
        amount,
        booking_date,
        case event_type
            when 'customer_receipt' then 'receivable'
            when 'vendor_payment' then 'payable'
            when 'employee_payment' then 'employee'
            else 'suspense'
        end,
        case when party_type = 'customer' then party_id end,
        case when party_type = 'vendor' then party_id end,
        case when party_type = 'employee' then party_id end
    from {{ ref('int_bank_postings') }}
),

settled as (
    select
        document_type,
        document_id,
        sum(settled_amount) as settled_amount
    from {{ ref('int_bank_settlements') }}
    group by document_type, document_id
),

valued as (
    select
        write_offs.decision_id,
        write_offs.sequence,
        write_offs.effective_date,
        write_offs.known_date,
        write_offs.decided_by,
        write_offs.reason,
        write_offs.difference_reason,
        reasons.component as difference_component,
        write_offs.item_type,
        write_offs.item_id,
        items.entity_id,
        items.source_name,
        items.document_number,
        items.document_date,
        items.component,
        items.customer_id,
        items.vendor_id,
        items.employee_id,
        write_offs.currency,
        write_offs.amount as written_off_amount,
        sign(items.cash_amount) * write_offs.amount as cash_amount,
        case when write_offs.item_type = 'bank_transaction' then 0 else coalesce(settled.settled_amount, 0) end as settled_amount
    from write_offs
    inner join items
        on
            write_offs.item_type = items.item_type
            and write_offs.item_id = items.item_id
    left join settled
        on
            write_offs.item_type = settled.document_type
            and write_offs.item_id = settled.document_id
    left join {{ ref('difference_reasons') }} as reasons on write_offs.difference_reason = reasons.difference_reason
)

select
    decision_id,
    sequence,
    effective_date,
    known_date,
    decided_by,
    reason,
    difference_reason,
    difference_component,
    item_type,
    item_id,
    entity_id,
    source_name,
    document_number,
    document_date,
    component,
    customer_id,
    vendor_id,
    employee_id,
    currency,
    {{ money('written_off_amount') }} as written_off_amount,
    {{ money('cash_amount') }} as cash_amount,
    {{ money("case when item_type = 'bank_transaction' then -cash_amount else cash_amount end") }} as control_amount,
    {{ money('settled_amount + coalesce(sum(cash_amount) over (
        partition by item_type, item_id order by sequence
        rows between unbounded preceding and 1 preceding
    ), 0)') }} as cleared_amount
from valued
