{%- set reconciliations = [
    'bank_to_documents',
    'payout_to_bank',
    'bill_to_bank',
    'expense_to_bank',
    'own_account_transfer',
    'order_to_payment',
    'expense_to_card',
] -%}
-- What the matching engine sees: one row per item, reconciliation and side.
{%- for reconciliation in reconciliations %}
select
    reconciliation,
    side,
    item_type,
    item_id,
    entity_id,
    account_id,
    currency,
    amount,
    item_date,
    due_date,
    party_id,
    party_name,
    party_account,
    reference_text,
    reference_keys,
    group_key,
    discount_amount,
    discount_until_date,
    original_amount,
    original_currency
from {{ ref('int_match_items__' ~ reconciliation) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
