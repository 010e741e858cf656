{{ config(materialized='keyed', meta={
    'key': 'order_id',
    'follows': {
        'stg_shopify__order_lines': "source_name || ':' || order_id",
        'stg_shopify__order_shipping_lines': "source_name || ':' || order_id",
        'stg_shopify__order_discounts': "source_name || ':' || order_id",
        'stg_shopify__order_tax_lines': "source_name || ':' || order_id",
        'int_csv_order_lines': 'order_id',
        'int_orders': 'order_id',
    },
}) }}
-- What the vendor itself puts on each line and on shipping: gross, discount, tax. One row per line or
-- shipping line of a current order; nothing is allocated yet.
with

discounts as (
    select source_name, order_id, target_type, target_id, sum(amount) as discount_amount
    from {{ ref('stg_shopify__order_discounts') }}
    group by source_name, order_id, target_type, target_id
),

taxes as (
    select source_name, order_id, target_type, target_id, sum(amount) as tax_amount
    from {{ ref('stg_shopify__order_tax_lines') }}
    group by source_name, order_id, target_type, target_id
),

shop_lines as (
    select
        {{ source_key('lines.source_name', 'lines.order_id') }} as order_id,
        'line' as part_type,
        lines.order_line_id as native_id,
        lines.line_index as line_number,
        lines.sku,
        lines.title,
        cast(lines.quantity as decimal(18, 8)) as quantity,
        cast(lines.current_quantity as decimal(18, 8)) as current_quantity,
        {{ money('lines.price') }} as unit_price,
        {{ money('lines.price * lines.quantity') }} as gross_amount,
        {{ money('coalesce(discounts.discount_amount, 0)') }} as discount_amount,
        {{ money('coalesce(taxes.tax_amount, 0)') }} as tax_amount,
        coalesce(lines.is_taxable, true) as is_taxable,
        'item' as line_type,
        {{ no_money() }} as stated_amount,
        {{ no_provenance() }}
    from {{ ref('stg_shopify__order_lines') }} as lines
    left join discounts
        on lines.source_name = discounts.source_name
        and lines.order_id = discounts.order_id
        and discounts.target_type = 'line'
        and lines.order_line_id = discounts.target_id
    left join taxes
        on lines.source_name = taxes.source_name
        and lines.order_id = taxes.order_id
        and taxes.target_type = 'line'
        and lines.order_line_id = taxes.target_id
),

shop_shipping as (
    select
        {{ source_key('shipping.source_name', 'shipping.order_id') }} as order_id,
        'shipping' as part_type,
        shipping.shipping_line_id as native_id,
        cast(row_number() over (
            partition by shipping.source_name, shipping.order_id order by shipping.shipping_line_id
        ) as bigint) as line_number,
        shipping.code as sku,
        shipping.title,
        cast(1 as decimal(18, 8)) as quantity,
        cast(1 as decimal(18, 8)) as current_quantity,
        {{ money('shipping.price') }} as unit_price,
        {{ money('shipping.price') }} as gross_amount,
        -- `discounted_price` knows the discounts of the line only, the allocations those of the cart too.
        {{ money('greatest(shipping.price - coalesce(shipping.discounted_price, shipping.price), coalesce(discounts.discount_amount, 0))') }} as discount_amount,
        {{ money('coalesce(taxes.tax_amount, 0)') }} as tax_amount,
        true as is_taxable,
        'shipping' as line_type,
        {{ no_money() }} as stated_amount,
        {{ no_provenance() }}
    from {{ ref('stg_shopify__order_shipping_lines') }} as shipping
    left join discounts
        on shipping.source_name = discounts.source_name
        and shipping.order_id = discounts.order_id
        and discounts.target_type = 'shipping'
        and shipping.shipping_line_id = discounts.target_id
    left join taxes
        on shipping.source_name = taxes.source_name
        and shipping.order_id = taxes.order_id
        and taxes.target_type = 'shipping'
        and shipping.shipping_line_id = taxes.target_id
),

