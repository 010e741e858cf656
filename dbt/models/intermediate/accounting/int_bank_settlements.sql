-- One row per bank line and document that it settles, from the matches that count. All amounts from the
-- cash view (money in is positive), so that a credit note against a receipt and a vendor's refund need
-- no case of their own.
--   cash_amount      of the bank line, in its currency
--   settled_amount   of the document, in its currency: cash plus what the difference settles
--   cleared_amount   settled of the document before this row
with documents as (
    select
        document_type,
        invoice_id as document_id,
        currency,
        total_amount as cash_amount,
        tax_amount,
        invoice_date as document_date,
        customer_id,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as employee_id
    from {{ ref('invoices') }}
    union all
    select
        case when document_type = 'credit_note' then 'vendor_credit_note' else 'bill' end,
        bill_id,
        currency,
        -total_amount,
        -tax_amount,
        bill_date,
        null,
        vendor_id,
        null
    from {{ ref('bills') }}
    union all
    select 'payout', payout_id, currency, amount, cast(0 as decimal(18, 4)), business_date, null, null, null
    from {{ ref('payouts') }}
    union all
    select
        'expense_report',
        expense_report_id,
        currency,
        -reimbursable_amount,
        cast(0 as decimal(18, 4)),
        coalesce(approved_date, submitted_date, business_date),
        null,
        null,
        employee_id
    from {{ ref('expense_reports') }}
    union all
    select 'card_settlement', card_settlement_id, currency, -settlement_amount, cast(0 as decimal(18, 4)), last_posting_date, null, null, null
    from {{ ref('int_card_settlements') }}
),

applied as (
    select
        matches.match_id,
        matches.reconciliation,
        matches.difference_amount,
        reasons.component as difference_component,
        case when allocations.left_type = 'bank_transaction' then allocations.left_id else allocations.right_id end as bank_transaction_id,
        case when allocations.left_type = 'bank_transaction' then allocations.right_type else allocations.left_type end as document_type,
        case when allocations.left_type = 'bank_transaction' then allocations.right_id else allocations.left_id end as document_id,
        allocations.allocated_amount,
        allocations.currency as allocation_currency
    from {{ ref('match_allocations') }} as allocations
    inner join {{ ref('matches') }} as matches on allocations.match_id = matches.match_id
    left join {{ ref('difference_reasons') }} as reasons on matches.difference_reason = reasons.difference_reason
    where
        matches.status in ('auto', 'confirmed')
        and (allocations.left_type = 'bank_transaction') <> (allocations.right_type = 'bank_transaction')
),

valued as (
    select
        applied.match_id,
        applied.reconciliation,
        applied.difference_amount,
        applied.difference_component,
        applied.bank_transaction_id,
        applied.document_type,
        applied.document_id,
        lines.booking_date,
        lines.amount as line_amount,
        lines.currency as line_currency,
        documents.currency as document_currency,
        documents.document_date,
        documents.cash_amount as document_amount,
        documents.tax_amount as document_tax_amount,
        documents.customer_id,
        documents.vendor_id,
        documents.employee_id,
        documents.currency <> lines.currency as is_foreign,
        -- A line in another currency than its document: the side whose currency the allocation has not
        -- is taken whole, for the engine pairs them one to one.
        case
            when applied.allocation_currency = lines.currency then sign(documents.cash_amount) * abs(applied.allocated_amount)
            else lines.amount
        end as cash_amount,
        case
            when applied.allocation_currency = documents.currency then sign(documents.cash_amount) * abs(applied.allocated_amount)
            else documents.cash_amount
        end as allocated_amount
    from applied
    inner join {{ ref('bank_transactions') }} as lines on applied.bank_transaction_id = lines.bank_transaction_id
    inner join documents
        on
            applied.document_type = documents.document_type
            and applied.document_id = documents.document_id
),

-- What the payments of a match leave open of each document, and whether the match settles it too.
shortfalls as (
    select
        match_id,
        document_type,
        document_id,
        min(document_amount) - sum(allocated_amount) as shortfall_amount,
        abs(min(difference_amount)) as difference_amount
    from valued
    where not is_foreign and difference_component is not null
    group by match_id, document_type, document_id
),

-- Several documents share one difference: each takes its own shortfall, in order of id, up to the
-- difference that the match allows. More would settle what nobody agreed to.
shared as (
    select
        match_id,
        document_type,
        document_id,
        shortfall_amount,
        difference_amount,
        coalesce(
            sum(abs(shortfall_amount)) over (
                partition by match_id order by document_type, document_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as taken_before
    from shortfalls
),

ordered as (
    select
        valued.match_id,
        valued.reconciliation,
        valued.difference_amount as match_difference_amount,
        valued.difference_component,
        valued.bank_transaction_id,
        valued.document_type,
        valued.document_id,
        valued.booking_date,
        valued.line_amount,
        valued.line_currency,
        valued.document_currency,
        valued.document_date,
        valued.document_amount,
        valued.document_tax_amount,
        valued.customer_id,
        valued.vendor_id,
        valued.employee_id,
        valued.is_foreign,
        valued.cash_amount,
        valued.allocated_amount,
        row_number() over (
            partition by valued.match_id, valued.document_type, valued.document_id
            order by valued.booking_date desc, valued.bank_transaction_id desc
        ) as position_from_last,
        case
            when shared.taken_before < shared.difference_amount
                then sign(shared.shortfall_amount)
                    * least(abs(shared.shortfall_amount), shared.difference_amount - shared.taken_before)
            else 0
        end as difference_amount
    from valued
    left join shared
        on
            valued.match_id = shared.match_id
            and valued.document_type = shared.document_type
            and valued.document_id = shared.document_id
),

-- The last payment of a document carries its difference.
settled as (
    select
        match_id,
        reconciliation,
        match_difference_amount,
        difference_component,
        bank_transaction_id,
        document_type,
        document_id,
        booking_date,
        line_amount,
        line_currency,
        document_currency,
        document_date,
        document_amount,
        document_tax_amount,
        customer_id,
        vendor_id,
        employee_id,
        is_foreign,
        cash_amount,
        allocated_amount,
        case when position_from_last = 1 then difference_amount else 0 end as difference_amount
    from ordered
)

select
    match_id,
    reconciliation,
    bank_transaction_id,
    document_type,
    document_id,
    booking_date,
    line_currency,
    {{ money('line_amount') }} as line_amount,
    document_currency,
    document_date,
    {{ money('document_amount') }} as document_amount,
    {{ money('document_tax_amount') }} as document_tax_amount,
    customer_id,
    vendor_id,
    employee_id,
    is_foreign,
    {{ money('abs(match_difference_amount)') }} as match_difference_amount,
    difference_component,
    {{ money('cash_amount') }} as cash_amount,
    {{ money('difference_amount') }} as difference_amount,
    {{ money('allocated_amount + difference_amount') }} as settled_amount,
    {{ money('coalesce(sum(allocated_amount + difference_amount) over (
        partition by document_type, document_id
        order by booking_date, bank_transaction_id, match_id
        rows between unbounded preceding and 1 preceding
    ), 0)') }} as cleared_amount
from settled
