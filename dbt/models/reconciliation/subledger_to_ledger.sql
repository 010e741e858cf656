-- The three-way proof of every control account: the documents, our journal, the ERP's ledger. One row
-- per control account, entity, currency and period; movements of the period, debit positive, and the
-- balances that they lead to.
with subledger as (
    select
        entity_id,
        account_code,
        currency,
        period,
        amount,
        unposted_amount
    from {{ ref('int_subledger_movements') }}
),

control_accounts as (
    select
        account_code,
        account_name,
        control_type
    from {{ ref('accounts') }}
    where control_type is not null
),

-- What the ERP has not exported yet (or no longer has) is no difference.
erp_reach as (
    select
        entity_id,
        min(posting_date) as first_date,
        max(posting_date) as last_date
    from {{ ref('gl_entries') }}
    group by entity_id
),

journal as (
    select
        lines.entity_id,
        lines.account_code,
        lines.currency,
        lines.period,
        sum(lines.debit_amount - lines.credit_amount) as amount,
        sum(
            case
                when lines.posting_date between erp_reach.first_date and erp_reach.last_date then 0
                else lines.debit_amount - lines.credit_amount
            end
        ) as outside_export_amount,
        sum(lines.base_debit_amount - lines.base_credit_amount) as base_amount
    from {{ ref('journal_lines') }} as lines
    inner join control_accounts on lines.account_code = control_accounts.account_code
    left join erp_reach on lines.entity_id = erp_reach.entity_id
    group by lines.entity_id, lines.account_code, lines.currency, lines.period
),

erp as (
    select
        gl_entries.entity_id,
        gl_entries.account_code,
        gl_entries.currency,
        calendar.period,
        sum(gl_entries.debit_amount - gl_entries.credit_amount) as amount,
        sum(gl_entries.base_debit_amount - gl_entries.base_credit_amount) as base_amount
    from {{ ref('gl_entries') }} as gl_entries
    inner join control_accounts on gl_entries.account_code = control_accounts.account_code
    left join {{ ref('int_posting_calendar') }} as calendar
        on
            gl_entries.entity_id = calendar.entity_id
            and gl_entries.posting_date = calendar.calendar_date
    group by gl_entries.entity_id, gl_entries.account_code, gl_entries.currency, calendar.period
),

-- Money whose bank side agrees while cash application is unfinished explains its part of a difference.
pending as (
    select
        lines.entity_id,
        lines.account_code,
        lines.currency,
        calendar.period,
        sum(lines.difference_amount) as amount
    from {{ ref('int_gl_comparison_accounts') }} as lines
    inner join {{ ref('int_gl_comparison') }} as documents
        on
            lines.entity_id = documents.entity_id
            and lines.voucher_type = documents.voucher_type
            and lines.voucher_number = documents.voucher_number
    inner join {{ ref('int_posting_calendar') }} as calendar
        on
            lines.entity_id = calendar.entity_id
            and documents.journal_posting_date = calendar.calendar_date
    where documents.status = 'pending_allocation' and lines.control_type is not null
    group by lines.entity_id, lines.account_code, lines.currency, calendar.period
),

keys as (
    select entity_id, account_code, currency, period from subledger
    union
    select entity_id, account_code, currency, period from journal
    union
    select entity_id, account_code, currency, period from erp
),

