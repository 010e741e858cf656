{#- The type under which both ledgers file an event: the ERP tells one kind of bank line and one kind of
    credit note, whatever the line settles and whoever wrote the note. -#}
{% macro voucher_type() -%}
    case
        when document_type = 'bank_transaction' then document_type
        when event_type = 'vendor_credit_note' then 'credit_note'
        else event_type
    end
{%- endmacro %}
