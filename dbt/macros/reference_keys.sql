{#- Document numbers as people write them: upper case, without the separators that banks add, drop or
    replace by blanks. 'RE-2026/00123' and 're2026 00123' must meet. -#}
{% macro reference_key(number) -%}
    nullif(regexp_replace(upper({{ number }}), '[^A-Z0-9]', '', 'g'), '')
{%- endmacro %}

{#- The reference keys in free text: every token with a digit and at least four characters, cleaned like
    reference_key, each once, in order. Shorter tokens are dropped: '12' is in every remittance. -#}
{% macro reference_keys_of_text(text) -%}
    {{ return(adapter.dispatch('reference_keys_of_text', 'tieout')(text)) }}
{%- endmacro %}

{% macro duckdb__reference_keys_of_text(text) -%}
    list_sort(list_distinct(list_filter(
        list_transform(
            regexp_extract_all(upper(coalesce({{ text }}, '')), '[A-Z0-9#][A-Z0-9./_#-]*'),
            lambda token: regexp_replace(token, '[^A-Z0-9]', '', 'g')
        ),
        lambda token: length(token) >= 4 and regexp_matches(token, '[0-9]')
    )))
{%- endmacro %}

{#- A list of cleaned keys from columns; missing ones are left out. -#}
{% macro reference_key_list(numbers) -%}
    {{ return(adapter.dispatch('reference_key_list', 'tieout')(numbers)) }}
{%- endmacro %}

{% macro duckdb__reference_key_list(numbers) -%}
    list_sort(list_distinct(list_filter(
        [{% for number in numbers %}{{ reference_key(number) }}{{ ', ' if not loop.last }}{% endfor %}],
        lambda key: key is not null
    )))
{%- endmacro %}

{#- Do two key lists share a key? -#}
{% macro has_common_key(left_keys, right_keys) -%}
    {{ return(adapter.dispatch('has_common_key', 'tieout')(left_keys, right_keys)) }}
{%- endmacro %}

{% macro duckdb__has_common_key(left_keys, right_keys) -%}
    coalesce(list_has_any({{ left_keys }}, {{ right_keys }}), false)
{%- endmacro %}

{#- Names as they are compared: upper case, letters and digits only, so that 'ACME Corp.' and
    'Acme Corp' are one. -#}
{% macro name_key(name) -%}
    nullif(regexp_replace(upper({{ name }}), '[^A-Z0-9]', '', 'g'), '')
{%- endmacro %}