compared as (
    select
        keys.entity_id,
        keys.account_code,
        keys.currency,
        keys.period,
        coalesce(subledger.amount, 0) as subledger_amount,
        coalesce(subledger.unposted_amount, 0) as unposted_amount,
        coalesce(journal.amount, 0) as journal_amount,
        coalesce(erp.amount, 0) as erp_amount,
        coalesce(pending.amount, 0) as pending_allocation_amount,
        coalesce(journal.outside_export_amount, 0) as outside_export_amount,
        coalesce(journal.base_amount, 0) as base_journal_amount,
        coalesce(erp.base_amount, 0) as base_erp_amount,
        erp_reach.entity_id is not null as has_erp
    from keys
    left join subledger
        on
            keys.entity_id = subledger.entity_id
            and keys.account_code = subledger.account_code
            and keys.currency = subledger.currency
            and keys.period is not distinct from subledger.period
    left join journal
        on
            keys.entity_id = journal.entity_id
            and keys.account_code = journal.account_code
            and keys.currency = journal.currency
            and keys.period is not distinct from journal.period
    left join erp
        on
            keys.entity_id = erp.entity_id
            and keys.account_code = erp.account_code
            and keys.currency = erp.currency
            and keys.period is not distinct from erp.period
    left join pending
        on
            keys.entity_id = pending.entity_id
            and keys.account_code = pending.account_code
            and keys.currency = pending.currency
            and keys.period is not distinct from pending.period
    left join erp_reach on keys.entity_id = erp_reach.entity_id
),

running as (
    select
        entity_id,
        account_code,
        currency,
        period,
        subledger_amount,
        unposted_amount,
        journal_amount,
        erp_amount,
        pending_allocation_amount,
        outside_export_amount,
        base_journal_amount,
        base_erp_amount,
        has_erp,
        sum(subledger_amount) over account_history as subledger_balance_amount,
        sum(journal_amount) over account_history as journal_balance_amount,
        sum(erp_amount) over account_history as erp_balance_amount
    from compared
    window account_history as (
        partition by entity_id, account_code, currency
        order by period rows between unbounded preceding and current row
    )
)

select
    running.entity_id || ':' || running.account_code || ':' || running.currency || ':'
    || coalesce(running.period, 'none') as ledger_control_id,
    running.entity_id,
    running.account_code,
    control_accounts.account_name,
    control_accounts.control_type,
    running.currency,
    coalesce(running.period, 'none') as period,
    {{ money('running.subledger_amount') }} as subledger_amount,
    {{ money('running.journal_amount') }} as journal_amount,
    case when running.has_erp then {{ money('running.erp_amount') }} end as erp_amount,
    {{ money('running.unposted_amount') }} as unposted_amount,
    {{ money('running.subledger_amount - running.journal_amount - running.unposted_amount') }} as subledger_difference_amount,
    case when running.has_erp then {{ money('running.journal_amount - running.erp_amount') }} end as erp_difference_amount,
    {{ money('running.pending_allocation_amount') }} as pending_allocation_amount,
    case when running.has_erp then {{ money('running.outside_export_amount') }} end as outside_export_amount,
    case
        when running.has_erp
            then {{ money('running.journal_amount - running.erp_amount - running.pending_allocation_amount - running.outside_export_amount') }}
    end as unexplained_amount,
    {{ money('running.subledger_balance_amount') }} as subledger_balance_amount,
    {{ money('running.journal_balance_amount') }} as journal_balance_amount,
    case when running.has_erp then {{ money('running.erp_balance_amount') }} end as erp_balance_amount,
    legal_entities.base_currency,
    {{ money('running.base_journal_amount') }} as base_journal_amount,
    case when running.has_erp then {{ money('running.base_erp_amount') }} end as base_erp_amount,
    running.has_erp,
    case
        when running.subledger_amount <> running.journal_amount + running.unposted_amount then 'journal_differs'
        when not running.has_erp then case when running.unposted_amount <> 0 then 'unposted' else 'no_erp' end
        -- Two differences that cancel out are still two: without what cash application explains, the rest
        -- must be nothing.
        when
            running.erp_amount + running.pending_allocation_amount + running.outside_export_amount
            not in (running.journal_amount, running.journal_amount + running.unposted_amount) then 'erp_differs'
        when running.unposted_amount <> 0 then 'unposted'
        when running.pending_allocation_amount <> 0 then 'pending_allocation'
        else 'ties'
    end as status
from running
left join control_accounts on running.account_code = control_accounts.account_code
left join {{ ref('legal_entities') }} as legal_entities on running.entity_id = legal_entities.legal_entity_id
