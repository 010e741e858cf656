{{ config(materialized='keyed', meta={
    'key': 'statement_id',
}) }}
with

-- A delivery that broke off is told as what it is, not as a second one.
deliveries as (
    select
        source_name,
        account_number,
        statement_id,
        page_number,
        greatest(1, count(*) filter (where not coalesce(is_cut_off, false))) as delivery_count
    from {{ ref('stg_bank__statements') }}
    where record_state <> 'replay'
    group by source_name, account_number, statement_id, page_number
),

bank_statements as (
    select
        names.statement_id
        || case when statements.page_number > 1 then ':page' || cast(statements.page_number as varchar) else '' end as statement_id,
        statements.account_number,
        statements.account_currency as currency,
        statements.sequence_number,
        statements.page_number,
        statements.from_date,
        statements.to_date,
        statements.opening_balance_amount,
        statements.closing_balance_amount,
        statements.movement_amount,
        statements.line_count,
        statements.declared_entry_count as declared_line_count,
        statements.declared_net_amount as declared_movement_amount,
        statements.control_problem,
        statements.control_residual_amount,
        {{ is_interim_report('statements.format') }} as is_interim,
        coverage.covering_statement_id,
        statements.format,
        deliveries.delivery_count,
        statements.business_date,
        {{ provenance('statements', 'statements', 'statements.statement_id') }}
    from {{ ref('stg_bank__statements') }} as statements
    inner join {{ ref('int_statement_names') }} as names
        on statements.source_name = names.source_name
        and statements.account_number = names.account_number
        and statements.statement_id is not distinct from names.native_statement_id
    inner join deliveries
        on statements.source_name = deliveries.source_name
        and statements.account_number = deliveries.account_number
        and statements.statement_id is not distinct from deliveries.statement_id
        and statements.page_number is not distinct from deliveries.page_number
    left join {{ ref('stg_bank__statement_coverage') }} as coverage
        on statements.source_name = coverage.source_name
        and statements.account_number = coverage.account_number
        and statements.statement_id is not distinct from coverage.statement_id
        and statements.page_number is not distinct from coverage.page_number
    where statements.record_state = 'current'
),

csv_statements as (
    select
        {{ source_key('statements.source_name', 'statements.statement_id') }} as statement_id,
        statements.account_number,
        statements.currency,
        cast(null as bigint) as sequence_number,
        cast(null as bigint) as page_number,
        statements.from_date,
        statements.to_date,
        statements.opening_balance_amount,
        statements.closing_balance_amount,
        statements.movement_amount,
        statements.line_count,
        cast(null as bigint) as declared_line_count,
        {{ no_money() }} as declared_movement_amount,
        statements.control_problem,
        statements.control_residual_amount,
        false as is_interim,
        cast(null as varchar) as covering_statement_id,
        'csv' as format,
        statements.delivery_count,
        statements.to_date as business_date,
        {{ provenance('statements', 'csv_statements', 'statements.statement_id', no_timestamp()) }}
    from {{ ref('int_csv_bank_statements') }} as statements
    where statements.delivery_number = 1
),

all_statements as (
    select * from bank_statements
    union all
    select * from csv_statements
)

select
    statements.statement_id,
    accounts.bank_account_id,
    statements.account_number,
    coalesce(statements.currency, accounts.currency) as currency,
    statements.sequence_number,
    statements.page_number,
    statements.from_date,
    statements.to_date,
    {{ money('statements.opening_balance_amount') }} as opening_balance_amount,
    {{ money('statements.closing_balance_amount') }} as closing_balance_amount,
    {{ money('statements.movement_amount') }} as movement_amount,
    cast(statements.line_count as bigint) as line_count,
    statements.declared_line_count,
    {{ money('statements.opening_balance_amount + statements.movement_amount - statements.closing_balance_amount') }} as balance_residual_amount,
    {{ money('statements.declared_movement_amount') }} as declared_movement_amount,
    -- By how much the format's own totals differ from its lines; zero where only a count differs.
    {{ money("coalesce(statements.control_residual_amount, statements.declared_movement_amount - statements.movement_amount, case when statements.control_problem is not null then 0 end)") }} as control_residual_amount,
    statements.control_problem,
    coalesce(statements.opening_balance_amount + statements.movement_amount = statements.closing_balance_amount, true)
    and coalesce(statements.declared_line_count = statements.line_count, true)
    and coalesce(statements.declared_movement_amount = statements.movement_amount, true)
    and statements.control_problem is null as is_tied,
    statements.is_interim,
    statements.covering_statement_id,
    statements.format,
    cast(statements.delivery_count as bigint) as delivery_count,
    statements.business_date,
    {{ provenance_columns('statements') }}
from all_statements as statements
left join {{ ref('bank_accounts') }} as accounts
    on statements.account_number = accounts.account_number
