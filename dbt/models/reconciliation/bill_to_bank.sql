-- Payables: what each vendor bill still waits for. total = paid + written off + open, signed
-- like the document (vendor credit notes negative).
with paid as (
    -- Settlements are signed from the cash view; a bill is money out.
    select
        document_id as bill_id,
        -sum(settled_amount - difference_amount) as paid_amount,
        -sum(difference_amount) as written_off_amount,
        max(difference_component) as difference_component,
        max(booking_date) as last_paid_date
    from {{ ref('int_bank_settlements') }}
    where document_type in ('bill', 'vendor_credit_note')
    group by document_id
),

decided as (
    select
        item_id as bill_id,
        -sum(cash_amount) as written_off_amount,
        max(difference_component) as difference_component
    from {{ ref('int_write_offs') }}
    where item_type in ('bill', 'vendor_credit_note')
    group by item_id
),

surplus as (
    select
        item_id as bill_id,
        sum(surplus_amount) as overpaid_amount
    from {{ ref('int_match_surplus') }}
    where item_type = 'bill'
    group by item_id
),

joined as (
    select
        bills.bill_id,
        bills.entity_id,
        bills.source_name,
        bills.bill_number,
        bills.document_type,
        bills.vendor_id,
        coalesce(vendors.vendor_name, bills.vendor_name) as vendor_name,
        coalesce(totals.suggested_match_id, totals.match_id) as match_id,
        bills.status as bill_status,
        coalesce(
            case when paid.written_off_amount <> 0 then paid.difference_component end,
            decided.difference_component
        ) as write_off_reason,
        bills.currency,
        case when bills.status in ('void', 'draft') then 0 else bills.total_amount end as total_amount,
        coalesce(paid.paid_amount, 0) as paid_amount,
        coalesce(paid.written_off_amount, 0) + coalesce(decided.written_off_amount, 0) as written_off_amount,
        coalesce(surplus.overpaid_amount, 0) as overpaid_amount,
        coalesce(totals.suggested_count, 0) > 0 as is_in_review,
        paid.bill_id is not null as has_bank_line,
        bills.bill_date,
        coalesce(bills.due_date, bills.bill_date) as due_date,
        paid.last_paid_date
    from {{ ref('bills') }} as bills
    left join {{ ref('vendors') }} as vendors on bills.vendor_id = vendors.vendor_id
    left join paid on bills.bill_id = paid.bill_id
    left join decided on bills.bill_id = decided.bill_id
    left join surplus on bills.bill_id = surplus.bill_id
    left join {{ ref('int_match_totals') }} as totals
        on
            bills.bill_id = totals.item_id
            and totals.item_type = case when bills.document_type = 'credit_note' then 'vendor_credit_note' else 'bill' end
),

classified as (
    select
        bill_id,
        entity_id,
        source_name,
        bill_number,
        document_type,
        vendor_id,
        vendor_name,
        match_id,
        bill_status,
        write_off_reason,
        currency,
        total_amount,
        paid_amount,
        written_off_amount,
        overpaid_amount,
        is_in_review,
        has_bank_line,
        bill_date,
        due_date,
        last_paid_date,
        total_amount - paid_amount - written_off_amount as open_amount,
        greatest(0, {{ dbt.datediff('due_date', as_of_date(), 'day') }}) as days_past_due
    from joined
),

final as (
    select
        bill_id,
        entity_id,
        source_name,
        bill_number,
        document_type,
        vendor_id,
        vendor_name,
        match_id,
        bill_status,
        write_off_reason,
        currency,
        total_amount,
        paid_amount,
        written_off_amount,
        overpaid_amount,
        is_in_review,
        has_bank_line,
        bill_date,
        due_date,
        last_paid_date,
        open_amount,
        days_past_due,
        case
            when bill_status in ('void', 'draft') then 'void'
            when bill_date > {{ as_of_date() }} then 'after_as_of_date'
            when document_type = 'credit_note' and open_amount = 0 then 'credit_note_applied'
            when is_in_review and open_amount <> 0 then 'in_review'
            when document_type = 'credit_note' then 'credit_note_open'
            when overpaid_amount > 0 then 'overpaid'
            when open_amount = 0 and written_off_amount <> 0 then 'paid_with_difference'
            when open_amount = 0 then 'paid'
            when has_bank_line then 'partly_paid'
            when due_date >= {{ as_of_date() }} then 'not_due'
            else 'overdue'
        end as status
    from classified
)

select
    bill_id,
    entity_id,
    source_name,
    bill_number,
    document_type,
    vendor_id,
    vendor_name,
    match_id,
    bill_status,
    status,
    case
        when status in ('paid', 'paid_with_difference', 'credit_note_applied', 'void') then 'matched'
        when status in ('not_due', 'after_as_of_date', 'credit_note_open') then 'waiting'
        else 'open'
    end as status_group,
    write_off_reason,
    currency,
    cast(total_amount as decimal(18, 4)) as total_amount,
    cast(paid_amount as decimal(18, 4)) as paid_amount,
    cast(written_off_amount as decimal(18, 4)) as written_off_amount,
    cast(open_amount as decimal(18, 4)) as open_amount,
    cast(overpaid_amount as decimal(18, 4)) as overpaid_amount,
    has_bank_line,
    bill_date,
    due_date,
    last_paid_date,
    cast(case when open_amount > 0 then days_past_due else 0 end as bigint) as days_overdue,
    bill_date as business_date
from final
