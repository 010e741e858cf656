{{ config(materialized='keyed', meta={
    'key': 'document_id',
    'follows': {
        'int_sales_documents': 'document_id',
        'invoice_lines': 'invoice_id',
    },
}) }}
-- What customers owe: the sale, once per sale, and its reversals (int_sales_documents says which
-- documents are a sale). Orders and refunds post their totals; invoices the accounts of their lines.
with documents as (
    select
        document_type,
        document_id,
        document_number,
        order_id,
        entity_id,
        source_name,
        document_date,
        recorded_date,
        customer_id,
        currency,
        total_amount,
        goods_amount,
        shipping_amount,
        tax_amount,
        rounding_amount
    from {{ ref('int_sales_documents') }}
),

-- One component per account, cost centre and tax code, so that an invoice of fifty lines on one
-- account is one journal line.
invoice_parts as (
    select
        lines.invoice_id,
        coalesce(lines.account_code, defaults.account_code) as account_code,
        lines.cost_center,
        lines.tax_code,
        sum(lines.net_amount) as net_amount,
        sum(lines.tax_amount) as tax_amount
    from {{ ref('invoice_lines') }} as lines
    left join {{ ref('default_accounts') }} as defaults
        on lines.source_name = defaults.source_name and defaults.document_type = 'invoice'
    group by
        lines.invoice_id,
        coalesce(lines.account_code, defaults.account_code),
        lines.cost_center,
        lines.tax_code
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
        'event_id': "'order:' || document_id",
        'event_type': "'order'",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'document_date',
        'recorded_date': 'recorded_date',
        'document_type': "'order'",
        'document_id': 'document_id',
        'document_number': 'document_number',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': amount,
        'rate_date': 'document_date',
        'customer_id': 'customer_id',
        'description': "'Order ' || document_number",
    }) }}
from documents
where document_type = 'order' and {{ amount }} <> 0

union all
{% endfor %}

{% for component, amount in [('total', '-total_amount'), ('net', '-goods_amount'), ('tax', '-tax_amount')] %}
select
    {{ accounting_event({
        'event_id': "'store_refund:' || document_id",
        'event_type': "'store_refund'",
        'component': "'" ~ component ~ "'",
        'entity_id': 'entity_id',
        'event_date': 'document_date',
        'recorded_date': 'recorded_date',
        'document_type': "'refund'",
        'document_id': 'document_id',
        'document_number': 'document_number',
        'related_document_type': "'order'",
        'related_document_id': 'order_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': amount,
        'rate_date': 'document_date',
        'customer_id': 'customer_id',
        'description': "'Store refund ' || document_number",
    }) }}
from documents
where document_type = 'store_refund' and {{ amount }} <> 0

union all
{% endfor %}

select
    {{ accounting_event({
        'event_id': "document_type || ':' || document_id",
        'event_type': 'document_type',
        'component': "'total'",
        'entity_id': 'entity_id',
        'event_date': 'document_date',
        'recorded_date': 'recorded_date',
        'document_type': 'document_type',
        'document_id': 'document_id',
        'document_number': 'document_number',
        'related_document_type': "case when order_id is not null then 'order' end",
        'related_document_id': 'order_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'total_amount',
        'rate_date': 'document_date',
        'customer_id': 'customer_id',
        'description': "'Invoice ' || document_number",
    }) }}
from documents
where document_type in ('invoice', 'credit_note') and total_amount <> 0

{% for component, amount in [('net', 'net_amount'), ('tax', 'tax_amount')] %}
union all

select
    {{ accounting_event({
        'event_id': "documents.document_type || ':' || documents.document_id",
        'event_type': 'documents.document_type',
        'component': "'" ~ component ~ "'",
        'component_key': "concat_ws('|', parts.account_code, parts.cost_center, parts.tax_code)",
        'entity_id': 'documents.entity_id',
        'event_date': 'documents.document_date',
        'recorded_date': 'documents.recorded_date',
        'document_type': 'documents.document_type',
        'document_id': 'documents.document_id',
        'document_number': 'documents.document_number',
        'related_document_type': "case when documents.order_id is not null then 'order' end",
        'related_document_id': 'documents.order_id',
        'source_name': 'documents.source_name',
        'currency': 'documents.currency',
        'amount': 'parts.' ~ amount,
        'rate_date': 'documents.document_date',
        'account_code': 'parts.account_code',
        'cost_center': 'parts.cost_center',
        'customer_id': 'documents.customer_id',
        'tax_code': 'parts.tax_code',
        'description': "'Invoice ' || documents.document_number",
    }) }}
from documents
inner join invoice_parts as parts
    on documents.document_type in ('invoice', 'credit_note') and documents.document_id = parts.invoice_id
where parts.{{ amount }} <> 0
{% endfor %}
