-- Where the books of the ERP and ours differ, by document and by control account, and events that no
-- posting rule took.
with last_days as (
    select
        entity_id,
        period,
        max(end_date) as end_date
    from {{ ref('periods') }}
    group by entity_id, period
),

-- Business that was converted with the rate of a day long before it: a list of rates that nobody delivers
-- any more. One row per currency and stale rate, not one per document: one delivery mends all of them.
documents as (
    select
        entity_id,
        document_id,
        currency,
        rate_date,
        -- The total; its parts (net, tax) are components of the same document.
        max(abs(amount)) as amount
    from {{ ref('int_accounting_events') }}
    where rate_date <= {{ as_of_date() }}
    group by entity_id, document_id, currency, rate_date
),

old_rates as (
    select
        documents.entity_id,
        documents.currency,
        rates.base_currency,
        rates.source_rate_date,
        sum(documents.amount) as amount,
        count(distinct documents.document_id) as document_count,
        min(documents.rate_date) as first_date,
        max(documents.rate_date) as last_date
    from documents
    inner join {{ ref('legal_entities') }} as legal_entities on documents.entity_id = legal_entities.legal_entity_id
    inner join {{ ref('fx_rates') }} as rates
        on
            documents.currency = rates.quote_currency
            and legal_entities.base_currency = rates.base_currency
            and documents.rate_date = rates.rate_date
    where
        rates.quote_currency <> rates.base_currency
        and {{ dbt.datediff('rates.source_rate_date', 'documents.rate_date', 'day') }} > {{ grace_days('fx_rate_old') }}
    group by documents.entity_id, documents.currency, rates.base_currency, rates.source_rate_date
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
from (
    -- A charge and its fee are events of one document: the largest tells of both.
    select
        *,
        row_number() over (
            partition by document_type, document_id order by abs(amount) desc, detail
        ) as place
    from {{ ref('int_unposted_events') }}
) as unposted
where place = 1

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

union all

select
    'fx_rate_old' as exception_type,
    entity_id as entity_id,
    'fx_rate' as document_type,
    entity_id || ':' || currency || '/' || base_currency || ':' || cast(source_rate_date as varchar) as document_id,
    currency || '/' || base_currency as document_number,
    cast(null as varchar) as party_name,
    currency as currency,
    cast(amount as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    source_rate_date as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(document_count as varchar) || ' documents from ' || cast(first_date as varchar)
    || ' to ' || cast(last_date as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from old_rates
