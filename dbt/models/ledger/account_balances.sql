-- What stands on each account at as_of_date, by document currency.
with balances as (
    select
        entity_id,
        account_code,
        currency,
        min(base_currency) as base_currency,
        count(*) as line_count,
        max(posting_date) as last_posting_date,
        sum(debit_amount) as debit_amount,
        sum(credit_amount) as credit_amount,
        sum(base_debit_amount) as base_debit_amount,
        sum(base_credit_amount) as base_credit_amount
    from {{ ref('journal_lines') }}
    where posting_date <= {{ as_of_date() }}
    group by entity_id, account_code, currency
)

select
    balances.entity_id,
    balances.account_code,
    accounts.account_name,
    accounts.account_type,
    accounts.control_type,
    accounts.normal_side,
    balances.currency,
    {{ money('balances.debit_amount') }} as debit_amount,
    {{ money('balances.credit_amount') }} as credit_amount,
    {{ money('balances.debit_amount - balances.credit_amount') }} as balance_amount,
    balances.base_currency,
    {{ money('balances.base_debit_amount') }} as base_debit_amount,
    {{ money('balances.base_credit_amount') }} as base_credit_amount,
    {{ money('balances.base_debit_amount - balances.base_credit_amount') }} as base_balance_amount,
    balances.line_count,
    balances.last_posting_date
from balances
left join {{ ref('accounts') }} as accounts on balances.account_code = accounts.account_code
