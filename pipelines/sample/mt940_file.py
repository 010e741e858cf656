"""MT940 as banks send it to corporate customers, with the structured :86: of German practice.

Source: SWIFT MT940 and the DFÜ agreement's Annex 3, chapter 8 (subfields ?00 to ?63 of :86:).
"""

from typing import TYPE_CHECKING

from pipelines.sample.books import text

if TYPE_CHECKING:
    from pipelines.sample.books import BankLine
    from pipelines.sample.statements import Statement

TYPES = {
    "receipt": ("NTRF", "166", "CREDIT TRANSFER"), "unknown": ("NTRF", "166", "CREDIT TRANSFER"), "bill_payment": ("NTRF", "116", "OUTGOING TRANSFER"),
    "reimbursement": ("NTRF", "116", "OUTGOING TRANSFER"), "payment_run": ("NTRF", "191", "BATCH DEBIT"), "card_settlement": ("NDDT", "105", "DIRECT DEBIT"),
    "bank_fee": ("NCHG", "808", "CHARGES"), "transfer": ("NTRF", "166", "TRANSFER"),
}  # fmt: skip
_ALLOWED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ") - {"?"}


def swift_text(value: str) -> str:
    """Only SWIFT's character set x, and no question mark, which starts a subfield in :86:."""
    return "".join(c if c in _ALLOWED else "+" if c == "&" else "." for c in value).strip()


def _pieces(value: str, width: int = 27) -> list[str]:
    """Cut into subfields at the width, as banks do: a reader can then tell a cut from the end of a word."""
    return [value[at : at + width] for at in range(0, len(value), width)] or [""]


def _amount(minor: int, currency: str) -> str:
    return text(abs(minor), currency).replace(".", ",") + ("" if "." in text(abs(minor), currency) else ",")


def _transaction(line: "BankLine") -> str:
    kind, code, label = TYPES[line.kind]
    if line.kind == "transfer" and line.amount < 0:
        code = "116"
    day = line.day
    mark = "C" if line.amount >= 0 else "D"
    first = (
        f":61:{day:%y%m%d}{day:%m%d}{mark}{_amount(line.amount, line.currency)}{kind}NONREF//{line.reference}"
    )
    rows = [first]
    extra = ""
    if line.original_currency and line.kind == "receipt":
        extra += f"/OCMT/{line.original_currency}{_amount(line.original_amount, line.original_currency)}"
    elif line.charges:
        extra += f"/OCMT/{line.currency}{_amount(line.amount + line.charges, line.currency)}"
    if line.original_currency and line.kind == "transfer":
        extra += f"/OCMT/{line.original_currency}{_amount(line.original_amount, line.original_currency)}"
    if line.charges:
        extra += f"/CHGS/{line.currency}{_amount(line.charges, line.currency)}"
    if extra:
        rows.append(extra)
    fields = [f"?00{label}", f"?10{line.reference[-5:]}"]
    purpose = []
    if line.end_to_end_id:
        purpose.append("EREF+" + line.end_to_end_id)
    if line.remittance:
        purpose += _pieces("SVWZ+" + line.remittance)
    fields += [f"?{20 + i}{piece}" for i, piece in enumerate(purpose[:10])]
    if line.counterparty_bank:
        fields.append(f"?30{line.counterparty_bank}")
    if line.counterparty:
        fields.append(f"?31{line.counterparty}")
    if line.name:
        fields += [f"?{32 + i}{piece}" for i, piece in enumerate(_pieces(line.name)[:2])]
    pairs = ["".join(fields[i : i + 2]) for i in range(0, len(fields), 2)]
    rows.append(f":86:{code}" + pairs[0])
    return "\r\n".join(rows + pairs[1:]) + "\r\n"


def mt940(statement: "Statement") -> bytes:
    """The statement as one MT940 message."""
    account = statement.account

    def balance(tag: str, minor: int, day: str) -> str:
        return f":{tag}:{'C' if minor >= 0 else 'D'}{day}{account.currency}{_amount(minor, account.currency)}\r\n"

    head = f":20:{statement.native_id}\r\n:25:{account.number}\r\n:28C:{statement.sequence:05d}/001\r\n"
    return (
        head
        + balance("60F", statement.stated_opening, f"{statement.previous_day:%y%m%d}")
        + "".join(_transaction(line) for line in statement.lines)
        + balance("62F", statement.stated_closing, f"{statement.day:%y%m%d}")
        + balance("64", statement.stated_closing, f"{statement.day:%y%m%d}")
        + "-\r\n"
    ).encode("ascii")
