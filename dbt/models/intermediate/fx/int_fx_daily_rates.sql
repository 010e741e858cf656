-- Units of each currency for one euro, for every calendar day. On days without a fixing (weekends,
-- holidays) the last rate is carried forward and flagged: money moves on Saturdays too.
with

-- A currency may come from the central bank and from a list of the treasury's own; one of them counts.
published_rates as (
    select
        rate_date,
        currency,
        rate,
        source_name,
        entity_id,
        source_file,
        source_position,
        load_id,
        record_hash,
        row_number() over (partition by rate_date, currency order by source_name) as preference
    from {{ ref('stg_ecb__fx_rates') }}
    where record_state = 'current' and rate > 0 and {{ is_plausible_date('rate_date') }}
),

rates as (
    select
        rate_date,
        currency,
        rate,
        source_name,
        entity_id,
        source_file,
        source_position,
        load_id,
        record_hash,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
    from published_rates
    where preference = 1
),

-- From a month before the first document to the last document, fixing or closing day: the history of
-- decades that the bank delivers is not needed on days without business, nor are the millennia up to a
-- mistyped date.
declared_days as (
    select
        min(business_date) as first_date,
        max(business_date) as last_date
    from {{ ref('stg_landing__control_totals') }}
    where stream <> 'fx_rates' and {{ is_plausible_date('business_date') }}
),

bounds as (
    select
        greatest(
            (select min(rate_date) from rates),
            coalesce((select first_date from declared_days), (select min(rate_date) from rates)) - interval 31 day
        ) as first_date,
        greatest(
            (select max(rate_date) from rates),
            coalesce((select last_date from declared_days), {{ as_of_date() }}),
            {{ as_of_date() }}
        ) as last_date
),

days as (
    {{ calendar('(select first_date from bounds)', '(select last_date from bounds)') }}
)

select
    days.calendar_date as rate_date,
    rates.currency,
    rates.rate,
    rates.rate_date as source_rate_date,
    rates.rate_date <> days.calendar_date as is_carried_forward,
    rates.source_name,
    rates.entity_id,
    rates.source_file,
    rates.source_position,
    rates.load_id,
    rates.record_hash
from days
inner join rates
    on days.calendar_date >= rates.rate_date
    and (days.calendar_date < rates.next_rate_date or rates.next_rate_date is null)
