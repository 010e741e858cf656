-- How each invoice was paid, whatever the channel: by bank transfer (matches), by a charge of its own,
-- or by the charge of its order. Several invoices of one order share the order's money, oldest first.
with bank_money as (
    select
        document_id as invoice_id,
        sum(settled_amount - difference_amount) as paid_amount,
        sum(difference_amount) as written_off_amount,
        max(difference_component) as difference_component,
        max(booking_date) as last_paid_date
    from {{ ref('int_bank_settlements') }}
    where document_type in ('invoice', 'credit_note')
    group by document_id
),

decided as (
    select
        item_id as invoice_id,
        sum(cash_amount) as written_off_amount,
        max(difference_component) as difference_component
    from {{ ref('int_write_offs') }}
    where item_type in ('invoice', 'credit_note')
    group by item_id
),

surplus as (
    select
        item_id as invoice_id,
        sum(surplus_amount) as overpaid_amount
    from {{ ref('int_match_surplus') }}
    where item_type = 'invoice'
    group by item_id
),

own_charges as (
    select
        charges.invoice_id,
        sum(charges.amount) as paid_amount,
        max(charges.payment_date) as last_paid_date
    from {{ ref('int_order_charges') }} as charges
    -- Money in another currency pays none of the invoice, or 100 yen would settle 100 dollars.
    inner join {{ ref('invoices') }} as invoices
        on charges.invoice_id = invoices.invoice_id
        and charges.currency = invoices.currency
    where charges.payment_date <= {{ as_of_date() }}
    group by charges.invoice_id
),

order_money as (
    select
        order_id,
        charged_amount,
        provider_refunded_amount,
        first_charge_date
    from {{ ref('order_to_payment') }}
    where has_order
),

order_invoices as (
    select
        channels.invoice_id,
        channels.order_id,
        invoices.total_amount,
        coalesce(
            sum(invoices.total_amount) over (
                partition by channels.order_id
                order by invoices.invoice_date, invoices.invoice_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as earlier_amount,
        row_number() over (
            partition by channels.order_id order by invoices.invoice_date desc, invoices.invoice_id desc
        ) as position_from_last
    from {{ ref('int_invoice_channels') }} as channels
    inner join {{ ref('invoices') }} as invoices on channels.invoice_id = invoices.invoice_id
    where channels.settlement_channel = 'order'
),

order_shares as (
    select
        order_invoices.invoice_id,
        -- Refunds lower both what is owed and what was paid; the invoice stays as paid as its order.
        least(
            order_invoices.total_amount,
            greatest(0, order_money.charged_amount - order_invoices.earlier_amount)
        ) as paid_amount,
        order_money.first_charge_date as last_paid_date
    from order_invoices
    inner join order_money on order_invoices.order_id = order_money.order_id
),

recorded_receipts as (
    select
        payments.invoice_id,
        sum(payments.amount) as paid_amount,
        max(payments.payment_date) as last_paid_date
    from {{ ref('payments') }} as payments
    inner join {{ ref('invoices') }} as invoices
        on payments.invoice_id = invoices.invoice_id
        and payments.currency = invoices.currency
    where
        payments.payment_type = 'receipt'
        and payments.status = 'succeeded'
        and payments.payment_date <= {{ as_of_date() }}
    group by payments.invoice_id
)

select
    channels.invoice_id,
    channels.settlement_channel,
    cast(coalesce(
        case channels.settlement_channel
            when 'charge' then own_charges.paid_amount
            when 'order' then order_shares.paid_amount
            -- What the bank shows counts; a receipt that only the books know counts where no bank line does.
            when 'bank' then coalesce(bank_money.paid_amount, recorded_receipts.paid_amount)
        end,
        0
    ) as decimal(18, 4)) as paid_amount,
    cast(coalesce(bank_money.written_off_amount, 0) + coalesce(decided.written_off_amount, 0) as decimal(18, 4)) as written_off_amount,
    cast(coalesce(surplus.overpaid_amount, 0) as decimal(18, 4)) as overpaid_amount,
    coalesce(
        case when bank_money.written_off_amount <> 0 then bank_money.difference_component end,
        decided.difference_component
    ) as write_off_reason,
    case channels.settlement_channel
        when 'charge' then own_charges.last_paid_date
        when 'order' then order_shares.last_paid_date
        when 'bank' then coalesce(bank_money.last_paid_date, recorded_receipts.last_paid_date)
    end as last_paid_date
from {{ ref('int_invoice_channels') }} as channels
left join bank_money on channels.invoice_id = bank_money.invoice_id
left join decided on channels.invoice_id = decided.invoice_id
left join surplus on channels.invoice_id = surplus.invoice_id
left join own_charges on channels.invoice_id = own_charges.invoice_id
left join order_shares on channels.invoice_id = order_shares.invoice_id
left join recorded_receipts on channels.invoice_id = recorded_receipts.invoice_id
