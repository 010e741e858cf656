-- Statements whose lines another statement is proven to hold: the same days in another format or from another
-- source. The proof is the balance: the lines of the members move the account from the container's opening to
-- its closing balance. Where the bank changed its format within a day, the balances differ and both count.
with

statements as (
    select
        source_name,
        entity_id,
        account_number,
        account_currency,
        statement_id,
        page_number,
        format,
        from_date,
        to_date,
        opening_balance_amount,
        closing_balance_amount,
        movement_amount,
        line_count,
        -- The formats by how much they say of a line; the source's name decides between equals.
        case
            when format like 'camt.053%' then '6'
            when format like 'coda%' then '5'
            when format like 'mt940%' then '4'
            when format like 'bai2%' then '3'
            when format like 'ofx%' then '2'
            else '1'
        end || source_name as precedence,
        split_part(format, '.', 1) as format_family
    from {{ ref('stg_bank__statements') }}
    where
        record_state = 'current'
        and not {{ is_interim_report('format') }}
        and opening_balance_amount + movement_amount = closing_balance_amount
),

pairs as (
    select
        containers.source_name as container_source_name,
        containers.account_number as account_number,
        containers.statement_id as container_statement_id,
        containers.page_number as container_page_number,
        containers.precedence > members.precedence as is_container_kept,
        containers.movement_amount as container_movement_amount,
        members.source_name as member_source_name,
        members.statement_id as member_statement_id,
        members.page_number as member_page_number,
        members.movement_amount as member_movement_amount,
        members.opening_balance_amount = containers.opening_balance_amount as is_first,
        members.closing_balance_amount = containers.closing_balance_amount as is_last
    from statements as containers
    inner join statements as members
        on containers.entity_id = members.entity_id
        and containers.account_number = members.account_number
        and containers.account_currency = members.account_currency
        and (containers.format_family <> members.format_family or containers.source_name <> members.source_name)
        and members.to_date between containers.from_date and containers.to_date
),

proven as (
    select
        container_source_name,
        account_number,
        container_statement_id,
        container_page_number,
        member_source_name
    from pairs
    group by container_source_name, account_number, container_statement_id, container_page_number, member_source_name
    having
        sum(member_movement_amount) = max(container_movement_amount)
        and sum(case when is_first then 1 else 0 end) > 0
        and sum(case when is_last then 1 else 0 end) > 0
),

covered as (
    select
        case when pairs.is_container_kept then pairs.member_source_name else pairs.container_source_name end as source_name,
        pairs.account_number,
        case when pairs.is_container_kept then pairs.member_statement_id else pairs.container_statement_id end as statement_id,
        case when pairs.is_container_kept then pairs.member_page_number else pairs.container_page_number end as page_number,
        case when pairs.is_container_kept then pairs.container_source_name else pairs.member_source_name end as covering_source_name,
        case when pairs.is_container_kept then pairs.container_statement_id else pairs.member_statement_id end as covering_statement_id
    from pairs
    inner join proven
        on pairs.container_source_name = proven.container_source_name
        and pairs.account_number = proven.account_number
        and pairs.container_statement_id is not distinct from proven.container_statement_id
        and pairs.container_page_number is not distinct from proven.container_page_number
        and pairs.member_source_name = proven.member_source_name
)

select
    source_name,
    account_number,
    statement_id,
    page_number,
    min(covering_source_name || ':' || covering_statement_id) as covering_statement_id
from covered
group by source_name, account_number, statement_id, page_number
