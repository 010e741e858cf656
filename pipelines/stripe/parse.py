"""Stripe's objects, field by field, and the reader that follows from it.

Required is what a document cannot be booked without: its id, time, currency, amount, status or type.
References may be ids or, when the request expanded them, whole objects.
"""

from collections.abc import Iterator, Sequence

from pipelines.config import SourceInstance
from pipelines.json_objects import Field, JsonSource, Level, ObjectSpec
from pipelines.json_shredding import read_json
from pipelines.json_types import (
    BOOLEAN,
    CURRENCY,
    EPOCH,
    EPOCH_DATE,
    INTEGER,
    JSON,
    MINOR,
    OBJECT_ID,
    RATE,
    REFERENCE,
    TEXT,
)
from pipelines.provenance import Batch, LandingFile
from pipelines.stripe import known_fields
from pipelines.stripe.currencies import THREE_DECIMALS, ZERO_DECIMALS
from pipelines.stripe.schema import TABLES


def _common(id_column: str, amount: str = "amount") -> tuple[Field, ...]:
    return (
        Field(id_column, "id", OBJECT_ID, is_required=True),
        Field("created_at", "created", EPOCH, is_required=True),
        Field(f"{amount}_minor", amount, MINOR, is_required=True),
        Field("currency", "currency", CURRENCY, is_required=True),
    )


# Where shops note the order: their plugins differ, these are the keys in use.
_ORDER_REFERENCE = Field(
    "order_reference",
    "",
    TEXT,
    sql="coalesce(json_extract_string(r.metadata, '$.order_id'), "
    "json_extract_string(r.metadata, '$.order_name'), json_extract_string(r.metadata, '$.order_number'))",
)
_METADATA = Field("metadata_json", "metadata", JSON)


def _sum_of(*lists: str) -> str:
    """SQL: sum of `amount` over the first of the lists that is there; the API renamed them."""
    sums = [
        f"cast(list_sum([try_cast(x as bigint) for x in json_extract_string(r.{name}, '$[*].amount')]) as bigint)"
        for name in lists
    ]
    return f"coalesce({', '.join(sums)})"


_CHARGE = Level(
    at="",
    table="charges",
    known=known_fields.CHARGE_FIELDS,
    fields=(
        *_common("charge_id"),
        Field("amount_captured_minor", "amount_captured", MINOR),
        Field("amount_refunded_minor", "amount_refunded", MINOR),
        Field("status", "status", OBJECT_ID, is_required=True),
        Field("is_captured", "captured", BOOLEAN),
        Field("is_paid", "paid", BOOLEAN),
        Field("is_refunded", "refunded", BOOLEAN),
        Field("is_disputed", "disputed", BOOLEAN),
        Field("description", "description", TEXT),
        Field("customer_id", "customer", REFERENCE),
        Field("invoice_id", "invoice", REFERENCE),
        Field("payment_intent_id", "payment_intent", REFERENCE),
        Field("balance_transaction_id", "balance_transaction", REFERENCE),
        Field("billing_email", "billing_details.email", TEXT),
        Field("billing_name", "billing_details.name", TEXT),
        Field("payment_method_type", "payment_method_details.type", TEXT),
        _ORDER_REFERENCE,
        _METADATA,
    ),
)

_REFUND = Level(
    at="",
    table="refunds",
    known=known_fields.REFUND_FIELDS,
    fields=(
        *_common("refund_id"),
        Field("charge_id", "charge", REFERENCE),
        Field("payment_intent_id", "payment_intent", REFERENCE),
        Field("status", "status", TEXT),
        Field("reason", "reason", TEXT),
        Field("balance_transaction_id", "balance_transaction", REFERENCE),
        Field("failure_balance_transaction_id", "failure_balance_transaction", REFERENCE),
        _METADATA,
    ),
)

_DISPUTE = Level(
    at="",
    table="disputes",
    known=known_fields.DISPUTE_FIELDS,
    more={"balance_transactions": JSON},
    fields=(
        *_common("dispute_id"),
        Field("charge_id", "charge", REFERENCE),
        Field("status", "status", OBJECT_ID, is_required=True),
        Field("reason", "reason", TEXT),
        Field(
            "balance_transaction_ids",
            "",
            TEXT,
            sql="cast(to_json([coalesce(json_extract_string(x, '$.id'), json_extract_string(x, '$')) "
            "for x in json_extract(r.balance_transactions, '$[*]')]) as varchar)",
        ),
    ),
)

_BALANCE_TRANSACTION = Level(
    at="",
    table="balance_transactions",
    known=known_fields.BALANCE_TRANSACTION_FIELDS,
    fields=(
        *_common("balance_transaction_id"),
        Field("available_on", "available_on", EPOCH_DATE),
        Field("type", "type", OBJECT_ID, is_required=True),
        Field("reporting_category", "reporting_category", TEXT),
        Field("source_object_id", "source", REFERENCE),
        Field("fee_minor", "fee", MINOR, is_required=True),
        Field("net_minor", "net", MINOR, is_required=True),
        # Only the address of the list says to which payout a movement belongs.
        Field("payout_id", "", TEXT, sql="t.context"),
        Field("description", "description", TEXT),
        Field("exchange_rate", "exchange_rate", RATE),
        Field("fee_details_json", "fee_details", JSON),
    ),
)

