{{ config(materialized='keyed', meta={
    'key': "source_name || '|' || entry_id",
    'follows': {
        'raw_csv.gl_entries': "source_name || '|' || entry_id",
    },
}) }}
with

source as (
    select * from {{ source('raw_csv', 'gl_entries') }}
),

delivered as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        source.updated_at as source_updated_at,
        source.posting_date as business_date,
        source.entry_id,
        source.line_number,
        source.posting_date,
        source.document_type,
        source.document_number,
        source.account_code,
        coalesce(source.currency, 'XXX') as currency,
        source.debit_amount,
        source.credit_amount,
        source.base_currency,
        source.base_debit_amount,
        source.base_credit_amount,
        source.description,
        source.cost_center,
        source.party_id,
        source.updated_at
    from source
),

dropped as (
    {{ dropped_lines(
        'delivered',
        'entry_id',
        'coalesce(latest.base_debit_amount, latest.debit_amount, 0) - coalesce(latest.base_credit_amount, latest.credit_amount, 0)'
    ) }}
),

renamed as (
    select
        delivered.*,
        dropped.line_number is not null as is_dropped
    from delivered
    left join dropped
        on
            delivered.source_name = dropped.source_name
            and delivered.entry_id = dropped.entry_id
            and delivered.line_number = dropped.line_number
)

{{ record_state('renamed', ['entry_id', 'line_number'], never_current='numbered.is_dropped') }}
