{#- Document numbers as people write them: upper case, without the separators that banks add, drop or
    replace by blanks. 'RE-2026/00123' and 're2026 00123' must meet. -#}
{% macro match_key(number) -%}
    nullif(regexp_replace(upper({{ number }}), '[^A-Z0-9]', '', 'g'), '')
{%- endmacro %}

{#- The reference keys in free text: every token with a digit and at least four characters, cleaned like
    match_key, each once, in order. Shorter tokens are dropped: '12' is in every remittance. -#}
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
        [{% for number in numbers %}{{ match_key(number) }}{{ ', ' if not loop.last }}{% endfor %}],
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

{#- Names as they are compared: upper case, letters and digits only, umlauts as banks write them, so
    that 'Bäckerei Müller & Söhne' and 'BAECKEREI MUELLER + SOEHNE' are one. -#}
{% macro name_key(name) -%}
    {{ return(adapter.dispatch('name_key', 'tieout')(name)) }}
{%- endmacro %}

{% macro duckdb__name_key(name) -%}
    nullif(regexp_replace(
        strip_accents(upper(
            replace(replace(replace(replace(lower({{ name }}), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss')
        )),
        '[^A-Z0-9]', '', 'g'
    ), '')
{%- endmacro %}
