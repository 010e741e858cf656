-- What the control accounts should hold, taken from the documents' own totals and the match results,
-- without the journal, its rules and its line accounts. One row per movement, debit positive. When this
-- and the journal part, one of the two has lost a document or posted one twice.
-- A chart has one account per control type (tax: one on each side of the balance sheet; banks, payment
-- providers: one per account), which is what makes the proof possible.
with bills as (
    select
        document_type || ':' || document_id as event_id,
        document_id as bill_id,
        vendor_id,
        entity_id,
        source_name,
        currency,
        document_date as bill_date,
        recorded_date,
        total_amount,
        tax_amount
    from {{ ref('int_purchase_documents') }}
),

reports as (
    select
        'expense_report:' || expense_report_id as event_id,
        expense_report_id,
        entity_id,
        source_name,
        currency,
        coalesce(approved_date, submitted_date, business_date) as posted_date,
        reimbursable_amount
    from {{ ref('expense_reports') }}
    where status in ('approved', 'paid', 'reimbursed')
),

report_taxes as (
    select
        reports.event_id,
        reports.entity_id,
        reports.source_name,
        reports.posted_date,
        lines.currency,
        sum(lines.tax_amount) as tax_amount,
        sum(case when lines.account_code is null then lines.net_amount else 0 end) as unmapped_amount
    from reports
    inner join {{ ref('expense_lines') }} as lines on reports.expense_report_id = lines.expense_report_id
    where
        (lines.payment_method = 'card' or lines.is_reimbursable)
        and coalesce(lines.status, '') <> 'rejected'
    group by reports.event_id, reports.entity_id, reports.source_name, reports.posted_date, lines.currency
),

settlements as (
    select
        'bank_transaction:' || settlements.bank_transaction_id as event_id,
        settlements.document_type,
        lines.entity_id,
        lines.source_name,
        settlements.document_currency as currency,
        settlements.booking_date,
        settlements.settled_amount
    from {{ ref('int_bank_settlements') }} as settlements
    inner join {{ ref('bank_transactions') }} as lines
        on settlements.bank_transaction_id = lines.bank_transaction_id
),

bank_rests as (
    select
        'bank_transaction:' || bank_transaction_id as event_id,
        event_type,
        entity_id,
        source_name,
        currency,
        booking_date,
        unallocated_amount
    from {{ ref('int_bank_postings') }}
    where unallocated_amount <> 0
),

-- A transfer that arrives in another currency clears what left.
transfers as (
    select
        'bank_transaction:' || postings.bank_transaction_id as event_id,
        postings.entity_id,
        postings.source_name,
        coalesce(departed.currency, postings.currency) as currency,
        postings.booking_date,
        coalesce(-departed.amount, postings.amount) as amount
    from {{ ref('int_bank_postings') }} as postings
    left join {{ ref('bank_transactions') }} as departed
        on
            postings.left_bank_transaction_id = departed.bank_transaction_id
            and postings.entity_id = departed.entity_id
            and postings.currency <> departed.currency
    where postings.event_type = 'own_account_transfer'
),

charges as (
    select
        'charge:' || payment_id as event_id,
        entity_id,
        source_name,
        currency,
        payment_date,
        coalesce(captured_amount, amount) as amount
    from {{ ref('payments') }}
    where payment_type = 'charge' and status = 'succeeded'
),

payouts as (
    select 'payout:' || payout_id as event_id, entity_id, source_name, currency, business_date, amount
    from {{ ref('payouts') }}
    where status in ('paid', 'in_transit', 'pending')
),

-- On the day of the document that posts it: the provider may book it in the next month.
provider_balance as (
    select
        movements.balance_transaction_id,
        movements.balance_type,
        movements.document_id,
        movements.entity_id,
        movements.source_name,
        movements.currency,
        coalesce(posted.posted_date, movements.business_date) as posted_date,
        movements.gross_amount,
        movements.net_amount,
        movements.balance_type in ('charge', 'refund', 'payout') and posted.document_id is null as is_unexplained
    from {{ ref('balance_transactions') }} as movements
    left join {{ ref('int_provider_documents') }} as posted
        on movements.balance_type = posted.balance_type
        and movements.document_id = posted.document_id
),

-- What the provider has, and its balance transactions do not show yet or never will.
without_balance as (
    select
        case balance_type when 'refund' then 'provider_refund' else balance_type end || ':' || document_id as event_id,
        entity_id,
        source_name,
        currency,
        posted_date,
        amount - own_fee_amount as held_amount
    from {{ ref('int_provider_documents') }}
    where not has_balance_transaction
),

