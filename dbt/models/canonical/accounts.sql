-- The chart is the group's: it belongs to no single entity.
with

chart as (
    select
        account_code,
        account_name,
        account_type,
        nullif(control_type, '') as control_type,
        normal_side,
        'GROUP' as entity_id
    from {{ ref('master_accounts') }}
)

select
    chart.account_code,
    chart.account_name,
    chart.account_type,
    chart.control_type,
    chart.normal_side,
    {{ seed_provenance('chart', 'master_accounts', 'account_code', ['account_code', 'account_name', 'account_type', 'control_type', 'normal_side']) }}
from chart
