-- One name per account that banks write in several ways: `37040044/532013000` in MT940 and
-- `DE89370400440532013000` in camt are one account, and its statement in both formats is one statement.
-- A number is recognised inside an IBAN of the same entity, one that was delivered or is in the master data, and
-- only where exactly one fits. The name is how the master data write the account; else the IBAN.
with

written as (
    select entity_id, account_number, false as is_master
    from {{ source('raw_bank', 'statements') }}
    where account_number is not null
    union
    select entity_id, account_number, false
    from {{ source('raw_csv', 'bank_transactions') }}
    where account_number is not null
    union
    select entity_id, upper(replace(account_number, ' ', '')), true
    from {{ ref('master_bank_accounts') }}
    where account_number is not null
),

ibans as (
    select distinct
        written.entity_id,
        written.account_number as iban,
        substr(written.account_number, 1, 2) as country,
        substr(written.account_number, 3) as check_and_bban,
        substr(written.account_number, 5) as bban,
        substr(written.account_number, structures.bank_position, structures.bank_length) as bank,
        substr(written.account_number, structures.branch_position, structures.branch_length) as branch,
        substr(written.account_number, structures.account_position, structures.account_length) as account
    from written
    inner join {{ ref('iban_structures') }} as structures
        on substr(written.account_number, 1, 2) = structures.country_code
        and length(written.account_number) = structures.iban_length
),

-- How an account may be written. A bank or branch beside it says which account it is; the number alone could be
-- an account of another bank too, and counts only where nothing better fits.
forms as (
    select entity_id, iban, bban as form, 1 as precedence from ibans
    union
    select entity_id, iban, check_and_bban, 1 from ibans
    union
    select entity_id, iban, country || check_and_bban, 1 from ibans
    union
    select entity_id, iban, bank || '/' || {{ without_leading_zeros('account') }}, 1 from ibans where account <> '' and bank <> ''
    union
    select entity_id, iban, country || bank || '/' || {{ without_leading_zeros('account') }}, 1 from ibans where account <> '' and bank <> ''
    union
    select entity_id, iban, branch || '/' || {{ without_leading_zeros('account') }}, 1 from ibans where account <> '' and branch <> ''
    union
    select entity_id, iban, bank || branch || '/' || {{ without_leading_zeros('account') }}, 1 from ibans where account <> '' and branch <> ''
    union
    select entity_id, iban, branch || account, 1 from ibans where account <> '' and branch <> ''
    union
    select entity_id, iban, bank || {{ without_leading_zeros('account') }}, 1 from ibans where account <> '' and bank <> ''
    union
    select entity_id, iban, {{ without_leading_zeros('account') }}, 2 from ibans where account <> ''
),

-- The same for what was written: as it is without marks, and cut at its last mark into bank and account.
keys as (
    select entity_id, account_number, {{ reference_key('account_number') }} as form from written
    union
    select
        entity_id,
        account_number,
        {{ reference_key("regexp_replace(account_number, '[/-][A-Z0-9]+$', '')") }}
        || '/' || {{ without_leading_zeros("regexp_replace(account_number, '^.*[/-]', '')") }}
    from written
    where regexp_replace(account_number, '[A-Z0-9][/-][A-Z0-9]+$', '') <> account_number
    union
    -- A short number says too little: every bank has an account 1.
    select entity_id, account_number, {{ without_leading_zeros('account_number') }}
    from written
    where regexp_replace(account_number, '^0*[1-9][0-9]{5,}$', '') = ''
),

fitting as (
    select
        keys.entity_id,
        keys.account_number,
        forms.iban,
        min(forms.precedence) as precedence
    from keys
    inner join forms
        on keys.entity_id = forms.entity_id
        and keys.form = forms.form
    group by keys.entity_id, keys.account_number, forms.iban
),

recognised as (
    select
        fitting.entity_id,
        fitting.account_number,
        min(fitting.iban) as iban
    from fitting
    inner join (
        select entity_id, account_number, min(precedence) as precedence
        from fitting
        group by entity_id, account_number
    ) as best
        on fitting.entity_id = best.entity_id
        and fitting.account_number = best.account_number
        and fitting.precedence = best.precedence
    group by fitting.entity_id, fitting.account_number
    having count(distinct fitting.iban) = 1
),

names as (
    select
        recognised.entity_id,
        recognised.iban,
        coalesce(min(case when written.is_master then written.account_number end), recognised.iban) as account_name
    from recognised
    inner join written
        on recognised.entity_id = written.entity_id
        and recognised.account_number = written.account_number
    group by recognised.entity_id, recognised.iban
)

select
    recognised.entity_id,
    recognised.account_number,
    names.account_name
from recognised
inner join names
    on recognised.entity_id = names.entity_id
    and recognised.iban = names.iban
where recognised.account_number <> names.account_name