-- A balance transaction is posted under its document's event; its fee, when withheld, under its own.
balances as (
    select
        case
            when is_unexplained then 'unexplained_' || balance_type || ':' || balance_transaction_id
            when balance_type in ('dispute', 'dispute_reversal', 'adjustment', 'transfer') then balance_type || ':' || balance_transaction_id
            when balance_type = 'fee' then 'provider_fee:' || balance_transaction_id
            when balance_type = 'charge' then 'charge:' || document_id
            when balance_type = 'refund' then 'provider_refund:' || document_id
            else balance_type || ':' || document_id
        end as event_id,
        balance_type,
        entity_id,
        source_name,
        currency,
        posted_date as business_date,
        gross_amount,
        case
            when balance_type in ('dispute', 'dispute_reversal', 'fee') then net_amount
            else gross_amount
        end as held_amount,
        is_unexplained
    from provider_balance
    union all
    select
        'provider_fee:' || balance_transaction_id,
        'withheld_fee',
        entity_id,
        source_name,
        currency,
        business_date,
        0,
        net_amount - gross_amount,
        false
    from {{ ref('balance_transactions') }}
    where balance_type not in ('dispute', 'dispute_reversal', 'fee')
),

-- The tax part of a discount moves the tax account only where the rules say so.
taxed_discounts as (
    select
        discounts.event_id,
        lines.entity_id,
        lines.source_name,
        discounts.currency,
        lines.booking_date,
        discounts.amount,
        discounts.event_type
    from {{ ref('int_events_bank') }} as discounts
    inner join {{ ref('bank_transactions') }} as lines on discounts.document_id = lines.bank_transaction_id
    inner join {{ ref('int_entity_posting_rules') }} as rules
        on
            discounts.entity_id = rules.entity_id
            and discounts.event_type = rules.event_type
            and discounts.component = rules.component
    inner join {{ ref('accounts') }} as accounts on rules.account_code = accounts.account_code
    where discounts.component = 'discount_tax' and accounts.control_type = 'tax'
),

unmapped_lines as (
    select
        documents.document_type || ':' || documents.document_id as event_id,
        documents.entity_id,
        documents.source_name,
        documents.currency,
        documents.document_date,
        documents.recorded_date,
        -lines.net_amount as amount
    from {{ ref('int_sales_documents') }} as documents
    inner join {{ ref('invoice_lines') }} as lines
        on documents.document_type in ('invoice', 'credit_note') and documents.document_id = lines.invoice_id
    left join {{ ref('default_accounts') }} as defaults
        on lines.source_name = defaults.source_name and defaults.document_type = 'invoice'
    where lines.account_code is null and defaults.account_code is null
    union all
    select
        bills.event_id,
        bills.entity_id,
        bills.source_name,
        bills.currency,
        bills.bill_date,
        bills.recorded_date,
        lines.net_amount
    from bills
    inner join {{ ref('bill_lines') }} as lines on bills.bill_id = lines.bill_id
    left join {{ ref('vendors') }} as vendors on bills.vendor_id = vendors.vendor_id
    left join {{ ref('default_accounts') }} as defaults
        on lines.source_name = defaults.source_name and defaults.document_type = 'bill'
    where
        lines.account_code is null
        and vendors.default_account_code is null
        and defaults.account_code is null
    union all
    select event_id, entity_id, source_name, currency, posted_date, posted_date, unmapped_amount
    from report_taxes
),

