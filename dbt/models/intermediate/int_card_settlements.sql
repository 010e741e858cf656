-- One row per card statement that the card company collects from the bank account. Payments on the
-- card are the collection itself and are not part of the amount due.
select
    source_name || ':' || statement_reference || ':' || currency as card_settlement_id,
    entity_id,
    source_name,
    currency,
    statement_reference,
    sum(amount) as settlement_amount,
    count(*) as transaction_count,
    min(transaction_date) as first_transaction_date,
    max(posting_date) as last_posting_date
from {{ ref('card_transactions') }}
where statement_reference is not null and transaction_type <> 'payment' and is_posted
group by entity_id, source_name, currency, statement_reference
