-- Money beyond what a document asked for. A surplus belongs to one document of its match, the largest,
-- or it would be counted once per document. What a person wrote off of the bank line is no surplus any more.
with documents as (
    select
        match_id,
        item_type,
        item_id,
        difference_amount,
        row_number() over (partition by match_id order by abs(allocated_amount) desc, item_id) as position
    from {{ ref('int_match_members') }}
    where is_applied and difference_reason = 'over_payment' and item_type <> 'bank_transaction'
),

decided as (
    select
        members.match_id,
        sum(write_offs.written_off_amount) as written_off_amount
    from {{ ref('int_write_offs') }} as write_offs
    inner join {{ ref('int_match_members') }} as members
        on
            write_offs.item_type = members.item_type
            and write_offs.item_id = members.item_id
            and members.is_applied
    where write_offs.item_type = 'bank_transaction'
    group by members.match_id
)

select
    documents.match_id,
    documents.item_type,
    documents.item_id,
    {{ money('abs(documents.difference_amount) - coalesce(decided.written_off_amount, 0)') }} as surplus_amount
from documents
left join decided on documents.match_id = decided.match_id
where
    documents.position = 1
    and abs(documents.difference_amount) > coalesce(decided.written_off_amount, 0)
