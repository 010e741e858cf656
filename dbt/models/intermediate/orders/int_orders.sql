{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'stg_shopify__orders': "source_name || ':' || order_id",
        'stg_csv__orders': "source_name || ':' || order_id",
        'int_csv_order_sums': 'order_id',
    },
    'looks_up': {
        'int_source_customers': ["source_name || '|' || source_party_id", "source_name || '|' || source_customer_id"],
    },
}) }}
-- Current orders of all sources in one shape, before allocation. Stores deliver lines, discounts and taxes. Exports
-- have the header, or rows of items, or both: where the header states a total it holds, and what its lines come
-- to beyond it is a difference that shows; where it states none, the order comes to its lines.
with

shop_orders as (
    select
        {{ source_key('orders.source_name', 'orders.order_id') }} as order_id,
        coalesce(orders.order_name, orders.order_number, orders.order_id) as order_number,
        orders.order_number as plain_order_number,
        orders.business_date as order_date,
        orders.created_at as ordered_at,
        orders.cancelled_at,
        orders.customer_id as source_customer_id,
        orders.customer_name,
        orders.currency,
        coalesce(orders.taxes_included, false) as are_taxes_included,
        lower(orders.financial_status) as source_status,
        'shopify' as source_kind,
        {{ money('orders.total_price') }} as total_amount,
        {{ money('orders.subtotal_price') }} as subtotal_amount,
        {{ money('coalesce(orders.total_discounts, 0)') }} as declared_discount_amount,
        {{ money('coalesce(orders.total_tax, 0)') }} as declared_tax_amount,
        {{ no_money() }} as declared_shipping_amount,
        {{ no_money() }} as declared_net_amount,
        {{ money('orders.current_total_price') }} as current_total_amount,
        {{ money('orders.total_price') }} as stated_total_amount,
        true as has_lines,
        coalesce(orders.is_test, false) as is_test,
        orders.business_date,
        {{ provenance('orders', 'orders', 'orders.order_id') }}
    from {{ ref('stg_shopify__orders') }} as orders
    where orders.record_state = 'current'
),

line_sums as (
    select * from {{ ref('int_csv_order_sums') }}
),

csv_headers as (
    select
        {{ source_key('orders.source_name', 'orders.order_id') }} as order_id,
        coalesce(orders.order_number, orders.order_id) as order_number,
        orders.order_number as plain_order_number,
        orders.business_date as order_date,
        orders.created_at,
        orders.customer_id as source_customer_id,
        orders.customer_name,
        orders.currency,
        lower(coalesce(orders.status, 'open')) as source_status,
        orders.net_amount,
        orders.discount_amount,
        orders.tax_amount,
        orders.shipping_amount,
        orders.total_amount,
        {{ provenance('orders', 'orders', 'orders.order_id') }}
    from {{ ref('stg_csv__orders') }} as orders
    where orders.record_state = 'current'
),

-- Orders that only their lines tell.
line_orders as (
    select
        order_id,
        coalesce(order_number, native_order_id) as order_number,
        order_number as plain_order_number,
        order_date,
        created_at,
        customer_id as source_customer_id,
        customer_name,
        currency,
        lower(coalesce(status, 'open')) as source_status,
        {{ no_money() }} as net_amount,
        {{ no_money() }} as discount_amount,
        {{ no_money() }} as tax_amount,
        {{ no_money() }} as shipping_amount,
        {{ no_money() }} as total_amount,
        {{ provenance('line_sums', 'order_lines', 'native_order_id') }}
    from line_sums
    where not has_header
),

known_orders as (
    select * from csv_headers
    union all
    select * from line_orders
),

