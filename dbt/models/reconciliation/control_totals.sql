-- Conservation: what each source declared is in the canonical tables, or rejected, or an older version,
-- or a copy. Every cell that any side knows is here, so that money which only one side has is a residual
-- and not a missing row.
with

declared as (
    select
        source_name, stream, entity_id, coalesce(currency, 'XXX') as currency, business_date,
        sum(declared_count) as declared_count,
        sum(declared_amount) as declared_amount
    from {{ ref('stg_landing__control_totals') }}
    group by source_name, stream, entity_id, coalesce(currency, 'XXX'), business_date
),

rejected as (
    select
        source_name, stream, entity_id, currency, business_date,
        count(*) as rejected_count,
        sum(amount) as rejected_amount
    from {{ ref('stg_landing__rejects') }}
    group by source_name, stream, entity_id, currency, business_date
),

sides as (
    select
        source_name, stream, entity_id, currency, business_date,
        declared_count, 0 as rejected_count, 0 as superseded_count, 0 as duplicate_count, 0 as canonical_count,
        declared_amount, 0 as rejected_amount, 0 as superseded_amount, 0 as duplicate_amount, 0 as canonical_amount
    from declared
    union all
    select
        source_name, stream, entity_id, currency, business_date,
        0, rejected_count, 0, 0, 0,
        0, rejected_amount, 0, 0, 0
    from rejected
    union all
    select
        source_name, stream, entity_id, currency, business_date,
        0, waiting_count, superseded_count, duplicate_count, 0,
        0, waiting_amount, superseded_amount, duplicate_amount, 0
    from {{ ref('int_version_counts') }}
    union all
    select
        source_name, stream, entity_id, currency, business_date,
        0, 0, 0, 0, canonical_count,
        0, 0, 0, 0, canonical_amount
    from {{ ref('int_canonical_counts') }}
),

summed as (
    select
        source_name,
        stream,
        entity_id,
        currency,
        business_date,
        sum(declared_count) as declared_count,
        sum(rejected_count) as rejected_count,
        sum(superseded_count) as superseded_count,
        sum(duplicate_count) as duplicate_count,
        sum(canonical_count) as canonical_count,
        sum(declared_amount) as declared_amount,
        sum(rejected_amount) as rejected_amount,
        sum(superseded_amount) as superseded_amount,
        sum(duplicate_amount) as duplicate_amount,
        sum(canonical_amount) as canonical_amount
    from sides
    group by source_name, stream, entity_id, currency, business_date
)

select
    source_name,
    stream,
    entity_id,
    currency,
    business_date,
    cast(declared_count as bigint) as declared_count,
    cast(rejected_count as bigint) as rejected_count,
    cast(superseded_count as bigint) as superseded_count,
    cast(duplicate_count as bigint) as duplicate_count,
    cast(canonical_count as bigint) as canonical_count,
    cast(declared_count - rejected_count - superseded_count - duplicate_count - canonical_count as bigint) as count_residual,
    {{ money('declared_amount') }} as declared_amount,
    {{ money('rejected_amount') }} as rejected_amount,
    {{ money('superseded_amount') }} as superseded_amount,
    {{ money('duplicate_amount') }} as duplicate_amount,
    {{ money('canonical_amount') }} as canonical_amount,
    {{ money('declared_amount - rejected_amount - superseded_amount - duplicate_amount - canonical_amount') }} as amount_residual
from summed
