"""The raw tables of CSV exports: one per stream, whatever the file calls its columns.

Belongs here: columns, types, what a record must have, and which column carries its date and money for
the control totals. Does not belong here: how a file's columns are found (`layout`).
"""

from dataclasses import dataclass

import pyarrow as pa

from pipelines.bank.schema import TRANSACTION_COLUMNS
from pipelines.provenance import MONEY, PROVENANCE, RATE, TIMESTAMP

_TEXT, _NUMBER, _DATE, _FLAG = pa.string(), pa.int64(), pa.date32(), pa.bool_()


def _columns(
    text: str = "", money: str = "", dates: str = "", times: str = "", numbers: str = "", rates: str = "", flags: str = ""
) -> dict[str, pa.DataType]:  # fmt: skip
    groups = (
        (text, _TEXT), (money, MONEY), (dates, _DATE), (times, TIMESTAMP), (numbers, _NUMBER), (rates, RATE), (flags, _FLAG),
    )  # fmt: skip
    return {name: type_ for names, type_ in groups for name in names.split()}


@dataclass(frozen=True)
class Stream:
    """Shape of one stream.

    identity: the first column is the record's key; `or` columns fill it when it is not in the file.
    required: columns without which a record is a reject. dates: the business date is the first that the
    file has. amount: columns summed for the control totals; those of `minus` are subtracted.
    required_if_there: required where the file has the column. Some shops export orders without amounts and
    payments without dates; the lines and the order say the rest.
    """

    columns: dict[str, pa.DataType]
    key: str
    key_from: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    line_of: str | None = None
    required_if_there: tuple[str, ...] = ()

    @property
    def table(self) -> pa.Schema:
        return pa.schema(
            [
                *PROVENANCE,
                *(pa.field(name, type_) for name, type_ in self.columns.items()),
                pa.field("extra_json", _TEXT),
            ]
        )


_LINE = _columns(
    text="description tax_code account_code cost_center currency",
    money="unit_price net_amount tax_amount",
    dates="invoice_date",
    numbers="line_number",
    rates="quantity",
)

