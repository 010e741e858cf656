select
    accounts.bank_account_id,
    upper(replace(accounts.account_number, ' ', '')) as account_number,
    accounts.bank_name,
    accounts.bic,
    accounts.currency,
    accounts.account_code,
    accounts.account_type,
    accounts.statement_source_name,
    {{ seed_provenance('accounts', 'master_bank_accounts', 'bank_account_id', ['bank_account_id', 'entity_id', 'account_number', 'currency', 'account_code', 'account_type']) }}
from {{ ref('master_bank_accounts') }} as accounts
