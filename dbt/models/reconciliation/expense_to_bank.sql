-- Money owed to employees and to the card company, against the bank lines that paid it.
with items as (
    select
        reports.expense_report_id as expense_item_id,
        'expense_report' as item_type,
        reports.entity_id,
        reports.source_name,
        reports.report_name as item_name,
        coalesce(employees.employee_name, reports.employee_name) as party_name,
        reports.status as source_status,
        reports.status in ('approved', 'paid', 'reimbursed') as is_payable,
        reports.currency,
        reports.reimbursable_amount as expected_amount,
        coalesce(reports.approved_date, reports.submitted_date, reports.business_date) as business_date
    from {{ ref('expense_reports') }} as reports
    left join {{ ref('employees') }} as employees on reports.employee_id = employees.employee_id
    union all
    select
        card_settlement_id as expense_item_id,
        'card_settlement' as item_type,
        entity_id,
        source_name,
        statement_reference as item_name,
        cast(null as varchar) as party_name,
        'posted' as source_status,
        true as is_payable,
        currency,
        settlement_amount as expected_amount,
        last_posting_date as business_date
    from {{ ref('int_card_settlements') }}
),

paid as (
    -- Settlements are signed from the cash view; a reimbursement is money out.
    select
        document_id as item_id,
        document_type as item_type,
        -sum(settled_amount - difference_amount) as paid_amount,
        -sum(difference_amount) as written_off_amount,
        max(booking_date) as last_paid_date
    from {{ ref('int_bank_settlements') }}
    where document_type in ('expense_report', 'card_settlement')
    group by document_id, document_type
),

surplus as (
    select
        item_id,
        item_type,
        sum(surplus_amount) as overpaid_amount
    from {{ ref('int_match_surplus') }}
    where item_type in ('expense_report', 'card_settlement')
    group by item_id, item_type
),

joined as (
    select
        items.expense_item_id,
        items.item_type,
        items.entity_id,
        items.source_name,
        items.item_name,
        items.party_name,
        coalesce(totals.suggested_match_id, totals.match_id) as match_id,
        items.source_status,
        items.is_payable,
        items.currency,
        case when items.is_payable then items.expected_amount else 0 end as expected_amount,
        coalesce(paid.paid_amount, 0) as paid_amount,
        coalesce(paid.written_off_amount, 0) as written_off_amount,
        coalesce(surplus.overpaid_amount, 0) as overpaid_amount,
        coalesce(totals.suggested_count, 0) > 0 as is_in_review,
        paid.item_id is not null as has_bank_line,
        items.business_date,
        paid.last_paid_date
    from items
    left join paid on items.expense_item_id = paid.item_id and items.item_type = paid.item_type
    left join surplus on items.expense_item_id = surplus.item_id and items.item_type = surplus.item_type
    left join {{ ref('int_match_totals') }} as totals
        on items.expense_item_id = totals.item_id and items.item_type = totals.item_type
),

classified as (
    select
        expense_item_id,
        item_type,
        entity_id,
        source_name,
        item_name,
        party_name,
        match_id,
        source_status,
        is_payable,
        currency,
        expected_amount,
        paid_amount,
        written_off_amount,
        overpaid_amount,
        is_in_review,
        has_bank_line,
        business_date,
        last_paid_date,
        expected_amount - paid_amount - written_off_amount as open_amount,
        case
            when not is_payable then 'not_approved'
            when business_date > {{ as_of_date() }} then 'after_as_of_date'
            when expected_amount = 0 then 'nothing_to_pay'
            when is_in_review then 'in_review'
            when overpaid_amount > 0 then 'overpaid'
            when expected_amount = paid_amount + written_off_amount then 'paid'
            when has_bank_line then 'partly_paid'
            when item_type = 'expense_report' and {{ is_past_grace('business_date', 'expense_not_reimbursed') }} then 'overdue'
            when item_type = 'card_settlement' and {{ is_past_grace('business_date', 'card_settlement_open') }} then 'overdue'
            else 'not_due'
        end as status
    from joined
)

select
    expense_item_id,
    item_type,
    entity_id,
    source_name,
    item_name,
    party_name,
    match_id,
    source_status,
    status,
    case
        when status in ('paid', 'nothing_to_pay', 'not_approved') then 'matched'
        when status in ('not_due', 'after_as_of_date') then 'waiting'
        else 'open'
    end as status_group,
    currency,
    cast(expected_amount as decimal(18, 4)) as expected_amount,
    cast(paid_amount as decimal(18, 4)) as paid_amount,
    cast(written_off_amount as decimal(18, 4)) as written_off_amount,
    cast(open_amount as decimal(18, 4)) as open_amount,
    cast(overpaid_amount as decimal(18, 4)) as overpaid_amount,
    has_bank_line,
    business_date,
    last_paid_date
from classified
