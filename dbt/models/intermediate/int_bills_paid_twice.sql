-- Money that left for a bill which another bank line had paid already: the same amount, the same vendor
-- or account, and the bill's number in the text. The later of the two lines is the second payment.
with free_lines as (
    select
        lines.bank_transaction_id,
        lines.entity_id,
        lines.currency,
        lines.amount,
        lines.booking_date,
        bank_lines.counterparty_account,
        bank_lines.reference_keys,
        parties.party_id
    from {{ ref('bank_to_documents') }} as lines
    inner join {{ ref('int_bank_lines') }} as bank_lines on lines.bank_transaction_id = bank_lines.bank_transaction_id
    left join {{ ref('int_bank_line_parties') }} as parties on lines.bank_transaction_id = parties.bank_transaction_id
    where lines.direction = 'out' and lines.status in ('unmatched', 'in_review')
),

paid_bills as (
    select
        settlements.document_id as bill_id,
        bills.bill_number,
        bills.entity_id,
        bills.currency,
        bills.vendor_id,
        coalesce(bills.vendor_account, vendors.account_number) as vendor_account,
        {{ reference_key_list(['bills.bill_number', 'bills.source_id']) }} as reference_keys,
        bills.total_amount,
        -settlements.cash_amount as paid_amount,
        settlements.bank_transaction_id as paying_bank_transaction_id,
        settlements.booking_date as paid_date
    from {{ ref('int_bank_settlements') }} as settlements
    inner join {{ ref('bills') }} as bills on settlements.document_id = bills.bill_id
    left join {{ ref('vendors') }} as vendors on bills.vendor_id = vendors.vendor_id
    where settlements.document_type = 'bill'
),

pairs as (
    select
        free_lines.bank_transaction_id as free_bank_transaction_id,
        paid_bills.paying_bank_transaction_id,
        paid_bills.bill_id,
        paid_bills.bill_number,
        free_lines.booking_date,
        paid_bills.paid_date,
        row_number() over (
            partition by free_lines.bank_transaction_id
            order by paid_bills.paid_date desc, paid_bills.bill_id
        ) as position
    from free_lines
    inner join paid_bills
        on
            free_lines.entity_id = paid_bills.entity_id
            and free_lines.currency = paid_bills.currency
            and -free_lines.amount in (paid_bills.paid_amount, paid_bills.total_amount)
            and (
                free_lines.counterparty_account = paid_bills.vendor_account
                or free_lines.party_id = paid_bills.vendor_id
            )
            and {{ has_common_key('free_lines.reference_keys', 'paid_bills.reference_keys') }}
)

select
    case
        when booking_date > paid_date or (booking_date = paid_date and free_bank_transaction_id > paying_bank_transaction_id)
            then free_bank_transaction_id
        else paying_bank_transaction_id
    end as bank_transaction_id,
    case
        when booking_date > paid_date or (booking_date = paid_date and free_bank_transaction_id > paying_bank_transaction_id)
            then paying_bank_transaction_id
        else free_bank_transaction_id
    end as other_bank_transaction_id,
    bill_id,
    bill_number
from pairs
where position = 1
