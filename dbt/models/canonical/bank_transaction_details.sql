select
    {{ source_key('details.source_name', 'details.transaction_id') }} || ':' || cast(details.detail_number as varchar) as bank_transaction_detail_id,
    {{ source_key('details.source_name', 'details.transaction_id') }} as bank_transaction_id,
    details.detail_number,
    {{ money('details.amount') }} as amount,
    details.currency,
    details.end_to_end_id,
    details.mandate_id,
    details.counterparty_name,
    upper(replace(details.counterparty_account, ' ', '')) as counterparty_account,
    details.remittance_text,
    details.structured_reference,
    details.servicer_reference,
    details.purpose_code,
    {{ provenance('details', 'transaction_details', "details.transaction_id || ':' || cast(details.detail_number as varchar)", no_timestamp()) }}
from {{ ref('stg_bank__transaction_details') }} as details
