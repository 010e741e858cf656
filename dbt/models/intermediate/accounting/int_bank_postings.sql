{{ config(materialized='keyed', meta={
    'key': 'bank_transaction_id',
}) }}
-- One row per bank line: as what it is posted, and how much of it no document and no deduction explains.
--   line_difference_amount   of the line itself, taken by a difference that settles (a charge on top)
--   unallocated_amount       the rest; the whole line for transfers, charges and interest
with transfer_pairs as (
    select
        allocations.right_id as bank_transaction_id,
        min(allocations.left_id) as left_bank_transaction_id
    from {{ ref('match_allocations') }} as allocations
    inner join {{ ref('matches') }} as matches on allocations.match_id = matches.match_id
    where matches.reconciliation = 'own_account_transfer' and matches.status in ('auto', 'confirmed')
    group by allocations.right_id
),

transfer_members as (
    select bank_transaction_id
    from transfer_pairs
    union
    select left_bank_transaction_id
    from transfer_pairs
),

settlements as (
    select
        bank_transaction_id,
        match_id,
        document_type,
        document_id,
        reconciliation,
        document_currency,
        document_date,
        document_amount,
        document_tax_amount,
        customer_id,
        vendor_id,
        employee_id,
        is_foreign,
        match_difference_amount,
        difference_component,
        cash_amount,
        difference_amount,
        settled_amount,
        cleared_amount
    from {{ ref('int_bank_settlements') }}
),

settled_lines as (
    select
        bank_transaction_id,
        match_id,
        min(reconciliation) as reconciliation,
        min(difference_component) as difference_component,
        min(match_difference_amount) as match_difference_amount,
        sum(cash_amount) as cash_amount,
        max(case when is_foreign then 1 else 0 end) = 1 as is_foreign
    from settlements
    group by bank_transaction_id, match_id
),

document_differences as (
    select
        match_id,
        sum(abs(difference_amount)) as difference_amount
    from settlements
    group by match_id
),

lines as (
    select
        lines.bank_transaction_id,
        lines.entity_id,
        lines.source_name,
        coalesce(lines.servicer_reference, lines.source_id) as document_number,
        lines.bank_account_id,
        lines.booking_date,
        lines.currency,
        lines.amount,
        lines.charges_amount,
        coalesce(lines.charges_currency, lines.currency) as charges_currency,
        parties.party_type,
        parties.party_id,
        'Bank line ' || coalesce(lines.counterparty_name, lines.remittance_text, lines.source_id) as description,
        settled.match_id,
        coalesce(settled.is_foreign, false) as is_foreign,
        settled.difference_component,
        lines.amount - coalesce(settled.cash_amount, 0) as remaining_amount,
        settled.match_difference_amount - coalesce(differences.difference_amount, 0) as unused_difference_amount,
        case
            when settled.reconciliation = 'bank_to_documents' then 'customer_receipt'
            when settled.reconciliation = 'bill_to_bank' then 'vendor_payment'
            when settled.reconciliation = 'payout_to_bank' then 'payout_receipt'
            when settled.reconciliation = 'expense_to_bank' then 'employee_payment'
            when
                transfers.bank_transaction_id is not null and own.is_intercompany
                or own.is_between_own_accounts and own.is_intercompany then 'intercompany_transfer'
            when transfers.bank_transaction_id is not null or own.is_between_own_accounts then 'own_account_transfer'
            when classes.bank_line_class is not null then classes.bank_line_class
            when parties.party_type = 'customer' then 'customer_receipt'
            when parties.party_type = 'vendor' then 'vendor_payment'
            when parties.party_type = 'employee' then 'employee_payment'
            when lines.amount > 0 then 'unidentified_receipt'
            else 'unidentified_payment'
        end as event_type
    from {{ ref('bank_transactions') }} as lines
    left join settled_lines as settled on lines.bank_transaction_id = settled.bank_transaction_id
    left join document_differences as differences on settled.match_id = differences.match_id
    left join transfer_members as transfers on lines.bank_transaction_id = transfers.bank_transaction_id
    left join {{ ref('int_bank_lines') }} as own on lines.bank_transaction_id = own.bank_transaction_id
    left join {{ ref('int_bank_line_classes') }} as classes on lines.bank_transaction_id = classes.bank_transaction_id
    left join {{ ref('int_bank_line_parties') }} as parties on lines.bank_transaction_id = parties.bank_transaction_id
),

-- A charge on top of what we paid: the bank took more than the document, within the match's difference.
charged as (
    select
        bank_transaction_id,
        case
            when
                difference_component is null
                or remaining_amount = 0
                or coalesce(unused_difference_amount, 0) <= 0 then 0
            else sign(remaining_amount) * least(abs(remaining_amount), unused_difference_amount)
        end as line_difference_amount
    from lines
)

select
    lines.bank_transaction_id,
    lines.event_type,
    lines.entity_id,
    lines.source_name,
    lines.document_number,
    lines.bank_account_id,
    lines.booking_date,
    lines.currency,
    lines.amount,
    lines.match_id,
    lines.is_foreign,
    lines.difference_component,
    {{ money('charged.line_difference_amount') }} as line_difference_amount,
    {{ money('lines.remaining_amount - charged.line_difference_amount') }} as unallocated_amount,
    lines.charges_amount,
    lines.charges_currency,
    lines.party_type,
    lines.party_id,
    transfer_pairs.left_bank_transaction_id,
    lines.description
from lines
inner join charged on lines.bank_transaction_id = charged.bank_transaction_id
left join transfer_pairs on lines.bank_transaction_id = transfer_pairs.bank_transaction_id

