{{ config(materialized='keyed', meta={
    'key': "entity_id || '|' || currency || '|' || rate_date",
}) }}
-- What the macro to_base multiplies with: the rate of the day into each entity's own currency.
with

-- Money in the entity's own currency needs no list of rates: a company without foreign money has none,
-- and its totals would be zero and every document an exception.
bounds as (
    select
        least((select min(start_date) from {{ ref('periods') }} where {{ is_plausible_date('start_date') }}), min(rate_date)) as first_date,
        greatest((select max(end_date) from {{ ref('periods') }} where {{ is_plausible_date('end_date') }}), max(rate_date), {{ as_of_date() }}) as last_date
    from {{ ref('fx_rates') }}
),

days as (
    {{ calendar('(select first_date from bounds)', '(select last_date from bounds)') }}
),

own_currency as (
    select
        entities.entity_id,
        entities.base_currency as currency,
        days.calendar_date as rate_date,
        cast(1 as decimal(18, 8)) as rate,
        entities.base_currency,
        false as is_carried_forward
    from {{ ref('master_legal_entities') }} as entities
    cross join days
),

foreign_currencies as (
    select
        entities.entity_id,
        rates.quote_currency as currency,
        rates.rate_date,
        rates.rate,
        entities.base_currency,
        rates.is_carried_forward
    from {{ ref('master_legal_entities') }} as entities
    inner join {{ ref('fx_rates') }} as rates
        on entities.base_currency = rates.base_currency
        and rates.quote_currency <> rates.base_currency
),

rates as (
    select * from own_currency
    union all
    select * from foreign_currencies
)

select
    rates.entity_id,
    rates.currency,
    rates.rate_date,
    rates.rate,
    rates.base_currency,
    currencies.exponent as base_exponent,
    rates.is_carried_forward
from rates
left join {{ ref('currencies') }} as currencies
    on rates.base_currency = currencies.currency
