with

source as (
    select * from {{ source('raw_csv', 'expenses') }}
),

renamed as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        source.updated_at as source_updated_at,
        source.expense_date as business_date,
        source.expense_id,
        source.report_id,
        source.report_name,
        source.employee_id,
        source.employee_name,
        source.expense_date,
        source.submitted_date,
        source.approved_date,
        source.updated_at,
        coalesce(source.currency, 'XXX') as currency,
        source.amount,
        source.tax_amount,
        source.tax_code,
        source.category,
        source.merchant,
        source.payment_method,
        source.card_transaction_reference,
        source.is_reimbursable,
        source.status,
        source.description,
        source.cost_center
    from source
)

{{ record_state('renamed', ['expense_id']) }}
