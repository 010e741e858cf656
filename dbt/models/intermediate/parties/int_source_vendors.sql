-- One row per vendor number of a source, as int_source_customers.
with

mentions as (
    select
        entity_id, source_name, 'bills' as source_object, vendor_id, vendor_name,
        vendor_account, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('stg_csv__bills') }}
    where record_state = 'current' and vendor_id is not null
    union all
    select
        entity_id, source_name, 'einvoices', source_vendor_id, seller_name,
        payee_account, source_updated_at, source_file, source_position, load_id, record_hash
    from {{ ref('int_einvoices') }}
    where our_role = 'buyer' and is_party_known and known_vendor_id is null and source_vendor_id is not null
),

ranked as (
    select
        entity_id, source_name, source_object, vendor_id as source_party_id, vendor_name as party_name,
        vendor_account as account_number, source_updated_at, source_file, source_position, load_id, record_hash,
        row_number() over (
            partition by source_name, vendor_id
            order by source_updated_at desc nulls last, source_file desc, source_position desc
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
        master.vendor_id,
        {{ source_key('ranked.source_name', 'ranked.source_party_id') }}
    ) as vendor_id,
    coalesce(identifiers.party_id, master.vendor_id) is not null as is_in_master_data,
    ranked.party_name,
    ranked.account_number,
    ranked.source_updated_at,
    ranked.source_file,
    ranked.source_position,
    ranked.load_id,
    ranked.record_hash
from ranked
left join {{ ref('int_party_identifiers') }} as identifiers
    on identifiers.party_type = 'vendor'
    and ranked.source_name = identifiers.source_name
    and ranked.source_party_id = identifiers.source_party_id
left join {{ ref('master_vendors') }} as master
    on ranked.source_party_id = master.vendor_id
    and ranked.entity_id = master.entity_id
where ranked.recency = 1
