{%- set places = [
    ('document', 'coalesce(document_number, document_id)'),
    ('other', 'other_number'),
    ('party', 'party_name'),
    ('amount', amount_text('amount', 'currency', 'exponent')),
    ('expected', amount_text('expected_amount', 'currency', 'exponent')),
    ('actual', amount_text('actual_amount', 'currency', 'exponent')),
    ('date', 'cast(business_date as varchar)'),
    ('due', 'cast(due_date as varchar)'),
    ('days', 'cast(' ~ dbt.datediff('business_date', as_of_date(), 'day') ~ ' as varchar)'),
    ('overdue', 'cast(' ~ dbt.datediff('coalesce(due_date, business_date)', as_of_date(), 'day') ~ ' as varchar)'),
    ('detail', 'detail'),
] -%}
{%- set areas = [
    'orders', 'payouts', 'bank', 'receivables', 'payables', 'einvoices',
    'payment_files', 'expenses', 'statements', 'loading', 'ledger', 'decisions',
] -%}
{%- set sentence = namespace(sql='explanation_template') -%}
{%- for place, value in places -%}
    {%- set sentence.sql = fill(sentence.sql, place, value) -%}
{%- endfor -%}
-- Every open item that a person must look at, once. Severity, owner and wording come from the seed
-- exception_types; what is normal (not due, in transit, within tolerance) never gets here.
-- A type whose row somebody deleted from the seed is told in general words and blocks the close: a seed
-- that finance edits may change how an item is told, never whether missing money is told.
with found as (
    {%- for area in areas %}
    select
        exception_type,
        entity_id,
        document_type,
        document_id,
        document_number,
        party_name,
        currency,
        amount,
        expected_amount,
        actual_amount,
        business_date,
        due_date,
        other_number,
        detail,
        caused_by_type,
        caused_by_id
    from {{ ref('int_exceptions__' ~ area) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

typed as (
    select
        found.exception_type,
        coalesce(types.severity, 'critical') as severity,
        coalesce(types.reconciliation, 'load') as reconciliation,
        coalesce(types.owner, 'controller') as owner,
        coalesce(types.blocks_close, true) as blocks_close,
        coalesce(
            types.explanation,
            replace(found.exception_type, '_', ' ') || ': ' || replace(found.document_type, '_', ' ')
            || ' {document} of {date} over {amount}. No wording is kept for this type.'
        ) as explanation_template,
        coalesce(
            types.suggested_action,
            'Look at the document, and add the type ' || found.exception_type || ' to exception_types.csv again.'
        ) as suggested_action,
        found.entity_id,
        found.document_type,
        found.document_id,
        found.document_number,
        found.party_name,
        found.currency,
        -- How much it is about: a cancellation that a shop exports as a negative order is no smaller item.
        abs(coalesce(found.amount, 0)) as amount,
        found.expected_amount,
        found.actual_amount,
        coalesce(found.business_date, {{ as_of_date() }}) as business_date,
        found.due_date,
        found.other_number,
        found.detail,
        found.caused_by_type,
        found.caused_by_id,
        currencies.exponent
    from found
    left join {{ ref('exception_types') }} as types on found.exception_type = types.exception_type
    left join {{ ref('currencies') }} as currencies on found.currency = currencies.currency
),

told as (
    select
        {{ dbt.hash("exception_type || '|' || document_type || '|' || document_id") }} as exception_id,
        case
            when caused_by_type is not null
                then {{ dbt.hash("caused_by_type || '|bank_statement|' || caused_by_id") }}
        end as caused_by_exception_id,
        exception_type,
        severity,
        reconciliation,
        owner,
        blocks_close,
        suggested_action,
        entity_id,
        document_type,
        document_id,
        document_number,
        party_name,
        currency,
        amount,
        business_date,
        due_date,
        greatest(0, {{ dbt.datediff('business_date', as_of_date(), 'day') }}) as age_days,
        case
            when caused_by_type is not null then 'explained'
            when exception_type = 'match_to_review' then 'to_review'
            else 'open'
        end as status,
        {{ sentence.sql }} as explanation
    from typed
),

-- The last person to whom it was assigned has it; the type's own role is where it starts.
assigned as (
    select
        exception_id,
        owner,
        row_number() over (partition by exception_id order by sequence desc) as position
    from {{ ref('int_decisions') }}
    where action = 'assign'
),

-- A comment stands with the exception that it is about, or with every exception of its document.
comments as (
    select
        told.exception_id,
        {{ dbt.listagg("decisions.decided_by || ' on ' || cast(decisions.known_date as varchar) || ': ' || decisions.reason", "'; '", "order by decisions.sequence") }} as comments
    from told
    inner join {{ ref('int_decisions') }} as decisions
        on
            decisions.action = 'comment'
            and (
                decisions.exception_id = told.exception_id
                or (
                    decisions.exception_id is null
                    and decisions.document_type = told.document_type
                    and decisions.document_id = told.document_id
                )
            )
    group by told.exception_id
)

select
    told.exception_id,
    told.exception_type,
    told.severity,
    told.reconciliation,
    told.entity_id,
    told.document_type,
    told.document_id,
    told.document_number,
    told.party_name,
    told.currency,
    {{ money('told.amount') }} as amount,
    coalesce(fx.base_currency, told.currency) as base_currency,
    {{ to_base('told.amount', 'fx') }} as base_amount,
    told.business_date,
    told.due_date,
    cast(told.age_days as bigint) as age_days,
    told.status,
    told.caused_by_exception_id,
    coalesce(assigned.owner, told.owner) as owner,
    told.blocks_close,
    told.explanation
    || case
        when told.caused_by_exception_id is not null
            then ' The statement of those days is missing, so it may have arrived.'
        else ''
    end as explanation,
    told.suggested_action,
    comments.comments
from told
left join assigned
    on
        told.exception_id = assigned.exception_id
        and assigned.position = 1
left join comments on told.exception_id = comments.exception_id
{{ to_base_rate('fx', 'told.entity_id', 'told.currency', 'told.business_date') }}
