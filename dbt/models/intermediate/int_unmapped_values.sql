-- Values that no seed explains and sums that do not fit, with the document that carries them. The
-- documents are kept; each row here becomes an exception, so that nothing unknown passes in silence.
{% set documents = [
    ('orders', 'order', 'order_id', 'total_amount'),
    ('invoices', 'invoice', 'invoice_id', 'total_amount'),
    ('bills', 'bill', 'bill_id', 'total_amount'),
    ('payments', 'payment', 'payment_id', 'amount'),
    ('refunds', 'refund', 'refund_id', 'amount'),
    ('disputes', 'dispute', 'dispute_id', 'amount'),
    ('payouts', 'payout', 'payout_id', 'amount'),
    ('expense_lines', 'expense_line', 'expense_line_id', 'amount'),
    ('card_transactions', 'card_transaction', 'card_transaction_id', 'amount'),
] %}
{% set with_currency = documents + [
    ('balance_transactions', 'balance_transaction', 'balance_transaction_id', 'net_amount'),
    ('bank_transactions', 'bank_transaction', 'bank_transaction_id', 'amount'),
] %}
with

unknown_statuses as (
    {%- for model, document_type, document_id, amount in documents %}
    select
        entity_id, source_name, source_object, '{{ document_type }}' as document_type,
        {{ document_id }} as document_id, 'status' as field,
        source_status as value,
        currency, {{ amount }} as amount, business_date
    from {{ ref(model) }}
    where status = 'unmapped'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A credit note under another word counts as an invoice, which is twice its amount; a payment of an
-- unknown kind as a receipt.
unknown_types as (
    {%- for model, document_type, known in [('int_invoices', 'invoice', "'invoice', 'credit_note'"), ('int_bills', 'bill', "'bill', 'invoice', 'credit_note'")] %}
    select
        entity_id, source_name, source_object, '{{ document_type }}' as document_type, {{ document_type }}_id as document_id,
        'document_type' as field, source_document_type as value, currency, total_amount as amount, business_date
    from {{ ref(model) }}
    where source_document_type not in ({{ known }})
    union all
    {%- endfor %}
    select
        entity_id, source_name, 'payments', 'payment', {{ source_key('source_name', 'payment_id') }},
        'payment_type', payment_type, currency, amount, business_date
    from {{ ref('stg_csv__payments') }}
    where record_state = 'current'
        and lower(payment_type) not in ('charge', 'receipt', 'outgoing', 'refund')
),

unknown_currencies as (
    {%- for model, document_type, document_id, amount in with_currency %}
    select
        documents.entity_id, documents.source_name, documents.source_object, '{{ document_type }}' as document_type,
        documents.{{ document_id }} as document_id, 'currency' as field, documents.currency as value,
        documents.currency, documents.{{ amount }} as amount, documents.business_date
    from {{ ref(model) }} as documents
    left join {{ ref('currencies') }} as currencies on documents.currency = currencies.currency
    where currencies.currency is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- One row per entity, currency and day, not per document: the cure is one rate.
missing_rates as (
    select
        entity_id, 'fx_rates' as source_name, 'fx_rates' as source_object, 'fx_rate' as document_type,
        entity_id || ':' || currency || ':' || cast(business_date as varchar) as document_id, 'rate' as field,
        currency as value, currency, sum(amount) as amount, business_date
    from (
        {%- for model, document_type, document_id, amount in with_currency %}
        select
            documents.entity_id, documents.currency, documents.business_date, sum(documents.{{ amount }}) as amount
        from {{ ref(model) }} as documents
        inner join {{ ref('currencies') }} as currencies on documents.currency = currencies.currency
        left join {{ ref('int_entity_fx_rates') }} as rates
            on documents.entity_id = rates.entity_id
            and documents.currency = rates.currency
            and documents.business_date = rates.rate_date
        where rates.rate is null
        group by documents.entity_id, documents.currency, documents.business_date
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as without_rate
    where entity_id in (select entity_id from {{ ref('master_legal_entities') }})
    group by entity_id, currency, business_date
),

unknown_entities as (
    {%- for model, document_type, document_id, amount in with_currency %}
    select
        entity_id, source_name, source_object, 'source' as document_type, source_name || ':' || source_object || ':' || currency as document_id,
        'entity_id' as field, entity_id as value, currency, sum({{ amount }}) as amount, max(business_date) as business_date
    from {{ ref(model) }}
    where entity_id not in (select entity_id from {{ ref('master_legal_entities') }})
    group by entity_id, source_name, source_object, currency
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

unknown_accounts as (
    select
        entity_id, source_name, source_object, 'expense_line' as document_type, expense_line_id as document_id,
        'category' as field, category as value, currency, amount, business_date
    from {{ ref('expense_lines') }}
    where account_code is null
    union all
    select
        lines.entity_id, lines.source_name, lines.source_object, 'invoice_line', lines.invoice_line_id,
        'account_code', lines.account_code, lines.currency, lines.net_amount, lines.business_date
    from {{ ref('invoice_lines') }} as lines
    left join {{ ref('master_accounts') }} as accounts on lines.account_code = accounts.account_code
    where lines.account_code is not null and accounts.account_code is null
    union all
    select
        lines.entity_id, lines.source_name, lines.source_object, 'bill_line', lines.bill_line_id,
        'account_code', lines.account_code, lines.currency, lines.net_amount, lines.business_date
    from {{ ref('bill_lines') }} as lines
    left join {{ ref('master_accounts') }} as accounts on lines.account_code = accounts.account_code
    where lines.account_code is not null and accounts.account_code is null
    union all
    select
        entries.entity_id, entries.source_name, entries.source_object, 'gl_entry', entries.gl_entry_id,
        'account_code', entries.account_code, entries.currency,
        entries.debit_amount - entries.credit_amount, entries.business_date
    from {{ ref('gl_entries') }} as entries
    left join {{ ref('master_accounts') }} as accounts on entries.account_code = accounts.account_code
    where accounts.account_code is null
    union all
    select
        entity_id, source_name, source_object, 'bank_statement', statement_id,
        'account_number', account_number, currency, movement_amount, business_date
    from {{ ref('bank_statements') }}
    where bank_account_id is null
    union all
    select
        entity_id, source_name, source_object, 'balance_transaction', balance_transaction_id,
        'balance_type', source_balance_type, currency, net_amount, business_date
    from {{ ref('balance_transactions') }}
    where balance_type = 'adjustment'
        and source_balance_type not in (
            select source_status from {{ ref('status_mappings') }} where object = 'balance_type'
        )
),

-- Parts that differ from their document by more than rounding: a tip, a duty, a line that was lost.
sums_that_do_not_fit as (
    select
        orders.entity_id, orders.source_name, orders.source_object, 'order' as document_type, orders.order_id as document_id,
        'total_amount' as field, 'parts differ from the total by ' || cast(orders.rounding_amount as varchar) as value,
        orders.currency, orders.rounding_amount as amount, orders.business_date
    from {{ ref('orders') }} as orders
    inner join {{ ref('int_order_totals') }} as totals on orders.order_id = totals.order_id
    left join {{ ref('currencies') }} as currencies on orders.currency = currencies.currency
    where abs(orders.rounding_amount) > (totals.line_count + 1) * {{ minor_unit('currencies.exponent') }}
    union all
    -- Neither the order nor any line says what it comes to.
    select
        orders.entity_id, orders.source_name, orders.source_object, 'order', orders.order_id,
        'total_amount', 'no total is stated and no line has come', orders.currency, orders.total_amount, orders.business_date
    from {{ ref('int_orders') }} as orders
    where orders.stated_total_amount is null and not orders.has_lines and orders.status <> 'cancelled'
    {%- for line, document in [('invoice_line', 'invoice'), ('bill_line', 'bill')] %}
    union all
    select
        entity_id, source_name, source_object, '{{ document }}', {{ document }}_id,
        'net_amount', 'net and tax differ from the total by ' || cast(header_residual_amount as varchar),
        currency, header_residual_amount, business_date
    from {{ ref('int_' ~ document ~ 's') }}
    where abs(header_residual_amount) > 0
    union all
    select
        lines.entity_id, lines.source_name, lines.source_object, '{{ document }}', lines.{{ document }}_id,
        'total_amount', 'lines differ from the total by ' || cast(lines.total_amount as varchar),
        lines.currency, lines.total_amount, lines.business_date
    from {{ ref(line ~ 's') }} as lines
    left join {{ ref('currencies') }} as currencies on lines.currency = currencies.currency
    where lines.line_type = 'rounding' and abs(lines.total_amount) > 5 * {{ minor_unit('currencies.exponent') }}
        -- An e-invoice that does not add up is told with the number of the rule (int_exceptions__einvoices).
        and lines.source_object <> 'einvoices'
    union all
    select
        lines.entity_id, lines.source_name, lines.source_object, '{{ line }}', lines.{{ line }}_id,
        '{{ document }}_id', lines.{{ document }}_id, lines.currency, lines.total_amount, lines.business_date
    from {{ ref(line ~ 's') }} as lines
    where lines.line_type = 'orphan'
    {%- endfor %}
),

unmapped as (
    select * from unknown_statuses
    union all
    select * from unknown_types
    union all
    select * from unknown_currencies
    union all
    select * from missing_rates
    union all
    select * from unknown_entities
    union all
    select * from unknown_accounts
    union all
    select * from sums_that_do_not_fit
)

select
    entity_id,
    source_name,
    source_object,
    document_type,
    document_id,
    field,
    value,
    currency,
    {{ money('amount') }} as amount,
    business_date
from unmapped
