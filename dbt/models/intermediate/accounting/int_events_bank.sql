{{ config(materialized='keyed', meta={
    'key': 'event_id',
}) }}
-- One event per bank line: the bank account on one side; what the line settles, the bank's deductions
-- and, for the rest, suspense on the other. So every line is posted in full, matched or not, and the
-- bank account of the journal is the bank's own. Amounts from the cash view (money in is positive).
with settlements as (
    select
        bank_transaction_id,
        match_id,
        document_type,
        document_id,
        document_currency,
        document_date,
        document_amount,
        document_tax_amount,
        customer_id,
        vendor_id,
        employee_id,
        difference_component,
        difference_amount,
        settled_amount,
        cleared_amount
    from {{ ref('int_bank_settlements') }}
),

lines as (
    select
        bank_transaction_id,
        event_type,
        entity_id,
        source_name,
        document_number,
        bank_account_id,
        booking_date,
        currency,
        amount,
        match_id,
        is_foreign,
        difference_component,
        line_difference_amount,
        unallocated_amount,
        charges_amount,
        charges_currency,
        party_type,
        party_id,
        left_bank_transaction_id,
        description
    from {{ ref('int_bank_postings') }}
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
                then sign(settlements.difference_amount) * {{ round_to_exponent(
                    exact_ratio(
                        'cast(abs(cast(settlements.difference_amount as decimal(27, 4)) * settlements.document_tax_amount) as decimal(27, 8))',
                        'cast(abs(settlements.document_amount) as decimal(27, 8))'
                    ),
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
        -lines.line_difference_amount,
        lines.booking_date,
        0,
        null,
        null,
        null
    from lines
    where lines.line_difference_amount <> 0

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
            lines.unallocated_amount
        ),
        coalesce(other_side.booking_date, lines.booking_date),
        0,
        case when lines.party_type = 'customer' then lines.party_id end,
        case when lines.party_type = 'vendor' then lines.party_id end,
        case when lines.party_type = 'employee' then lines.party_id end
    from lines
    -- Money that arrives in another currency clears what left, at the rate of the day on which it left.
    left join {{ ref('bank_transactions') }} as other_side
        on
            lines.left_bank_transaction_id = other_side.bank_transaction_id
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
