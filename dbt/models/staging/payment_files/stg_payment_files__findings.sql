with

source as (
    select * from {{ source('raw_payment_files', 'findings') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_payment_files__messages'), ['finding_number']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.finding_number,
    current_version.code,
    current_version.severity,
    current_version.message,
    current_version.expected_amount,
    current_version.found_amount,
    current_version.currency,
    current_version.message_id,
    current_version.business_date
from current_version
