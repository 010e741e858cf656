"""The raw tables of payment files: what was sent to a bank, and what came back about it.

One shape for ISO 20022 pain.001 (credit transfers), pain.008 (direct debits), pain.002 (status reports) and
NACHA (ACH). Amounts are positive; `direction` says which way the money is to go.
"""

import pyarrow as pa

from pipelines.provenance import MONEY, PROVENANCE, TIMESTAMP

_TEXT = pa.string()
_DATE = pa.date32()
_NUMBER = pa.int64()

MESSAGE_COLUMNS: dict[str, pa.DataType] = {
    "message_id": _TEXT,
    "format": _TEXT,  # pain.001.001.09, nacha ...
    "created_at": TIMESTAMP,
    "initiating_party": _TEXT,
    "declared_count": _NUMBER,  # NbOfTxs, or the count of the file control record
    "declared_amount": MONEY,  # CtrlSum, a sum over currencies; NACHA: debits and credits
    "found_count": _NUMBER,
    "found_amount": MONEY,
}

INSTRUCTION_COLUMNS: dict[str, pa.DataType] = {
    "instruction_key": _TEXT,  # message, batch and instruction: the same in every copy of the file
    "message_id": _TEXT,
    "batch_id": _TEXT,  # PmtInfId; NACHA: batch number and company
    "instruction_id": _TEXT,
    "end_to_end_id": _TEXT,
    "direction": _TEXT,  # outgoing, collection
    "execution_date": _DATE,
    "amount": MONEY,
    "currency": _TEXT,
    "transfer_currency": _TEXT,  # where the amount is an equivalent in another currency
    "own_name": _TEXT,
    "own_account": _TEXT,
    "own_bank": _TEXT,
    "counterparty_name": _TEXT,
    "counterparty_account": _TEXT,
    "counterparty_bank": _TEXT,
    "remittance_text": _TEXT,
    "structured_reference": _TEXT,
    "mandate_id": _TEXT,
    "purpose_code": _TEXT,
    "charge_bearer": _TEXT,
    "service_level": _TEXT,  # SEPA, URGP; NACHA: the standard entry class
    "transaction_code": _TEXT,  # NACHA
    "is_prenote": pa.bool_(),  # NACHA: a test without money
}

STATUS_COLUMNS: dict[str, pa.DataType] = {
    "status_key": _TEXT,
    "message_id": _TEXT,  # of the report
    "created_at": TIMESTAMP,
    "level": _TEXT,  # message, batch, instruction
    "original_message_id": _TEXT,
    "original_batch_id": _TEXT,
    "original_instruction_id": _TEXT,
    "original_end_to_end_id": _TEXT,
    "source_status": _TEXT,  # ISO 20022 ExternalPaymentTransactionStatus; NACHA: RETURNED, CHANGE
    "reason_code": _TEXT,
    "reason_text": _TEXT,
    "original_amount": MONEY,
    "original_currency": _TEXT,
    "currency": _TEXT,  # XXX: a status is no money; its stream is counted, not added
}

# What the control figures of a file say and what it holds.
FINDING_COLUMNS: dict[str, pa.DataType] = {
    "finding_number": _NUMBER,
    "code": _TEXT,
    "severity": _TEXT,  # fatal, warning
    "message": _TEXT,
    "expected_amount": MONEY,  # what the control figure says
    "found_amount": MONEY,
    "currency": _TEXT,
    "message_id": _TEXT,
    "business_date": _DATE,
}


def _table(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema([*PROVENANCE, *(pa.field(name, type_) for name, type_ in columns.items())])


TABLES: dict[str, pa.Schema] = {
    "messages": _table(MESSAGE_COLUMNS),
    "instructions": _table(INSTRUCTION_COLUMNS),
    "statuses": _table(STATUS_COLUMNS),
    "findings": _table(FINDING_COLUMNS),
}

INSTRUCTIONS = "payment_instructions"
STATUSES = "payment_statuses"
