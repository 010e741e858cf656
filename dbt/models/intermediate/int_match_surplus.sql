-- Money beyond what a document asked for. A surplus belongs to one document of its match, the largest,
-- or it would be counted once per document.
with documents as (
    select
        match_id,
        item_type,
        item_id,
        difference_amount,
        row_number() over (partition by match_id order by abs(allocated_amount) desc, item_id) as position
    from {{ ref('int_match_members') }}
    where is_applied and difference_reason = 'over_payment' and item_type <> 'bank_transaction'
)

select
    match_id,
    item_type,
    item_id,
    cast(abs(difference_amount) as decimal(18, 4)) as surplus_amount
from documents
where position = 1
