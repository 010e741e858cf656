-- Lines of vendor bills that add up to their bill (macro document_lines).
with

headers as (
    select
        bill_id as document_id,
        net_amount,
        tax_amount,
        total_amount,
        currency,
        tax_code,
        business_date,
        exponent,
        'Bill ' || bill_number as description,
        {{ provenance_columns('int_bills') }}
    from {{ ref('int_bills') }} as int_bills
),

csv_lines as (
    select
        {{ source_key('lines.source_name', 'lines.bill_id') }} as document_id,
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
        {{ provenance('lines', 'bill_lines', "lines.bill_id || ':' || cast(lines.line_number as varchar)") }}
    from {{ ref('stg_csv__bill_lines') }} as lines
    where lines.record_state = 'current'
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
    where lines.our_role = 'buyer'
),

lines as (
    select * from csv_lines
    union all
    select * from einvoice_lines
),

{{ document_lines('headers', 'lines') }}

select * from document_lines
