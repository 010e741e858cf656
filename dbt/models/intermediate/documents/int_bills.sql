-- Current vendor bills and credit notes in one shape; credit notes negative.
with

csv_bills as (
    select
        {{ source_key('bills.source_name', 'bills.bill_id') }} as bill_id,
        coalesce(bills.bill_number, bills.bill_id) as bill_number,
        case
            when lower(bills.document_type) = 'credit_note' then 'credit_note'
            when bills.document_type is null and bills.total_amount < 0 then 'credit_note'
            else 'bill'
        end as document_type,
        lower(bills.document_type) as source_document_type,
        bills.due_date,
        bills.vendor_id as source_vendor_id,
        bills.vendor_name,
        upper(replace(bills.vendor_account, ' ', '')) as vendor_account,
        bills.purchase_order,
        bills.currency,
        coalesce(bills.total_amount, bills.net_amount + coalesce(bills.tax_amount, 0)) as source_total_amount,
        coalesce(
            bills.tax_amount,
            coalesce(bills.total_amount, bills.net_amount) - coalesce(bills.net_amount, bills.total_amount),
            0
        ) as source_tax_amount,
        bills.net_amount as source_net_amount,
        bills.discount_percent,
        bills.discount_days,
        bills.tax_code,
        lower(coalesce(bills.status, 'open')) as source_status,
        'csv' as source_kind,
        {{ no_text() }} as known_vendor_id,
        {{ no_text() }} as payment_reference,
        {{ no_money() }} as prepaid_amount,
        {{ no_text() }} as original_bill_number,
        bills.business_date,
        {{ provenance('bills', 'bills', 'bills.bill_id') }}
    from {{ ref('stg_csv__bills') }} as bills
    where bills.record_state = 'current'
),

einvoices as (
    select
        {{ source_key('bills.source_name', 'bills.document_key') }} as bill_id,
        bills.document_number as bill_number,
        case when bills.document_type = 'credit_note' then 'credit_note' else 'bill' end as document_type,
        bills.document_type as source_document_type,
        bills.due_date,
        bills.source_vendor_id,
        bills.seller_name as vendor_name,
        upper(replace(bills.payee_account, ' ', '')) as vendor_account,
        bills.order_number as purchase_order,
        bills.currency,
        bills.total_amount as source_total_amount,
        coalesce(bills.tax_amount, 0) as source_tax_amount,
        -- Sums that do not add up are findings of the published rules, with their numbers.
        {{ no_money() }} as source_net_amount,
        bills.discount_percent,
        bills.discount_days,
        {{ no_text() }} as tax_code,
        bills.source_status,
        'einvoice' as source_kind,
        bills.known_vendor_id,
        bills.remittance_text as payment_reference,
        bills.prepaid_amount,
        bills.preceding_invoice as original_bill_number,
        bills.business_date,
        {{ provenance('bills', 'einvoices', 'bills.document_key') }}
    from {{ ref('int_einvoices') }} as bills
    where bills.our_role = 'buyer'
),

bills as (
    select * from csv_bills
    union all
    select * from einvoices
),

signed as (
    select
        *,
        case when source_vendor_id is null then {{ name_key('vendor_name') }} end as party_name_key,
        document_type = 'credit_note' and source_total_amount > 0 as is_sign_flipped
    from bills
)

select
    signed.bill_id,
    signed.bill_number,
    signed.document_type,
    signed.source_document_type,
    signed.business_date as bill_date,
    coalesce(signed.due_date, signed.business_date) as due_date,
    coalesce(signed.known_vendor_id, vendors.vendor_id, names.party_id) as vendor_id,
    signed.vendor_name,
    signed.vendor_account,
    signed.purchase_order,
    signed.original_bill_number,
    signed.payment_reference,
    signed.currency,
    {{ money('(signed.source_total_amount - signed.source_tax_amount) * case when signed.is_sign_flipped then -1 else 1 end') }} as net_amount,
    {{ money('signed.source_tax_amount * case when signed.is_sign_flipped then -1 else 1 end') }} as tax_amount,
    {{ money('signed.source_total_amount * case when signed.is_sign_flipped then -1 else 1 end') }} as total_amount,
    {{ money('signed.source_net_amount + signed.source_tax_amount - signed.source_total_amount') }} as header_residual_amount,
    {{ money('coalesce(signed.prepaid_amount, 0) * case when signed.is_sign_flipped then -1 else 1 end') }} as prepaid_amount,
    cast(signed.discount_percent as decimal(18, 8)) as discount_percent,
    signed.business_date + cast(signed.discount_days as integer) as discount_until_date,
    signed.tax_code,
    signed.source_status,
    signed.source_kind,
    coalesce(mappings.status, 'unmapped') as status,
    signed.is_sign_flipped,
    coalesce(currencies.exponent, 2) as exponent,
    signed.business_date,
    {{ provenance_columns('signed') }}
from signed
left join {{ ref('int_source_vendors') }} as vendors
    on signed.source_name = vendors.source_name
    and signed.source_vendor_id = vendors.source_party_id
left join {{ ref('int_party_names') }} as names
    on names.party_type = 'vendor'
    and signed.source_name = names.source_name
    and signed.party_name_key = names.name_key
left join {{ ref('status_mappings') }} as mappings
    on signed.source_kind = mappings.source_kind
    and mappings.object = 'bill'
    and signed.source_status = mappings.source_status
left join {{ ref('currencies') }} as currencies
    on signed.currency = currencies.currency
