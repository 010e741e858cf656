-- What each source says about a party that finance maintains too, one row per attribute. Only
-- attributes that have an owner can conflict (seed attribute_ownership).
with

stated as (
    select
        'customer' as party_type, customer_id as party_id, 'email' as attribute, email as stated_value,
        entity_id, source_name, source_object, source_party_id, source_file, load_id
    from {{ ref('int_source_customers') }}
    where is_in_master_data
    union all
    select
        'customer', customer_id, 'customer_name', party_name,
        entity_id, source_name, source_object, source_party_id, source_file, load_id
    from {{ ref('int_source_customers') }}
    where is_in_master_data
    union all
    select
        'vendor', vendor_id, 'account_number', upper(replace(account_number, ' ', '')),
        entity_id, source_name, source_object, source_party_id, source_file, load_id
    from {{ ref('int_source_vendors') }}
    where is_in_master_data
    union all
    select
        'vendor', vendor_id, 'vendor_name', party_name,
        entity_id, source_name, source_object, source_party_id, source_file, load_id
    from {{ ref('int_source_vendors') }}
    where is_in_master_data
    union all
    select
        'employee', employee_id, 'employee_name', party_name,
        entity_id, source_name, source_object, source_party_id, source_file, load_id
    from {{ ref('int_source_employees') }}
    where is_in_master_data
)

select
    stated.party_type,
    stated.party_id,
    stated.attribute,
    stated.stated_value,
    ownership.owner,
    stated.entity_id,
    stated.source_name,
    stated.source_object,
    stated.source_party_id,
    stated.source_file,
    stated.load_id
from stated
inner join {{ ref('attribute_ownership') }} as ownership
    on stated.party_type = ownership.party_type
    and stated.attribute = ownership.attribute
where stated.stated_value is not null and trim(stated.stated_value) <> ''
