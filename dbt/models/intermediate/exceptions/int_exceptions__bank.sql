-- Bank lines that nobody claims, claims that a person must confirm, transfers with one side, and bills
-- that were paid twice.
with lines as (
    select
        lines.bank_transaction_id,
        lines.entity_id,
        lines.bank_account_id,
        lines.match_id,
        lines.match_rule_id,
        lines.matched_by_reconciliation,
        lines.status,
        lines.counterparty_name,
        lines.remittance_text,
        lines.documents,
        lines.currency,
        lines.amount,
        lines.booking_date,
        bank_lines.own_bank_account_id
    from {{ ref('bank_to_documents') }} as lines
    inner join {{ ref('int_bank_lines') }} as bank_lines on lines.bank_transaction_id = bank_lines.bank_transaction_id
),

twice as (
    select
        bank_transaction_id,
        other_bank_transaction_id,
        bill_number
    from {{ ref('int_bills_paid_twice') }}
),

gaps as (
    select
        bank_account_id,
        min(statement_id) as statement_id,
        previous_to_date,
        from_date
    from {{ ref('bank_statement_continuity') }}
    where has_gap
    group by bank_account_id, previous_to_date, from_date
)

select
    'bank_line_unmatched' as exception_type,
    lines.entity_id as entity_id,
    'bank_transaction' as document_type,
    lines.bank_transaction_id as document_id,
    lines.bank_transaction_id as document_number,
    lines.counterparty_name as party_name,
    lines.currency as currency,
    abs(lines.amount) as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    lines.amount as actual_amount,
    lines.booking_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    lines.remittance_text as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from lines
left join twice on lines.bank_transaction_id = twice.bank_transaction_id
left join twice as kept on lines.bank_transaction_id = kept.other_bank_transaction_id
where lines.status = 'unmatched' and twice.bank_transaction_id is null and kept.bank_transaction_id is null

union all

select
    'match_to_review' as exception_type,
    lines.entity_id as entity_id,
    'bank_transaction' as document_type,
    lines.bank_transaction_id as document_id,
    'Bank line ' || lines.bank_transaction_id as document_number,
    'from or to ' || coalesce(lines.counterparty_name, 'somebody without a name') as party_name,
    lines.currency as currency,
    abs(lines.amount) as amount,
    lines.amount as expected_amount,
    lines.amount as actual_amount,
    lines.booking_date as business_date,
    cast(null as date) as due_date,
    lines.documents as other_number,
    'rule ' || lines.match_rule_id || ', confidence ' || cast(matches.confidence as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from lines
left join twice on lines.bank_transaction_id = twice.bank_transaction_id
left join {{ ref('matches') }} as matches on lines.match_id = matches.match_id
where
    lines.status = 'in_review'
    and twice.bank_transaction_id is null
    -- A payout that came short is told as the payout, with its amount.
    and not (lines.matched_by_reconciliation = 'payout_to_bank' and coalesce(matches.difference_amount, 0) <> 0)

union all

select
    'transfer_unmatched' as exception_type,
    lines.entity_id as entity_id,
    'bank_transaction' as document_type,
    lines.bank_transaction_id as document_id,
    lines.bank_transaction_id as document_number,
    'on ' || lines.bank_account_id as party_name,
    lines.currency as currency,
    abs(lines.amount) as amount,
    lines.amount as expected_amount,
    cast(0 as decimal(18, 4)) as actual_amount,
    lines.booking_date as business_date,
    cast(null as date) as due_date,
    'other side ' || coalesce(lines.own_bank_account_id, lines.counterparty_name, lines.remittance_text, 'not named') as other_number,
    lines.remittance_text as detail,
    case when gaps.statement_id is not null then 'statement_gap' end as caused_by_type,
    gaps.statement_id as caused_by_id
from lines
left join gaps
    on
        lines.own_bank_account_id = gaps.bank_account_id
        and lines.booking_date between {{ dbt.dateadd('day', -3, 'gaps.previous_to_date') }} and {{ dbt.dateadd('day', 3, 'gaps.from_date') }}
where lines.status = 'transfer_unmatched'

union all

select
    'bill_paid_twice' as exception_type,
    lines.entity_id as entity_id,
    'bank_transaction' as document_type,
    twice.bank_transaction_id as document_id,
    twice.bank_transaction_id as document_number,
    lines.counterparty_name as party_name,
    lines.currency as currency,
    abs(lines.amount) as amount,
    cast(0 as decimal(18, 4)) as expected_amount,
    lines.amount as actual_amount,
    lines.booking_date as business_date,
    cast(null as date) as due_date,
    twice.bill_number as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from twice
inner join lines on twice.bank_transaction_id = lines.bank_transaction_id