-- Shipping, tax and discount of the order: as the header has them, else as its lines repeat them, else as the
-- lines have each their own. Freight of the lines is the header's in parts, not more of it.
charged as (
    select
        known_orders.*,
        line_sums.order_id is not null as has_lines,
        coalesce(line_sums.is_tax_included, false) as is_tax_included,
        coalesce(nullif(known_orders.discount_amount, 0), nullif(line_sums.order_discount_amount, 0), line_sums.discount_amount, 0) as declared_discount_amount,
        coalesce(nullif(known_orders.tax_amount, 0), nullif(line_sums.order_tax_amount, 0), line_sums.tax_amount, 0) as declared_tax_amount,
        case
            when line_sums.shipping_amount <> 0 then line_sums.shipping_amount
            else coalesce(nullif(known_orders.shipping_amount, 0), line_sums.order_shipping_amount, 0)
        end as declared_shipping_amount,
        coalesce(line_sums.tax_amount, 0) as line_tax_amount,
        coalesce(line_sums.discount_amount, 0) as line_discount_amount,
        -- The goods, after the discounts of the lines and before what is of the whole order.
        coalesce(line_sums.total_amount - line_sums.shipping_amount
            - case when line_sums.is_tax_included then 0 else line_sums.tax_amount end, 0) as goods_amount,
        coalesce(known_orders.total_amount, line_sums.order_total_amount) as stated_total_amount
    from known_orders
    left join line_sums on known_orders.order_id = line_sums.order_id
),

-- Prices hold the tax where goods and shipping alone come to the stated total.
taxed as (
    select
        charged.*,
        has_lines and (
            is_tax_included
            or (
                line_tax_amount = 0
                and declared_tax_amount > 0
                and stated_total_amount is not null
                and abs(stated_total_amount - goods_amount - declared_shipping_amount + declared_discount_amount - line_discount_amount)
                    < abs(stated_total_amount - goods_amount - declared_shipping_amount + declared_discount_amount - line_discount_amount - declared_tax_amount)
            )
        ) as are_taxes_included
    from charged
),

csv_orders as (
    select
        order_id,
        order_number,
        plain_order_number,
        order_date,
        coalesce(created_at, {{ date_to_timestamp('order_date') }}) as ordered_at,
        {{ no_timestamp() }} as cancelled_at,
        source_customer_id,
        customer_name,
        currency,
        are_taxes_included,
        source_status,
        'csv' as source_kind,
        {{ money('coalesce(stated_total_amount, total_of_lines)') }} as total_amount,
        case
            when has_lines
                then {{ money('coalesce(stated_total_amount, total_of_lines) - declared_shipping_amount - case when are_taxes_included then 0 else declared_tax_amount end') }}
        end as subtotal_amount,
        {{ money('declared_discount_amount') }} as declared_discount_amount,
        {{ money('declared_tax_amount') }} as declared_tax_amount,
        {{ money('declared_shipping_amount') }} as declared_shipping_amount,
        {{ money('net_amount') }} as declared_net_amount,
        {{ money('coalesce(stated_total_amount, total_of_lines)') }} as current_total_amount,
        {{ money('total_amount') }} as stated_total_amount,
        has_lines,
        false as is_test,
        order_date as business_date,
        {{ provenance_columns('totalled') }}
    from (
        select
            taxed.*,
            goods_amount + declared_shipping_amount
                + case when are_taxes_included then 0 else declared_tax_amount end
                - (declared_discount_amount - line_discount_amount) as total_of_lines
        from taxed
    ) as totalled
),

all_orders as (
    select * from shop_orders
    union all
    select * from csv_orders
)

select
    all_orders.*,
    customers.customer_id,
    case
        when all_orders.cancelled_at is not null then 'cancelled'
        else coalesce(mappings.status, 'unmapped')
    end as status,
    coalesce(currencies.exponent, 2) as exponent,
    currencies.currency is not null as is_known_currency
from all_orders
left join {{ ref('int_source_customers') }} as customers
    on all_orders.source_name = customers.source_name
    and all_orders.source_customer_id = customers.source_party_id
left join {{ ref('status_mappings') }} as mappings
    on all_orders.source_kind = mappings.source_kind
    and mappings.object = 'order'
    and all_orders.source_status = mappings.source_status
left join {{ ref('currencies') }} as currencies
    on all_orders.currency = currencies.currency
