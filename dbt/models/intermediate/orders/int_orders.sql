-- Current orders of all sources in one shape, before allocation. Stores deliver lines, discounts and
-- taxes; a CSV export has only the header.
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
        coalesce(orders.is_test, false) as is_test,
        orders.business_date,
        {{ provenance('orders', 'orders', 'orders.order_id') }}
    from {{ ref('stg_shopify__orders') }} as orders
    where orders.record_state = 'current'
),

csv_orders as (
    select
        {{ source_key('orders.source_name', 'orders.order_id') }} as order_id,
        coalesce(orders.order_number, orders.order_id) as order_number,
        orders.order_number as plain_order_number,
        orders.business_date as order_date,
        coalesce(orders.created_at, {{ date_to_timestamp('orders.business_date') }}) as ordered_at,
        {{ no_timestamp() }} as cancelled_at,
        orders.customer_id as source_customer_id,
        orders.customer_name,
        orders.currency,
        false as are_taxes_included,
        lower(coalesce(orders.status, 'open')) as source_status,
        'csv' as source_kind,
        {{ money('orders.total_amount') }} as total_amount,
        {{ no_money() }} as subtotal_amount,
        {{ money('coalesce(orders.discount_amount, 0)') }} as declared_discount_amount,
        {{ money('coalesce(orders.tax_amount, 0)') }} as declared_tax_amount,
        {{ money('coalesce(orders.shipping_amount, 0)') }} as declared_shipping_amount,
        {{ money('orders.net_amount') }} as declared_net_amount,
        {{ money('orders.total_amount') }} as current_total_amount,
        false as is_test,
        orders.business_date,
        {{ provenance('orders', 'orders', 'orders.order_id') }}
    from {{ ref('stg_csv__orders') }} as orders
    where orders.record_state = 'current'
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
