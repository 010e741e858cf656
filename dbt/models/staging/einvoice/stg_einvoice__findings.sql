with

source as (
    select * from {{ source('raw_einvoice', 'findings') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_einvoice__documents'), ['finding_number']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.finding_number,
    current_version.rule_id,
    current_version.severity,
    current_version.message,
    current_version.location,
    current_version.expected_amount,
    current_version.found_amount,
    current_version.currency
from current_version
