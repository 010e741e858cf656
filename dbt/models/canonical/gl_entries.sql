{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || entry_number",
    'follows': {
        'stg_csv__gl_entries': "source_name || '|' || entry_id",
    },
}) }}
-- What the ERP says it posted. Base amounts that an ERP leaves out are the amounts, where the line is in
-- base currency anyway.
with

lines as (
    select
        {{ source_key('lines.source_name', 'lines.entry_id') }} || ':' || cast(lines.line_number as varchar) as gl_entry_id,
        lines.entry_id as entry_number,
        lines.line_number,
        lines.posting_date,
        lines.document_type,
        lines.document_number,
        lines.account_code,
        coalesce(lines.currency, lines.base_currency, entities.base_currency) as currency,
        coalesce(lines.debit_amount, 0) as debit_amount,
        coalesce(lines.credit_amount, 0) as credit_amount,
        coalesce(lines.base_currency, entities.base_currency) as base_currency,
        lines.base_debit_amount,
        lines.base_credit_amount,
        lines.description,
        lines.cost_center,
        lines.party_id,
        lines.business_date,
        {{ provenance('lines', 'gl_entries', "lines.entry_id || ':' || cast(lines.line_number as varchar)") }}
    from {{ ref('stg_csv__gl_entries') }} as lines
    left join {{ ref('master_legal_entities') }} as entities on lines.entity_id = entities.entity_id
    where lines.record_state = 'current'
)

select
    lines.gl_entry_id,
    lines.entry_number,
    lines.line_number,
    lines.posting_date,
    lines.document_type,
    lines.document_number,
    lines.account_code,
    lines.currency,
    {{ money('lines.debit_amount') }} as debit_amount,
    {{ money('lines.credit_amount') }} as credit_amount,
    lines.base_currency,
    {{ money('coalesce(lines.base_debit_amount, case when lines.currency = lines.base_currency then lines.debit_amount end, case when lines.base_credit_amount is not null then 0 end)') }} as base_debit_amount,
    {{ money('coalesce(lines.base_credit_amount, case when lines.currency = lines.base_currency then lines.credit_amount end, case when lines.base_debit_amount is not null then 0 end)') }} as base_credit_amount,
    lines.description,
    lines.cost_center,
    lines.party_id,
    lines.business_date,
    {{ provenance_columns('lines') }}
from lines
