{#- The amounts of all states add up to the total of the source, per entity and currency, to the last
    decimal. A row that fell out on the way, or came twice, shows up here as money. -#}
{% test totals_agree(model, amount, to, to_amount, where='true', to_where='true') %}
    with ours as (
        select
            entity_id,
            currency,
            sum({{ amount }}) as amount
        from {{ model }}
        where {{ where }}
        group by entity_id, currency
    ),

    theirs as (
        select
            entity_id,
            currency,
            sum({{ to_amount }}) as amount
        from {{ to }}
        where {{ to_where }}
        group by entity_id, currency
    )

    select
        coalesce(ours.entity_id, theirs.entity_id) as entity_id,
        coalesce(ours.currency, theirs.currency) as currency,
        ours.amount as amount,
        theirs.amount as expected_amount
    from ours
    full outer join theirs on ours.entity_id = theirs.entity_id and ours.currency = theirs.currency
    where coalesce(ours.amount, 0) <> coalesce(theirs.amount, 0)
{% endtest %}
