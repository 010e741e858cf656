{{ config(materialized='keyed', meta={'key': "entity_id || '|' || posting_date"}) }}
-- The days of our journal that an ERP has exported. An entity whose ERP sends no ledger has nothing to compare
-- with, and what the ERP has not exported yet is not missing. A model of its own: it is a figure over all entries.
with exported as (
    select
        entity_id,
        min(posting_date) as first_date,
        max(posting_date) as last_date
    from {{ ref('gl_entries') }}
    group by entity_id
)

select distinct
    journal.entity_id,
    journal.posting_date
from {{ ref('journal_lines') }} as journal
inner join exported
    on
        journal.entity_id = exported.entity_id
        and journal.posting_date between exported.first_date and exported.last_date
