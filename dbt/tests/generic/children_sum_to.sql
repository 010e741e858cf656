{#- Document by document: `column_name` is the sum of the amounts of all `children` (a list of
    {model, key, amount}). Documents without children count as zero, and children without a document as
    a difference: an inner join would pass exactly the lines that nobody owns.

    `where` narrows the documents; children of the others are then left out too. -#}
{% test children_sum_to(model, column_name, key, children, where=none) %}
with

stated as (
    select {{ key }} as document_id, {{ column_name }} as amount
    from {{ model }}
    {% if where %} where {{ where }} {% endif %}
),

summed as (
    select document_id, sum(amount) as amount
    from (
        {%- for child in children %}
        select {{ child.key }} as document_id, {{ child.amount }} as amount
        from {{ child.model }}
        {% if child.where %} where {{ child.where }} {% endif %}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as parts
    {% if where %} where document_id in (select document_id from stated) {% endif %}
    group by document_id
)

select
    coalesce(stated.document_id, summed.document_id) as document_id,
    stated.amount as stated,
    summed.amount as summed
from stated
full outer join summed on stated.document_id = summed.document_id
where stated.document_id is null
    or stated.amount is null
    or stated.amount <> coalesce(summed.amount, 0)
{% endtest %}
