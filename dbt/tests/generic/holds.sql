{#- Every row obeys the rule. A rule that is null fails too: an identity with a missing side is not an
    identity that holds (`abs(null) >= 0.01` is null, and a comparison of nothing with something passes). -#}
{% test holds(model, expression) %}
    select *
    from {{ model }}
    where not coalesce(({{ expression }}), false)
{% endtest %}
