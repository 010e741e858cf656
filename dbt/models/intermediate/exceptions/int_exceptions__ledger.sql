-- Where the books of the ERP and ours differ, by document and by control account, and events that no
-- posting rule took.
with last_days as (
    select
        entity_id,
        period,
        max(end_date) as end_date
    from {{ ref('periods') }}
    group by entity_id, period
)

select
    'unposted_event' as exception_type,
    entity_id,
    document_type,
    document_id,
    document_number,
    cast(null as varchar) as party_name,
    currency,
    abs(amount) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    event_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('int_unposted_events') }}

union all

select
    'gl_entry_' || comparison.status as exception_type,
    comparison.entity_id as entity_id,
    coalesce(comparison.document_type, 'gl_entry') as document_type,
    coalesce(comparison.document_id, comparison.gl_entry_number) as document_id,
    comparison.voucher_type || ' ' || comparison.voucher_number as document_number,
    cast(null as varchar) as party_name,
    comparison.currency as currency,
    abs(comparison.difference_amount) as amount,
    comparison.journal_amount as expected_amount,
    comparison.erp_amount as actual_amount,
    coalesce(comparison.journal_posting_date, comparison.erp_posting_date) as business_date,
    cast(null as date) as due_date,
    comparison.account_code as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('int_gl_comparison') }} as comparison
where comparison.status in ('missing', 'unexpected', 'differs')

union all

select
    'ledger_difference' as exception_type,
    control.entity_id as entity_id,
    'control_account' as document_type,
    control.ledger_control_id as document_id,
    control.account_name || ' ' || control.account_code || ', period ' || control.period as document_number,
    cast(null as varchar) as party_name,
    control.currency as currency,
    case when control.status = 'journal_differs' then abs(control.subledger_difference_amount) else abs(control.unexplained_amount) end as amount,
    case when control.status = 'journal_differs' then control.subledger_amount else control.journal_amount end as expected_amount,
    case when control.status = 'journal_differs' then control.journal_amount else control.erp_amount end as actual_amount,
    least(last_days.end_date, {{ as_of_date() }}) as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    case
        when control.status = 'journal_differs' then 'The documents and our own journal differ.'
        when control.pending_allocation_amount <> 0
            then 'Of it ' || cast(cast(control.pending_allocation_amount as decimal(18, 2)) as varchar) || ' waits for cash application.'
        else 'The single documents are listed under their own exceptions.'
    end as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('subledger_to_ledger') }} as control
left join last_days
    on
        control.entity_id = last_days.entity_id
        and control.period = last_days.period
where control.status in ('erp_differs', 'journal_differs')
