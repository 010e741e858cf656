with

source as (
    select * from {{ source('raw_einvoice', 'document_lines') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_einvoice__documents'), ['line_number']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.record_hash,
    current_version.line_number,
    current_version.line_kind,
    current_version.native_line_id,
    coalesce(current_version.item_name, current_version.item_description, current_version.note) as description,
    current_version.quantity,
    current_version.unit_price,
    current_version.net_amount,
    current_version.tax_category,
    current_version.tax_rate,
    current_version.accounting_reference
from current_version
