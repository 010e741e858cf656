{{ config(materialized='keyed', meta={
    'key': 'event_id',
}) }}
-- What we owe: vendor bills, vendor credit notes (negative), approved expense reports and card payments.
with posted_bills as (
    select
        document_type,
        document_id,
        document_number,
        bill_number,
        entity_id,
        source_name,
        document_date,
        recorded_date,
        vendor_id,
        currency,
        total_amount
    from {{ ref('int_purchase_documents') }}
),

-- The vendor's usual account stands in for a line without one.
bill_parts as (
    select
        lines.bill_id,
        coalesce(lines.account_code, vendors.default_account_code, defaults.account_code) as account_code,
        lines.cost_center,
        lines.tax_code,
        sum(lines.net_amount) as net_amount,
        sum(lines.tax_amount) as tax_amount
    from {{ ref('bill_lines') }} as lines
    inner join {{ ref('bills') }} as bills on lines.bill_id = bills.bill_id
    left join {{ ref('vendors') }} as vendors on bills.vendor_id = vendors.vendor_id
    left join {{ ref('default_accounts') }} as defaults
        on lines.source_name = defaults.source_name and defaults.document_type = 'bill'
    group by
        lines.bill_id,
        coalesce(lines.account_code, vendors.default_account_code, defaults.account_code),
        lines.cost_center,
        lines.tax_code
),

posted_reports as (
    select
        expense_report_id,
        source_id,
        report_name,
        entity_id,
        source_name,
        coalesce(approved_date, submitted_date, business_date) as posted_date,
        employee_id
    from {{ ref('expense_reports') }}
    where status in ('approved', 'paid', 'reimbursed')
),

-- What an employee paid privately and does not claim back is no cost of the company. Card lines are,
-- whether claimed or not: the company paid.
report_lines as (
    select
        lines.expense_report_id,
        lines.account_code,
        lines.cost_center,
        lines.currency,
        lines.payment_method,
        sum(lines.net_amount) as net_amount,
        sum(lines.tax_amount) as tax_amount,
        sum(lines.amount) as amount
    from {{ ref('expense_lines') }} as lines
    where
        (lines.payment_method = 'card' or lines.is_reimbursable)
        and coalesce(lines.status, '') <> 'rejected'
    group by lines.expense_report_id, lines.account_code, lines.cost_center, lines.currency, lines.payment_method
),

card_payments as (
    select
        card_transaction_id,
        source_id,
        entity_id,
        source_name,
        coalesce(posting_date, business_date) as posted_date,
        employee_id,
        merchant,
        currency,
        amount,
        transaction_type
    from {{ ref('card_transactions') }}
    where transaction_type <> 'payment' and is_posted
)

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
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'total_amount',
        'rate_date': 'document_date',
        'vendor_id': 'vendor_id',
        'description': "'Bill ' || bill_number",
    }) }}
from posted_bills
where total_amount <> 0

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
        'source_name': 'documents.source_name',
        'currency': 'documents.currency',
        'amount': 'parts.' ~ amount,
        'rate_date': 'documents.document_date',
        'account_code': 'parts.account_code',
        'cost_center': 'parts.cost_center',
        'vendor_id': 'documents.vendor_id',
        'tax_code': 'parts.tax_code',
        'description': "'Bill ' || documents.bill_number",
    }) }}
from posted_bills as documents
inner join bill_parts as parts on documents.document_id = parts.bill_id
where parts.{{ amount }} <> 0
{% endfor %}

{% for component, amount in [('net', 'net_amount'), ('tax', 'tax_amount'), ('total', 'amount')] %}
union all

select
    {{ accounting_event({
        'event_id': "'expense_report:' || reports.expense_report_id",
        'event_type': "'expense_report'",
        'component': "lines.payment_method || '_" ~ component ~ "'",
        'component_key': "concat_ws('|', lines.account_code, lines.cost_center, lines.currency)",
        'entity_id': 'reports.entity_id',
        'event_date': 'reports.posted_date',
        'recorded_date': 'reports.posted_date',
        'document_type': "'expense_report'",
        'document_id': 'reports.expense_report_id',
        'document_number': 'reports.source_id',
        'source_name': 'reports.source_name',
        'currency': 'lines.currency',
        'amount': 'lines.' ~ amount,
        'rate_date': 'reports.posted_date',
        'account_code': 'lines.account_code',
        'cost_center': 'lines.cost_center',
        'employee_id': 'reports.employee_id',
        'description': "'Expense report ' || reports.report_name",
    }) }}
from posted_reports as reports
inner join report_lines as lines on reports.expense_report_id = lines.expense_report_id
where lines.{{ amount }} <> 0
{% endfor %}

union all

select
    {{ accounting_event({
        'event_id': "'card_transaction:' || card_transaction_id",
        'event_type': "'card_transaction'",
        'component': 'transaction_type',
        'entity_id': 'entity_id',
        'event_date': 'posted_date',
        'recorded_date': 'posted_date',
        'document_type': "'card_transaction'",
        'document_id': 'card_transaction_id',
        'document_number': 'source_id',
        'source_name': 'source_name',
        'currency': 'currency',
        'amount': 'amount',
        'rate_date': 'posted_date',
        'employee_id': 'employee_id',
        'description': "'Card payment ' || coalesce(merchant, source_id)",
    }) }}
from card_payments
where amount <> 0
