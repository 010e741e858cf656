{{ config(materialized='keyed', meta={
    'key': 'expense_report_id',
}) }}
-- A report is as far as its slowest line; rejected lines do not hold it back.
with

staged as (
    select
        *,
        case status
            when 'draft' then 1 when 'submitted' then 2 when 'approved' then 3 when 'paid' then 4
            when 'rejected' then 5 else 0
        end as stage,
        row_number() over (
            partition by expense_report_id
            order by source_updated_at desc nulls last, source_file desc, source_position desc
        ) as recency
    from {{ ref('int_expense_lines') }}
),

reports as (
    select
        expense_report_id,
        max(report_key) as report_key,
        max(report_name) as report_name,
        max(employee_id) as employee_id,
        max(employee_name) as employee_name,
        max(currency) as currency,
        sum(case when status <> 'rejected' then amount else 0 end) as total_amount,
        sum(case when status <> 'rejected' and is_reimbursable and payment_method <> 'card' then amount else 0 end) as reimbursable_amount,
        sum(case when status <> 'rejected' and payment_method = 'card' then amount else 0 end) as card_amount,
        sum(case when status = 'rejected' then amount else 0 end) as rejected_amount,
        max(submitted_date) as submitted_date,
        max(approved_date) as approved_date,
        min(stage) as stage,
        count(*) as line_count,
        max(business_date) as last_expense_date
    from staged
    group by expense_report_id
)

select
    reports.expense_report_id,
    reports.report_name,
    reports.employee_id,
    reports.employee_name,
    reports.currency,
    {{ money('reports.total_amount') }} as total_amount,
    {{ money('reports.reimbursable_amount') }} as reimbursable_amount,
    {{ money('reports.card_amount') }} as card_amount,
    {{ money('reports.rejected_amount') }} as rejected_amount,
    reports.submitted_date,
    reports.approved_date,
    case reports.stage
        when 1 then 'draft' when 2 then 'submitted' when 3 then 'approved' when 4 then 'paid'
        when 5 then 'rejected' else 'unmapped'
    end as status,
    reports.line_count,
    coalesce(reports.approved_date, reports.submitted_date, reports.last_expense_date) as business_date,
    latest.entity_id,
    latest.source_name,
    'expense_reports' as source_object,
    reports.report_key as source_id,
    latest.source_updated_at,
    latest.source_file,
    latest.source_position,
    latest.load_id,
    latest.record_hash
from reports
inner join staged as latest
    on reports.expense_report_id = latest.expense_report_id
    and latest.recency = 1
