with

source as (
    select * from {{ source('raw_bank', 'statements') }}
),

renamed as (
    select
        source.source_name,
        source.entity_id,
        source.load_id,
        source.source_file,
        source.source_position,
        source.record_hash,
        source._dlt_load_id,
        -- A statement that was cut off on the way never takes the place of a whole one, however late it came.
        case when not coalesce(source.is_cut_off, false) then source.created_at end as source_updated_at,
        coalesce(source.to_date, source.closing_balance_date, source.from_date) as business_date,
        source.statement_id,
        coalesce(names.account_name, source.account_number) as account_number,
        source.account_currency,
        source.account_owner,
        source.bank_bic,
        source.sequence_number,
        source.page_number,
        source.is_last_page,
        source.from_date,
        source.to_date,
        source.created_at,
        source.opening_balance_amount,
        source.opening_balance_date,
        source.closing_balance_amount,
        source.closing_balance_date,
        source.is_intermediate,
        source.line_count,
        source.movement_amount,
        source.declared_entry_count,
        source.declared_net_amount,
        source.control_problem,
        source.control_residual_amount,
        source.format,
        source.message_id,
        coalesce(source.is_cut_off, false) as is_cut_off
    from source
    left join {{ ref('stg_bank__account_names') }} as names
        on source.entity_id = names.entity_id
        and source.account_number = names.account_number
)

{{ record_state('renamed', ['account_number', 'statement_id', 'page_number']) }}
