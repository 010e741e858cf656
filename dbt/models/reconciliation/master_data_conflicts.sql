-- Attributes on which a source contradicts the owner of the attribute. Listed, never overwritten: a
-- bank account that changes by itself is how money goes to a stranger.
with

maintained as (
    select 'customer' as party_type, customer_id as party_id, 'email' as attribute, email as maintained_value
    from {{ ref('master_customers') }}
    union all
    select 'customer', customer_id, 'customer_name', customer_name from {{ ref('master_customers') }}
    union all
    select 'vendor', vendor_id, 'account_number', upper(replace(account_number, ' ', '')) from {{ ref('master_vendors') }}
    union all
    select 'vendor', vendor_id, 'vendor_name', vendor_name from {{ ref('master_vendors') }}
    union all
    select 'employee', employee_id, 'employee_name', employee_name from {{ ref('master_employees') }}
),

-- The owner is the seed, or the source that attribute_ownership names.
golden as (
    select
        maintained.party_type,
        maintained.party_id,
        maintained.attribute,
        coalesce(max(owned.stated_value), maintained.maintained_value) as golden_value
    from maintained
    left join {{ ref('int_party_attributes') }} as owned
        on maintained.party_type = owned.party_type
        and maintained.party_id = owned.party_id
        and maintained.attribute = owned.attribute
        and owned.source_name = owned.owner
    group by maintained.party_type, maintained.party_id, maintained.attribute, maintained.maintained_value
)

select
    stated.party_type || ':' || stated.party_id || ':' || stated.attribute || ':' || stated.source_name || ':' || stated.source_party_id as conflict_id,
    stated.party_type,
    stated.party_id,
    stated.attribute,
    golden.golden_value,
    stated.stated_value as conflicting_value,
    stated.owner,
    stated.entity_id,
    stated.source_name,
    stated.source_object,
    stated.source_party_id,
    stated.source_file,
    stated.load_id
from {{ ref('int_party_attributes') }} as stated
inner join golden
    on stated.party_type = golden.party_type
    and stated.party_id = golden.party_id
    and stated.attribute = golden.attribute
where golden.golden_value is not null
    and trim(golden.golden_value) <> ''
    and case
        when stated.attribute in ('email', 'account_number') then lower(trim(stated.stated_value)) <> lower(trim(golden.golden_value))
        else {{ name_key('stated.stated_value') }} <> {{ name_key('golden.golden_value') }}
    end