-- Rows of item exports. What a row adds to its order holds its freight, which is a part of its own.
csv_items as (
    select
        lines.order_id,
        'line' as part_type,
        lines.native_id,
        lines.line_number,
        lines.sku,
        coalesce(lines.description, lines.sku) as title,
        lines.quantity,
        lines.quantity as current_quantity,
        lines.unit_price,
        {{ money('lines.total_amount - coalesce(lines.shipping_amount, 0) - case when lines.is_tax_included then 0 else coalesce(lines.tax_amount, 0) end + coalesce(lines.discount_amount, 0)') }} as gross_amount,
        {{ money('coalesce(lines.discount_amount, 0)') }} as discount_amount,
        {{ money('coalesce(lines.tax_amount, 0)') }} as tax_amount,
        true as is_taxable,
        'item' as line_type,
        lines.total_amount as stated_amount,
        lines.source_updated_at,
        lines.source_file,
        lines.source_position,
        lines.load_id,
        lines.record_hash
    from {{ ref('int_csv_order_lines') }} as lines
),

csv_freight as (
    select
        lines.order_id,
        'shipping' as part_type,
        lines.native_id,
        lines.line_number,
        {{ no_text() }} as sku,
        'Shipping of line ' || cast(lines.line_number as varchar) as title,
        cast(1 as decimal(18, 8)) as quantity,
        cast(1 as decimal(18, 8)) as current_quantity,
        lines.shipping_amount as unit_price,
        lines.shipping_amount as gross_amount,
        {{ money('0') }} as discount_amount,
        {{ money('0') }} as tax_amount,
        true as is_taxable,
        'shipping' as line_type,
        {{ no_money() }} as stated_amount,
        lines.source_updated_at,
        lines.source_file,
        lines.source_position,
        lines.load_id,
        lines.record_hash
    from {{ ref('int_csv_order_lines') }} as lines
    where lines.shipping_amount <> 0
),

-- An order without lines becomes one line over what is neither shipping nor tax.
csv_orders as (
    select
        orders.order_id,
        'line' as part_type,
        '1' as native_id,
        cast(1 as bigint) as line_number,
        {{ no_text() }} as sku,
        'Order ' || orders.order_number as title,
        cast(1 as decimal(18, 8)) as quantity,
        cast(1 as decimal(18, 8)) as current_quantity,
        {{ money('orders.total_amount - orders.declared_tax_amount - orders.declared_shipping_amount + orders.declared_discount_amount') }} as unit_price,
        {{ money('orders.total_amount - orders.declared_tax_amount - orders.declared_shipping_amount + orders.declared_discount_amount') }} as gross_amount,
        orders.declared_discount_amount as discount_amount,
        orders.declared_tax_amount as tax_amount,
        true as is_taxable,
        'order' as line_type,
        {{ no_money() }} as stated_amount,
        {{ no_provenance() }}
    from {{ ref('int_orders') }} as orders
    where orders.source_kind = 'csv' and not orders.has_lines
),

freight_of_lines as (
    select distinct order_id from csv_freight
),

csv_shipping as (
    select
        orders.order_id,
        'shipping' as part_type,
        'shipping' as native_id,
        cast(1 as bigint) as line_number,
        {{ no_text() }} as sku,
        'Shipping' as title,
        cast(1 as decimal(18, 8)) as quantity,
        cast(1 as decimal(18, 8)) as current_quantity,
        orders.declared_shipping_amount as unit_price,
        orders.declared_shipping_amount as gross_amount,
        {{ money('0') }} as discount_amount,
        {{ money('0') }} as tax_amount,
        true as is_taxable,
        'shipping' as line_type,
        {{ no_money() }} as stated_amount,
        {{ no_provenance() }}
    from {{ ref('int_orders') }} as orders
    left join freight_of_lines on orders.order_id = freight_of_lines.order_id
    where
        orders.source_kind = 'csv'
        and orders.declared_shipping_amount <> 0
        and freight_of_lines.order_id is null
)

select * from shop_lines
union all
select * from shop_shipping
union all
select * from csv_items
union all
select * from csv_freight
union all
select * from csv_orders
union all
select * from csv_shipping
