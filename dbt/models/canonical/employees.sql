with

master as (
    select
        master.employee_id,
        master.employee_name,
        master.email,
        master.cost_center,
        upper(replace(master.account_number, ' ', '')) as account_number,
        {{ seed_provenance('master', 'master_employees', 'employee_id', ['employee_id', 'employee_name', 'email', 'cost_center', 'account_number']) }}
    from {{ ref('master_employees') }} as master
),

own as (
    select
        own.employee_id,
        own.party_name as employee_name,
        {{ no_text() }} as email,
        {{ no_text() }} as cost_center,
        {{ no_text() }} as account_number,
        own.entity_id,
        own.source_name,
        own.source_object,
        own.source_party_id as source_id,
        {{ no_timestamp() }} as source_updated_at,
        own.source_file,
        own.source_position,
        own.load_id,
        own.record_hash
    from {{ ref('int_source_employees') }} as own
    where not own.is_in_master_data
)

select * from master
union all
select * from own
