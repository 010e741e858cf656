with

source as (
    select * from {{ source('raw_decisions', 'decisions') }}
),

renamed as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        source.recorded_at as source_updated_at,
        source.effective_date as business_date,
        source.sequence,
        source.previous_hash,
        source.hash,
        source.action,
        source.decided_by,
        source.os_user,
        source.recorded_at as decided_at,
        source.reason,
        source.effective_date,
        source.run_id,
        source.reconciliation,
        source.match_id,
        source.match_rule_id,
        source.exception_id,
        source.document_type,
        source.document_id,
        source.undoes,
        source.currency,
        {{ money('source.amount') }} as amount,
        source.difference_reason,
        source.owner,
        source.changes_postings,
        source.items,
        source.links,
        source.removed,
        source.payload
    from source
)

{{ record_state('renamed', ['sequence']) }}
