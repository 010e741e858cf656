{#- The accounts of an entity add up to nothing at the end of every period: a posting in one period with
    its other side in another would pass entry by entry and break both. -#}
{% test period_balances(model) %}
select
    entity_id,
    period,
    sum(base_closing_amount) as base_closing_amount
from {{ model }}
group by entity_id, period
having sum(base_closing_amount) <> 0 or sum(base_closing_amount) is null
{% endtest %}
