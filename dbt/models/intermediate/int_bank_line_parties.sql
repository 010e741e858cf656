-- Who is on the other side of a bank line: by account number first, then by exact name or known alias.
-- A name that two parties share names nobody.
with party_accounts as (
    select 'customer' as party_type, customer_id as party_id, entity_id, account_number
    from {{ ref('customers') }}
    where account_number is not null
    union all
    select 'vendor', vendor_id, entity_id, account_number
    from {{ ref('vendors') }}
    where account_number is not null
    union all
    select 'employee', employee_id, entity_id, account_number
    from {{ ref('employees') }}
    where account_number is not null
),

party_names as (
    select 'customer' as party_type, customer_id as party_id, {{ name_key('customer_name') }} as name_key
    from {{ ref('customers') }}
    union all
    select 'vendor', vendor_id, {{ name_key('vendor_name') }}
    from {{ ref('vendors') }}
    union all
    select 'employee', employee_id, {{ name_key('employee_name') }}
    from {{ ref('employees') }}
    union all
    select party_type, party_id, {{ name_key('alias_name') }}
    from {{ ref('party_crosswalk') }}
    where alias_name is not null
),

unique_accounts as (
    select
        party_type,
        account_number,
        min(party_id) as party_id
    from party_accounts
    group by party_type, account_number
    having count(distinct party_id) = 1
),

unique_names as (
    select
        party_type,
        name_key,
        min(party_id) as party_id
    from party_names
    where name_key is not null
    group by party_type, name_key
    having count(distinct party_id) = 1
)

select
    lines.bank_transaction_id,
    case
        when lines.direction = 'in' then coalesce(customer_accounts.party_id, customer_names.party_id)
        else coalesce(
            vendor_accounts.party_id, employee_accounts.party_id, vendor_names.party_id, employee_names.party_id
        )
    end as party_id,
    case
        when lines.direction = 'in' then coalesce(customer_accounts.party_type, customer_names.party_type)
        else coalesce(
            vendor_accounts.party_type, employee_accounts.party_type, vendor_names.party_type, employee_names.party_type
        )
    end as party_type
from {{ ref('int_bank_lines') }} as lines
left join unique_accounts as customer_accounts
    on
        lines.counterparty_account = customer_accounts.account_number
        and customer_accounts.party_type = 'customer'
left join unique_accounts as vendor_accounts
    on
        lines.counterparty_account = vendor_accounts.account_number
        and vendor_accounts.party_type = 'vendor'
left join unique_accounts as employee_accounts
    on
        lines.counterparty_account = employee_accounts.account_number
        and employee_accounts.party_type = 'employee'
left join unique_names as customer_names
    on
        {{ name_key('lines.counterparty_name') }} = customer_names.name_key
        and customer_names.party_type = 'customer'
left join unique_names as vendor_names
    on
        {{ name_key('lines.counterparty_name') }} = vendor_names.name_key
        and vendor_names.party_type = 'vendor'
left join unique_names as employee_names
    on
        {{ name_key('lines.counterparty_name') }} = employee_names.name_key
        and employee_names.party_type = 'employee'
