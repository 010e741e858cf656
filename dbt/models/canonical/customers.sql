with

master as (
    select
        master.customer_id,
        master.customer_name,
        master.email,
        master.country_code,
        master.account_number,
        master.customer_group,
        coalesce(master.is_intercompany, false) as is_intercompany,
        coalesce(master.golden_source, 'master_data') as golden_source,
        {{ seed_provenance('master', 'master_customers', 'customer_id', ['customer_id', 'customer_name', 'email', 'country_code', 'account_number', 'customer_group']) }}
    from {{ ref('master_customers') }} as master
),

-- Customers that only a source knows, mostly of web stores.
own as (
    select
        own.customer_id,
        own.party_name as customer_name,
        own.email,
        {{ no_text() }} as country_code,
        {{ no_text() }} as account_number,
        'web' as customer_group,
        false as is_intercompany,
        own.source_name as golden_source,
        own.entity_id,
        own.source_name,
        own.source_object,
        own.source_party_id as source_id,
        own.source_updated_at,
        own.source_file,
        own.source_position,
        own.load_id,
        own.record_hash
    from {{ ref('int_source_customers') }} as own
    where not own.is_in_master_data
)

select * from master
union all
select * from own
