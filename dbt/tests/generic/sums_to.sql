{#- Row by row: `column_name` is the sum of the columns `parts`. A missing value fails: `null <> 5` is
    null, and a comparison that lets it pass would let the amount pass that was lost. -#}
{% test sums_to(model, column_name, parts) %}
select
    {{ column_name }} as stated,
    {{ parts | join(' + ') }} as summed
from {{ model }}
where {{ column_name }} is distinct from {{ parts | join(' + ') }}
{% endtest %}
