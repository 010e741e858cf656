-- Lines, allowances and charges of current e-invoices with their share of the tax. An e-invoice states tax
-- per category and rate, not per line: it is computed on the running sum of each category and rate, so that
-- the lines of one come to exactly the rounded tax of their sum. What the document states beyond that is the
-- rounding line of document_lines.
with

lines as (
    select
        {{ source_key('lines.source_name', 'documents.document_key') }} as document_id,
        documents.our_role,
        documents.business_date,
        documents.currency,
        documents.source_updated_at,
        documents.document_key,
        lines.*,
        coalesce(lines.tax_category, '') as category,
        coalesce(lines.tax_rate, 0) as rate,
        coalesce(lines.accounting_reference, documents.buyer_accounting_reference) as booking_reference
    from {{ ref('stg_einvoice__document_lines') }} as lines
    inner join {{ ref('int_einvoices') }} as documents
        on lines.load_id = documents.load_id
        and lines.source_position = documents.source_position
),

running as (
    select
        *,
        sum(coalesce(net_amount, 0)) over (
            partition by document_id, category, rate order by line_number rows unbounded preceding
        ) as running_net_amount
    from lines
),

-- One code of the entity for a rate, or none: two codes of one rate are not told apart by a category.
rate_codes as (
    select entity_id, rate, min(tax_code) as tax_code
    from {{ ref('tax_codes') }}
    group by entity_id, rate
    having count(*) = 1
)

select
    running.document_id,
    running.our_role,
    cast(running.line_number as varchar) as native_id,
    running.line_number,
    running.line_kind,
    coalesce(running.description, running.line_kind) as description,
    running.quantity,
    coalesce(running.net_amount, 0) as net_amount,
    {{ round_money(amount_times('running.running_net_amount', '(running.rate * 0.01)'), 'running.currency') }}
    - {{ round_money(amount_times('running.running_net_amount - coalesce(running.net_amount, 0)', '(running.rate * 0.01)'), 'running.currency') }} as tax_amount,
    rate_codes.tax_code,
    accounts.account_code,
    cost_centers.cost_center,
    running.currency,
    running.business_date,
    running.document_key || ':' || cast(running.line_number as varchar) as source_id,
    running.entity_id,
    running.source_name,
    running.source_updated_at,
    running.source_file,
    running.source_position,
    running.load_id,
    running.record_hash
from running
left join rate_codes
    on running.entity_id = rate_codes.entity_id
    and running.rate = rate_codes.rate * 100
left join {{ ref('master_accounts') }} as accounts on running.booking_reference = accounts.account_code
left join {{ ref('cost_centers') }} as cost_centers on running.booking_reference = cost_centers.cost_center
