-- One row per employee number or card of a source, as int_source_customers.
with

mentions as (
    select
        entity_id, source_name, 'expenses' as source_object, employee_id as source_party_id,
        employee_name as party_name, source_file, source_position, load_id, record_hash
    from {{ ref('stg_csv__expenses') }}
    where record_state = 'current' and employee_id is not null
    union all
    select
        entity_id, source_name, 'card_transactions', coalesce(employee_id, card_id),
        {{ no_text() }}, source_file, source_position, load_id, record_hash
    from {{ ref('stg_csv__card_transactions') }}
    where record_state = 'current' and coalesce(employee_id, card_id) is not null
),

ranked as (
    select
        entity_id, source_name, source_object, source_party_id, party_name,
        source_file, source_position, load_id, record_hash,
        row_number() over (
            partition by source_name, source_party_id
            order by source_object desc, source_file desc, source_position desc
        ) as recency
    from mentions
)

select
    ranked.entity_id,
    ranked.source_name,
    ranked.source_object,
    ranked.source_party_id,
    coalesce(
        identifiers.party_id,
        master.employee_id,
        named.employee_id,
        {{ source_key('ranked.source_name', 'ranked.source_party_id') }}
    ) as employee_id,
    coalesce(identifiers.party_id, master.employee_id, named.employee_id) is not null as is_in_master_data,
    ranked.party_name,
    ranked.source_file,
    ranked.source_position,
    ranked.load_id,
    ranked.record_hash
from ranked
left join {{ ref('int_party_identifiers') }} as identifiers
    on identifiers.party_type = 'employee'
    and ranked.source_name = identifiers.source_name
    and ranked.source_party_id = identifiers.source_party_id
left join {{ ref('master_employees') }} as master
    on ranked.source_party_id = master.employee_id
    and ranked.entity_id = master.entity_id
-- Expense tools often know people by their mail address.
left join {{ ref('int_employee_names') }} as named
    on ranked.entity_id = named.entity_id
    and lower(trim(ranked.source_party_id)) = named.employee_key
where ranked.recency = 1
