-- What we told banks to pay or collect, with the last word of the bank. The closest word counts: one about
-- the instruction before one about its batch or message, then the latest. Of reports that accept a message in
-- part, only what they say about a single instruction is a fact about it.
with

instructions as (
    select
        {{ source_key('source_name', 'instruction_key') }} as payment_instruction_id,
        *
    from {{ ref('stg_payment_files__instructions') }}
    where record_state = 'current'
),

statuses as (
    select
        *,
        case level when 'instruction' then 1 when 'batch' then 2 else 3 end as distance
    from {{ ref('stg_payment_files__statuses') }}
    where record_state = 'current' and source_status <> 'PART'
),

told as (
    select
        instructions.payment_instruction_id,
        statuses.source_status,
        statuses.reason_code,
        statuses.reason_text,
        statuses.created_at,
        row_number() over (
            partition by instructions.payment_instruction_id
            order by statuses.distance, statuses.created_at desc nulls last, statuses.status_key desc
        ) as recency
    from instructions
    inner join statuses
        on instructions.entity_id = statuses.entity_id
        and (
            (
                instructions.message_id = statuses.original_message_id
                and (statuses.level = 'message' or coalesce(statuses.original_batch_id, instructions.batch_id) = instructions.batch_id)
                and (
                    statuses.level <> 'instruction'
                    or instructions.end_to_end_id = statuses.original_end_to_end_id
                    or instructions.instruction_id = statuses.original_instruction_id
                )
            )
            -- A return of ACH names the trace number and no file.
            or (
                statuses.original_message_id is null
                and instructions.instruction_id = statuses.original_instruction_id
                and instructions.amount = coalesce(statuses.original_amount, instructions.amount)
            )
        )
)

select
    instructions.payment_instruction_id,
    instructions.message_id,
    instructions.batch_id,
    instructions.instruction_id,
    instructions.end_to_end_id,
    instructions.direction,
    instructions.execution_date,
    instructions.amount,
    instructions.currency,
    instructions.transfer_currency,
    accounts.bank_account_id,
    instructions.own_account,
    instructions.counterparty_name,
    instructions.counterparty_account,
    instructions.counterparty_bank,
    instructions.remittance_text,
    instructions.structured_reference,
    instructions.mandate_id,
    instructions.purpose_code,
    instructions.is_prenote,
    case when told.payment_instruction_id is null then 'sent' else coalesce(mappings.status, 'unmapped') end as status,
    told.source_status,
    told.reason_code as status_reason_code,
    told.reason_text as status_reason_text,
    told.created_at as status_at,
    instructions.business_date,
    {{ provenance('instructions', 'payment_instructions', 'instructions.instruction_key') }}
from instructions
left join told
    on instructions.payment_instruction_id = told.payment_instruction_id
    and told.recency = 1
left join {{ ref('status_mappings') }} as mappings
    on mappings.source_kind = 'payment_files'
    and mappings.object = 'payment_instruction'
    and lower(told.source_status) = mappings.source_status
left join {{ ref('master_bank_accounts') }} as accounts
    on instructions.entity_id = accounts.entity_id
    and upper(replace(instructions.own_account, ' ', '')) = upper(replace(accounts.account_number, ' ', ''))
    and instructions.currency = accounts.currency
