{#- Lines of invoices and bills that always add up to their document.

    headers  CTE: document_id, net_amount, tax_amount, total_amount (signed), currency, tax_code,
             business_date, exponent, description and the provenance columns
    lines    CTE: document_id, native_id, line_number, description, quantity, net_amount, tax_amount (null
             when the source gives none), tax_code, account_code, cost_center, currency, business_date and
             the provenance columns

    item      a line of the source, in the sign, currency and date of its document; tax that only the header states is
              split over the lines by largest remainder
    header    the one line of a document without lines
    rounding  what the header has beyond its lines: without it the ledger would not balance
    orphan    a line whose document has not come (or was rejected): kept, or its money would vanish -#}
{% macro document_lines(headers, lines) -%}
line_sums as (
    select
        document_id,
        sum(net_amount) as net_amount,
        sum(coalesce(tax_amount, 0)) as tax_amount,
        max(abs(coalesce(tax_amount, 0))) as largest_tax_amount
    from {{ lines }}
    group by document_id
),

-- A credit note may be written with positive lines below a negative total, or the other way round.
facing as (
    select
        {{ headers }}.document_id,
        case
            when (line_sums.net_amount + line_sums.tax_amount) * {{ headers }}.total_amount < 0 then -1
            else 1
        end as line_sign,
        case when line_sums.largest_tax_amount = 0 then {{ headers }}.tax_amount else 0 end as open_tax_amount,
        {{ headers }}.currency,
        {{ headers }}.business_date,
        {{ headers }}.exponent
    from {{ headers }}
    inner join line_sums on {{ headers }}.document_id = line_sums.document_id
),

tax_receivers as (
    select
        {{ lines }}.document_id,
        {{ lines }}.native_id,
        abs({{ lines }}.net_amount) as weight,
        {{ money('facing.open_tax_amount') }} as amount,
        facing.exponent
    from {{ lines }}
    inner join facing on {{ lines }}.document_id = facing.document_id and facing.open_tax_amount <> 0
),

tax_shares as (
    {{ allocate_largest_remainder('tax_receivers', ['document_id'], ['native_id'], 'weight', 'amount', 'exponent') }}
),

items as (
    select
        {{ lines }}.document_id,
        {{ lines }}.native_id,
        case when facing.document_id is null then 'orphan' else 'item' end as line_type,
        {{ lines }}.line_number,
        {{ lines }}.description,
        {{ lines }}.quantity,
        {{ money(lines ~ '.net_amount * coalesce(facing.line_sign, 1)') }} as net_amount,
        {{ money('coalesce(' ~ lines ~ '.tax_amount, 0) * coalesce(facing.line_sign, 1) + coalesce(tax_shares.share, 0)') }} as tax_amount,
        {{ lines }}.tax_code,
        {{ lines }}.account_code,
        {{ lines }}.cost_center,
        coalesce(facing.currency, {{ lines }}.currency) as currency,
        coalesce(facing.business_date, {{ lines }}.business_date) as business_date,
        coalesce(facing.line_sign, 1) < 0 as is_sign_flipped,
        {{ provenance_columns(lines) }}
    from {{ lines }}
    left join facing on {{ lines }}.document_id = facing.document_id
    left join tax_shares
        on {{ lines }}.document_id = tax_shares.document_id
        and {{ lines }}.native_id = tax_shares.native_id
),

item_sums as (
    select
        document_id,
        sum(net_amount) as net_amount,
        sum(tax_amount) as tax_amount
    from items
    group by document_id
),

completions as (
    select
        {{ headers }}.document_id,
        case when item_sums.document_id is null then 'header' else 'rounding' end as native_id,
        case when item_sums.document_id is null then 'header' else 'rounding' end as line_type,
        cast(case when item_sums.document_id is null then 1 else 0 end as bigint) as line_number,
        case when item_sums.document_id is null then {{ headers }}.description else 'What the document has beyond its lines' end as description,
        cast(1 as decimal(18, 8)) as quantity,
        {{ money(headers ~ '.net_amount - coalesce(item_sums.net_amount, 0)') }} as net_amount,
        {{ money(headers ~ '.tax_amount - coalesce(item_sums.tax_amount, 0)') }} as tax_amount,
        {{ headers }}.tax_code,
        {{ no_text() }} as account_code,
        {{ no_text() }} as cost_center,
        {{ headers }}.currency,
        {{ headers }}.business_date,
        false as is_sign_flipped,
        {{ provenance_columns(headers) }}
    from {{ headers }}
    left join item_sums on {{ headers }}.document_id = item_sums.document_id
    where item_sums.document_id is null
        or {{ headers }}.net_amount <> item_sums.net_amount
        or {{ headers }}.tax_amount <> item_sums.tax_amount
),

document_lines as (
    select * from items
    union all
    select * from completions
)
{%- endmacro %}
