-- What the macro to_base multiplies with: the rate of the day into each entity's own currency.
select
    entities.entity_id,
    rates.quote_currency as currency,
    rates.rate_date,
    rates.rate,
    entities.base_currency,
    currencies.exponent as base_exponent,
    rates.is_carried_forward
from {{ ref('master_legal_entities') }} as entities
inner join {{ ref('fx_rates') }} as rates
    on entities.base_currency = rates.base_currency
left join {{ ref('currencies') }} as currencies
    on entities.base_currency = currencies.currency
