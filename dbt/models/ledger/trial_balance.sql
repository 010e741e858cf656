-- Opening, movement and closing of every account in every period, in base currency. An account that
-- rests in a period keeps its row, so that each period's closing is the next one's opening.
-- Profit and loss accounts run on over the year end until the ERP's closing entry is posted.
with movements as (
    select
        entity_id,
        period,
        account_code,
        min(base_currency) as base_currency,
        sum(base_debit_amount) as debit_amount,
        sum(base_credit_amount) as credit_amount
    from {{ ref('journal_lines') }}
    group by entity_id, period, account_code
),

entity_accounts as (
    select
        entity_id,
        account_code,
        min(base_currency) as base_currency,
        min(period) as first_period
    from movements
    group by entity_id, account_code
),

last_periods as (
    select
        entity_id,
        max(period) as last_period
    from movements
    group by entity_id
),

grid as (
    select
        entity_accounts.entity_id,
        entity_accounts.account_code,
        entity_accounts.base_currency,
        periods.period,
        periods.start_date,
        periods.end_date
    from entity_accounts
    inner join last_periods on entity_accounts.entity_id = last_periods.entity_id
    inner join {{ ref('periods') }} as periods
        on
            entity_accounts.entity_id = periods.entity_id
            and periods.period between entity_accounts.first_period and last_periods.last_period
),

running as (
    select
        grid.entity_id,
        grid.period,
        grid.start_date,
        grid.end_date,
        grid.account_code,
        grid.base_currency,
        coalesce(movements.debit_amount, 0) as debit_amount,
        coalesce(movements.credit_amount, 0) as credit_amount,
        sum(coalesce(movements.debit_amount, 0) - coalesce(movements.credit_amount, 0)) over (
            partition by grid.entity_id, grid.account_code
            order by grid.period
            rows between unbounded preceding and current row
        ) as closing_amount
    from grid
    left join movements
        on
            grid.entity_id = movements.entity_id
            and grid.account_code = movements.account_code
            and grid.period = movements.period
)

select
    running.entity_id,
    running.period,
    running.start_date,
    running.end_date,
    running.account_code,
    accounts.account_name,
    accounts.account_type,
    accounts.control_type,
    running.base_currency,
    {{ money('running.closing_amount - running.debit_amount + running.credit_amount') }} as base_opening_amount,
    {{ money('running.debit_amount') }} as base_debit_amount,
    {{ money('running.credit_amount') }} as base_credit_amount,
    {{ money('running.closing_amount') }} as base_closing_amount
from running
left join {{ ref('accounts') }} as accounts on running.account_code = accounts.account_code
