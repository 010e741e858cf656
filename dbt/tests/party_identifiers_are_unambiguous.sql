-- A number that a source uses for one party must not be given to two of ours: its invoices would be
-- owed by neither, because an ambiguous identifier resolves to nobody.
select
    party_type,
    source_name,
    source_party_id,
    count(distinct party_id) as party_count
from {{ ref('party_crosswalk') }}
where source_party_id is not null and source_party_id <> ''
group by party_type, source_name, source_party_id
having count(distinct party_id) > 1
