-- Which employee of ours a name or a mail address means, where an export gives no number. A name that two
-- people of an entity share means neither: the money of one must not pay the other.
with

names as (
    select entity_id, {{ name_key('employee_name') }} as employee_key, employee_id
    from {{ ref('master_employees') }}
    union all
    select entity_id, lower(trim(email)), employee_id
    from {{ ref('master_employees') }}
)

select
    entity_id,
    employee_key,
    min(employee_id) as employee_id
from names
where employee_key is not null and employee_key <> ''
group by entity_id, employee_key
having count(distinct employee_id) = 1
