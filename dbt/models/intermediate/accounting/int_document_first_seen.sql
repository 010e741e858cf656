{{ config(materialized='keyed', meta={
    'key': 'document_id',
    'follows': {
        'stg_csv__invoices': "source_name || ':' || invoice_id",
        'stg_stripe__invoices': "source_name || ':' || invoice_id",
    },
}) }}
-- When an invoice or bill became known: its oldest version. The current one does not tell, for paying a
-- document changes it, and a document of a closed month would then leave that month on the day it is
-- paid.
select
    'invoice' as document_type,
    {{ source_key('source_name', 'invoice_id') }} as document_id,
    min(source_updated_at) as first_seen_at
from {{ ref('stg_csv__invoices') }}
group by 1, 2

union all

select
    'invoice',
    {{ source_key('source_name', 'invoice_id') }},
    min(source_updated_at)
from {{ ref('stg_stripe__invoices') }}
group by 1, 2

union all

select
    'bill',
    {{ source_key('source_name', 'bill_id') }},
    min(source_updated_at)
from {{ ref('stg_csv__bills') }}
group by 1, 2
