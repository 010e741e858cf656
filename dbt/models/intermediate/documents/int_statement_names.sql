-- The canonical id of each statement. Banks number statements per account; where one source has the
-- same number for two accounts, the account goes into the id.
with

native as (
    select distinct source_name, account_number, statement_id
    from {{ ref('stg_bank__statements') }}
    union
    select distinct source_name, account_number, statement_id
    from {{ ref('stg_bank__transactions') }}
),

counted as (
    select
        source_name,
        account_number,
        statement_id,
        count(*) over (partition by source_name, statement_id) as account_count
    from native
)

select
    source_name,
    account_number,
    statement_id as native_statement_id,
    case
        when account_count > 1 then source_name || ':' || account_number || ':' || statement_id
        else source_name || ':' || statement_id
    end as statement_id
from counted