STREAMS: dict[str, Stream] = {
    "orders": Stream(
        columns=_columns(
            text="order_id order_number customer_id customer_name customer_email currency status",
            money="net_amount discount_amount shipping_amount tax_amount total_amount",
            dates="order_date",
            times="created_at updated_at",
        ),
        key="order_id",
        key_from=("order_number",),
        required=("order_id", "order_date", "currency"),
        required_if_there=("total_amount",),
        dates=("order_date", "created_at"),
        amount=("total_amount",),
    ),
    # One row per item of an order. Amounts are as the file has them, but `total_amount`, which is what the row adds
    # to its order, and `discount_amount`, what was taken off it; `order_*` repeat what is of the whole order.
    "order_lines": Stream(
        columns=_columns(
            text="order_id order_number line_id sku description customer_id customer_name customer_email currency status",
            money="unit_price line_amount discount_amount tax_amount shipping_amount total_amount order_total_amount"
            " order_discount_amount order_shipping_amount order_tax_amount",
            dates="order_date",
            times="created_at updated_at",
            numbers="line_number",
            rates="quantity discount_rate",
            flags="is_tax_included",
        ),
        key="order_id",
        key_from=("order_number",),
        required=("order_id", "line_number", "currency"),
        dates=("order_date", "created_at"),
        amount=("total_amount",),
        line_of="order_id",
    ),
    "payments": Stream(
        columns=_columns(
            text="payment_id payment_type party_id party_name currency reference invoice_number order_number method status"
            " balance_transaction_id payout_id",
            money="amount fee_amount",
            dates="payment_date",
            times="updated_at",
        ),
        key="payment_id",
        required=("payment_id", "currency", "amount"),
        required_if_there=("payment_date",),
        dates=("payment_date",),
        amount=("amount",),
    ),
    "invoices": Stream(
        columns=_columns(
            text="invoice_id invoice_number document_type customer_id customer_name currency order_number"
            " original_invoice_number status tax_code reference",
            money="net_amount tax_amount total_amount",
            dates="invoice_date due_date",
            times="updated_at",
            numbers="discount_days",
            rates="discount_percent",
        ),
        key="invoice_id",
        key_from=("invoice_number",),
        required=("invoice_id", "invoice_date", "currency", "total_amount"),
        dates=("invoice_date",),
        amount=("total_amount",),
    ),
    "invoice_lines": Stream(
        columns={"invoice_id": _TEXT, **_LINE},
        key="invoice_id",
        required=("invoice_id", "line_number"),
        dates=("invoice_date",),
        amount=("net_amount",),
        line_of="invoice_id",
    ),
    "bills": Stream(
        columns=_columns(
            text="bill_id bill_number document_type vendor_id vendor_name vendor_account currency purchase_order"
            " status tax_code",
            money="net_amount tax_amount total_amount",
            dates="bill_date due_date",
            times="updated_at",
            numbers="discount_days",
            rates="discount_percent",
        ),
        key="bill_id",
        key_from=("vendor_id", "vendor_name", "bill_number"),
        required=("bill_id", "bill_date", "currency", "total_amount"),
        dates=("bill_date",),
        amount=("total_amount",),
    ),
    "bill_lines": Stream(
        columns={"bill_id": _TEXT, **_LINE},
        key="bill_id",
        required=("bill_id", "line_number"),
        dates=("invoice_date",),
        amount=("net_amount",),
        line_of="bill_id",
    ),
    "expenses": Stream(
        columns=_columns(
            text="expense_id report_id report_name employee_id employee_name currency tax_code category merchant"
            " payment_method card_transaction_reference status description cost_center",
            money="amount tax_amount",
            dates="expense_date submitted_date approved_date",
            times="updated_at",
            flags="is_reimbursable",
        ),
        key="expense_id",
        required=("expense_id", "expense_date", "currency", "amount"),
        dates=("expense_date",),
        amount=("amount",),
    ),
    "card_transactions": Stream(
        columns=_columns(
            text="card_transaction_id card_id employee_id merchant currency original_currency category"
            " transaction_type statement_reference status",
            money="amount original_amount",
            dates="transaction_date posting_date",
        ),
        key="card_transaction_id",
        required=("card_transaction_id", "transaction_date", "currency", "amount"),
        dates=("transaction_date", "posting_date"),
        amount=("amount",),
    ),
    "bank_transactions": Stream(
        columns={
            **{
                name: type_
                for name, type_ in TRANSACTION_COLUMNS.items()
                if name not in ("extra_json", "statement_position")
            },
            "balance_amount": MONEY,
            # What the file states above or below its table, on every line of it; filled by the reader.
            "stated_opening_amount": MONEY,
            "stated_closing_amount": MONEY,
        },
        key="transaction_id",
        required=("account_number", "booking_date", "currency", "amount"),
        dates=("booking_date", "value_date"),
        amount=("amount",),
    ),
    "balance_transactions": Stream(
        columns=_columns(
            text="balance_transaction_id balance_type source_object_id payout_id currency description reference"
            " party_name original_currency status",
            money="amount fee_amount net_amount original_amount balance_amount",
            dates="available_date created_date",
            times="created_at",
            rates="exchange_rate",
        ),
        key="balance_transaction_id",
        required=("balance_transaction_id", "created_date", "currency", "amount"),
        dates=("created_date", "created_at"),
        amount=("amount",),
    ),
    "payouts": Stream(
        columns=_columns(
            text="payout_id currency status destination statement_descriptor trace_id balance_transaction_id",
            money="amount",
            dates="arrival_date created_date",
            times="created_at",
        ),
        key="payout_id",
        required=("payout_id", "created_date", "currency", "amount"),
        dates=("created_date", "created_at"),
        amount=("amount",),
    ),
    "gl_entries": Stream(
        columns=_columns(
            text="entry_id document_type document_number account_code currency base_currency description"
            " cost_center party_id",
            money="debit_amount credit_amount base_debit_amount base_credit_amount",
            dates="posting_date",
            times="updated_at",
            numbers="line_number",
        ),
        key="entry_id",
        key_from=("document_type", "document_number"),
        required=("entry_id", "line_number", "posting_date", "account_code", "currency"),
        dates=("posting_date",),
        amount=("debit_amount",),
        minus=("credit_amount",),
        line_of="entry_id",
    ),
}

TABLES: dict[str, pa.Schema] = {name: stream.table for name, stream in STREAMS.items()}
