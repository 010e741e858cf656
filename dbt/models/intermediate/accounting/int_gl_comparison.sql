{{ config(materialized='keyed', meta={
    'key': "entity_id || '|' || voucher_number",
    'follows': {
        'int_gl_comparison_accounts': "entity_id || '|' || voucher_number",
        'int_unposted_events': "entity_id || '|' || document_number",
        'int_bank_postings': "entity_id || '|' || document_number",
    },
    'looks_up': {
        'journal_entries': ['journal_entry_id', 'journal_entry_id'],
    },
}) }}
-- One row per document that moves a control account: does the ERP's ledger say what our journal says?
--   agrees               both have it, every account equal
--   missing              our journal has it, the ERP not
--   unexpected           the ERP has it, our journal not
--   unposted             the ERP has it, and our rules could not post it (int_unposted_events)
--   pending_allocation   the bank account agrees, and only the other side differs, because cash
--                        application is not finished here or there: no error of the ledger
--   differs              both have it, with different amounts or accounts
-- The account shown is the one with the largest difference.
with accounts as (
    select
        entity_id,
        voucher_type,
        voucher_number,
        account_code,
        control_type,
        currency,
        journal_entry_id,
        gl_entry_number,
        journal_posting_date,
        erp_posting_date,
        journal_amount,
        erp_amount,
        difference_amount,
        base_journal_amount,
        base_erp_amount,
        base_difference_amount,
        is_equal,
        row_number() over (
            partition by entity_id, voucher_type, voucher_number
            order by
                is_equal,
                case when control_type is null then 1 else 0 end,
                abs(base_difference_amount) desc,
                account_code,
                currency
        ) as position
    from {{ ref('int_gl_comparison_accounts') }}
),

documents as (
    select
        entity_id,
        voucher_type,
        voucher_number,
        min(journal_entry_id) as journal_entry_id,
        min(gl_entry_number) as gl_entry_number,
        min(journal_posting_date) as journal_posting_date,
        min(erp_posting_date) as erp_posting_date,
        max(case when control_type is not null then 1 else 0 end) = 1 as moves_control_account,
        min(case when is_equal then 1 else 0 end) = 1 as is_equal,
        min(case when control_type = 'bank' and not is_equal then 0 else 1 end) = 1 as is_bank_equal,
        max(case when control_type = 'bank' then 1 else 0 end) = 1 as has_bank
    from accounts
    group by entity_id, voucher_type, voucher_number
),

unposted as (
    select
        entity_id,
        {{ voucher_type() }} as voucher_type,
        document_number,
        min(event_id) as event_id
    from {{ ref('int_unposted_events') }}
    group by 1, 2, 3
),

open_lines as (
    select document_number as voucher_number, entity_id
    from {{ ref('int_bank_postings') }}
    where
        unallocated_amount <> 0
        and event_type not in ('own_account_transfer', 'intercompany_transfer', 'bank_charge', 'interest')
)

select
    documents.entity_id,
    documents.voucher_type,
    documents.voucher_number,
    documents.journal_entry_id,
    documents.gl_entry_number,
    entries.document_type,
    entries.document_id,
    documents.journal_posting_date,
    documents.erp_posting_date,
    accounts.account_code,
    accounts.control_type,
    accounts.currency,
    accounts.journal_amount,
    accounts.erp_amount,
    accounts.difference_amount,
    accounts.base_journal_amount,
    accounts.base_erp_amount,
    accounts.base_difference_amount,
    case
        when documents.gl_entry_number is null then 'missing'
        when documents.journal_entry_id is null and unposted.event_id is not null then 'unposted'
        when documents.journal_entry_id is null then 'unexpected'
        when documents.is_equal then 'agrees'
        when
            documents.has_bank and documents.is_bank_equal
            and documents.voucher_number in (
                select open_lines.voucher_number from open_lines where open_lines.entity_id = documents.entity_id
            ) then 'pending_allocation'
        else 'differs'
    end as status
from documents
inner join accounts
    on
        documents.entity_id = accounts.entity_id
        and documents.voucher_type = accounts.voucher_type
        and documents.voucher_number = accounts.voucher_number
        and accounts.position = 1
left join {{ ref('journal_entries') }} as entries on documents.journal_entry_id = entries.journal_entry_id
left join unposted
    on
        documents.entity_id = unposted.entity_id
        and documents.voucher_type = unposted.voucher_type
        and documents.voucher_number = unposted.document_number
where documents.moves_control_account
