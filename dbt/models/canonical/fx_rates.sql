with

daily_rates as (
    select
        rate_date,
        currency,
        rate,
        source_rate_date,
        is_carried_forward,
        source_name,
        entity_id,
        source_file,
        source_position,
        load_id,
        record_hash
    from {{ ref('int_fx_daily_rates') }}
),

-- The euro against itself, with the provenance of one rate of the day, so that every pair is a join.
euro as (
    select
        rate_date,
        'EUR' as currency,
        cast(1 as decimal(18, 8)) as rate,
        max(source_rate_date) as source_rate_date,
        min(source_name) as source_name,
        min(entity_id) as entity_id,
        min(source_file) as source_file,
        min(source_position) as source_position,
        min(load_id) as load_id,
        min(record_hash) as record_hash
    from daily_rates
    where currency <> 'EUR'
    group by rate_date
),

euro_rates as (
    select
        rate_date,
        currency,
        rate,
        source_rate_date,
        is_carried_forward,
        source_name,
        entity_id,
        source_file,
        source_position,
        load_id,
        record_hash
    from daily_rates
    where currency <> 'EUR'
    union all
    select
        rate_date,
        currency,
        rate,
        source_rate_date,
        source_rate_date <> rate_date as is_carried_forward,
        source_name,
        entity_id,
        source_file,
        source_position,
        load_id,
        record_hash
    from euro
),

base_currencies as (
    select distinct base_currency from {{ ref('master_legal_entities') }}
),

crossed as (
    select
        quote.rate_date,
        base_currencies.base_currency,
        quote.currency as quote_currency,
        case
            when base_currencies.base_currency = quote.currency then cast(1 as decimal(18, 8))
            else {{ exact_ratio('base.rate', 'quote.rate') }}
        end as rate,
        case
            when base_currencies.base_currency = quote.currency then false
            else base.is_carried_forward or quote.is_carried_forward
        end as is_carried_forward,
        least(base.source_rate_date, quote.source_rate_date) as source_rate_date,
        quote.source_name,
        quote.entity_id,
        quote.source_file,
        quote.source_position,
        quote.load_id,
        quote.record_hash
    from euro_rates as quote
    cross join base_currencies
    inner join euro_rates as base
        on base.currency = base_currencies.base_currency
        and base.rate_date = quote.rate_date
)

select
    quote_currency || '/' || base_currency || ':' || cast(rate_date as varchar) as fx_rate_id,
    rate_date,
    base_currency,
    quote_currency,
    rate,
    is_carried_forward,
    source_rate_date,
    entity_id,
    source_name,
    'fx_rates' as source_object,
    quote_currency || ':' || cast(source_rate_date as varchar) as source_id,
    {{ no_timestamp() }} as source_updated_at,
    source_file,
    source_position,
    load_id,
    record_hash
from crossed
