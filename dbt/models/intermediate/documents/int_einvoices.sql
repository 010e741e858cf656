-- Current e-invoices with our side of each: a sales invoice of ours, a vendor bill of ours, or a document in
-- which no party is the entity that received it (kept as a bill that nobody books or pays until it is clear).
-- Who we are: master_entity_identifiers, and the name in master_legal_entities.
with

documents as (
    select *
    from {{ ref('stg_einvoice__documents') }}
    where record_state = 'current'
),

own_keys as (
    select entity_id, {{ reference_key('identifier') }} as identifier_key
    from {{ ref('master_entity_identifiers') }}
    union
    select entity_id, {{ name_key('entity_name') }}
    from {{ ref('master_legal_entities') }}
),

mentions as (
    {%- for role in ['seller', 'buyer'] %}
    {%- for column in ['vat_id', 'registration', 'id', 'endpoint'] %}
    select source_name, document_key, entity_id, '{{ role }}' as role, {{ reference_key(role ~ '_' ~ column) }} as identifier_key
    from documents
    union
    {%- endfor %}
    select source_name, document_key, entity_id, '{{ role }}', {{ name_key(role ~ '_name') }}
    from documents
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

sides as (
    select
        mentions.source_name,
        mentions.document_key,
        max(case when mentions.role = 'seller' and own_keys.entity_id = mentions.entity_id then 1 else 0 end) = 1 as is_seller,
        max(case when mentions.role = 'buyer' and own_keys.entity_id = mentions.entity_id then 1 else 0 end) = 1 as is_buyer,
        max(case when own_keys.entity_id <> mentions.entity_id then own_keys.entity_id end) as other_entity_id
    from mentions
    inner join own_keys on mentions.identifier_key = own_keys.identifier_key
    group by mentions.source_name, mentions.document_key
),

-- A number or name that two parties share proves nothing.
vendor_keys as (
    select entity_id, party_key, min(vendor_id) as vendor_id
    from (
        select entity_id, vendor_id, {{ reference_key('account_number') }} as party_key from {{ ref('master_vendors') }}
        union
        select entity_id, vendor_id, {{ name_key('vendor_name') }} from {{ ref('master_vendors') }}
    ) as keys
    where party_key is not null and party_key <> ''
    group by entity_id, party_key
    having count(distinct vendor_id) = 1
),

customer_keys as (
    select entity_id, {{ name_key('customer_name') }} as party_key, min(customer_id) as customer_id
    from {{ ref('master_customers') }}
    group by entity_id, {{ name_key('customer_name') }}
    having count(distinct customer_id) = 1
),

-- The same document in the books already (an ERP's own export): there it is booked, matched and paid, and here
-- it is kept as what proves it. A number alone does not tell: two vendors may both have an invoice 1001.
entered as (
    select
        'buyer' as our_role, entity_id, {{ reference_key('coalesce(bill_number, bill_id)') }} as number_key, currency,
        abs(coalesce(total_amount, net_amount + coalesce(tax_amount, 0))) as total_amount,
        {{ name_key('vendor_name') }} as party_key, business_date
    from {{ ref('stg_csv__bills') }}
    where record_state = 'current'
    union
    select
        'seller', entity_id, {{ reference_key('coalesce(invoice_number, invoice_id)') }}, currency,
        abs(coalesce(total_amount, net_amount + coalesce(tax_amount, 0))),
        {{ name_key('customer_name') }}, business_date
    from {{ ref('stg_csv__invoices') }}
    where record_state = 'current'
),

sided as (
    select
        documents.*,
        case when coalesce(sides.is_seller, false) and not coalesce(sides.is_buyer, false) then 'seller' else 'buyer' end as our_role,
        coalesce(sides.is_seller, false) or coalesce(sides.is_buyer, false) as is_party_known,
        sides.other_entity_id
    from documents
    left join sides
        on documents.source_name = sides.source_name
        and documents.document_key = sides.document_key
),

in_books as (
    select distinct sided.source_name, sided.document_key
    from sided
    inner join entered
        on sided.our_role = entered.our_role
        and sided.entity_id = entered.entity_id
        and {{ reference_key('sided.document_number') }} = entered.number_key
        and sided.currency = entered.currency
        and abs(sided.total_amount) = entered.total_amount
        and (
            sided.issue_date = entered.business_date
            or {{ name_key("case when sided.our_role = 'seller' then sided.buyer_name else sided.seller_name end") }} = entered.party_key
        )
)

select
    documents.source_name,
    documents.entity_id,
    documents.load_id,
    documents.source_file,
    documents.source_position,
    documents.record_hash,
    documents.source_updated_at,
    documents.business_date,
    documents.document_key,
    coalesce(documents.document_number, documents.document_key) as document_number,
    documents.our_role,
    documents.is_party_known,
    documents.other_entity_id,
    case
        when documents.syntax = 'ubl_credit_note' then 'credit_note'
        else coalesce(types.document_type, lower(documents.document_type_code))
    end as document_type,
    documents.document_type_code,
    documents.issue_date,
    documents.due_date,
    documents.currency,
    coalesce(documents.purchase_order, documents.sales_order) as order_number,
    documents.preceding_invoice,
    documents.seller_name,
    documents.buyer_name,
    coalesce(vendors_by_account.vendor_id, vendors_by_name.vendor_id) as known_vendor_id,
    coalesce(documents.seller_vat_id, documents.seller_registration, documents.seller_id) as source_vendor_id,
    customers_by_name.customer_id as known_customer_id,
    coalesce(documents.buyer_vat_id, documents.buyer_registration, documents.buyer_id) as source_customer_id,
    documents.remittance_text,
    documents.payee_account,
    documents.buyer_accounting_reference,
    documents.discount_percent,
    documents.discount_days,
    documents.tax_amount,
    documents.total_amount,
    coalesce(documents.prepaid_amount, 0) as prepaid_amount,
    documents.payable_amount,
    case
        when not documents.is_party_known then 'party_unknown'
        when not types.is_claim then 'pro_forma'
        when in_books.document_key is not null then 'entered'
        else 'open'
    end as source_status
from sided as documents
left join in_books
    on documents.source_name = in_books.source_name
    and documents.document_key = in_books.document_key
left join {{ ref('einvoice_document_types') }} as types
    on documents.document_type_code = types.document_type_code
left join vendor_keys as vendors_by_account
    on documents.entity_id = vendors_by_account.entity_id
    and {{ reference_key('documents.payee_account') }} = vendors_by_account.party_key
left join vendor_keys as vendors_by_name
    on documents.entity_id = vendors_by_name.entity_id
    and {{ name_key('documents.seller_name') }} = vendors_by_name.party_key
left join customer_keys as customers_by_name
    on documents.entity_id = customers_by_name.entity_id
    and {{ name_key('documents.buyer_name') }} = customers_by_name.party_key
