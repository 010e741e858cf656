-- Where an event of a given day is posted: in its own period, or, when it became known after that
-- period was closed, on the first day of the next open one. Day by day, so that ten million events find
-- their period by equality and not by a range.
{%- set first_date -%} (select min(periods.start_date) from {{ ref('periods') }} as periods) {%- endset -%}
{%- set last_date -%} (select max(periods.end_date) from {{ ref('periods') }} as periods) {%- endset %}
with days as (
    {{ calendar(first_date, last_date) }}
),

next_open as (
    select
        closed.entity_id,
        closed.period,
        min(later.start_date) as next_open_date
    from {{ ref('periods') }} as closed
    inner join {{ ref('periods') }} as later
        on
            closed.entity_id = later.entity_id
            and later.status = 'open'
            and later.start_date > closed.end_date
    where closed.status = 'closed'
    group by closed.entity_id, closed.period
)

select
    periods.entity_id,
    days.calendar_date,
    periods.period,
    periods.status = 'closed' as is_closed,
    periods.closed_date,
    next_open.next_open_date,
    next_periods.period as next_open_period
from days
inner join {{ ref('periods') }} as periods
    on days.calendar_date between periods.start_date and periods.end_date
left join next_open
    on
        periods.entity_id = next_open.entity_id
        and periods.period = next_open.period
left join {{ ref('periods') }} as next_periods
    on
        next_open.entity_id = next_periods.entity_id
        and next_open.next_open_date = next_periods.start_date
