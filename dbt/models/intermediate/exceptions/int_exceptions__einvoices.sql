-- E-invoices that break rules of EN 16931 or of their profile: one row per document for sums that do not add
-- up, one for all other rules, with the numbers of the rules; and those in which nobody is us. The documents
-- are loaded all the same. What is a warning to the rules' authors stays in stg_einvoice__findings.
with

documents as (
    select
        *,
        {{ source_key('source_name', 'document_key') }} as document_id,
        case when our_role = 'seller' then 'invoice' else 'bill' end as canonical_type,
        case when our_role = 'seller' then buyer_name else seller_name end as party_name
    from {{ ref('int_einvoices') }}
),

numbered as (
    select
        *,
        expected_amount is not null as is_sum,
        abs(coalesce(expected_amount - found_amount, 0)) as difference_amount,
        row_number() over (
            partition by load_id, source_position, rule_id
            order by abs(coalesce(expected_amount - found_amount, 0)) desc, finding_number
        ) as rank_in_rule,
        row_number() over (
            partition by load_id, source_position, expected_amount is not null
            order by abs(coalesce(expected_amount - found_amount, 0)) desc, finding_number
        ) as rank_in_document,
        count(*) over (partition by load_id, source_position, rule_id) as times_broken
    from {{ ref('stg_einvoice__findings') }}
    where severity = 'fatal'
),

broken as (
    select
        load_id,
        source_position,
        is_sum,
        max(case when rank_in_document = 1 then expected_amount end) as expected_amount,
        max(case when rank_in_document = 1 then found_amount end) as found_amount,
        max(difference_amount) as difference_amount,
        {{ dbt.listagg("rule_id", "', '", "order by rule_id") }} as rules,
        {{ dbt.listagg("rule_id || ': ' || message || case when times_broken > 1 then ' (' || cast(times_broken as varchar) || ' times)' else '' end", "'; '", "order by rule_id") }} as detail
    from numbered
    where rank_in_rule = 1
    group by load_id, source_position, is_sum
)

select
    case when broken.is_sum then 'einvoice_sum_differs' else 'einvoice_rule_broken' end as exception_type,
    documents.entity_id,
    documents.canonical_type as document_type,
    documents.document_id,
    documents.document_number,
    documents.party_name,
    documents.currency,
    case when broken.is_sum then broken.difference_amount else abs(documents.total_amount) end as amount,
    broken.expected_amount,
    broken.found_amount as actual_amount,
    documents.business_date,
    documents.due_date,
    broken.rules as other_number,
    broken.detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from broken
inner join documents
    on broken.load_id = documents.load_id
    and broken.source_position = documents.source_position

union all

select
    'einvoice_party_unknown' as exception_type,
    documents.entity_id,
    documents.canonical_type as document_type,
    documents.document_id,
    documents.document_number,
    documents.party_name,
    documents.currency,
    abs(documents.total_amount) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    documents.business_date,
    documents.due_date,
    cast(null as varchar) as other_number,
    'the seller is ' || coalesce(documents.seller_name, 'not named')
    || ' (' || coalesce(documents.source_vendor_id, 'no number') || '), the buyer ' || coalesce(documents.buyer_name, 'not named')
    || ' (' || coalesce(documents.source_customer_id, 'no number') || ')'
    || case when documents.other_entity_id is not null then ', which is our entity ' || documents.other_entity_id else '' end as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from documents
where not documents.is_party_known
