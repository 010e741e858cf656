-- The log comes whole with each delivery. A delivery that broke the chain, or that has another line at a place
-- that was known before, is refused (expectations/decision_log.py): none of its lines counts, also after the
-- true log is back.
with

source as (
    select * from {{ source('raw_decisions', 'decisions') }}
),

judged as (
    select
        load_id,
        hash,
        first_value(hash) over (partition by sequence order by _dlt_load_id, load_id) as first_hash
    from source
),

refused as (
    select load_id
    from {{ source('raw_decisions', 'rejects') }}
    where reason_code = 'broken_chain'
    union
    select load_id
    from judged
    where hash <> first_hash
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
        -- Last among the versions of its line, or the true one would be superseded by it.
        case when refused.load_id is null then source.recorded_at end as source_updated_at,
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
        source.payload,
        refused.load_id is not null as is_refused
    from source
    left join refused on source.load_id = refused.load_id
)

{{ record_state('renamed', ['sequence'], never_current='is_refused') }}
