{{ config(materialized='keyed', meta={
    'key': 'journal_entry_id',
    'follows': {
        'int_posting_events': 'event_id',
        'int_posting_lines': 'event_id',
    },
}) }}
-- The journal: lines of every event that can be posted, and the line that takes what rounding or
-- exchange rates leave.
{%- set line_columns = [
    'event_id',
    'event_type',
    'component',
    'component_key',
    'entity_id',
    'event_date',
    'posting_date',
    'period',
    'document_type',
    'document_id',
    'document_number',
    'related_document_type',
    'related_document_id',
    'source_name',
    'bank_account_id',
    'cost_center',
    'customer_id',
    'vendor_id',
    'employee_id',
    'tax_code',
    'description',
    'posting_rule_id',
    'account_code',
    'currency',
    'signed_amount',
    'base_currency',
    'rate',
    'signed_base_amount',
    'is_balancing',
] %}
with unposted_events as (
    select event_id
    from {{ ref('int_posting_events') }}
    where reason is not null
),

balanced_events as (
    select
        event_id,
        event_type,
        entity_id,
        event_date,
        posting_date,
        period,
        document_type,
        document_id,
        document_number,
        source_name,
        base_currency,
        base_residual_amount,
        balancing_component
    from {{ ref('int_posting_events') }}
    where balancing_component is not null
),

event_lines as (
    select
        lines.event_id,
        lines.event_type,
        lines.component,
        lines.component_key,
        lines.entity_id,
        lines.event_date,
        lines.posting_date,
        lines.period,
        lines.document_type,
        lines.document_id,
        lines.document_number,
        lines.related_document_type,
        lines.related_document_id,
        lines.source_name,
        lines.bank_account_id,
        lines.cost_center,
        lines.customer_id,
        lines.vendor_id,
        lines.employee_id,
        lines.tax_code,
        lines.description,
        lines.posting_rule_id,
        lines.account_code,
        lines.currency,
        lines.signed_amount,
        lines.base_currency,
        lines.rate,
        lines.signed_base_amount,
        false as is_balancing
    from {{ ref('int_posting_lines') }} as lines
    left join unposted_events on lines.event_id = unposted_events.event_id
    where unposted_events.event_id is null
),

balancing_lines as (
    select
        events.event_id,
        events.event_type,
        events.balancing_component as component,
        '' as component_key,
        events.entity_id,
        events.event_date,
        events.posting_date,
        events.period,
        events.document_type,
        events.document_id,
        events.document_number,
        cast(null as varchar) as related_document_type,
        cast(null as varchar) as related_document_id,
        events.source_name,
        cast(null as varchar) as bank_account_id,
        cast(null as varchar) as cost_center,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as employee_id,
        cast(null as varchar) as tax_code,
        rules.component as description,
        rules.posting_rule_id,
        rules.account_code,
        events.base_currency as currency,
        -events.base_residual_amount as signed_amount,
        events.base_currency,
        cast(1 as decimal(18, 8)) as rate,
        -events.base_residual_amount as signed_base_amount,
        true as is_balancing
    from balanced_events as events
    inner join {{ ref('int_entity_posting_rules') }} as rules
        on
            events.entity_id = rules.entity_id
            and rules.event_type = 'balancing'
            and events.balancing_component = rules.component
),

numbered as (
    select
        {%- for column in line_columns %}
        {{ column }},
        {%- endfor %}
        row_number() over (
            partition by event_id
            order by is_balancing, posting_rule_id, component_key, currency
        ) as line_number
    from (
        select {{ line_columns | join(', ') }} from event_lines
        union all
        select {{ line_columns | join(', ') }} from balancing_lines
    ) as all_lines
)

select
    event_id as journal_entry_id,
    cast(line_number as integer) as line_number,
    entity_id,
    account_code,
    posting_date,
    event_date as original_posting_date,
    period,
    event_type,
    component,
    document_type,
    document_id,
    document_number,
    related_document_type,
    related_document_id,
    currency,
    {{ money('case when signed_amount > 0 then signed_amount else 0 end') }} as debit_amount,
    {{ money('case when signed_amount < 0 then -signed_amount else 0 end') }} as credit_amount,
    base_currency,
    {{ money('case when signed_base_amount > 0 then signed_base_amount else 0 end') }} as base_debit_amount,
    {{ money('case when signed_base_amount < 0 then -signed_base_amount else 0 end') }} as base_credit_amount,
    rate as exchange_rate,
    cost_center,
    customer_id,
    vendor_id,
    employee_id,
    tax_code,
    bank_account_id,
    source_name,
    posting_rule_id,
    description
from numbered
