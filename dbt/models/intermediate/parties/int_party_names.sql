-- Which party of ours a source means by a name, where it gives no number. Same rule: one party or none.
with

names as (
    select party_type, source_name, {{ name_key('alias_name') }} as name_key, party_id
    from {{ ref('party_crosswalk') }}
    where alias_name is not null and trim(alias_name) <> ''
)

select
    party_type,
    source_name,
    name_key,
    min(party_id) as party_id
from names
group by party_type, source_name, name_key
having count(distinct party_id) = 1
