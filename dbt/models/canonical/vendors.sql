with

master as (
    select
        master.vendor_id,
        master.vendor_name,
        master.country_code,
        upper(replace(master.account_number, ' ', '')) as account_number,
        master.default_account_code,
        coalesce(master.is_intercompany, false) as is_intercompany,
        {{ seed_provenance('master', 'master_vendors', 'vendor_id', ['vendor_id', 'vendor_name', 'country_code', 'account_number', 'default_account_code']) }}
    from {{ ref('master_vendors') }} as master
),

own as (
    select
        own.vendor_id,
        own.party_name as vendor_name,
        {{ no_text() }} as country_code,
        upper(replace(own.account_number, ' ', '')) as account_number,
        {{ no_text() }} as default_account_code,
        false as is_intercompany,
        own.entity_id,
        own.source_name,
        own.source_object,
        own.source_party_id as source_id,
        own.source_updated_at,
        own.source_file,
        own.source_position,
        own.load_id,
        own.record_hash
    from {{ ref('int_source_vendors') }} as own
    where not own.is_in_master_data
)

select * from master
union all
select * from own
