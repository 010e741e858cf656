{#- Lines that a correction of their document left out: a select of source_name, the document and
    line_number. Nothing in such a line says that it is gone, and with it the document would be split over
    accounts that it no longer names, or an entry of the ERP would be too high by it.

    Only where the latest delivery is proven to be the whole document, because exports are also cut into
    pages or hold only what changed: it repeats a line of an older delivery, and it adds up by itself
    (to its header, or to nothing where there is none).

    relation     CTE of all delivered lines, as for record_state
    document_id  column that names the document
    amount       what adds up
    headers      CTE of current documents: source_name, document_id, net_amount, tax_amount, total_amount -#}
{% macro dropped_lines(relation, document_id, amount, headers=none) -%}
    select
        older.source_name,
        older.{{ document_id }},
        older.line_number
    from ({{ lines_by_delivery(relation, document_id) }}) as older
    inner join (
        select
            latest.source_name,
            latest.{{ document_id }},
            count(case when latest.is_repeated then 1 end) as repeated_count,
            sum({{ amount }}) as line_amount
        from ({{ lines_by_delivery(relation, document_id) }}) as latest
        where latest.load_id = latest.latest_load_id
        group by latest.source_name, latest.{{ document_id }}
    ) as whole
        on
            older.source_name = whole.source_name
            and older.{{ document_id }} = whole.{{ document_id }}
            and whole.repeated_count > 0
    {%- if headers %}
    inner join {{ headers }}
        on
            older.source_name = {{ headers }}.source_name
            and older.{{ document_id }} = {{ headers }}.{{ document_id }}
            and abs(whole.line_amount) = abs(coalesce(
                {{ headers }}.net_amount,
                {{ headers }}.total_amount - coalesce({{ headers }}.tax_amount, 0)
            ))
    {%- else %}
    where whole.line_amount = 0
    {%- endif %}
    group by older.source_name, older.{{ document_id }}, older.line_number
    having max(case when older.load_id = older.latest_load_id then 1 else 0 end) = 0
{%- endmacro %}


{#- Lines of the documents that came more than once, without replays, with the latest delivery of each. -#}
{% macro lines_by_delivery(relation, document_id) -%}
    select
        delivered.*,
        first_value(delivered.load_id) over (
            partition by delivered.source_name, delivered.{{ document_id }} order by {{ latest_first() }}
        ) as latest_load_id,
        min(delivered.load_id) over (
            partition by delivered.source_name, delivered.{{ document_id }}, delivered.line_number
        ) <> max(delivered.load_id) over (
            partition by delivered.source_name, delivered.{{ document_id }}, delivered.line_number
        ) as is_repeated
    from (
        select
            row_number() over (
                partition by {{ relation }}.load_id, {{ relation }}.source_position
                order by {{ relation }}._dlt_load_id
            ) as delivery_number,
            {{ relation }}.*
        from {{ relation }}
        inner join (
            select source_name, {{ document_id }}
            from {{ relation }}
            group by source_name, {{ document_id }}
            having count(distinct load_id) > 1
        ) as contested
            on
                {{ relation }}.source_name = contested.source_name
                and {{ relation }}.{{ document_id }} = contested.{{ document_id }}
    ) as delivered
    where delivered.delivery_number = 1
{%- endmacro %}
