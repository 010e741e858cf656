{{ config(severity='warn') }}
-- A line whose statement is not there is money that no balance vouches for: nobody would notice if the
-- bank took it back.
select
    lines.bank_transaction_id,
    lines.statement_id,
    lines.amount
from {{ ref('bank_transactions') }} as lines
left join {{ ref('bank_statements') }} as statements on lines.statement_id = statements.statement_id
where statements.statement_id is null
