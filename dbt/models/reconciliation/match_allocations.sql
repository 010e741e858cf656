-- How much of each left item goes to which right item.
with allocated as (
    select
        results.match_id,
        allocation
    from {{ ref('int_match_results') }} as results
    {{ each_of('results.allocations', 'allocation') }}
    where results.record_type = 'match'
)

select
    match_id,
    allocation.left_type as left_type,
    allocation.left_id as left_id,
    allocation.right_type as right_type,
    allocation.right_id as right_id,
    {{ money('allocation.allocated_amount') }} as allocated_amount,
    allocation.currency as currency
from allocated