_PAYOUT = Level(
    at="",
    table="payouts",
    known=known_fields.PAYOUT_FIELDS,
    more={"trace_id": JSON},
    fields=(
        *_common("payout_id"),
        Field("arrival_date", "arrival_date", EPOCH_DATE, is_required=True),
        Field("status", "status", OBJECT_ID, is_required=True),
        Field("is_automatic", "automatic", BOOLEAN),
        Field("method", "method", TEXT),
        Field("type", "type", TEXT),
        Field("balance_transaction_id", "balance_transaction", REFERENCE),
        Field("destination", "destination", REFERENCE),
        Field("failure_code", "failure_code", TEXT),
        Field("statement_descriptor", "statement_descriptor", TEXT),
        Field(
            "trace_id",
            "",
            TEXT,
            sql="case json_type(r.trace_id) when 'OBJECT' then json_extract_string(r.trace_id, '$.value') "
            "when 'VARCHAR' then json_extract_string(r.trace_id, '$') end",
        ),
    ),
)

_INVOICE = Level(
    at="",
    table="invoices",
    known=known_fields.INVOICE_FIELDS,
    exports={"invoice_id": "id"},
    more={"total_tax_amounts": JSON, "total_taxes": JSON, "tax": TEXT},
    fields=(
        *_common("invoice_id", amount="total"),
        Field("invoice_number", "number", TEXT),
        Field("due_at", "due_date", EPOCH),
        Field("status", "status", TEXT),
        Field("subtotal_minor", "subtotal", MINOR),
        Field("", "tax", MINOR),
        Field(
            "tax_minor",
            "",
            MINOR,
            sql=f"coalesce(try_cast(r.tax as bigint), {_sum_of('total_tax_amounts', 'total_taxes')})",
        ),
        Field("amount_due_minor", "amount_due", MINOR),
        Field("amount_paid_minor", "amount_paid", MINOR),
        Field("amount_remaining_minor", "amount_remaining", MINOR),
        Field("customer_id", "customer", REFERENCE),
        Field("customer_name", "customer_name", TEXT),
        Field("customer_email", "customer_email", TEXT),
        Field("charge_id", "charge", REFERENCE),
        Field("payment_intent_id", "payment_intent", REFERENCE),
        Field("billing_reason", "billing_reason", TEXT),
        _ORDER_REFERENCE,
        _METADATA,
    ),
    children=(
        Level(
            at="lines.data",
            table="invoice_lines",
            ordinal="line_index",
            known=known_fields.INVOICE_LINE_FIELDS,
            more={"discount_amounts": JSON, "tax_amounts": JSON, "taxes": JSON},
            fields=(
                Field("invoice_line_id", "id", OBJECT_ID, is_required=True),
                Field("description", "description", TEXT),
                Field("quantity", "quantity", INTEGER),
                Field("amount_minor", "amount", MINOR, is_required=True),
                Field("discount_minor", "", MINOR, sql=_sum_of("discount_amounts")),
                Field("tax_minor", "", MINOR, sql=_sum_of("tax_amounts", "taxes")),
            ),
        ),
    ),
)


def _quoted(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


SOURCE = JsonSource(
    name="stripe",
    list_at="data",
    tables=TABLES,
    currency="$.currency",
    created="$.created",
    created_type=EPOCH,
    declared_amount=(
        f"({MINOR.value} * case when {{currency}} in ({_quoted(ZERO_DECIMALS)}) then 10000 "
        f"when {{currency}} in ({_quoted(THREE_DECIMALS)}) then 10 else 100 end)::decimal(18,0) "
        "* 0.0001::decimal(5,4)"
    ),
    expected="a charge, refund, dispute, balance_transaction, payout or invoice of the Stripe API",
    context="url",
    context_pattern="[?&]payout=(po_[A-Za-z0-9_]+)",
    objects=(
        ObjectSpec("charges", "charge", "$.amount", _CHARGE),
        ObjectSpec("refunds", "refund", "$.amount", _REFUND),
        ObjectSpec("disputes", "dispute", "$.amount", _DISPUTE),
        ObjectSpec("balance_transactions", "balance_transaction", "$.amount", _BALANCE_TRANSACTION),
        ObjectSpec("payouts", "payout", "$.amount", _PAYOUT),
        ObjectSpec("invoices", "invoice", "$.total", _INVOICE),
    ),
)


def read_many(files: Sequence[LandingFile], instance: SourceInstance) -> Iterator[Batch]:
    """Batches of the object tables, `rejects`, `control_totals`, `schema_drift` and the files' rows."""
    return read_json(SOURCE, files, instance)


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    return read_many([file], instance)
