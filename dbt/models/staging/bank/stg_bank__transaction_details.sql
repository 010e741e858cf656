with

source as (
    select * from {{ source('raw_bank', 'transaction_details') }}
),

current_version as (
    {{ children_of_current('source', ref('stg_bank__transactions'), ['detail_number']) }}
)

select
    current_version.source_name,
    current_version.entity_id,
    current_version.load_id,
    current_version.source_file,
    current_version.source_position,
    current_version.record_hash,
    parents.transaction_id,
    current_version.detail_number,
    current_version.amount,
    current_version.currency,
    current_version.end_to_end_id,
    current_version.mandate_id,
    current_version.counterparty_name,
    current_version.counterparty_account,
    current_version.remittance_text,
    current_version.structured_reference,
    current_version.servicer_reference,
    current_version.purpose_code
from current_version
inner join {{ ref('stg_bank__transactions') }} as parents
    on current_version.load_id = parents.load_id
    and current_version.source_position = parents.source_position
    and parents.record_state = 'current'
