"""NACHA files (ACH): file, batches, entries and addenda in records of 94 characters.

Source: Nacha Operating Rules, Appendix Three (ACH record format specifications) and Appendix Four (returns and
notifications of change). Control figures: entry and addenda count, entry hash (sum of the first eight digits of
the receiving banks, last ten digits), debit and credit totals, per batch and file; batch count and block count
(blocks of ten records, filled with nines). IAT (international) and ADV (accounting advices of the operator)
have records of their own shape.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from pipelines.payment_files.nacha_text import (
    ADVICE_CLASS,
    CENT,
    CURRENCY,
    WIDTH,
    cents_of,
    day_of,
    declared_in,
    lines_of,
    text_of,
)
from pipelines.payment_files.reading import (
    Payments,
    Rejected,
    Row,
    UnreadablePayments,
    compared,
    finding,
)
from pipelines.payment_files.schema import INSTRUCTIONS
from pipelines.rejects import UNKNOWN_CURRENCY

_MOST_RECORDS = 10_000_000
_FILLER = "9" * WIDTH
_HASH = 10**10
_LARGEST = 10**16  # cents that a sum of money can hold here

# Last digit of a transaction code: what the entry does to the receiver's account.
_CREDITS = {"0", "1", "2", "3", "4"}
_PRENOTES = {"3", "4", "8", "9"}
_RETURN_ADDENDA, _CHANGE_ADDENDA = "99", "98"


@dataclass
class _Sums:
    entries: int = 0  # entries and addenda
    hash: int = 0
    debits: int = 0
    credits: int = 0

    def add(self, other: "_Sums") -> None:
        self.entries += other.entries
        self.hash += other.hash
        self.debits += other.debits
        self.credits += other.credits


@dataclass
class _Batch:
    header: str
    position: int
    sums: _Sums = field(default_factory=_Sums)

    @property
    def is_advice(self) -> bool:
        return self.standard_class == ADVICE_CLASS

    @property
    def is_international(self) -> bool:
        return self.standard_class == "IAT"

    @property
    def standard_class(self) -> str:
        return self.header[50:53].strip()

    @property
    def number(self) -> str:
        return self.header[87:94].strip()

    @property
    def name(self) -> str:
        return f"batch {self.number or self.position}"

    @property
    def effective_date(self) -> date | None:
        # IAT has the same place for it.
        return day_of(self.header[69:75])


def read(content: bytes) -> Payments:
    """Entries and returns of one file. Raises UnreadablePayments."""
    records = list(_records(content))
    if not records or records[0][0] != "1":
        raise UnreadablePayments("the first record is no file header (type 1)")
    header = records[0]
    payments = Payments("nacha", _message(header))
    payments.declared = declared_in(content)
    total, batches = _Sums(), 0
    batch: _Batch | None = None
    control: str | None = None
    position = 0
    status_position = 0
    last: Row | None = None
    for number, record in enumerate(records[1:], 2):
        kind = record[0]
        if control is not None:
            if record != _FILLER:
                payments.findings.append(
                    finding("trailing_records", f"record {number} follows the file control")
                )
                control = control if kind != "9" else record
            continue
        if kind == "5":
            if batch is not None:
                payments.findings.append(
                    finding("batch_without_control", f"{batch.name} has no batch control (type 8)")
                )
                total.add(batch.sums)
            batches += 1
            batch, last = _Batch(record, batches), None
        elif kind == "6":
            position += 1
            if batch is None:
                payments.findings.append(
                    finding("entry_outside_batch", f"record {number} is an entry outside a batch")
                )
                batch = _Batch(" " * WIDTH, batches)
            last = _entry(record, position, batch, payments)
        elif kind == "7":
            if batch is not None:
                batch.sums.entries += 1
            if record[1:3] in (_RETURN_ADDENDA, _CHANGE_ADDENDA):
                status_position += 1
                is_iat = batch is not None and batch.is_international
                payments.statuses.append(_return(record, status_position, last, payments, is_iat))
            elif last is not None:
                _addendum(record, last)
        elif kind == "8" and batch is not None:
            payments.findings += _check(record, batch.sums, batch.name, 4, 20 if batch.is_advice else 12)
            payments.findings += _same_batch(record, batch)
            total.add(batch.sums)
            batch = None
        elif kind == "9":
            control = record
        else:
            payments.findings.append(finding("unknown_record", f"record {number} is of type {kind!r}"))
    if batch is not None:
        payments.findings.append(
            finding("batch_without_control", f"{batch.name} has no batch control (type 8)")
        )
        total.add(batch.sums)
    has_advices = bool(batches) and all(
        record[50:53] == ADVICE_CLASS for record in records if record[0] == "5"
    )
    _finish(payments, control, total, batches, len(records), 20 if has_advices else 12)
    return payments


def _records(content: bytes) -> Iterator[str]:
    """Records of 94 characters: in lines (which may have lost their trailing blanks), or unbroken."""
    lines = [text_of(line) for line in lines_of(content)]
    if not lines:
        raise UnreadablePayments("the file is empty")
    if len(lines) > _MOST_RECORDS:
        raise UnreadablePayments(f"more than {_MOST_RECORDS} records")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line.rstrip()) > WIDTH:
            raise UnreadablePayments(f"record {number} has {len(line)} characters, expected {WIDTH}")
        yield line[:WIDTH].ljust(WIDTH)


def _message(header: str) -> Row:
    moment = None
    on = day_of(header[23:29])
    if on is not None:
        clock = header[29:33]
        hours, minutes = (int(clock[:2]), int(clock[2:])) if clock.isdigit() else (0, 0)
        valid = hours < 24 and minutes < 60
        moment = datetime(
            on.year, on.month, on.day, hours if valid else 0, minutes if valid else 0, tzinfo=UTC
        )
    return {
        "message_id": "-".join(part.strip() for part in (header[13:23], header[23:29], header[29:33], header[33]) if part.strip()),
        "created_at": moment,
        "initiating_party": header[63:86].strip() or header[13:23].strip() or None,
    }  # fmt: skip


def _entry(record: str, position: int, batch: _Batch, payments: Payments) -> Row | None:
    code, written = record[1:3], record[27:39] if batch.is_advice else record[29:39]
    cents = cents_of(written)
    bank = record[3:11]
    batch.sums.entries += 1
    batch.sums.hash += int(bank) if bank.isdigit() else 0
    if cents is None or not code.isdigit():
        name, value = ("amount", written) if cents is None else ("transaction_code", code)
        payments.rejected.append(
            Rejected(
                position, INSTRUCTIONS, name, value, "digits", False, record, CURRENCY, batch.effective_date,
                Decimal(cents or 0) * CENT,
            )
        )  # fmt: skip
        if cents is not None:
            batch.sums.debits += cents
        return None
    # Advices: 81, 83, 85, 87 credit and 82, 84, 86, 88 debit the bank itself.
    is_credit = int(code[1]) % 2 == 1 if batch.is_advice else code[1] in _CREDITS
    if is_credit:
        batch.sums.credits += cents
    else:
        batch.sums.debits += cents
    is_iat = batch.is_international
    trace = "" if batch.is_advice else record[79:94].strip()
    row: Row = {
        "position": position,
        "instruction_key": f"{payments.message['message_id']}:{batch.number or batch.position}:{trace or position}:{position}",
        "message_id": payments.message["message_id"],
        "batch_id": batch.number or str(batch.position),
        "instruction_id": trace or None,
        "end_to_end_id": None if is_iat or batch.is_advice else record[39:54].strip() or None,
        "direction": "outgoing" if is_credit else "collection",
        "execution_date": batch.effective_date,
        "amount": Decimal(cents) * CENT,
        "currency": CURRENCY,
        "transfer_currency": _foreign(batch.header) if is_iat else None,
        "own_name": None if is_iat else batch.header[4:20].strip() or None,
        "own_account": batch.header[40:50].strip() or None,
        "own_bank": batch.header[79:87].strip() or None,
        "counterparty_name": None if is_iat else record[54:76].strip() or None,
        "counterparty_account": (record[39:74] if is_iat else record[12:27] if batch.is_advice else record[12:29]).strip() or None,
        "counterparty_bank": record[3:12].strip() or None,
        "remittance_text": None,
        "purpose_code": batch.header[53:63].strip() or None,
        "service_level": batch.standard_class or None,
        "transaction_code": code,
        "is_prenote": not batch.is_advice and code[1] in _PRENOTES,
    }  # fmt: skip
    if batch.standard_class == "CTX":  # two digits of addenda count stand in front of the name
        row["counterparty_name"] = record[58:74].strip() or None
    payments.instructions.append(row)
    return row


def _foreign(header: str) -> str | None:
    """The currency at the other end (ISO originating and destination currency codes), when it is not ours."""
    return next((code for code in (header[63:66], header[66:69]) if code.strip() and code != CURRENCY), None)


def _addendum(record: str, entry: Row) -> None:
    if record[1:3] == "10":  # IAT: the receiver's name
        entry["counterparty_name"] = record[46:81].strip() or None
        return
    if record[1:3] == "05":
        words = record[3:83].rstrip()
        entry["remittance_text"] = f"{entry['remittance_text'] or ''}{words}" or None


def _return(record: str, position: int, entry: Row | None, payments: Payments, is_iat: bool) -> Row:
    """A returned entry (99) or a correction that the other bank asks for (98)."""
    is_return = record[1:3] == _RETURN_ADDENDA
    row = {
        "position": position,
        "status_key": f"{payments.message['message_id']}:{position}",
        "message_id": payments.message["message_id"],
        "created_at": payments.message["created_at"],
        "level": "instruction",
        "original_instruction_id": record[6:21].strip() or None,
        "source_status": "RETURNED" if is_return else "CHANGE",
        "reason_code": record[3:6].strip() or None,
        # The return of an IAT entry repeats its amount in front of the words.
        "reason_text": record[45 if is_iat and is_return else 35 : 79].strip() or None,
        "currency": UNKNOWN_CURRENCY,
    }
    if entry is not None:
        row |= {
            "original_end_to_end_id": entry["end_to_end_id"],
            "original_amount": entry["amount"],
            "original_currency": CURRENCY,
        }
        # The entry above repeats what was sent weeks ago; as an instruction it would be paid twice.
        if payments.instructions and payments.instructions[-1] is entry:
            payments.instructions.pop()
    return row


def _check(record: str, has: _Sums, named: str, at: int, digits: int) -> list[Row]:
    """Control figures that stand alike in batch control (from 4) and file control (from 13).

    digits: of each total; 12, advices 20.
    """
    says_entries, says_hash = cents_of(record[at : at + (6 if at == 4 else 8)]), None
    shift = at + (6 if at == 4 else 8)
    says_hash = cents_of(record[shift : shift + 10])
    debits, credits = _totals(record, shift + 10, digits)
    findings = compared(
        "count_mismatch", f"entry and addenda count of {named}", says_entries, has.entries, is_amount=False
    )
    findings += compared(
        "hash_mismatch", f"entry hash of {named}", says_hash, has.hash % _HASH, is_amount=False
    )
    for what, says, found in (("debits", debits, has.debits), ("credits", credits, has.credits)):
        amount = None if says is None else Decimal(says) * CENT
        findings += compared(
            "sum_mismatch", f"total of {what} of {named}", amount, Decimal(found) * CENT, is_amount=True
        )
    if None in (says_entries, says_hash, debits, credits):
        findings.append(finding("control_unreadable", f"control figures of {named} are not all digits"))
    return findings


def _totals(record: str, at: int, digits: int) -> tuple[int | None, int | None]:
    """Debits and credits of a control record."""
    return cents_of(record[at : at + digits]), cents_of(record[at + digits : at + 2 * digits])


def _same_batch(record: str, batch: _Batch) -> list[Row]:
    findings = []
    for what, own, other in (
        ("service class", batch.header[1:4], record[1:4]),
        *(() if batch.is_advice else (("company identification", batch.header[40:50], record[44:54]),)),
        ("originating bank", batch.header[79:87], record[79:87]),
        ("batch number", batch.header[87:94], record[87:94]),
    ):
        if other.strip() and own.strip() != other.strip():
            findings.append(
                finding(
                    "batch_mismatch",
                    f"{what} of {batch.name} is {own!r} in its header, {other!r} in its control",
                )
            )
    return findings


def _finish(
    payments: Payments, control: str | None, total: _Sums, batches: int, records: int, digits: int
) -> None:
    message = payments.message
    message["found_count"], message["found_amount"] = (
        total.entries,
        Decimal(total.debits + total.credits) * CENT,
    )
    message["declared_count"], message["declared_amount"] = None, None
    if control is None:
        payments.findings.append(
            finding("file_without_control", "the file has no file control (type 9): it is not complete")
        )
        return
    payments.findings += _check(control, total, "the file", 13, digits)
    payments.findings += compared(
        "batch_count_mismatch", "batch count of the file", cents_of(control[1:7]), batches, is_amount=False
    )
    blocks = cents_of(control[7:13])
    payments.findings += compared(
        "block_count_mismatch", "block count of the file", blocks, -(-records // 10), is_amount=False
    )
    if records % 10:
        payments.findings.append(
            finding(
                "block_not_filled",
                f"{records} records: the last block of ten is not filled with nines",
                severity="warning",
            )
        )
    message["declared_count"] = cents_of(control[13:21])
    debits, credits = _totals(control, 31, digits)
    if debits is not None and credits is not None and debits + credits < _LARGEST:
        message["declared_amount"] = Decimal(debits + credits) * CENT
