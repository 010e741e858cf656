-- Receivables: what each invoice still waits for. total = paid + credited + written off + open, signed
-- like the document (credit notes negative).
with
-- The invoice that a credit note may name. A number that two invoices of a source share names neither:
-- the note would be credited twice. Voids owe nothing that could be credited.
named_invoices as (
    select
        invoices.source_name,
        invoices.invoice_number,
        invoices.currency,
        min(invoices.invoice_id) as invoice_id
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('int_invoice_settlements') }} as settlements on invoices.invoice_id = settlements.invoice_id
    where invoices.document_type = 'invoice' and settlements.settlement_channel <> 'none'
    group by invoices.source_name, invoices.invoice_number, invoices.currency
    having count(*) = 1
),
notes as (
    -- Credit notes that name their invoice; one that was itself matched with a bank line is counted there.
    select
        notes.invoice_id as credit_note_id,
        invoices.invoice_id,
        notes.total_amount - settlements.paid_amount as available_amount
    from {{ ref('invoices') }} as notes
    inner join {{ ref('int_invoice_settlements') }} as settlements on notes.invoice_id = settlements.invoice_id
    inner join named_invoices as invoices
        on
            notes.original_invoice_number = invoices.invoice_number
            and notes.source_name = invoices.source_name
            and notes.currency = invoices.currency
    where
        notes.document_type = 'credit_note'
        and settlements.settlement_channel <> 'none'
        and notes.invoice_date <= {{ as_of_date() }}
),

credits as (
    select
        invoice_id,
        sum(-available_amount) as credited_amount
    from notes
    group by invoice_id
),

applied_notes as (
    select
        credit_note_id,
        min(available_amount) as applied_amount
    from notes
    group by credit_note_id
),

amounts as (
    select
        invoices.invoice_id,
        case when settlements.settlement_channel = 'none' then 0 else invoices.total_amount end as total_amount,
        settlements.paid_amount,
        coalesce(credits.credited_amount, applied_notes.applied_amount, 0) as credited_amount,
        settlements.written_off_amount,
        settlements.overpaid_amount
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('int_invoice_settlements') }} as settlements on invoices.invoice_id = settlements.invoice_id
    left join credits on invoices.invoice_id = credits.invoice_id
    left join applied_notes on invoices.invoice_id = applied_notes.credit_note_id
),

open_items as (
    select
        invoice_id,
        total_amount,
        paid_amount,
        credited_amount,
        written_off_amount,
        total_amount - paid_amount - credited_amount - written_off_amount as open_amount,
        overpaid_amount
    from amounts
),

classified as (
    select
        invoices.invoice_id,
        greatest(0, {{ dbt.datediff('coalesce(invoices.due_date, invoices.invoice_date)', as_of_date(), 'day') }}) as days_past_due,
        coalesce(totals.suggested_match_id, totals.match_id) as match_id,
        case
            when settlements.settlement_channel = 'none' then 'void'
            when invoices.invoice_date > {{ as_of_date() }} then 'after_as_of_date'
            when invoices.document_type = 'credit_note' and open_items.open_amount = 0 then 'credit_note_applied'
            when totals.suggested_count > 0 and open_items.open_amount <> 0 then 'in_review'
            when invoices.document_type = 'credit_note' then 'credit_note_open'
            when open_items.overpaid_amount > 0 or open_items.open_amount < 0 then 'overpaid'
            when open_items.open_amount = 0 and open_items.paid_amount = 0 and open_items.credited_amount > 0 then 'credited'
            when open_items.open_amount = 0 and open_items.written_off_amount <> 0 then 'paid_with_difference'
            when open_items.open_amount = 0 then 'paid'
            when open_items.paid_amount > 0 then 'partly_paid'
            when coalesce(invoices.due_date, invoices.invoice_date) >= {{ as_of_date() }} then 'not_due'
            else 'overdue'
        end as status
    from {{ ref('invoices') }} as invoices
    inner join open_items on invoices.invoice_id = open_items.invoice_id
    inner join {{ ref('int_invoice_settlements') }} as settlements on invoices.invoice_id = settlements.invoice_id
    left join {{ ref('int_match_totals') }} as totals
        on
            invoices.invoice_id = totals.item_id
            and invoices.document_type = totals.item_type
)

select
    invoices.invoice_id,
    invoices.entity_id,
    invoices.source_name,
    invoices.invoice_number,
    invoices.document_type,
    invoices.customer_id,
    invoices.customer_name,
    invoices.order_id,
    classified.match_id,
    settlements.settlement_channel,
    invoices.status as invoice_status,
    classified.status,
    case
        when classified.status in ('paid', 'paid_with_difference', 'credited', 'credit_note_applied', 'void') then 'matched'
        when classified.status in ('not_due', 'after_as_of_date', 'credit_note_open') then 'waiting'
        else 'open'
    end as status_group,
    settlements.write_off_reason,
    invoices.currency,
    {{ money('open_items.total_amount') }} as total_amount,
    {{ money('open_items.paid_amount') }} as paid_amount,
    {{ money('open_items.credited_amount') }} as credited_amount,
    {{ money('open_items.written_off_amount') }} as written_off_amount,
    {{ money('open_items.open_amount') }} as open_amount,
    {{ money('case when open_items.open_amount < 0 and invoices.total_amount > 0 then open_items.overpaid_amount - open_items.open_amount else open_items.overpaid_amount end') }} as overpaid_amount,
    open_items.paid_amount <> 0 as has_payment,
    invoices.invoice_date,
    coalesce(invoices.due_date, invoices.invoice_date) as due_date,
    settlements.last_paid_date,
    cast(case when open_items.open_amount > 0 then classified.days_past_due else 0 end as bigint) as days_overdue,
    invoices.invoice_date as business_date
from {{ ref('invoices') }} as invoices
inner join open_items on invoices.invoice_id = open_items.invoice_id
inner join classified on invoices.invoice_id = classified.invoice_id
inner join {{ ref('int_invoice_settlements') }} as settlements on invoices.invoice_id = settlements.invoice_id
