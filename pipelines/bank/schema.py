"""The raw tables of bank statements: one shape for every bank format.

Belongs here: columns and types of `raw_bank`. Does not belong here: how one format fills them
(`camt`, `mt940`). Amounts are signed from the account holder's view: credit positive, debit negative.
"""

import pyarrow as pa

from pipelines.provenance import MONEY, PROVENANCE, RATE, TIMESTAMP

_TEXT = pa.string()
_NUMBER = pa.int64()
_DATE = pa.date32()
_FLAG = pa.bool_()

STATEMENT_COLUMNS: dict[str, pa.DataType] = {
    "statement_id": _TEXT,
    "account_number": _TEXT,
    "account_currency": _TEXT,
    "account_owner": _TEXT,
    "bank_bic": _TEXT,
    "sequence_number": _NUMBER,
    "page_number": _NUMBER,
    "is_last_page": _FLAG,
    "from_date": _DATE,
    "to_date": _DATE,
    "created_at": TIMESTAMP,
    "opening_balance_amount": MONEY,
    "opening_balance_date": _DATE,
    "closing_balance_amount": MONEY,
    "closing_balance_date": _DATE,
    "is_intermediate": _FLAG,
    "line_count": _NUMBER,
    "movement_amount": MONEY,
    "declared_entry_count": _NUMBER,
    "declared_net_amount": MONEY,
    "control_problem": _TEXT,  # where the format's own totals contradict the content, in words
    "control_residual_amount": MONEY,  # by how much, declared minus found
    "is_cut_off": _FLAG,  # the file ends within the statement; a whole version of it goes before
    "format": _TEXT,
    "message_id": _TEXT,
}

TRANSACTION_COLUMNS: dict[str, pa.DataType] = {
    "transaction_id": _TEXT,
    "statement_id": _TEXT,
    "statement_position": _NUMBER,  # source_position of its statement in the same file
    "account_number": _TEXT,
    "account_currency": _TEXT,
    "line_number": _NUMBER,
    "booking_date": _DATE,
    "value_date": _DATE,
    "amount": MONEY,
    "currency": _TEXT,
    "is_reversal": _FLAG,
    "entry_status": _TEXT,
    "entry_reference": _TEXT,
    "bank_transaction_code": _TEXT,
    "proprietary_code": _TEXT,
    "servicer_reference": _TEXT,
    "customer_reference": _TEXT,
    "end_to_end_id": _TEXT,
    "mandate_id": _TEXT,
    "payment_information_id": _TEXT,
    "counterparty_name": _TEXT,
    "counterparty_account": _TEXT,
    "counterparty_bank": _TEXT,
    "remittance_text": _TEXT,
    "structured_reference": _TEXT,
    "additional_info": _TEXT,
    "purpose_code": _TEXT,
    "charges_amount": MONEY,
    "charges_currency": _TEXT,
    "original_amount": MONEY,
    "original_currency": _TEXT,
    "exchange_rate": RATE,
    "detail_count": _NUMBER,
    "extra_json": _TEXT,
}

DETAIL_COLUMNS: dict[str, pa.DataType] = {
    "transaction_id": _TEXT,
    "detail_number": _NUMBER,
    "amount": MONEY,
    "currency": _TEXT,
    "end_to_end_id": _TEXT,
    "mandate_id": _TEXT,
    "counterparty_name": _TEXT,
    "counterparty_account": _TEXT,
    "remittance_text": _TEXT,
    "structured_reference": _TEXT,
    "servicer_reference": _TEXT,
    "purpose_code": _TEXT,
}


def _table(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema([*PROVENANCE, *(pa.field(name, type_) for name, type_ in columns.items())])


STATEMENTS = _table(STATEMENT_COLUMNS)
TRANSACTIONS = _table(TRANSACTION_COLUMNS)
TRANSACTION_DETAILS = _table(DETAIL_COLUMNS)

TABLES: dict[str, pa.Schema] = {
    "statements": STATEMENTS,
    "transactions": TRANSACTIONS,
    "transaction_details": TRANSACTION_DETAILS,
}

# Entry states (ISO 20022) of what is announced and has not moved the balance.
NOT_BOOKED = ("PDNG", "INFO", "FUTR")

STATEMENT_STREAM = "bank_statements"
TRANSACTION_STREAM = "bank_transactions"
