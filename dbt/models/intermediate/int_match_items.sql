-- What the matching engine sees: one row per item, reconciliation and side.
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
from {{ ref('int_match_items__bank_to_documents') }}

union all

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
from {{ ref('int_match_items__payout_to_bank') }}

union all

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
from {{ ref('int_match_items__bill_to_bank') }}

union all

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
from {{ ref('int_match_items__expense_to_bank') }}

union all

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
from {{ ref('int_match_items__own_account_transfer') }}

union all

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
from {{ ref('int_match_items__order_to_payment') }}

union all

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
from {{ ref('int_match_items__expense_to_card') }}
