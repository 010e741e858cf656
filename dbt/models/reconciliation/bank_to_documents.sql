-- Cash application: every bank line, in and out, with the documents that it pays.
-- amount = matched + remaining, both signed like the line.
with documents as (
    select
        bank_members.item_id as bank_transaction_id,
        count(distinct documents.item_type || documents.item_id) as document_count,
        {{ dbt.listagg("distinct documents.item_type || ' ' || documents.item_id", "', '", "order by documents.item_type || ' ' || documents.item_id") }} as documents
    from {{ ref('int_match_members') }} as bank_members
    inner join {{ ref('int_match_members') }} as documents
        on
            bank_members.match_id = documents.match_id
            and bank_members.side <> documents.side
    where bank_members.item_type = 'bank_transaction'
    group by bank_members.item_id
),

matched_lines as (
    select
        members.item_id as bank_transaction_id,
        max(members.match_id) as match_id,
        max(members.reconciliation) as reconciliation,
        max(members.match_rule_id) as match_rule_id,
        max(members.difference_reason) as difference_reason,
        max(members.confidence) as confidence,
        sum(members.open_amount) as open_amount
    from {{ ref('int_match_members') }} as members
    where members.is_applied and members.item_type = 'bank_transaction'
    group by members.item_id
),

suggested_lines as (
    select
        members.item_id as bank_transaction_id,
        min(members.match_id) as match_id,
        min(members.reconciliation) as reconciliation,
        min(members.match_rule_id) as match_rule_id,
        max(members.confidence) as confidence
    from {{ ref('int_match_members') }} as members
    where members.is_suggested and members.item_type = 'bank_transaction'
    group by members.item_id
),

decided as (
    select
        item_id as bank_transaction_id,
        sum(cash_amount) as written_off_amount
    from {{ ref('int_write_offs') }}
    where item_type = 'bank_transaction'
    group by item_id
),

joined as (
    select
        lines.bank_transaction_id,
        lines.entity_id,
        lines.source_name,
        lines.bank_account_id,
        lines.statement_id,
        coalesce(matched_lines.match_id, suggested_lines.match_id) as match_id,
        coalesce(matched_lines.reconciliation, suggested_lines.reconciliation) as matched_by_reconciliation,
        coalesce(matched_lines.match_rule_id, suggested_lines.match_rule_id) as match_rule_id,
        lines.direction,
        lines.bank_line_class,
        lines.counterparty_name,
        lines.remittance_text,
        matched_lines.difference_reason,
        documents.documents,
        lines.currency,
        lines.amount,
        case
            when matched_lines.match_id is null then 0
            else lines.amount - matched_lines.open_amount
        end + coalesce(decided.written_off_amount, 0) as matched_amount,
        coalesce(decided.written_off_amount, 0) as written_off_amount,
        coalesce(documents.document_count, 0) as document_count,
        coalesce(matched_lines.confidence, suggested_lines.confidence) as confidence,
        lines.is_between_own_accounts,
        lines.is_intercompany,
        matched_lines.match_id is not null as has_match,
        suggested_lines.match_id is not null as has_suggestion,
        lines.booking_date
    from {{ ref('int_bank_lines') }} as lines
    left join documents on lines.bank_transaction_id = documents.bank_transaction_id
    left join matched_lines on lines.bank_transaction_id = matched_lines.bank_transaction_id
    left join suggested_lines on lines.bank_transaction_id = suggested_lines.bank_transaction_id
    left join decided on lines.bank_transaction_id = decided.bank_transaction_id
),

classified as (
    select
        bank_transaction_id,
        entity_id,
        source_name,
        bank_account_id,
        statement_id,
        match_id,
        matched_by_reconciliation,
        match_rule_id,
        direction,
        bank_line_class,
        counterparty_name,
        remittance_text,
        difference_reason,
        documents,
        currency,
        amount,
        matched_amount,
        written_off_amount,
        document_count,
        confidence,
        is_between_own_accounts,
        is_intercompany,
        has_match,
        has_suggestion,
        booking_date,
        amount - matched_amount as remaining_amount,
        case
            when booking_date > {{ as_of_date() }} then 'after_as_of_date'
            when has_match and matched_by_reconciliation = 'own_account_transfer' then 'transfer'
            when has_match and matched_amount = amount then 'matched'
            when has_match then 'matched_with_surplus'
            when written_off_amount = amount and amount <> 0 then 'written_off'
            when has_suggestion then 'in_review'
            when bank_line_class is not null then 'no_document_needed'
            when amount = 0 then 'no_document_needed'
            when is_between_own_accounts and not {{ is_past_grace('booking_date', 'transfer_unmatched') }} then 'transfer_in_transit'
            when is_between_own_accounts then 'transfer_unmatched'
            else 'unmatched'
        end as status
    from joined
)

select
    bank_transaction_id,
    entity_id,
    source_name,
    bank_account_id,
    statement_id,
    match_id,
    matched_by_reconciliation,
    match_rule_id,
    direction,
    status,
    case
        when status in ('matched', 'matched_with_surplus', 'written_off', 'transfer', 'no_document_needed') then 'matched'
        when status in ('transfer_in_transit', 'after_as_of_date') then 'waiting'
        else 'open'
    end as status_group,
    bank_line_class,
    counterparty_name,
    remittance_text,
    difference_reason,
    documents,
    currency,
    cast(amount as decimal(18, 4)) as amount,
    cast(matched_amount as decimal(18, 4)) as matched_amount,
    cast(written_off_amount as decimal(18, 4)) as written_off_amount,
    cast(remaining_amount as decimal(18, 4)) as remaining_amount,
    document_count,
    confidence,
    is_between_own_accounts,
    is_intercompany,
    has_match,
    has_suggestion,
    booking_date,
    booking_date as business_date
from classified
