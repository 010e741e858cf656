"""The order object, field by field, and the reader that follows from it.

A field that is required here is one without which money or a document would be lost; every other one
may be absent, but may not be wrong: a price that is no amount makes its order a reject.
"""

from collections.abc import Iterator, Sequence

from pipelines.config import SourceInstance
from pipelines.json_objects import Field, JsonSource, Level, ObjectSpec
from pipelines.json_shredding import read_json
from pipelines.json_types import (
    BOOLEAN,
    CURRENCY,
    INTEGER,
    JSON,
    MONEY,
    NUMBER_ID,
    RATE,
    TEXT,
    TIMESTAMP,
)
from pipelines.provenance import Batch, LandingFile
from pipelines.shopify.known_fields import LINE_ITEM_FIELDS, ORDER_FIELDS
from pipelines.shopify.schema import TABLES


def _tax_lines(target_type: str) -> Level:
    return Level(
        at="tax_lines",
        table="order_tax_lines",
        constants={"target_type": target_type},
        ordinal="tax_index",
        fields=(
            Field("title", "title", TEXT),
            Field("rate", "rate", RATE),
            Field("amount", "price", MONEY, is_required=True),
        ),
    )


def _discount_allocations(target_type: str) -> Level:
    return Level(
        at="discount_allocations",
        table="order_discounts",
        constants={"target_type": target_type},
        ordinal="allocation_index",
        reads_root=True,
        more={"discount_application_index": TEXT},
        fields=(
            Field("amount", "amount", MONEY, is_required=True),
            Field(
                "code",
                "",
                TEXT,
                sql="coalesce(root.discount_applications[try_cast(r.discount_application_index as int) + 1]"
                ".code, root.discount_applications[try_cast(r.discount_application_index as int) + 1].title)",
            ),
        ),
    )


# Gives the codes that discount allocations point to by index.
_DISCOUNT_APPLICATIONS = Level(
    at="discount_applications", table=None, fields=(Field("", "code", TEXT), Field("", "title", TEXT))
)

_LINE_ITEMS = Level(
    at="line_items",
    table="order_lines",
    is_required=True,
    ordinal="line_index",
    known=LINE_ITEM_FIELDS,
    exports={"target_id": "id"},
    fields=(
        Field("order_line_id", "id", NUMBER_ID, is_required=True),
        Field("sku", "sku", TEXT),
        Field("product_id", "product_id", TEXT),
        Field("variant_id", "variant_id", TEXT),
        Field("title", "title", TEXT),
        Field("quantity", "quantity", INTEGER, is_required=True),
        Field("current_quantity", "current_quantity", INTEGER),
        Field("price", "price", MONEY, is_required=True),
        Field("is_gift_card", "gift_card", BOOLEAN),
        Field("is_taxable", "taxable", BOOLEAN),
    ),
    children=(_discount_allocations("line"), _tax_lines("line")),
)

_SHIPPING_LINES = Level(
    at="shipping_lines",
    table="order_shipping_lines",
    exports={"target_id": "id"},
    fields=(
        Field("shipping_line_id", "id", NUMBER_ID, is_required=True),
        Field("title", "title", TEXT),
        Field("code", "code", TEXT),
        Field("price", "price", MONEY, is_required=True),
        Field("discounted_price", "discounted_price", MONEY),
    ),
    children=(_discount_allocations("shipping"), _tax_lines("shipping")),
)

