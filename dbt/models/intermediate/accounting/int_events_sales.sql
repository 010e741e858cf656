-- What customers owe: the sale, once per sale, and its reversals.
-- Where a store's policy asks for invoices, the invoice is the sale and the order posts nothing;
-- elsewhere the order is. Taking both would count every invoiced store order twice.
with order_policies as (
    select
        orders.order_id,
        coalesce(policies.invoice_required, false) as is_sold_by_invoice
    from {{ ref('orders') }} as orders
    left join {{ ref('source_policies') }} as policies on orders.source_name = policies.source_name
),

-- A cancelled order is a sale only when money was taken and given back; the refund then reverses it.
sold_orders as (
    select
        orders.order_id,
        orders.order_number,
        orders.entity_id,
        orders.source_name,
        orders.order_date,
        orders.customer_id,
        orders.currency,
        orders.goods_amount,
        orders.shipping_amount,
        orders.tax_amount,
        orders.rounding_amount,
        orders.total_amount
    from {{ ref('orders') }} as orders
    inner join order_policies on orders.order_id = order_policies.order_id
    where
        not order_policies.is_sold_by_invoice
        and not coalesce(orders.is_test, false)
        and orders.status <> 'pending'
        and not (orders.status = 'cancelled' and coalesce(orders.refunded_amount, 0) = 0)
),

sold_invoices as (
    select
        invoices.invoice_id,
        invoices.invoice_number,
        invoices.document_type,
        invoices.entity_id,
        invoices.source_name,
        invoices.invoice_date,
        {{ business_date('invoices.source_updated_at', 'legal_entities.time_zone') }} as recorded_date,
        invoices.customer_id,
        invoices.order_id,
        invoices.currency,
        invoices.total_amount
    from {{ ref('invoices') }} as invoices
    inner join {{ ref('legal_entities') }} as legal_entities on invoices.entity_id = legal_entities.legal_entity_id
    left join order_policies on invoices.order_id = order_policies.order_id
    where
        invoices.status not in ('void', 'draft')
        and coalesce(order_policies.is_sold_by_invoice, true)
),

-- One component per account, cost centre and tax code, so that an invoice of fifty lines on one
-- account is one journal line.
invoice_parts as (
    select
        lines.invoice_id,
        lines.account_code,
        lines.cost_center,
        lines.tax_code,
        sum(lines.net_amount) as net_amount,
        sum(lines.tax_amount) as tax_amount
    from {{ ref('invoice_lines') }} as lines
    group by lines.invoice_id, lines.account_code, lines.cost_center, lines.tax_code
),

-- Credit notes of the ERP for an order reverse the sale themselves; the store's refund then posts
-- nothing, or the revenue would be reversed twice.
credited_orders as (
    select distinct order_id
    from {{ ref('invoices') }}
    where order_id is not null and document_type = 'credit_note' and status not in ('void', 'draft')
),

store_refunds as (
    select
        refunds.refund_id,
        refunds.order_id,
        refunds.source_id,
        refunds.entity_id,
        refunds.source_name,
        refunds.refund_date,
        refunds.currency,
        refunds.amount,
        refunds.net_amount,
        refunds.tax_amount,
        orders.customer_id
    from {{ ref('refunds') }} as refunds
    left join {{ ref('orders') }} as orders on refunds.order_id = orders.order_id
    left join credited_orders on refunds.order_id = credited_orders.order_id
    where
        refunds.refund_source = 'shop'
        and refunds.status not in ('failed', 'cancelled')
        and credited_orders.order_id is null
        and not coalesce(orders.is_test, false)
)

{% set order_components = [
    ('total', 'total_amount'),
    ('goods', 'goods_amount'),
    ('shipping', 'shipping_amount'),
    ('tax', 'tax_amount'),
    ('rounding', 'rounding_amount'),
] %}
{% for component, amount in order_components %}
select
    {{ accounting_event({
        'event_id': "'order:' || order_id",
        'event_type': "'order'",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'order_date',
        'recorded_date': 'order_date',
        'document_type': "'order'",
        'document_id': 'order_id',
        'document_number': 'order_number',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': amount,
        'rate_date': 'order_date',
        'customer_id': 'customer_id',
        'description': "'Order ' || order_number",
    }) }}
from sold_orders
where {{ amount }} <> 0

union all
{% endfor %}

select
    {{ accounting_event({
        'event_id': "document_type || ':' || invoice_id",
        'event_type': 'document_type',
        'component': "'total'",
        'entity_id': 'entity_id',
        'event_date': 'invoice_date',
        'recorded_date': 'recorded_date',
        'document_type': 'document_type',
        'document_id': 'invoice_id',
        'document_number': 'invoice_number',
        'related_document_type': "case when order_id is not null then 'order' end",
        'related_document_id': 'order_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'total_amount',
        'rate_date': 'invoice_date',
        'customer_id': 'customer_id',
        'description': "'Invoice ' || invoice_number",
    }) }}
from sold_invoices
where total_amount <> 0

{% for component, amount in [('net', 'net_amount'), ('tax', 'tax_amount')] %}
union all

select
    {{ accounting_event({
        'event_id': "documents.document_type || ':' || documents.invoice_id",
        'event_type': 'documents.document_type',
        'component': "'" ~ component ~ "'",
        'component_key': "concat_ws('|', parts.account_code, parts.cost_center, parts.tax_code)",
        'entity_id': 'documents.entity_id',
        'event_date': 'documents.invoice_date',
        'recorded_date': 'documents.recorded_date',
        'document_type': 'documents.document_type',
        'document_id': 'documents.invoice_id',
        'document_number': 'documents.invoice_number',
        'related_document_type': "case when documents.order_id is not null then 'order' end",
        'related_document_id': 'documents.order_id',
        'source_name': 'documents.source_name',
        'currency': 'documents.currency',
        'amount': 'parts.' ~ amount,
        'rate_date': 'documents.invoice_date',
        'account_code': 'parts.account_code',
        'cost_center': 'parts.cost_center',
        'customer_id': 'documents.customer_id',
        'tax_code': 'parts.tax_code',
        'description': "'Invoice ' || documents.invoice_number",
    }) }}
from sold_invoices as documents
inner join invoice_parts as parts on documents.invoice_id = parts.invoice_id
where parts.{{ amount }} <> 0
{% endfor %}

{% for component, amount in [('total', 'amount'), ('net', 'net_amount'), ('tax', 'tax_amount')] %}
union all

select
    {{ accounting_event({
        'event_id': "'store_refund:' || refund_id",
        'event_type': "'store_refund'",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'refund_date',
        'recorded_date': 'refund_date',
        'document_type': "'refund'",
        'document_id': 'refund_id',
        'document_number': 'source_id',
        'related_document_type': "'order'",
        'related_document_id': 'order_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': amount,
        'rate_date': 'refund_date',
        'customer_id': 'customer_id',
        'description': "'Store refund ' || source_id",
    }) }}
from store_refunds
where {{ amount }} <> 0
{% endfor %}
