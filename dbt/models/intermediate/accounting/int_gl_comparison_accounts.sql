{{ config(materialized='keyed', meta={
    'key': "entity_id || '|' || voucher_type || '|' || voucher_number",
    'follows': {
        'journal_lines': "entity_id || '|' || " ~ voucher_type() ~ " || '|' || document_number",
        'gl_entries': "entity_id || '|' || coalesce(document_type, 'gl_entry') || '|' || coalesce(document_number, entry_number)",
    },
    'looks_up': {
        'int_gl_reach': ["entity_id || '|' || posting_date", "entity_id || '|' || posting_date", 'journal_lines'],
    },
}) }}
-- One row per document, account and currency: what our journal posted and what the ERP says it posted.
-- Full outer: a document that only one of the two knows is the very thing that is looked for.
with journal as (
    select
        entity_id,
        {{ voucher_type() }} as voucher_type,
        document_number as voucher_number,
        account_code,
        currency,
        min(journal_entry_id) as journal_entry_id,
        min(posting_date) as posting_date,
        min(period) as period,
        sum(debit_amount - credit_amount) as amount,
        sum(base_debit_amount - base_credit_amount) as base_amount,
        count(*) as line_count
    from {{ ref('journal_lines') }}
    group by 1, 2, 3, 4, 5
),

erp as (
    select
        gl_entries.entity_id,
        -- A manual entry names no document; without a name of its own it would compare with nothing and
        -- be in no state.
        coalesce(gl_entries.document_type, 'gl_entry') as voucher_type,
        coalesce(gl_entries.document_number, gl_entries.entry_number) as voucher_number,
        gl_entries.account_code,
        gl_entries.currency,
        min(gl_entries.source_name || ':' || gl_entries.entry_number) as gl_entry_number,
        min(gl_entries.posting_date) as posting_date,
        sum(gl_entries.debit_amount - gl_entries.credit_amount) as amount,
        sum(gl_entries.base_debit_amount - gl_entries.base_credit_amount) as base_amount,
        count(*) as line_count
    from {{ ref('gl_entries') }} as gl_entries
    group by 1, 2, 3, 4, 5
),

compared_journal as (
    select
        journal.entity_id,
        journal.voucher_type,
        journal.voucher_number,
        journal.account_code,
        journal.currency,
        journal.journal_entry_id,
        journal.posting_date,
        journal.period,
        journal.amount,
        journal.base_amount,
        journal.line_count
    from journal
    inner join {{ ref('int_gl_reach') }} as erp_reach
        on
            journal.entity_id = erp_reach.entity_id
            and journal.posting_date = erp_reach.posting_date
),

joined as (
    select
        coalesce(journal.entity_id, erp.entity_id) as entity_id,
        coalesce(journal.voucher_type, erp.voucher_type) as voucher_type,
        coalesce(journal.voucher_number, erp.voucher_number) as voucher_number,
        coalesce(journal.account_code, erp.account_code) as account_code,
        coalesce(journal.currency, erp.currency) as currency,
        journal.journal_entry_id,
        erp.gl_entry_number,
        journal.posting_date as journal_posting_date,
        erp.posting_date as erp_posting_date,
        coalesce(journal.amount, 0) as journal_amount,
        coalesce(erp.amount, 0) as erp_amount,
        coalesce(journal.base_amount, 0) as base_journal_amount,
        coalesce(erp.base_amount, 0) as base_erp_amount,
        coalesce(journal.line_count, 0) + coalesce(erp.line_count, 0) as line_count
    from compared_journal as journal
    full outer join erp
        on
            journal.entity_id = erp.entity_id
            and journal.voucher_type = erp.voucher_type
            and journal.voucher_number = erp.voucher_number
            and journal.account_code = erp.account_code
            and journal.currency = erp.currency
),

-- In the document's currency to the minor unit. In base currency both sides round line by line, so one
-- minor unit per line is rounding and no error; so is the line itself that takes the rounding of an
-- entry in foreign currency.
measured as (
    select
        joined.entity_id,
        joined.voucher_type,
        joined.voucher_number,
        joined.account_code,
        joined.currency,
        joined.journal_entry_id,
        joined.gl_entry_number,
        joined.journal_posting_date,
        joined.erp_posting_date,
        joined.journal_amount,
        joined.erp_amount,
        joined.base_journal_amount,
        joined.base_erp_amount,
        accounts.control_type,
        joined.currency = legal_entities.base_currency as is_base_currency,
        max(case when joined.currency <> legal_entities.base_currency then 1 else 0 end) over document = 1 as is_foreign,
        sum(joined.line_count) over document * {{ minor_unit('base_currencies.exponent') }} as rounding_amount
    from joined
    left join {{ ref('accounts') }} as accounts on joined.account_code = accounts.account_code
    left join {{ ref('legal_entities') }} as legal_entities on joined.entity_id = legal_entities.legal_entity_id
    left join {{ ref('currencies') }} as base_currencies on legal_entities.base_currency = base_currencies.currency
    window document as (partition by joined.entity_id, joined.voucher_type, joined.voucher_number)
)

select
    measured.entity_id,
    measured.voucher_type,
    measured.voucher_number,
    measured.account_code,
    measured.currency,
    measured.journal_entry_id,
    measured.gl_entry_number,
    measured.journal_posting_date,
    measured.erp_posting_date,
    {{ money('measured.journal_amount') }} as journal_amount,
    {{ money('measured.erp_amount') }} as erp_amount,
    {{ money('measured.journal_amount - measured.erp_amount') }} as difference_amount,
    {{ money('measured.base_journal_amount') }} as base_journal_amount,
    {{ money('measured.base_erp_amount') }} as base_erp_amount,
    {{ money('measured.base_journal_amount - measured.base_erp_amount') }} as base_difference_amount,
    measured.control_type,
    (
        measured.journal_amount = measured.erp_amount
        or (
            measured.is_foreign and measured.is_base_currency and measured.control_type is null
            and abs(measured.journal_amount - measured.erp_amount) <= measured.rounding_amount
        )
    )
    and abs(measured.base_journal_amount - measured.base_erp_amount)
    <= case when measured.is_foreign then measured.rounding_amount else 0 end as is_equal
from measured
