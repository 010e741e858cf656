{#- The identity of bank lines over all files: `<account>:<day>:<content>:<n>`, where n counts equal lines
    over the statements of a run. Most banks give each line a reference; this matters for the others: two
    equal card payments of one day, in two statements that follow one another, are two payments. Counted
    per statement both would be n = 1, and one would be dropped as a copy of the other.

    A run: statements of one account and currency, or reports of one format, of which each opens with the closing balance of
    the one before it, or is its next page. Copies, corrected versions and statements over other periods
    are no run with each other: their equal lines are one line. Without proof
    that a statement follows, its lines are taken as delivered again: money that never was is worse than a
    line that the bank's next statement will bring. The same rule within one file: pipelines/bank/runs.py.
-#}

{#- Per line whose content came more than once: load_id, source_position, transaction_id (renumbered).
    `lines` and `runs` are CTEs; a part is what one delivery holds of one statement:
    lines   source_name, load_id, part_key, source_position, transaction_id
    runs    load_id, part_key, run_key, place_in_run -#}
{% macro bank_line_numbers(lines, runs) -%}
    select
        placed.load_id,
        placed.source_position,
        placed.line_content || ':' || cast(placed.line_in_part + coalesce(before.equal_lines, 0) as varchar) as transaction_id
    from ({{ _placed_lines(lines, runs) }}) as placed
    left join (
        select
            per_statement.source_name,
            per_statement.line_content,
            per_statement.run_key,
            per_statement.place_in_run,
            sum(per_statement.equal_lines) over (
                partition by per_statement.source_name, per_statement.line_content, per_statement.run_key
                order by per_statement.place_in_run
                rows between unbounded preceding and 1 preceding
            ) as equal_lines
        from (
            select source_name, line_content, run_key, place_in_run, max(line_in_part) as equal_lines
            from ({{ _placed_lines(lines, runs) }}) as placed
            where run_key is not null
            group by source_name, line_content, run_key, place_in_run
        ) as per_statement
    ) as before
        on placed.source_name = before.source_name
        and placed.line_content = before.line_content
        and placed.run_key = before.run_key
        and placed.place_in_run = before.place_in_run
{%- endmacro %}


{#- Lines of contested content, numbered within their part; a replay has the number of its original. -#}
{% macro _placed_lines(lines, runs) -%}
    select distinct
        contested.source_name,
        contested.line_content,
        {{ lines }}.load_id,
        {{ lines }}.source_position,
        {{ runs }}.run_key,
        {{ runs }}.place_in_run,
        dense_rank() over (
            partition by {{ lines }}.load_id, {{ lines }}.part_key, contested.line_content
            order by {{ lines }}.source_position
        ) as line_in_part
    from {{ lines }}
    inner join (
        select distinct source_name, {{ line_content('transaction_id') }} as line_content
        from {{ lines }}
        group by source_name, transaction_id
        having count(*) > 1
    ) as contested
        on {{ lines }}.source_name = contested.source_name
        and {{ line_content(lines ~ '.transaction_id') }} = contested.line_content
    left join {{ runs }}
        on {{ lines }}.load_id = {{ runs }}.load_id
        and {{ lines }}.part_key = {{ runs }}.part_key
{%- endmacro %}


{#- The id of a line without its number. -#}
{% macro line_content(transaction_id) -%}
    regexp_replace({{ transaction_id }}, ':[0-9]+$', '')
{%- endmacro %}


{#- Statements in runs: the columns of `statements` with run_key and place_in_run.
    series      columns within which statements can follow one another
    same_pages  condition under which the row is the next page of the one before, on `statements`' columns
                and those of the row before it, prefixed `previous_`; none without pages
    `statements` needs from_date, to_date, sequence_number, page_number, opening_balance_amount,
    closing_balance_amount, statement_id and the columns of `series`. -#}
{% macro statement_runs(statements, series) -%}
    {%- set columns = ['statement_id', 'sequence_number', 'page_number', 'to_date', 'opening_balance_amount', 'closing_balance_amount'] -%}
    select
        followed.*,
        {% for column in series %}coalesce(followed.{{ column }}, '') || '|' || {% endfor -%}
        cast(sum(case when followed.is_following then 0 else 1 end) over (
            partition by {{ prefixed('followed', series) }} order by followed.place_in_run rows unbounded preceding
        ) as varchar) as run_key
    from (
        select
            compared.*,
            coalesce(
                case
                    when compared.statement_id = compared.previous_statement_id
                        and compared.page_number <> compared.previous_page_number
                        then compared.page_number > compared.previous_page_number
                    else compared.opening_balance_amount = compared.previous_closing_balance_amount
                        and (
                            compared.opening_balance_amount <> compared.previous_opening_balance_amount
                            or compared.closing_balance_amount <> compared.previous_closing_balance_amount
                            or coalesce(compared.sequence_number <> compared.previous_sequence_number, false)
                            or coalesce(compared.from_date > compared.previous_to_date, false)
                        )
                end,
                false
            ) as is_following
        from (
            select
                {{ statements }}.*,
                {% for column in columns -%}
                    lag({{ statements }}.{{ column }}) over in_order as previous_{{ column }},
                {% endfor -%}
                row_number() over in_order as place_in_run
            from {{ statements }}
            window in_order as (
                partition by {{ prefixed(statements, series) }}
                order by
                    {{ statements }}.to_date,
                    {{ statements }}.from_date,
                    {{ statements }}.sequence_number,
                    {{ statements }}.page_number,
                    {{ statements }}.statement_id
            )
        ) as compared
    ) as followed
{%- endmacro %}


{#- What each file of a bank's CSV says about each account: period, sums, and balances from the running
    balance, else as the file states them above or below its table. `lines` is a CTE of bank lines without replays. -#}
{% macro csv_statements(lines) -%}
    {%- set file = ['source_name', 'entity_id', 'load_id', 'source_file', 'account_number', 'statement_id'] -%}
    select
        files.source_name,
        files.entity_id,
        files.load_id,
        files.source_file,
        files.first_position as source_position,
        files.statement_id,
        files.account_number,
        files.currency,
        files.from_date,
        files.to_date,
        files.line_count,
        files.movement_amount,
        coalesce(case when files.has_balances then oldest.balance_amount - oldest.amount end, files.stated_opening_amount) as opening_balance_amount,
        coalesce(case when files.has_balances then newest.balance_amount end, files.stated_closing_amount) as closing_balance_amount,
        files.stated_opening_amount,
        files.stated_closing_amount,
        oldest.record_hash as record_hash
    from (
        -- Does the balance grow down the file (oldest first) or up (newest first)? The lines that fit decide.
        select
            {{ file | join(', ') }},
            count(*) as line_count,
            sum(amount) as movement_amount,
            min(booking_date) as from_date,
            max(booking_date) as to_date,
            max(coalesce(account_currency, currency)) as currency,
            max(stated_opening_amount) as stated_opening_amount,
            max(stated_closing_amount) as stated_closing_amount,
            min(source_position) as first_position,
            max(source_position) as last_position,
            count(balance_amount) = count(*) as has_balances,
            sum(case when balance_above + amount = balance_amount then 1 else 0 end)
            >= sum(case when balance_amount + amount_above = balance_above then 1 else 0 end) as is_oldest_first
        from (
            select
                {{ lines }}.*,
                lag(balance_amount) over by_position as balance_above,
                lag(amount) over by_position as amount_above
            from {{ lines }}
            window by_position as (partition by load_id, account_number, statement_id order by source_position)
        ) as with_line_above
        group by {{ file | join(', ') }}
    ) as files
    inner join {{ lines }} as oldest
        on files.load_id = oldest.load_id
        and oldest.source_position = case when files.is_oldest_first then files.first_position else files.last_position end
    inner join {{ lines }} as newest
        on files.load_id = newest.load_id
        and newest.source_position = case when files.is_oldest_first then files.last_position else files.first_position end
{%- endmacro %}
