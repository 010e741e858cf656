"""Raw tables of Shopify orders. A child row belongs to the order version with the same load_id and
source_position."""

import pyarrow as pa

from pipelines.provenance import MONEY, PROVENANCE, RATE, TIMESTAMP


def _table(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([*PROVENANCE, *(pa.field(name, type_) for name, type_ in columns.items())])


_TEXT, _COUNT, _FLAG = pa.string(), pa.int64(), pa.bool_()

TABLES: dict[str, pa.Schema] = {
    "orders": _table(
        order_id=_TEXT,
        order_name=_TEXT,
        order_number=_TEXT,
        created_at=TIMESTAMP,
        processed_at=TIMESTAMP,
        updated_at=TIMESTAMP,
        cancelled_at=TIMESTAMP,
        currency=_TEXT,
        presentment_currency=_TEXT,
        taxes_included=_FLAG,
        financial_status=_TEXT,
        fulfillment_status=_TEXT,
        customer_id=_TEXT,
        customer_email=_TEXT,
        customer_name=_TEXT,
        total_price=MONEY,
        subtotal_price=MONEY,
        total_discounts=MONEY,
        total_tax=MONEY,
        total_shipping=MONEY,
        current_total_price=MONEY,
        is_test=_FLAG,
        tags=_TEXT,
        payment_gateway=_TEXT,
        extra_json=_TEXT,
    ),
    "order_lines": _table(
        order_id=_TEXT,
        order_line_id=_TEXT,
        line_index=_COUNT,
        sku=_TEXT,
        product_id=_TEXT,
        variant_id=_TEXT,
        title=_TEXT,
        quantity=_COUNT,
        current_quantity=_COUNT,
        price=MONEY,
        is_gift_card=_FLAG,
        is_taxable=_FLAG,
    ),
    "order_discounts": _table(
        order_id=_TEXT,
        target_type=_TEXT,
        target_id=_TEXT,
        allocation_index=_COUNT,
        amount=MONEY,
        code=_TEXT,
    ),
    "order_tax_lines": _table(
        order_id=_TEXT,
        target_type=_TEXT,
        target_id=_TEXT,
        tax_index=_COUNT,
        title=_TEXT,
        rate=RATE,
        amount=MONEY,
    ),
    "order_shipping_lines": _table(
        order_id=_TEXT,
        shipping_line_id=_TEXT,
        title=_TEXT,
        code=_TEXT,
        price=MONEY,
        discounted_price=MONEY,
    ),
    "refunds": _table(
        order_id=_TEXT, refund_id=_TEXT, created_at=TIMESTAMP, processed_at=TIMESTAMP, note=_TEXT
    ),
    "refund_lines": _table(
        order_id=_TEXT,
        refund_id=_TEXT,
        refund_line_id=_TEXT,
        order_line_id=_TEXT,
        quantity=_COUNT,
        subtotal=MONEY,
        total_tax=MONEY,
        restock_type=_TEXT,
    ),
    "refund_adjustments": _table(
        order_id=_TEXT,
        refund_id=_TEXT,
        adjustment_id=_TEXT,
        kind=_TEXT,
        reason=_TEXT,
        amount=MONEY,
        tax_amount=MONEY,
    ),
    "refund_transactions": _table(
        order_id=_TEXT,
        refund_id=_TEXT,
        transaction_id=_TEXT,
        kind=_TEXT,
        status=_TEXT,
        gateway=_TEXT,
        amount=MONEY,
        currency=_TEXT,
        processed_at=TIMESTAMP,
        authorization=_TEXT,
    ),
}
