with

source as (
    select * from {{ source('raw_einvoice', 'tax_breakdowns') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_einvoice__documents'), ['breakdown_number']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.record_hash,
    current_version.breakdown_number,
    current_version.tax_category,
    current_version.tax_rate,
    current_version.taxable_amount,
    current_version.tax_amount,
    current_version.exemption_reason,
    current_version.exemption_code
from current_version
