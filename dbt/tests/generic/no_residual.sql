{#- Every row of `column_name` is zero. Unknown is not zero. -#}
{% test no_residual(model, column_name) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is null or {{ column_name }} <> 0
{% endtest %}
