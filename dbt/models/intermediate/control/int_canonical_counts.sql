-- Records and amounts that arrived in the canonical tables, counted in the canonical tables themselves:
-- a count in staging would not notice a join that loses or doubles rows on the way.
-- Amounts are counted with the sign that the source wrote (is_sign_flipped).
with

arrived as (
    -- An order that its lines alone tell is counted by them.
    select source_name, source_object as stream, entity_id, currency, business_date, coalesce(stated_total_amount, 0) as amount
    from {{ ref('orders') }}
    where source_object = 'orders'
    union all
    -- Lines take their day from their order; the source declared them under its own.
    select
        lines.source_name,
        'order_lines',
        lines.entity_id,
        declared.currency,
        declared.business_date,
        lines.stated_amount
    from {{ ref('order_lines') }} as lines
    inner join {{ ref('stg_csv__order_lines') }} as declared
        on lines.load_id = declared.load_id
        and lines.source_position = declared.source_position
        and declared.record_state = 'current'
    where lines.line_type = 'item'
    -- Payments that an export lists without a day take that of their order; the source declared them without.
    union all
    select source_name, source_object, entity_id, currency, stated_date, amount
    from {{ ref('payments') }}
    union all
    select source_name, source_object, entity_id, currency, stated_date, {{ as_written('amount') }}
    from {{ ref('refunds') }}
    where source_object <> 'order_refunds'
    union all
    select source_name, source_object, entity_id, currency, business_date, amount
    from {{ ref('disputes') }}
    union all
    select source_name, source_object, entity_id, currency, business_date, gross_amount
    from {{ ref('balance_transactions') }}
    union all
    select source_name, source_object, entity_id, currency, business_date, amount
    from {{ ref('payouts') }}
    union all
    select source_name, source_object, entity_id, currency, business_date, {{ as_written('total_amount') }}
    from {{ ref('invoices') }}
    union all
    select source_name, source_object, entity_id, currency, business_date, {{ as_written('total_amount') }}
    from {{ ref('bills') }}
    union all
    select source_name, source_object, entity_id, currency, business_date, amount
    from {{ ref('expense_lines') }}
    union all
    select source_name, source_object, entity_id, currency, business_date, amount
    from {{ ref('card_transactions') }}
    union all
    select source_name, 'bank_transactions', entity_id, currency, business_date, amount
    from {{ ref('bank_transactions') }}
    union all
    select source_name, 'bank_statements', entity_id, currency, business_date, 0
    from {{ ref('bank_statements') }}
    where source_object = 'statements'
    union all
    select source_name, source_object, entity_id, currency, business_date, debit_amount - credit_amount
    from {{ ref('gl_entries') }}
    -- Lines take currency and date from their document; the source declared them under its own.
    {%- for stream in ['invoice_lines', 'bill_lines'] %}
    union all
    select
        lines.source_name,
        lines.source_object,
        lines.entity_id,
        declared.currency,
        declared.business_date,
        {{ as_written('lines.net_amount') }}
    from {{ ref(stream) }} as lines
    left join {{ ref('stg_csv__' ~ stream) }} as declared
        on lines.load_id = declared.load_id
        and lines.source_position = declared.source_position
        and declared.record_state = 'current'
    where lines.source_object = '{{ stream }}' and lines.line_type in ('item', 'orphan')
    {%- endfor %}
    union all
    select source_name, source_object, entity_id, currency, business_date, amount
    from {{ ref('payment_instructions') }}
    -- What a bank says about a payment is an attribute of the payment.
    union all
    select source_name, 'payment_statuses', entity_id, currency, business_date, 0
    from {{ ref('stg_payment_files__statuses') }}
    where record_state = 'current'
    -- Rates are spread over days and pairs; what counts is that each delivered rate is one of ours.
    union all
    select source_name, 'fx_rates', entity_id, currency, rate_date, 0
    from {{ ref('stg_ecb__fx_rates') }}
    where record_state = 'current'
    union all
    select source_name, source_object, entity_id, currency, business_date, coalesce(amount, 0)
    from {{ ref('decisions') }}
)

select
    source_name,
    stream,
    entity_id,
    coalesce(currency, 'XXX') as currency,
    business_date,
    count(*) as canonical_count,
    {{ money('sum(amount)') }} as canonical_amount
from arrived
group by source_name, stream, entity_id, coalesce(currency, 'XXX'), business_date
