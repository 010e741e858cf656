-- One event per bank line: the bank account on one side; what the line settles, the bank's deductions
-- and, for the rest, suspense on the other. So every line is posted in full, matched or not, and the
-- bank account of the journal is the bank's own. Amounts from the cash view (money in is positive).
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
line_differences as (
    select
        bank_transaction_id,
        case
            when difference_component is null or remaining_amount = 0 or unused_difference_amount <= 0 then 0
            else -sign(remaining_amount) * least(abs(remaining_amount), unused_difference_amount)
        end as difference_amount
    from lines
    where match_id is not null
),

-- With an agreed discount the sale itself shrinks, so its tax shrinks in proportion.
document_discounts as (
    select
        settlements.bank_transaction_id,
        settlements.match_id,
        settlements.document_type,
        settlements.document_id,
        settlements.document_currency,
        settlements.customer_id,
        settlements.vendor_id,
        settlements.employee_id,
        settlements.difference_component,
        settlements.difference_amount,
        case
            when settlements.difference_component = 'discount' and settlements.document_amount <> 0
                then {{ round_money(
                    exact_ratio('settlements.difference_amount * settlements.document_tax_amount', 'settlements.document_amount'),
                    'currencies.exponent'
                ) }}
            else 0
        end as tax_amount
    from settlements
    left join {{ ref('currencies') }} as currencies on settlements.document_currency = currencies.currency
    where settlements.difference_amount <> 0
),

components as (
    select
        bank_transaction_id,
        'bank' as component,
        '' as component_key,
        cast(null as varchar) as related_document_type,
        cast(null as varchar) as related_document_id,
        currency,
        amount,
        booking_date as rate_date,
        cast(0 as decimal(18, 4)) as cleared_amount,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as employee_id
    from lines

    union all

    select
        bank_transaction_id,
        case document_type
            when 'invoice' then 'receivable'
            when 'credit_note' then 'receivable'
            when 'bill' then 'payable'
            when 'vendor_credit_note' then 'payable'
            else document_type
        end,
        match_id || '|' || document_id,
        document_type,
        document_id,
        document_currency,
        settled_amount,
        document_date,
        cleared_amount,
        customer_id,
        vendor_id,
        employee_id
    from settlements

    union all

    select
        discounts.bank_transaction_id,
        discounts.difference_component,
        discounts.match_id || '|' || discounts.document_id,
        discounts.document_type,
        discounts.document_id,
        discounts.document_currency,
        discounts.difference_amount - discounts.tax_amount,
        lines.booking_date,
        0,
        discounts.customer_id,
        discounts.vendor_id,
        discounts.employee_id
    from document_discounts as discounts
    inner join lines on discounts.bank_transaction_id = lines.bank_transaction_id

    union all

    select
        discounts.bank_transaction_id,
        'discount_tax',
        discounts.match_id || '|' || discounts.document_id,
        discounts.document_type,
        discounts.document_id,
        discounts.document_currency,
        discounts.tax_amount,
        lines.booking_date,
        0,
        discounts.customer_id,
        discounts.vendor_id,
        discounts.employee_id
    from document_discounts as discounts
    inner join lines on discounts.bank_transaction_id = lines.bank_transaction_id

    union all

    select
        lines.bank_transaction_id,
        lines.difference_component,
        '',
        null,
        null,
        lines.currency,
        differences.difference_amount,
        lines.booking_date,
        0,
        null,
        null,
        null
    from line_differences as differences
    inner join lines on differences.bank_transaction_id = lines.bank_transaction_id

    union all

    -- Converted on the way: the bank itself says what it kept, and only the rest is an exchange difference.
    select
        bank_transaction_id,
        'bank_charge',
        'declared',
        null,
        null,
        charges_currency,
        abs(charges_amount),
        booking_date,
        0,
        null,
        null,
        null
    from lines
    where is_foreign and charges_amount is not null

    union all

    -- The rest of the line, after documents and deductions. For a line that is none of ours to explain
    -- (transfer, charge, interest) the rest is the whole line, and its kind names the other side. A line
    -- without a match from someone we know is on that party's account: only nobody's money is in suspense.
    select
        lines.bank_transaction_id,
        case
            when lines.event_type in ('own_account_transfer', 'intercompany_transfer') then 'transfer'
            when lines.event_type in ('bank_charge', 'interest') then lines.event_type
            when lines.match_id is null and lines.party_type is not null then 'on_account'
            else 'unallocated'
        end,
        '',
        case when other_side.bank_transaction_id is not null then 'bank_transaction' end,
        other_side.bank_transaction_id,
        coalesce(other_side.currency, lines.currency),
        coalesce(
            -other_side.amount,
            case when lines.event_type = 'bank_charge' then -lines.amount end,
            lines.remaining_amount + coalesce(differences.difference_amount, 0)
        ),
        coalesce(other_side.booking_date, lines.booking_date),
        0,
        case when lines.party_type = 'customer' then lines.party_id end,
        case when lines.party_type = 'vendor' then lines.party_id end,
        case when lines.party_type = 'employee' then lines.party_id end
    from lines
    left join line_differences as differences on lines.bank_transaction_id = differences.bank_transaction_id
    left join transfer_pairs on lines.bank_transaction_id = transfer_pairs.bank_transaction_id
    -- Money that arrives in another currency clears what left, at the rate of the day on which it left.
    left join {{ ref('bank_transactions') }} as other_side
        on
            transfer_pairs.left_bank_transaction_id = other_side.bank_transaction_id
            and lines.event_type = 'own_account_transfer'
            and lines.entity_id = other_side.entity_id
            and lines.currency <> other_side.currency
)

select
    {{ accounting_event({
        'event_id': "'bank_transaction:' || lines.bank_transaction_id",
        'event_type': 'lines.event_type',
        'component': 'components.component',
        'component_key': 'components.component_key',
        'entity_id': 'lines.entity_id',
        'event_date': 'lines.booking_date',
        'recorded_date': 'lines.booking_date',
        'document_type': "'bank_transaction'",
        'document_id': 'lines.bank_transaction_id',
        'document_number': 'lines.document_number',
        'related_document_type': 'components.related_document_type',
        'related_document_id': 'components.related_document_id',
        'source_name': 'lines.source_name',
        'currency': 'components.currency',
        'amount': 'components.amount',
        'rate_date': 'components.rate_date',
        'cleared_amount': 'components.cleared_amount',
        'bank_account_id': 'lines.bank_account_id',
        'customer_id': 'components.customer_id',
        'vendor_id': 'components.vendor_id',
        'employee_id': 'components.employee_id',
        'description': 'lines.description',
    }) }}
from components
inner join lines on components.bank_transaction_id = lines.bank_transaction_id
where components.amount <> 0
