-- Which party of ours a source means by its own number. One row per identifier; the same number given
-- to two parties is left out (and found by a test), because guessing would book one's debt on the other.
with

identifiers as (
    select
        party_type,
        source_name,
        source_party_id,
        min(party_id) as party_id,
        count(distinct party_id) as party_count
    from {{ ref('party_crosswalk') }}
    where source_party_id is not null and source_party_id <> ''
    group by party_type, source_name, source_party_id
)

select
    party_type,
    source_name,
    source_party_id,
    party_id
from identifiers
where party_count = 1
