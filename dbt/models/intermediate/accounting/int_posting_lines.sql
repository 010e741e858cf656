{{ config(materialized='keyed', meta={
    'key': 'event_id',
    'follows': {
        'int_accounting_events': 'event_id',
    },
    'looks_up': {
        'int_entity_fx_rates': ["entity_id || '|' || currency || '|' || rate_date", "entity_id || '|' || currency || '|' || rate_date"],
    },
}) }}
-- Events with the rules that post them: one row per event component and side, with its account, its
-- signed amounts (debit positive) and, where it cannot be posted, the reason. Nothing is dropped here:
-- a component without a rule stays as a row with a reason, and keeps its whole event unposted.
{%- set dimensions = ['cost_center', 'customer', 'vendor', 'employee', 'tax_code'] %}
with entities as (
    select
        legal_entities.legal_entity_id as entity_id,
        legal_entities.base_currency,
        currencies.exponent as base_exponent
    from {{ ref('legal_entities') }} as legal_entities
    left join {{ ref('currencies') }} as currencies on legal_entities.base_currency = currencies.currency
),

-- One clearing account per provider; with two, the amounts of one would be posted twice.
provider_accounts as (
    select
        statement_source_name as source_name,
        min(account_code) as account_code
    from {{ ref('bank_accounts') }}
    where account_type = 'psp_clearing'
    group by statement_source_name
),

posted as (
    select
        events.event_id,
        events.event_type,
        events.component,
        events.component_key,
        events.entity_id,
        events.event_date,
        events.recorded_date,
        events.document_type,
        events.document_id,
        events.document_number,
        events.related_document_type,
        events.related_document_id,
        events.source_name,
        events.currency,
        events.amount,
        events.rate_date,
        events.cleared_amount,
        events.bank_account_id,
        events.description,
        rules.posting_rule_id,
        rules.side,
        case when rules.side = 'credit' then -events.amount else events.amount end as signed_amount,
        case rules.account_source
            when 'bank_account' then coalesce(bank_accounts.account_code, rules.account_code)
            when 'psp_clearing' then coalesce(provider_accounts.account_code, rules.account_code)
            when 'line_account' then coalesce(events.account_code, rules.account_code)
            when 'output_tax' then coalesce(tax_codes.output_account_code, rules.account_code)
            when 'input_tax' then coalesce(tax_codes.input_account_code, rules.account_code)
            else rules.account_code
        end as account_code,
        {%- for dimension in dimensions %}
        {%- set column = dimension if dimension in ('cost_center', 'tax_code') else dimension ~ '_id' %}
        case when rules.dimensions like '%|{{ dimension }}|%' then events.{{ column }} end as {{ column }},
        {%- endfor %}
        entities.base_currency,
        -- A company without foreign money needs no rates to keep its books.
        case when events.currency = entities.base_currency then cast(1 as decimal(18, 8)) else rates.rate end as rate,
        entities.base_exponent
    from {{ ref('int_accounting_events') }} as events
    left join entities on events.entity_id = entities.entity_id
    left join {{ ref('int_entity_posting_rules') }} as rules
        on
            events.entity_id = rules.entity_id
            and events.event_type = rules.event_type
            and events.component = rules.component
    left join {{ ref('bank_accounts') }} as bank_accounts on events.bank_account_id = bank_accounts.bank_account_id
    left join provider_accounts on events.source_name = provider_accounts.source_name
    left join {{ ref('tax_codes') }} as tax_codes
        on
            events.tax_code = tax_codes.tax_code
            and events.entity_id = tax_codes.entity_id
    {{ to_base_rate('rates', 'events.entity_id', 'events.currency', 'events.rate_date') }}
)

-- A part payment is worth what the document is worth after it less what it was worth before: the parts
-- then add up to the document's base value, and a paid invoice leaves no cent on receivables.
select
    posted.event_id,
    posted.event_type,
    posted.component,
    posted.component_key,
    posted.entity_id,
    posted.event_date,
    posted.recorded_date,
    posted.rate_date,
    {{ posting_date('calendar', 'posted.event_date', 'posted.recorded_date') }} as posting_date,
    {{ posting_period('calendar', 'posted.recorded_date') }} as period,
    posted.document_type,
    posted.document_id,
    posted.document_number,
    posted.related_document_type,
    posted.related_document_id,
    posted.source_name,
    posted.bank_account_id,
    posted.cost_center,
    posted.customer_id,
    posted.vendor_id,
    posted.employee_id,
    posted.tax_code,
    posted.description,
    posted.posting_rule_id,
    posted.side,
    posted.account_code,
    posted.currency,
    posted.amount,
    {{ money('posted.signed_amount') }} as signed_amount,
    posted.base_currency,
    posted.rate,
    {{ money(
        '(' ~ round_to_exponent(amount_times('(posted.cleared_amount + posted.amount)', 'posted.rate'), 'posted.base_exponent')
        ~ ' - ' ~ round_to_exponent(amount_times('posted.cleared_amount', 'posted.rate'), 'posted.base_exponent')
        ~ ") * case when posted.side = 'credit' then -1 else 1 end"
    ) }} as signed_base_amount,
    posted.cleared_amount <> 0 as is_part_payment,
    case
        when posted.posting_rule_id is null then 'no_posting_rule'
        when accounts.account_code is null then 'no_account'
        when posted.rate is null then 'no_fx_rate'
        when {{ posting_date('calendar', 'posted.event_date', 'posted.recorded_date') }} is null then 'no_open_period'
    end as reason
from posted
left join {{ ref('accounts') }} as accounts on posted.account_code = accounts.account_code
left join {{ ref('int_posting_calendar') }} as calendar
    on
        posted.entity_id = calendar.entity_id
        and posted.event_date = calendar.calendar_date
