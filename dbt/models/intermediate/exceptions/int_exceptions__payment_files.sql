-- Payments that a bank refused or gave back, also those of files that we never saw; and payment files whose
-- control figures are not what they hold.
with

refused as (
    select *
    from {{ ref('payment_instructions') }}
    where status in ('rejected', 'returned')
),

known as (
    select distinct entity_id, message_id, instruction_id, end_to_end_id
    from {{ ref('payment_instructions') }}
),

unknown_refusals as (
    select statuses.*
    from {{ ref('stg_payment_files__statuses') }} as statuses
    left join known as by_instruction
        on statuses.entity_id = by_instruction.entity_id
        and statuses.original_instruction_id = by_instruction.instruction_id
    left join known as by_end_to_end
        on statuses.entity_id = by_end_to_end.entity_id
        and statuses.original_message_id = by_end_to_end.message_id
        and (statuses.level <> 'instruction' or statuses.original_end_to_end_id = by_end_to_end.end_to_end_id)
    where statuses.record_state = 'current'
        and statuses.source_status in ('RJCT', 'RETURNED', 'CANC')
        and by_instruction.entity_id is null
        and by_end_to_end.entity_id is null
),

differing as (
    select
        *,
        row_number() over (partition by load_id order by finding_number) as rank_in_file
    from {{ ref('stg_payment_files__findings') }}
    where severity = 'fatal'
),

told as (
    select
        load_id,
        {{ dbt.listagg("message", "'; '", "order by finding_number") }} as detail
    from differing
    group by load_id
)

select
    'payment_refused' as exception_type,
    entity_id,
    'payment_instruction' as document_type,
    payment_instruction_id as document_id,
    coalesce(end_to_end_id, instruction_id, payment_instruction_id) as document_number,
    counterparty_name as party_name,
    currency,
    amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    concat_ws(' ', status, status_reason_code, status_reason_text) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from refused

union all

select
    'payment_refused' as exception_type,
    entity_id,
    'payment_status' as document_type,
    {{ source_key('source_name', 'status_key') }} as document_id,
    coalesce(original_end_to_end_id, original_instruction_id, original_batch_id, original_message_id, status_key) as document_number,
    cast(null as varchar) as party_name,
    coalesce(original_currency, 'XXX') as currency,
    coalesce(original_amount, 0) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    cast(created_at as date) as business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    concat_ws(' ', source_status, reason_code, reason_text) || '; the file that ordered it was not loaded' as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from unknown_refusals

union all

select
    'payment_file_differs' as exception_type,
    differing.entity_id,
    'source_file' as document_type,
    differing.source_file as document_id,
    coalesce(differing.message_id, differing.source_file) as document_number,
    cast(null as varchar) as party_name,
    differing.currency,
    coalesce(abs(differing.expected_amount - differing.found_amount), 0) as amount,
    differing.expected_amount,
    differing.found_amount as actual_amount,
    differing.business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    told.detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from differing
inner join told on differing.load_id = told.load_id
where differing.rank_in_file = 1