movements as (
    {{ subledger_movement('receivables', "document_type || ':' || document_id", 'total_amount', 'document_date', 'recorded_date') }}
    from {{ ref('int_sales_documents') }}
    union all
    {{ subledger_movement('receivables', 'event_id', '-amount', 'payment_date') }}
    from charges
    union all
    {{ subledger_movement('receivables', "'provider_refund:' || refund_id", 'amount', 'refund_date') }}
    from {{ ref('refunds') }}
    where refund_source <> 'shop' and status not in ('failed', 'cancelled')
    union all
    {{ subledger_movement('receivables', 'event_id', '-settled_amount', 'booking_date') }}
    from settlements
    where document_type in ('invoice', 'credit_note')
    union all
    {{ subledger_movement("receivables", "'write_off:' || decision_id", '-control_amount', 'effective_date', 'known_date') }}
    from {{ ref('int_write_offs') }}
    where component = 'receivable'
    union all
    {{ subledger_movement("payables", "'write_off:' || decision_id", '-control_amount', 'effective_date', 'known_date') }}
    from {{ ref('int_write_offs') }}
    where component = 'payable'
    union all
    {{ subledger_movement("employee", "'write_off:' || decision_id", '-control_amount', 'effective_date', 'known_date') }}
    from {{ ref('int_write_offs') }}
    where component = 'employee'
    union all
    {{ subledger_movement("suspense", "'write_off:' || decision_id", '-control_amount', 'effective_date', 'known_date') }}
    from {{ ref('int_write_offs') }}
    where component = 'suspense'
    union all
    {{ subledger_movement('receivables', 'event_id', '-unallocated_amount', 'booking_date') }}
    from bank_rests
    where event_type = 'customer_receipt'
    union all
    {{ subledger_movement('payables', 'event_id', '-total_amount', 'bill_date', 'recorded_date') }}
    from bills
    union all
    {{ subledger_movement('payables', 'event_id', '-settled_amount', 'booking_date') }}
    from settlements
    where document_type in ('bill', 'vendor_credit_note')
    union all
    {{ subledger_movement('payables', 'event_id', '-unallocated_amount', 'booking_date') }}
    from bank_rests
    where event_type = 'vendor_payment'
    union all
    {{ subledger_movement('employee', 'event_id', '-reimbursable_amount', 'posted_date') }}
    from reports
    union all
    {{ subledger_movement('employee', 'event_id', '-settled_amount', 'booking_date') }}
    from settlements
    where document_type = 'expense_report'
    union all
    {{ subledger_movement('employee', 'event_id', '-unallocated_amount', 'booking_date') }}
    from bank_rests
    where event_type = 'employee_payment'
    union all
    {{ subledger_movement('card', "'card_transaction:' || card_transaction_id", '-amount', 'coalesce(posting_date, business_date)') }}
    from {{ ref('card_transactions') }}
    where transaction_type <> 'payment' and is_posted
    union all
    {{ subledger_movement('card', 'event_id', '-settled_amount', 'booking_date') }}
    from settlements
    where document_type = 'card_settlement'
    union all
    {{ subledger_movement('bank', "'bank_transaction:' || bank_transaction_id", 'amount', 'booking_date', bank_account_id='bank_account_id') }}
    from {{ ref('bank_transactions') }}
    union all
    {{ subledger_movement('psp_clearing', 'event_id', 'held_amount', 'business_date') }}
    from balances
    union all
    {{ subledger_movement('psp_clearing', 'event_id', 'held_amount', 'posted_date') }}
    from without_balance
    union all
    {{ subledger_movement('cash_in_transit', 'event_id', 'amount', 'business_date') }}
    from payouts
    union all
    {{ subledger_movement('cash_in_transit', 'event_id', '-settled_amount', 'booking_date') }}
    from settlements
    where document_type = 'payout'
    union all
    {{ subledger_movement('cash_in_transit', 'event_id', '-amount', 'booking_date') }}
    from transfers
    union all
    {{ subledger_movement('output_tax', "document_type || ':' || document_id", '-tax_amount', 'document_date', 'recorded_date') }}
    from {{ ref('int_sales_documents') }}
    union all
    {{ subledger_movement('output_tax', 'event_id', 'amount', 'booking_date') }}
    from taxed_discounts
    where event_type = 'customer_receipt'
    union all
    {{ subledger_movement('input_tax', 'event_id', 'tax_amount', 'bill_date', 'recorded_date') }}
    from bills
    union all
    {{ subledger_movement('input_tax', 'event_id', 'tax_amount', 'posted_date') }}
    from report_taxes
    union all
    {{ subledger_movement('input_tax', 'event_id', 'amount', 'booking_date') }}
    from taxed_discounts
    where event_type = 'vendor_payment'
    union all
    {{ subledger_movement('suspense', 'event_id', '-unallocated_amount', 'booking_date') }}
    from bank_rests
    where event_type in ('payout_receipt', 'unidentified_receipt', 'unidentified_payment')
    union all
    {{ subledger_movement('suspense', 'event_id', '-gross_amount', 'business_date') }}
    from balances
    where balance_type in ('adjustment', 'transfer') or is_unexplained
    union all
    {{ subledger_movement('suspense', 'event_id', 'amount', 'document_date', 'recorded_date') }}
    from unmapped_lines
),

control_accounts as (
    select
        case
            when control_type = 'tax' and account_type = 'liability' then 'output_tax'
            when control_type = 'tax' then 'input_tax'
            else control_type
        end as control_type,
        min(account_code) as account_code
    from {{ ref('accounts') }}
    where control_type is not null
    group by 1
),

owned_accounts as (
    select
        case account_type when 'psp_clearing' then 'psp_clearing' when 'card' then 'card' else 'bank' end as control_type,
        case when account_type in ('psp_clearing', 'card') then statement_source_name else bank_account_id end as owner,
        min(account_code) as account_code
    from {{ ref('bank_accounts') }}
    group by 1, 2
),

totals as (
    select
        movements.control_type,
        movements.entity_id,
        movements.source_name,
        movements.bank_account_id,
        movements.currency,
        movements.event_date,
        movements.recorded_date,
        sum(movements.amount) as amount,
        sum(case when unposted.event_id is not null then movements.amount else 0 end) as unposted_amount
    from movements
    left join {{ ref('int_unposted_events') }} as unposted on movements.event_id = unposted.event_id
    group by
        movements.control_type,
        movements.entity_id,
        movements.source_name,
        movements.bank_account_id,
        movements.currency,
        movements.event_date,
        movements.recorded_date
)

select
    totals.entity_id,
    coalesce(owned_accounts.account_code, control_accounts.account_code) as account_code,
    totals.currency,
    {{ posting_period('calendar', 'totals.recorded_date') }} as period,
    {{ money('sum(totals.amount)') }} as amount,
    {{ money('sum(totals.unposted_amount)') }} as unposted_amount
from totals
left join owned_accounts
    on
        totals.control_type = owned_accounts.control_type
        and coalesce(totals.bank_account_id, totals.source_name) = owned_accounts.owner
left join control_accounts on totals.control_type = control_accounts.control_type
left join {{ ref('int_posting_calendar') }} as calendar
    on
        totals.entity_id = calendar.entity_id
        and totals.event_date = calendar.calendar_date
group by 1, 2, 3, 4
