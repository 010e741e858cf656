-- Bank statements that are missing, overlap, arrive twice or contradict themselves.
select
    'statement_gap' as exception_type,
    entity_id,
    'bank_statement' as document_type,
    statement_id as document_id,
    statement_id as document_number,
    coalesce(bank_account_id, account_number) as party_name,
    currency,
    abs(continuity_residual_amount) as amount,
    previous_closing_balance_amount as expected_amount,
    opening_balance_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    previous_statement_id as other_number,
    coalesce('the one before is number ' || cast(previous_sequence_number as varchar) || ', this is ' || cast(sequence_number as varchar), 'days between ' || cast(previous_to_date as varchar) || ' and ' || cast(from_date as varchar) || ' are missing') as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bank_statement_continuity') }}
where has_gap

union all

select
    'statement_overlap' as exception_type,
    entity_id,
    'bank_statement' as document_type,
    statement_id as document_id,
    statement_id as document_number,
    coalesce(bank_account_id, account_number) as party_name,
    currency,
    abs(movement_amount) as amount,
    previous_closing_balance_amount as expected_amount,
    opening_balance_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    previous_statement_id as other_number,
    'it begins on ' || cast(from_date as varchar) || ', the one before ends on ' || cast(previous_to_date as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bank_statement_continuity') }}
where has_overlap and not has_gap

union all

select
    'statement_duplicate' as exception_type,
    entity_id,
    'bank_statement' as document_type,
    statement_id as document_id,
    statement_id as document_number,
    coalesce(bank_account_id, account_number) as party_name,
    currency,
    abs(movement_amount) as amount,
    cast(null as decimal(18, 4)) as expected_amount,
    cast(null as decimal(18, 4)) as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(delivery_count as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bank_statement_continuity') }}
where is_duplicate

union all

select
    'statement_does_not_tie' as exception_type,
    entity_id,
    'bank_statement' as document_type,
    statement_id as document_id,
    statement_id as document_number,
    coalesce(bank_account_id, account_number) as party_name,
    currency,
    abs(balance_residual_amount) as amount,
    opening_balance_amount + movement_amount as expected_amount,
    closing_balance_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    cast(null as varchar) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bank_statement_continuity') }}
where balance_residual_amount <> 0

union all

select
    'statement_control_mismatch' as exception_type,
    entity_id,
    'bank_statement' as document_type,
    statement_id as document_id,
    statement_id as document_number,
    coalesce(bank_account_id, account_number) as party_name,
    currency,
    abs(coalesce(control_residual_amount, 0)) as amount,
    movement_amount + control_residual_amount as expected_amount,
    movement_amount as actual_amount,
    business_date,
    cast(null as date) as due_date,
    cast(null as varchar) as other_number,
    coalesce(
        control_problem,
        'it declares ' || cast(declared_line_count as varchar) || ' lines and holds ' || cast(line_count as varchar)
    ) as detail,
    cast(null as varchar) as caused_by_type,
    cast(null as varchar) as caused_by_id
from {{ ref('bank_statement_continuity') }}
where not is_tied and coalesce(balance_residual_amount, 0) = 0
