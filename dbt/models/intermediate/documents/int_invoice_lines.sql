{{ config(materialized='keyed', meta={
    'key': 'document_id',
    'follows': {
        'int_invoices': 'invoice_id',
        'stg_csv__invoice_lines': "source_name || ':' || invoice_id",
        'stg_stripe__invoice_lines': "source_name || ':' || invoice_id",
        'stg_stripe__invoices': "source_name || ':' || invoice_id",
    },
}) }}
-- Lines of invoices and credit notes that add up to their document (macro document_lines).
with

headers as (
    select
        invoice_id as document_id,
        net_amount,
        tax_amount,
        total_amount,
        currency,
        tax_code,
        business_date,
        exponent,
        'Invoice ' || invoice_number as description,
        {{ provenance_columns('int_invoices') }}
    from {{ ref('int_invoices') }} as int_invoices
),

csv_lines as (
    select
        {{ source_key('lines.source_name', 'lines.invoice_id') }} as document_id,
        cast(lines.line_number as varchar) as native_id,
        lines.line_number,
        lines.description,
        lines.quantity,
        coalesce(lines.net_amount, 0) as net_amount,
        lines.tax_amount,
        lines.tax_code,
        lines.account_code,
        lines.cost_center,
        lines.currency,
        lines.business_date,
        {{ provenance('lines', 'invoice_lines', "lines.invoice_id || ':' || cast(lines.line_number as varchar)") }}
    from {{ ref('stg_csv__invoice_lines') }} as lines
    where lines.record_state = 'current'
),

-- Line amounts of Stripe contain the tax when they add up to the total.
stripe_tax as (
    select
        lines.source_name,
        lines.invoice_id,
        max(invoices.source_updated_at) as source_updated_at,
        max(invoices.currency) as currency,
        max(invoices.business_date) as business_date,
        max(invoices.total_amount) = sum(lines.amount - coalesce(lines.discount_amount, 0)) as is_tax_included
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join {{ ref('stg_stripe__invoices') }} as invoices
        on lines.load_id = invoices.load_id
        and lines.source_position = invoices.source_position
        and invoices.record_state = 'current'
    group by lines.source_name, lines.invoice_id
),

stripe_lines as (
    select
        {{ source_key('lines.source_name', 'lines.invoice_id') }} as document_id,
        lines.invoice_line_id as native_id,
        lines.line_index as line_number,
        lines.description,
        cast(lines.quantity as decimal(18, 8)) as quantity,
        lines.amount - coalesce(lines.discount_amount, 0)
        - case when stripe_tax.is_tax_included then coalesce(lines.tax_amount, 0) else 0 end as net_amount,
        lines.tax_amount,
        {{ no_text() }} as tax_code,
        {{ no_text() }} as account_code,
        {{ no_text() }} as cost_center,
        stripe_tax.currency,
        stripe_tax.business_date,
        {{ provenance('lines', 'stripe_invoice_lines', 'lines.invoice_line_id', 'stripe_tax.source_updated_at') }}
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join stripe_tax
        on lines.source_name = stripe_tax.source_name
        and lines.invoice_id = stripe_tax.invoice_id
),

einvoice_lines as (
    select
        lines.document_id,
        lines.native_id,
        lines.line_number,
        lines.description,
        lines.quantity,
        lines.net_amount,
        lines.tax_amount,
        lines.tax_code,
        lines.account_code,
        lines.cost_center,
        lines.currency,
        lines.business_date,
        {{ provenance('lines', 'einvoice_lines', 'lines.source_id') }}
    from {{ ref('int_einvoice_lines') }} as lines
    where lines.our_role = 'seller'
),

lines as (
    select * from csv_lines
    union all
    select * from stripe_lines
    union all
    select * from einvoice_lines
),

{{ document_lines('headers', 'lines') }}

select * from document_lines
