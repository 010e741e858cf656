{#- The columns together name a row. Nulls compare as equal: two rows for "no date" are two rows for one
    cell, and would be counted twice. -#}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
