-- Money that leaves one of our accounts must arrive in another: within an entity, and between entities
-- of the group. The party is the
-- pair of entities, the same seen from both sides.
select
    'own_account_transfer' as reconciliation,
    case when lines.direction = 'out' then 'left' else 'right' end as side,
    'bank_transaction' as item_type,
    lines.bank_transaction_id as item_id,
    lines.entity_id as entity_id,
    lines.bank_account_id as account_id,
    lines.currency as currency,
    lines.amount as amount,
    lines.booking_date as item_date,
    cast(null as date) as due_date,
    least(lines.entity_id, lines.own_entity_id) || '+' || greatest(lines.entity_id, lines.own_entity_id) as party_id,
    cast(null as varchar) as party_name,
    cast(null as varchar) as party_account,
    lines.reference_text as reference_text,
    lines.reference_keys as reference_keys,
    lines.payment_information_id as group_key,
    cast(null as decimal(18, 4)) as discount_amount,
    cast(null as date) as discount_until_date,
    lines.original_amount as original_amount,
    lines.original_currency as original_currency
from {{ ref('int_bank_lines') }} as lines
where
    lines.is_between_own_accounts
    and lines.amount <> 0
    and lines.booking_date <= {{ as_of_date() }}
