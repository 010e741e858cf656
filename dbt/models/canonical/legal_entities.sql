select
    entities.entity_id as legal_entity_id,
    entities.entity_name,
    entities.country_code,
    entities.base_currency,
    entities.time_zone,
    entities.fiscal_year_start_month,
    {{ seed_provenance('entities', 'master_legal_entities', 'entity_id', ['entity_id', 'entity_name', 'country_code', 'base_currency', 'time_zone']) }}
from {{ ref('master_legal_entities') }} as entities
