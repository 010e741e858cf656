-- Bank lines that are the bank's own doing (charges, interest): no document will ever explain them, and
-- none must be asked for.
with patterns as (
    select bank_line_class, field, pattern
    from {{ ref('bank_line_classes') }}
),

classified as (
    select
        bank_transactions.bank_transaction_id,
        min(patterns.bank_line_class) as bank_line_class
    from {{ ref('bank_transactions') }} as bank_transactions
    inner join patterns
        on upper(
            case patterns.field
                when 'bank_transaction_code' then bank_transactions.bank_transaction_code
                when 'proprietary_code' then bank_transactions.proprietary_code
                when 'remittance_text' then bank_transactions.remittance_text
            end
        ) like patterns.pattern
    group by bank_transactions.bank_transaction_id
)

select
    bank_transaction_id,
    bank_line_class
from classified
