"""Fields that Stripe documents for its objects (over the API versions in use); another one is drift.

Source: https://docs.stripe.com/api, the attributes of each object.
"""

_CHARGE = """
    alternate_statement_descriptors amount amount_captured amount_refunded amount_updates application
    application_fee application_fee_amount authorization_code balance_transaction billing_details
    calculated_statement_descriptor captured created currency customer description destination dispute
    disputed failure_balance_transaction failure_code failure_message fraud_details id invoice level3
    livemode metadata object on_behalf_of order outcome paid payment_intent payment_method
    payment_method_details presentment_details radar_options receipt_email receipt_number receipt_url
    refunded refunds review shipping source source_transfer statement_descriptor
    statement_descriptor_suffix status transfer transfer_data transfer_group
"""
_REFUND = """
    amount balance_transaction charge created currency description destination_details
    failure_balance_transaction failure_reason id instructions_email metadata next_action object
    payment_intent pending_reason presentment_details reason receipt_number source_transfer_reversal
    status transfer_reversal
"""
_DISPUTE = """
    amount balance_transaction balance_transactions charge created currency enhanced_eligibility_types
    evidence evidence_details id is_charge_refundable livemode metadata network_reason_code object
    payment_intent payment_method_details reason status
"""
_BALANCE_TRANSACTION = """
    amount available_on balance_type created cross_border_classification currency description
    exchange_rate fee fee_details id net object reporting_category source status type
"""
_PAYOUT = """
    amount application_fee application_fee_amount arrival_date automatic balance_transaction created
    currency description destination failure_balance_transaction failure_code failure_message id
    livemode metadata method object original_payout payout_method reconciliation_status reversed_by
    source_balance source_type statement_descriptor status trace_id type
"""
_INVOICE = """
    account_country account_name account_tax_ids amount_due amount_overpaid amount_paid
    amount_remaining amount_shipping application application_fee_amount attempt_count attempted
    auto_advance automatic_tax automatically_finalizes_at billing_reason charge collection_method
    confirmation_secret created currency custom_fields customer customer_account customer_address
    customer_email customer_name customer_phone customer_shipping customer_tax_exempt customer_tax_ids
    default_payment_method default_source default_tax_rates description discount discounts due_date
    effective_at ending_balance footer from_invoice hosted_invoice_url id invoice_pdf issuer
    last_finalization_error latest_revision lines livemode metadata next_payment_attempt number object
    on_behalf_of paid paid_out_of_band parent payment_intent payment_settings payments period_end
    period_start post_payment_credit_notes_amount pre_payment_credit_notes_amount quote receipt_number
    rendering shipping_cost shipping_details starting_balance statement_descriptor status
    status_transitions subscription subscription_details subtotal subtotal_excluding_tax tax test_clock
    threshold_reason total total_discount_amounts total_excluding_tax total_pretax_credit_amounts
    total_tax_amounts total_taxes transfer_data webhooks_delivered_at
"""
_INVOICE_LINE = """
    amount amount_excluding_tax currency description discount_amounts discountable discounts id invoice
    invoice_item livemode metadata object parent period plan pretax_credit_amounts price pricing
    proration proration_details quantity quantity_decimal subscription subscription_item subtotal
    tax_amounts tax_rates taxes type unit_amount_excluding_tax
"""

CHARGE_FIELDS = frozenset(_CHARGE.split())
REFUND_FIELDS = frozenset(_REFUND.split())
DISPUTE_FIELDS = frozenset(_DISPUTE.split())
BALANCE_TRANSACTION_FIELDS = frozenset(_BALANCE_TRANSACTION.split())
PAYOUT_FIELDS = frozenset(_PAYOUT.split())
INVOICE_FIELDS = frozenset(_INVOICE.split())
INVOICE_LINE_FIELDS = frozenset(_INVOICE_LINE.split())
