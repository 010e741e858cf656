"""Fields that Shopify documents for an order and its line items; another one is schema drift.

Source: https://shopify.dev/docs/api/admin-rest/latest/resources/order (properties of the order).
Most are kept in the landed file only; what a table needs is listed in `parse`.
"""

_ORDER = """
    admin_graphql_api_id app_id billing_address browser_ip buyer_accepts_marketing cancel_reason
    cancelled_at cart_token checkout_id checkout_token client_details closed_at company
    confirmation_number confirmed contact_email created_at currency current_shipping_price_set
    current_subtotal_price current_subtotal_price_set current_total_additional_fees_set
    current_total_discounts current_total_discounts_set current_total_duties_set current_total_price
    current_total_price_set current_total_tax current_total_tax_set customer customer_locale device_id
    discount_applications discount_codes duties_included email estimated_taxes financial_status
    fulfillment_status fulfillments gateway id landing_site landing_site_ref line_items location_id
    merchant_business_entity_id merchant_of_record_app_id name note note_attributes number order_number
    order_status_url original_total_additional_fees_set original_total_duties_set
    payment_gateway_names payment_details payment_terms phone po_number presentment_currency
    processed_at processing_method reference referring_site refunds returns shipping_address
    shipping_lines source_identifier source_name source_url subtotal_price subtotal_price_set tags
    tax_exempt tax_lines taxes_included test token total_cash_rounding_payment_adjustment_set
    total_cash_rounding_refund_adjustment_set total_discounts total_discounts_set
    total_line_items_price total_line_items_price_set total_outstanding total_price total_price_set
    total_price_usd total_shipping_price_set total_tax total_tax_set total_tip_received total_weight
    updated_at user_id
"""

_LINE_ITEM = """
    admin_graphql_api_id applied_discounts attributed_staffs current_quantity destination_location
    discount_allocations duties fulfillable_quantity fulfillment_line_item_id fulfillment_service
    fulfillment_status gift_card grams id name origin_location pre_tax_price pre_tax_price_set price
    price_set product_exists product_id properties quantity requires_shipping
    sales_line_item_group_id sku tax_code tax_lines taxable title tip_payment_gateway
    tip_payment_method total_discount total_discount_set variant_id variant_inventory_management
    variant_title vendor
"""

ORDER_FIELDS = frozenset(_ORDER.split())
LINE_ITEM_FIELDS = frozenset(_LINE_ITEM.split())
