-- What did not come in as it should: files and records that were rejected, fields that nobody knows,
-- values without a mapping, master data on which the sources disagree.
with drift as (
    select
        source_name,
        min(entity_id) as entity_id,
        {{ dbt.listagg("distinct stream || '.' || field", "', '", "order by stream || '.' || field") }} as fields
    from {{ ref('stg_landing__schema_drift') }}
    group by source_name
),

-- Records of one file that wait for the order that says their day.
waiting as (
    {%- for stream, order_id, amount in [('payments', 'order_number', 'amount'), ('order_lines', 'order_id', 'total_amount')] %}
    select
        source_name, entity_id, source_file, '{{ stream }}' as stream, currency,
        count(*) as record_count, sum({{ amount }}) as amount, min({{ order_id }}) as order_id
    from {{ ref('stg_csv__' ~ stream) }}
    where record_state = 'waiting'
    group by source_name, entity_id, source_file, currency
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- One exception per document, however many of its values are unknown.
unmapped as (
    select
        entity_id,
        document_type,
        document_id,
        min(currency) as currency,
        max(abs(amount)) as amount,
        min(business_date) as business_date,
        {{ dbt.listagg("distinct field || ' ' || coalesce(value, 'missing')", "', '", "order by field || ' ' || coalesce(value, 'missing')") }} as detail
    from {{ ref('int_unmapped_values') }}
    group by entity_id, document_type, document_id
),

conflicts as (
    select
        party_type,
        party_id,
        min(entity_id) as entity_id,
        {{ dbt.listagg("distinct attribute || ' is ' || golden_value || ', but ' || source_name || ' says ' || conflicting_value", "'; '", "order by attribute || ' is ' || golden_value || ', but ' || source_name || ' says ' || conflicting_value") }} as detail
    from {{ ref('master_data_conflicts') }}
    group by party_type, party_id
)

select
    case when reason_code = 'unreadable_file' or source_position = 0 then 'rejected_file' else 'rejected_record' end as exception_type,
    entity_id,
    case when reason_code = 'unreadable_file' or source_position = 0 then 'source_file' else 'record' end as document_type,
    case
        when reason_code = 'unreadable_file' or source_position = 0 then source_file
        else source_file || '#' || cast(source_position as varchar)
    end as document_id,
    case
        when reason_code = 'unreadable_file' or source_position = 0 then source_file
        else source_file || '#' || cast(source_position as varchar)
    end as document_number,
    source_name as party_name,
    currency,
    amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    -- Some readers say it all in the message, others beside it.
    concat_ws(
        ', ',
        message,
        case when position(coalesce(value, '') in message) = 0 then 'found ' || value end,
        case when position('expected' in message) = 0 then 'expected ' || expected end
    ) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('stg_landing__rejects') }}
-- A file that came again under its own name, corrected, has answered for what was wrong in the first.
where load_id in (select load_id from {{ ref('stg_landing__files') }} where is_latest)

union all

select
    'rejected_record' as exception_type,
    entity_id,
    'source_file' as document_type,
    source_file || '#' || stream || '#' || currency as document_id,
    source_file as document_number,
    source_name as party_name,
    currency,
    amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    cast(null as date) as business_date,
    cast(null as date) as due_date,
    order_id as other_number,
    cast(record_count as varchar) || ' ' || stream || ' have no date, and the orders that they name have not come (the first: '
    || coalesce(order_id, 'none named') || '); they are loaded with the run in which their orders are there' as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from waiting

union all

select
    'schema_drift' as exception_type,
    entity_id,
    'source' as document_type,
    source_name as document_id,
    source_name as document_number,
    source_name as party_name,
    cast(null as varchar) as currency,
    cast(null as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    cast(null as date) as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    fields as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from drift

union all

select
    'unmapped_value' as exception_type,
    entity_id,
    document_type,
    document_id,
    document_type || ' ' || document_id as document_number,
    cast(null as varchar) as party_name,
    currency,
    amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from unmapped

union all

select
    'master_data_conflict' as exception_type,
    entity_id,
    party_type as document_type,
    party_id as document_id,
    party_type || ' ' || party_id as document_number,
    party_id as party_name,
    cast(null as varchar) as currency,
    cast(null as decimal(18, 4)) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    cast(null as date) as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from conflicts
