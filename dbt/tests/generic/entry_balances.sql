{#- The debits of every journal entry equal its credits in base currency. An entry whose sum is unknown
    fails too: a missing base amount would otherwise pass as balanced. -#}
{% test entry_balances(model) %}
select
    journal_entry_id,
    sum(base_debit_amount) as base_debit_amount,
    sum(base_credit_amount) as base_credit_amount
from {{ model }}
group by journal_entry_id
having sum(base_debit_amount) is distinct from sum(base_credit_amount) or sum(base_debit_amount) is null
{% endtest %}
