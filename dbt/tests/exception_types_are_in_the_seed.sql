{{ config(severity='warn') }}
-- Types that have exceptions and no row in the seed. They are told in general words and block the close;
-- a failure here would keep the whole list from the people who have to clear it.
select
    exceptions.exception_type,
    count(*) as exception_count
from {{ ref('exceptions') }} as exceptions
left join {{ ref('exception_types') }} as types on exceptions.exception_type = types.exception_type
where types.exception_type is null
group by exceptions.exception_type
