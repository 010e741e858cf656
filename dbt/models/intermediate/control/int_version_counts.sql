-- Records that came and are not current: superseded versions, duplicates, and those that wait for the order that
-- says their day, with the amount that each declared. From staging, because these states exist only there.
{% set streams = [
    ('orders', 'stg_shopify__orders', 'total_price'),
    ('charges', 'stg_stripe__charges', 'amount'),
    ('refunds', 'stg_stripe__refunds', 'amount'),
    ('disputes', 'stg_stripe__disputes', 'amount'),
    ('balance_transactions', 'stg_stripe__balance_transactions', 'amount'),
    ('payouts', 'stg_stripe__payouts', 'amount'),
    ('invoices', 'stg_stripe__invoices', 'total_amount'),
    ('bank_statements', 'stg_bank__statements', '0'),
    ('bank_transactions', 'stg_bank__transactions', 'amount'),
    ('orders', 'stg_csv__orders', 'total_amount'),
    ('order_lines', 'stg_csv__order_lines', 'total_amount'),
    ('payments', 'stg_csv__payments', 'amount'),
    ('invoices', 'stg_csv__invoices', 'total_amount'),
    ('invoice_lines', 'stg_csv__invoice_lines', 'net_amount'),
    ('bills', 'stg_csv__bills', 'total_amount'),
    ('bill_lines', 'stg_csv__bill_lines', 'net_amount'),
    ('expenses', 'stg_csv__expenses', 'amount'),
    ('card_transactions', 'stg_csv__card_transactions', 'amount'),
    ('bank_transactions', 'stg_csv__bank_transactions', 'amount'),
    ('balance_transactions', 'stg_csv__balance_transactions', 'amount'),
    ('payouts', 'stg_csv__payouts', 'amount'),
    ('gl_entries', 'stg_csv__gl_entries', 'coalesce(debit_amount, 0) - coalesce(credit_amount, 0)'),
    ('fx_rates', 'stg_ecb__fx_rates', '0'),
    ('einvoices', 'stg_einvoice__documents', 'total_amount'),
    ('payment_instructions', 'stg_payment_files__instructions', 'amount'),
    ('payment_statuses', 'stg_payment_files__statuses', '0'),
    ('decisions', 'stg_decisions__decisions', 'amount'),
] %}
with

older_versions as (
    {%- for stream, model, amount in streams %}
    select
        source_name,
        '{{ stream }}' as stream,
        entity_id,
        {{ 'account_currency' if model == 'stg_bank__statements' else 'currency' }} as currency,
        business_date,
        record_state,
        {{ money('coalesce(' ~ amount ~ ', 0)') }} as amount
    from {{ ref(model) }}
    where record_state in ('superseded', 'duplicate', 'waiting')
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    source_name,
    stream,
    entity_id,
    coalesce(currency, 'XXX') as currency,
    business_date,
    sum(case when record_state = 'superseded' then 1 else 0 end) as superseded_count,
    sum(case when record_state = 'duplicate' then 1 else 0 end) as duplicate_count,
    sum(case when record_state = 'waiting' then 1 else 0 end) as waiting_count,
    {{ money("sum(case when record_state = 'superseded' then amount else 0 end)") }} as superseded_amount,
    {{ money("sum(case when record_state = 'duplicate' then amount else 0 end)") }} as duplicate_amount,
    {{ money("sum(case when record_state = 'waiting' then amount else 0 end)") }} as waiting_amount
from older_versions
group by source_name, stream, entity_id, coalesce(currency, 'XXX'), business_date
