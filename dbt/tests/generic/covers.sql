{#- Every key of the other table stands in this one exactly once. Without it a document that a join loses
    would be in no state at all, and its money in no total. -#}
{% test covers(model, column_name, to, field, where='true') %}
    with expected as (
        select {{ field }} as expected_key
        from {{ to }}
        where {{ where }}
    ),

    counted as (
        select
            {{ column_name }} as actual_key,
            count(*) as row_count
        from {{ model }}
        where {{ column_name }} is not null
        group by {{ column_name }}
    )

    select
        expected.expected_key,
        coalesce(counted.row_count, 0) as row_count
    from expected
    left join counted on expected.expected_key = counted.actual_key
    where coalesce(counted.row_count, 0) <> 1
{% endtest %}
