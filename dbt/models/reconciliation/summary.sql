-- The one page: per entity and reconciliation, how much is matched, waits its turn or is open, and
-- whether the books can close. Amounts in base currency at the rate of each item's day.
with last_days as (
    select
        entity_id,
        period,
        max(end_date) as end_date
    from {{ ref('periods') }}
    group by entity_id, period
),

items as (
    select
        'order_to_invoice' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(case when has_order then ordered_amount else invoiced_amount end) as amount,
        business_date as business_date
    from {{ ref('order_to_invoice') }}
    union all
    select
        'order_to_payment' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(case when has_order then ordered_amount else charged_amount end) as amount,
        business_date as business_date
    from {{ ref('order_to_payment') }}
    union all
    select
        'invoice_to_payment' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(total_amount) as amount,
        business_date as business_date
    from {{ ref('invoice_to_payment') }}
    union all
    select
        'payment_to_payout' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(case when has_payout then payout_amount else net_amount end) as amount,
        business_date as business_date
    from {{ ref('payment_to_payout') }}
    union all
    select
        'payout_to_bank' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(expected_amount) as amount,
        business_date as business_date
    from {{ ref('payout_to_bank') }}
    union all
    select
        'bank_to_documents' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(amount) as amount,
        business_date as business_date
    from {{ ref('bank_to_documents') }}
    where not is_between_own_accounts
    union all
    select
        'own_account_transfer' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(amount) as amount,
        business_date as business_date
    from {{ ref('bank_to_documents') }}
    where is_between_own_accounts
    union all
    select
        'bill_to_bank' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(total_amount) as amount,
        business_date as business_date
    from {{ ref('bill_to_bank') }}
    union all
    select
        'expense_to_bank' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(expected_amount) as amount,
        business_date as business_date
    from {{ ref('expense_to_bank') }}
    union all
    select
        'expense_to_card' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(case when has_card_transaction then card_amount else claimed_amount end) as amount,
        business_date as business_date
    from {{ ref('expense_to_card') }}
    union all
    select
        'bank_statement_continuity' as reconciliation,
        entity_id as entity_id,
        status_group as status_group,
        currency as currency,
        abs(movement_amount) as amount,
        business_date as business_date
    from {{ ref('bank_statement_continuity') }}
    union all
    -- A control account ties or it does not; its amount is what the journal moved in the period.
    select
        'subledger_to_ledger' as reconciliation,
        control.entity_id,
        case
            when control.status in ('ties', 'no_erp') then 'matched'
            when control.status = 'pending_allocation' then 'waiting'
            else 'open'
        end as status_group,
        control.currency,
        abs(control.journal_amount) as amount,
        least(coalesce(last_days.end_date, {{ as_of_date() }}), {{ as_of_date() }}) as business_date
    from {{ ref('subledger_to_ledger') }} as control
    left join last_days
        on
            control.entity_id = last_days.entity_id
            and control.period = last_days.period
),

valued as (
    select
        items.reconciliation,
        items.entity_id,
        items.status_group,
        items.business_date,
        items.amount,
        items.currency,
        {{ to_base('items.amount', 'fx') }} as base_amount
    from items
    {{ to_base_rate('fx', 'items.entity_id', 'items.currency', 'items.business_date') }}
),

counted as (
    select
        reconciliation,
        entity_id,
        count(*) as item_count,
        count(case when status_group = 'matched' then 1 end) as matched_count,
        count(case when status_group = 'waiting' then 1 end) as waiting_count,
        count(case when status_group = 'open' then 1 end) as open_count,
        sum(coalesce(base_amount, 0)) as base_amount,
        sum(case when status_group = 'matched' then coalesce(base_amount, 0) else 0 end) as base_matched_amount,
        sum(case when status_group = 'waiting' then coalesce(base_amount, 0) else 0 end) as base_waiting_amount,
        sum(case when status_group = 'open' then coalesce(base_amount, 0) else 0 end) as base_open_amount,
        -- A currency without a rate cannot be in the sums; it is counted so that it is seen.
        count(case when base_amount is null then 1 end) as untranslated_count,
        min(case when status_group = 'open' then business_date end) as oldest_open_date
    from valued
    group by reconciliation, entity_id
),

exceptions_counted as (
    select
        reconciliation,
        entity_id,
        count(*) as exception_count,
        count(case when blocks_close then 1 end) as blocking_count,
        sum(coalesce(base_amount, 0)) as base_exception_amount,
        min(business_date) as oldest_exception_date
    from {{ ref('exceptions') }}
    -- What another exception explains is cleared with that one; counted here, it would be cleared twice.
    where status != 'explained'
    group by reconciliation, entity_id
),

joined as (
    select
        coalesce(counted.entity_id, exceptions_counted.entity_id) as entity_id,
        coalesce(counted.reconciliation, exceptions_counted.reconciliation) as reconciliation,
        coalesce(counted.item_count, 0) as item_count,
        coalesce(counted.matched_count, 0) as matched_count,
        coalesce(counted.waiting_count, 0) as waiting_count,
        coalesce(counted.open_count, 0) as open_count,
        coalesce(counted.base_amount, 0) as base_amount,
        coalesce(counted.base_matched_amount, 0) as base_matched_amount,
        coalesce(counted.base_waiting_amount, 0) as base_waiting_amount,
        coalesce(counted.base_open_amount, 0) as base_open_amount,
        coalesce(counted.untranslated_count, 0) as untranslated_count,
        counted.oldest_open_date,
        coalesce(exceptions_counted.exception_count, 0) as exception_count,
        coalesce(exceptions_counted.blocking_count, 0) as blocking_exception_count,
        coalesce(exceptions_counted.base_exception_amount, 0) as base_exception_amount
    from counted
    full outer join exceptions_counted
        on
            counted.entity_id = exceptions_counted.entity_id
            and counted.reconciliation = exceptions_counted.reconciliation
)

select
    joined.entity_id,
    joined.reconciliation,
    entities.base_currency as currency,
    joined.item_count,
    joined.matched_count,
    joined.waiting_count,
    joined.open_count,
    {{ money('joined.base_amount') }} as total_amount,
    {{ money('joined.base_matched_amount') }} as matched_amount,
    {{ money('joined.base_waiting_amount') }} as waiting_amount,
    {{ money('joined.base_open_amount') }} as open_amount,
    -- Items that wait their turn are neither a success nor a failure of matching.
    case
        when joined.matched_count + joined.open_count > 0
            then {{ exact_ratio('cast(joined.matched_count as decimal(18, 8))', 'cast(joined.matched_count + joined.open_count as decimal(18, 8))') }}
    end as match_rate,
    joined.untranslated_count,
    joined.oldest_open_date,
    cast({{ dbt.datediff('joined.oldest_open_date', as_of_date(), 'day') }} as bigint) as oldest_open_days,
    joined.exception_count,
    joined.blocking_exception_count,
    {{ money('joined.base_exception_amount') }} as exception_amount,
    joined.blocking_exception_count = 0 as can_close,
    case
        when joined.blocking_exception_count > 0
            then cast(joined.blocking_exception_count as varchar) || ' open item(s) must be cleared first'
        when joined.exception_count > 0
            then cast(joined.exception_count as varchar) || ' open item(s), none of which holds up the close'
        else 'nothing open'
    end as close_reason
from joined
left join {{ ref('legal_entities') }} as entities on joined.entity_id = entities.legal_entity_id
