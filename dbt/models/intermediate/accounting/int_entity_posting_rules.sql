-- The posting rules that hold in each entity: of the rules for a component and side, the one with the
-- lowest priority number, so that an entity can have a rule of its own before the group's.
with valid_rules as (
    select
        entities.legal_entity_id as entity_id,
        rules.posting_rule_id,
        rules.event_type,
        rules.component,
        rules.side,
        rules.account_source,
        rules.account_code,
        '|' || coalesce(rules.dimensions, '') || '|' as dimensions,
        row_number() over (
            partition by entities.legal_entity_id, rules.event_type, rules.component, rules.side
            order by rules.priority, rules.posting_rule_id
        ) as precedence
    from {{ ref('posting_rules') }} as rules
    inner join {{ ref('legal_entities') }} as entities
        on rules.entities = '*' or '|' || rules.entities || '|' like '%|' || entities.legal_entity_id || '|%'
)

select
    entity_id,
    posting_rule_id,
    event_type,
    component,
    side,
    account_source,
    account_code,
    dimensions
from valid_rules
where precedence = 1
