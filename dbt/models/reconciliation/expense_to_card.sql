-- Company card payments against the expense lines that explain them; either side may be missing.
with pairs as (
    select
        allocations.left_id as card_transaction_id,
        allocations.right_id as expense_line_id,
        matches.match_id,
        matches.status,
        allocations.allocated_amount
    from {{ ref('match_allocations') }} as allocations
    inner join {{ ref('matches') }} as matches on allocations.match_id = matches.match_id
    where matches.reconciliation = 'expense_to_card' and matches.status <> 'rejected'
),

pairs_by_card as (
    select
        card_transaction_id,
        max(match_id) as match_id,
        min(expense_line_id) as expense_line_id,
        sum(case when status <> 'suggested' then allocated_amount else 0 end) as allocated_amount,
        max(case when status = 'suggested' then 1 else 0 end) as has_suggestion,
        max(case when status <> 'suggested' then 1 else 0 end) as has_match
    from pairs
    group by card_transaction_id
),

claimed_lines as (
    select
        expense_line_id,
        max(case when status = 'suggested' then 1 else 0 end) as has_suggestion,
        max(case when status <> 'suggested' then 1 else 0 end) as has_match
    from pairs
    group by expense_line_id
),

loose_lines as (
    select
        lines.expense_line_id,
        lines.entity_id,
        lines.source_name,
        lines.employee_id,
        lines.merchant,
        lines.currency,
        lines.amount,
        lines.expense_date,
        coalesce(claimed_lines.has_suggestion = 1, false) as has_suggestion,
        duplicates.expense_line_id is not null as is_duplicate
    from {{ ref('expense_lines') }} as lines
    left join claimed_lines on lines.expense_line_id = claimed_lines.expense_line_id
    left join {{ ref('int_expense_duplicates') }} as duplicates on lines.expense_line_id = duplicates.expense_line_id
    where
        lines.payment_method = 'card'
        and coalesce(claimed_lines.has_match, 0) = 0
),

cards as (
    select
        cards.card_transaction_id,
        cards.entity_id,
        cards.source_name,
        cards.employee_id,
        cards.card_id,
        cards.merchant,
        cards.transaction_type,
        cards.status,
        cards.is_posted,
        cards.currency,
        cards.amount,
        cards.transaction_date,
        pairs_by_card.match_id,
        pairs_by_card.expense_line_id,
        coalesce(pairs_by_card.has_suggestion = 1, false) as has_suggestion,
        coalesce(pairs_by_card.has_match = 1, false) as has_match,
        coalesce(pairs_by_card.allocated_amount, 0) as allocated_amount
    from {{ ref('card_transactions') }} as cards
    left join pairs_by_card on cards.card_transaction_id = pairs_by_card.card_transaction_id
),

joined as (
    select
        coalesce(cards.card_transaction_id, loose_lines.expense_line_id) as expense_to_card_id,
        coalesce(cards.entity_id, loose_lines.entity_id) as entity_id,
        coalesce(cards.source_name, loose_lines.source_name) as source_name,
        cards.card_transaction_id,
        coalesce(cards.expense_line_id, loose_lines.expense_line_id) as expense_line_id,
        cards.match_id,
        cards.card_id,
        coalesce(cards.employee_id, loose_lines.employee_id) as employee_id,
        coalesce(cards.merchant, loose_lines.merchant) as merchant,
        cards.transaction_type,
        cards.status as card_status,
        cards.is_posted,
        coalesce(cards.currency, loose_lines.currency) as currency,
        coalesce(cards.amount, 0) as card_amount,
        case
            when cards.card_transaction_id is null then loose_lines.amount
            when cards.amount < 0 then -cards.allocated_amount
            else cards.allocated_amount
        end as claimed_amount,
        cards.card_transaction_id is not null as has_card_transaction,
        coalesce(cards.has_match, true) as has_expense_line,
        coalesce(cards.has_suggestion, loose_lines.has_suggestion) as is_in_review,
        coalesce(loose_lines.is_duplicate, false) as is_duplicate,
        coalesce(cards.transaction_date, loose_lines.expense_date) as business_date
    from cards
    full outer join loose_lines on cards.card_transaction_id = loose_lines.expense_line_id
),

classified as (
    select
        expense_to_card_id,
        entity_id,
        source_name,
        card_transaction_id,
        expense_line_id,
        match_id,
        card_id,
        employee_id,
        merchant,
        transaction_type,
        currency,
        card_amount,
        claimed_amount,
        has_card_transaction,
        has_expense_line,
        is_in_review,
        is_duplicate,
        business_date,
        case
            when business_date > {{ as_of_date() }} then 'after_as_of_date'
            when not is_posted and card_status = 'pending' then 'waiting_for_posting'
            when not is_posted then 'no_receipt_needed'
            when has_card_transaction and transaction_type not in ('purchase', 'refund') then 'no_receipt_needed'
            when has_card_transaction and card_amount = 0 then 'no_receipt_needed'
            when has_card_transaction and has_expense_line then 'matched'
            when is_in_review then 'in_review'
            when is_duplicate then 'claimed_twice'
            when has_card_transaction and not {{ is_past_grace('business_date', 'card_without_expense') }} then 'waiting_for_expense'
            when has_card_transaction then 'card_without_expense'
            when not {{ is_past_grace('business_date', 'expense_without_card') }} then 'waiting_for_card'
            else 'expense_without_card'
        end as status
    from joined
)

select
    expense_to_card_id,
    entity_id,
    source_name,
    card_transaction_id,
    expense_line_id,
    match_id,
    card_id,
    employee_id,
    merchant,
    transaction_type,
    status,
    case
        when status in ('matched', 'no_receipt_needed') then 'matched'
        when status in ('waiting_for_posting', 'waiting_for_expense', 'waiting_for_card', 'after_as_of_date') then 'waiting'
        else 'open'
    end as status_group,
    currency,
    cast(card_amount as decimal(18, 4)) as card_amount,
    cast(claimed_amount as decimal(18, 4)) as claimed_amount,
    cast(card_amount - claimed_amount as decimal(18, 4)) as difference_amount,
    has_card_transaction,
    has_expense_line,
    business_date
from classified