_REFUNDS = Level(
    at="refunds",
    table="refunds",
    exports={"refund_id": "id"},
    fields=(
        Field("refund_id", "id", NUMBER_ID, is_required=True),
        Field("created_at", "created_at", TIMESTAMP, is_required=True),
        Field("processed_at", "processed_at", TIMESTAMP),
        Field("note", "note", TEXT),
    ),
    children=(
        Level(
            at="refund_line_items",
            table="refund_lines",
            fields=(
                Field("refund_line_id", "id", NUMBER_ID, is_required=True),
                Field("order_line_id", "line_item_id", NUMBER_ID, is_required=True),
                Field("quantity", "quantity", INTEGER, is_required=True),
                Field("subtotal", "subtotal", MONEY, is_required=True),
                Field("total_tax", "total_tax", MONEY),
                Field("restock_type", "restock_type", TEXT),
            ),
        ),
        Level(
            at="order_adjustments",
            table="refund_adjustments",
            fields=(
                Field("adjustment_id", "id", NUMBER_ID, is_required=True),
                Field("kind", "kind", TEXT),
                Field("reason", "reason", TEXT),
                Field("amount", "amount", MONEY, is_required=True),
                Field("tax_amount", "tax_amount", MONEY),
            ),
        ),
        Level(
            at="transactions",
            table="refund_transactions",
            fields=(
                Field("transaction_id", "id", NUMBER_ID, is_required=True),
                Field("kind", "kind", TEXT),
                Field("status", "status", TEXT),
                Field("gateway", "gateway", TEXT),
                Field("amount", "amount", MONEY, is_required=True),
                Field("currency", "currency", CURRENCY),
                Field("processed_at", "processed_at", TIMESTAMP),
                Field("authorization", "authorization", TEXT),
            ),
        ),
    ),
)

_ORDER = Level(
    at="",
    table="orders",
    known=ORDER_FIELDS,
    exports={"order_id": "id"},
    more={
        "customer.first_name": TEXT,
        "customer.last_name": TEXT,
        "payment_gateway_names": JSON,
        "gateway": TEXT,
    },
    fields=(
        Field("order_id", "id", NUMBER_ID, is_required=True),
        Field("order_name", "name", TEXT),
        Field("order_number", "order_number", TEXT),
        Field("created_at", "created_at", TIMESTAMP, is_required=True),
        Field("processed_at", "processed_at", TIMESTAMP),
        Field("updated_at", "updated_at", TIMESTAMP),
        Field("cancelled_at", "cancelled_at", TIMESTAMP),
        Field("currency", "currency", CURRENCY, is_required=True),
        Field("presentment_currency", "presentment_currency", CURRENCY),
        Field("taxes_included", "taxes_included", BOOLEAN),
        Field("financial_status", "financial_status", TEXT),
        Field("fulfillment_status", "fulfillment_status", TEXT),
        Field("customer_id", "customer.id", TEXT),
        Field("customer_email", "email", TEXT, sql="coalesce(r.email, r.customer.email)"),
        Field(
            "customer_name",
            "",
            TEXT,
            sql="nullif(trim(concat_ws(' ', r.customer.first_name, r.customer.last_name)), '')",
        ),
        Field("", "customer.email", TEXT),
        Field("total_price", "total_price", MONEY, is_required=True),
        Field("subtotal_price", "subtotal_price", MONEY),
        Field("total_discounts", "total_discounts", MONEY),
        Field("total_tax", "total_tax", MONEY),
        Field("total_shipping", "total_shipping_price_set.shop_money.amount", MONEY),
        Field("current_total_price", "current_total_price", MONEY),
        Field("is_test", "test", BOOLEAN),
        Field("tags", "tags", TEXT),
        Field(
            "payment_gateway",
            "",
            TEXT,
            sql="coalesce(nullif(array_to_string(json_extract_string(r.payment_gateway_names, '$[*]'), ', '), ''),"
            " r.gateway)",
        ),
    ),
    children=(_LINE_ITEMS, _SHIPPING_LINES, _REFUNDS, _DISCOUNT_APPLICATIONS),
)

SOURCE = JsonSource(
    name="shopify",
    list_at="orders",
    wrapper="order",
    tables=TABLES,
    currency="$.currency",
    created="$.created_at",
    created_type=TIMESTAMP,
    declared_amount=MONEY.value,
    expected="orders of the Shopify REST Admin API",
    objects=(ObjectSpec(stream="orders", object_type=None, amount="$.total_price", root=_ORDER),),
)


def read_many(files: Sequence[LandingFile], instance: SourceInstance) -> Iterator[Batch]:
    """Batches of the order tables, `rejects`, `control_totals`, `schema_drift` and the files' rows."""
    return read_json(SOURCE, files, instance)


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    return read_many([file], instance)
