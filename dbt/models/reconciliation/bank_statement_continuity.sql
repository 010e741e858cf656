-- Statements of each account in order: does each tie, and does it begin where the one before it ended?
-- A missing statement is a day whose money nobody looked at.
with statements as (
    select
        statements.statement_id,
        statements.entity_id,
        statements.source_name,
        statements.bank_account_id,
        statements.account_number,
        statements.currency,
        statements.sequence_number,
        statements.opening_balance_amount,
        statements.closing_balance_amount,
        statements.movement_amount,
        statements.line_count,
        statements.declared_line_count,
        statements.balance_residual_amount,
        statements.control_residual_amount,
        statements.control_problem,
        statements.is_tied,
        -- Reports of the running day, and second formats of a statement, are no links of the chain.
        not statements.is_interim and statements.covering_statement_id is null as is_link,
        statements.delivery_count,
        statements.from_date,
        statements.to_date,
        lag(statements.statement_id) over account as previous_statement_id,
        lag(statements.sequence_number) over account as previous_sequence_number,
        lag(statements.closing_balance_amount) over account as previous_closing_balance_amount,
        lag(statements.balance_residual_amount) over account as previous_residual_amount,
        lag(statements.to_date) over account as previous_to_date
    from {{ ref('bank_statements') }} as statements
    window account as (
        partition by
            statements.source_name,
            statements.account_number,
            statements.currency,
            not statements.is_interim and statements.covering_statement_id is null
        order by
            coalesce(statements.from_date, statements.to_date),
            statements.to_date,
            statements.sequence_number,
            statements.statement_id
    )
),

compared as (
    select
        statement_id,
        entity_id,
        source_name,
        bank_account_id,
        account_number,
        currency,
        sequence_number,
        opening_balance_amount,
        closing_balance_amount,
        movement_amount,
        line_count,
        declared_line_count,
        balance_residual_amount,
        control_residual_amount,
        control_problem,
        is_tied,
        is_link,
        delivery_count,
        from_date,
        to_date,
        previous_statement_id,
        previous_sequence_number,
        previous_closing_balance_amount,
        previous_residual_amount,
        previous_to_date,
        coalesce(opening_balance_amount - previous_closing_balance_amount, 0) as continuity_residual_amount,
        -- Numbering starts again at 1 with each year.
        coalesce(sequence_number > 1 and sequence_number > previous_sequence_number + 1, false) as is_number_missing,
        -- A wrong balance in one statement breaks the chain with its neighbour; the money is not missing.
        coalesce(
            (balance_residual_amount <> 0 and abs(opening_balance_amount - previous_closing_balance_amount) = abs(balance_residual_amount))
            or (previous_residual_amount <> 0 and abs(opening_balance_amount - previous_closing_balance_amount) = abs(previous_residual_amount)),
            false
        ) as is_break_explained
    from statements
),

flagged as (
    select
        statement_id,
        entity_id,
        source_name,
        bank_account_id,
        account_number,
        currency,
        sequence_number,
        opening_balance_amount,
        closing_balance_amount,
        movement_amount,
        line_count,
        declared_line_count,
        balance_residual_amount,
        control_residual_amount,
        control_problem,
        is_tied,
        is_link,
        delivery_count,
        from_date,
        to_date,
        previous_statement_id,
        previous_sequence_number,
        previous_closing_balance_amount,
        previous_residual_amount,
        previous_to_date,
        continuity_residual_amount,
        is_number_missing,
        is_break_explained,
        is_link and (is_number_missing or (continuity_residual_amount <> 0 and not is_break_explained)) as has_gap,
        is_link and coalesce(from_date < previous_to_date, false) as has_overlap,
        coalesce(delivery_count, 1) > 1 as is_duplicate
    from compared
)

select
    statement_id,
    entity_id,
    source_name,
    bank_account_id,
    account_number,
    previous_statement_id,
    case
        when not is_tied then 'does_not_tie'
        when not is_link then 'superseded'
        when has_gap then 'gap_before'
        when has_overlap then 'overlap'
        when is_duplicate then 'delivered_twice'
        else 'continuous'
    end as status,
    case when is_tied and not has_gap and not has_overlap then 'matched' else 'open' end as status_group,
    currency,
    sequence_number,
    previous_sequence_number,
    cast(opening_balance_amount as decimal(18, 4)) as opening_balance_amount,
    cast(closing_balance_amount as decimal(18, 4)) as closing_balance_amount,
    cast(movement_amount as decimal(18, 4)) as movement_amount,
    cast(balance_residual_amount as decimal(18, 4)) as balance_residual_amount,
    cast(previous_closing_balance_amount as decimal(18, 4)) as previous_closing_balance_amount,
    cast(continuity_residual_amount as decimal(18, 4)) as continuity_residual_amount,
    cast(control_residual_amount as decimal(18, 4)) as control_residual_amount,
    control_problem,
    line_count,
    declared_line_count,
    delivery_count,
    is_tied,
    has_gap,
    has_overlap,
    is_duplicate,
    from_date,
    to_date,
    previous_to_date,
    to_date as business_date
from flagged
