"""ISO 20022 pain.001, pain.008 and pain.002, versions 001.02 and later, with and without namespace.

Source: ISO 20022 message definitions CustomerCreditTransferInitiation (pain.001), CustomerDirectDebitInitiation
(pain.008), CustomerPaymentStatusReport (pain.002); EPC132-08 (SEPA). Number of transactions and control sum
stand at the group and at each payment information; the control sum adds amounts whatever their currency.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from lxml import etree

from pipelines.bank.xml_shred import RefusedXml, check, to_utf8
from pipelines.einvoice.values import Unreadable, day, money, number, text
from pipelines.payment_files.reading import (
    Declared,
    Payments,
    Rejected,
    Row,
    UnreadablePayments,
    added,
    compared,
)
from pipelines.payment_files.schema import INSTRUCTIONS, STATUSES
from pipelines.rejects import UNKNOWN_CURRENCY

_DEEPEST = 64
_ROOTS = {"CstmrCdtTrfInitn": "pain.001", "CstmrDrctDbtInitn": "pain.008", "CstmrPmtStsRpt": "pain.002"}
_OLD_ROOTS = {"pain.001.001.02": "pain.001", "pain.002.001.02": "pain.002", "pain.008.001.01": "pain.008"}
_VERSION = re.compile(r"pain\.00[128]\.\d{3}\.\d{2}")
_ISO_CODE = re.compile(r"[A-Z]{3}")


def read(content: bytes) -> Payments:
    """Instructions or statuses of one message. Raises UnreadablePayments."""
    try:
        clean = to_utf8(content)
        check(clean)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
            huge_tree=True, encoding="utf-8",
        )  # fmt: skip
        root = etree.fromstring(re.sub(rb"^\s*<\?xml[^>]*\?>", b"", clean, count=1), parser)
    except RefusedXml as error:
        raise UnreadablePayments(str(error)) from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadablePayments(f"not well-formed XML: {error}") from error
    version = _VERSION.search(" ".join(_namespaces(root)))
    _bare(root)
    bodies = [element for element in root.iter() if element.tag in _ROOTS or element.tag in _OLD_ROOTS]
    if not bodies:
        raise UnreadablePayments(f"root element {root.tag} without a pain.001, pain.002 or pain.008 message")
    if len(bodies) > 1:
        raise UnreadablePayments(
            f"a container with {len(bodies)} messages; expected one: save each message as a file of its own"
        )
    body = bodies[0]
    kind = _ROOTS.get(str(body.tag)) or _OLD_ROOTS[str(body.tag)]
    header = body.find("GrpHdr")
    if header is None:
        raise UnreadablePayments(f"{body.tag} has no group header (GrpHdr)")
    payments = Payments(version.group() if version else kind, _message(header))
    payments.declared = _declared(clean, kind)
    if kind == "pain.002":
        _statuses(body, payments)
    else:
        _initiation(body, header, payments, kind)
    return payments


def _namespaces(root: etree._Element) -> Iterator[str]:
    """Those of the elements; a container (conxml, business message) stands around the document."""
    for element in root.iter():
        yield etree.QName(element).namespace or ""
        if etree.QName(element).localname == "GrpHdr":
            return


def _bare(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if depth > _DEEPEST:
            raise UnreadablePayments(f"elements nested deeper than {_DEEPEST} levels; not a payment message")
        element.tag = etree.QName(element).localname


def _message(header: etree._Element) -> Row:
    return {
        "message_id": text(header.findtext("MsgId")),
        "created_at": _moment(header.findtext("CreDtTm")),
        "initiating_party": text(header.findtext("InitgPty/Nm")) or text(header.findtext("InitgPty/Id//Id")),
    }


def _moment(written: str | None) -> datetime | None:
    """UTC; a time without a zone is taken as UTC (the standard leaves it to the parties)."""
    try:
        moment = datetime.fromisoformat((written or "").strip())
    except ValueError:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _initiation(body: etree._Element, header: etree._Element, payments: Payments, kind: str) -> None:
    is_debit = kind == "pain.008"
    position, total = 0, Decimal(0)
    for batch in body.iterfind("PmtInf"):
        before, count, batch_total = position, 0, Decimal(0)
        shared = _batch(batch, is_debit)
        for transaction in batch.iterfind("DrctDbtTxInf" if is_debit else "CdtTrfTxInf"):
            position += 1
            count += 1
            batch_total += _transaction(transaction, position, shared, payments, is_debit) or Decimal(0)
        total += batch_total
        named = f"payment information {shared['batch_id'] or before + 1}"
        _compare(batch, named, count, batch_total, payments)
    payments.message["found_count"], payments.message["found_amount"] = position, total
    says = _compare(header, "the group header", position, total, payments)
    payments.message["declared_count"], payments.message["declared_amount"] = says


def _compare(
    element: etree._Element, named: str, count: int, total: Decimal, payments: Payments
) -> tuple[int | None, Decimal | None]:
    """Count and sum that an element states; findings where the file holds something else."""
    bad: list[Unreadable] = []
    says = number(element.findtext("NbOfTxs"), "NbOfTxs", 15, 0, bad)
    sum_says = number(element.findtext("CtrlSum"), "CtrlSum", 40, 17, bad)
    says_count = None if says is None else int(says)
    payments.findings += compared(
        "count_mismatch", f"number of transactions of {named}", says_count, count, is_amount=False
    )
    payments.findings += compared("sum_mismatch", f"control sum of {named}", sum_says, total, is_amount=True)
    payments.findings += [
        {"code": "control_unreadable", "severity": "fatal", "message": f"{field} of {named} is {value[:40]!r}, expected {expected}"}
        for field, value, expected, _ in bad
    ]  # fmt: skip
    fits = sum_says is not None and abs(sum_says) < Decimal(10) ** 14
    return says_count, sum_says.quantize(Decimal("0.0001")) if fits and sum_says is not None else None


def _batch(batch: etree._Element, is_debit: bool) -> Row:
    own = "Cdtr" if is_debit else "Dbtr"
    bad: list[Unreadable] = []
    return {
        "batch_id": text(batch.findtext("PmtInfId")),
        "execution_date": day(_requested(batch, is_debit), "execution_date", bad),
        "own_name": text(batch.findtext(f"{own}/Nm")),
        "own_account": _account(batch.find(f"{own}Acct")),
        "own_bank": _bank(batch.find(f"{own}Agt")),
        "charge_bearer": text(batch.findtext("ChrgBr")),
        "service_level": text(batch.findtext("PmtTpInf/SvcLvl/Cd"))
        or text(batch.findtext("PmtTpInf/SvcLvl/Prtry")),
    }


def _requested(batch: etree._Element, is_debit: bool) -> str | None:
    if is_debit:
        return batch.findtext("ReqdColltnDt")
    requested = batch.find("ReqdExctnDt")
    if requested is None:
        return None
    return requested.findtext("Dt") or requested.findtext("DtTm") or requested.text


def _account(account: etree._Element | None) -> str | None:
    if account is None:
        return None
    iban = text(account.findtext("Id/IBAN"))
    return (
        iban.replace(" ", "").upper()
        if iban
        else text(account.findtext("Id/Othr/Id")) or text(account.findtext("Id/PrtryAcct/Id"))
    )


def _bank(agent: etree._Element | None) -> str | None:
    if agent is None:
        return None
    for path in ("FinInstnId/BICFI", "FinInstnId/BIC", "FinInstnId/ClrSysMmbId/MmbId", "FinInstnId/Othr/Id"):
        if found := text(agent.findtext(path)):
            return found
    return None


def _amount(transaction: etree._Element) -> tuple[str | None, str | None, str | None]:
    """Amount as written, its currency, and the currency of the transfer where that is another."""
    instructed = transaction.find("InstdAmt")
    if instructed is None:
        instructed = transaction.find("Amt/InstdAmt")
    if instructed is not None:
        return instructed.text, instructed.get("Ccy"), None
    equivalent = transaction.find("Amt/EqvtAmt/Amt")
    if equivalent is None:
        return None, None, None
    return equivalent.text, equivalent.get("Ccy"), text(transaction.findtext("Amt/EqvtAmt/CcyOfTrf"))


def _transaction(
    transaction: etree._Element, position: int, shared: Row, payments: Payments, is_debit: bool
) -> Decimal | None:
    other = "Dbtr" if is_debit else "Cdtr"
    bad: list[Unreadable] = []
    written, currency, transfer_currency = _amount(transaction)
    amount = money(written, "amount", bad)
    if amount is None and not bad:
        bad.append(Unreadable("amount", "", "an instructed amount (InstdAmt)"))
    if not bad and not _ISO_CODE.fullmatch(currency or ""):
        bad.append(Unreadable("currency", currency or "", "an ISO 4217 code (Ccy)"))
    if bad:
        payments.rejected.append(
            Rejected(
                position, INSTRUCTIONS, bad[0].field, bad[0].value, bad[0].expected, bad[0].is_range,
                etree.tostring(transaction, encoding="unicode", with_tail=False),
                currency if _ISO_CODE.fullmatch(currency or "") else UNKNOWN_CURRENCY, shared["execution_date"],
                amount or Decimal(0),
            )
        )  # fmt: skip
        return amount
    message_id, batch_id = payments.message["message_id"], shared["batch_id"]
    end_to_end_id = text(transaction.findtext("PmtId/EndToEndId"))
    instruction_id = text(transaction.findtext("PmtId/InstrId"))
    structured = transaction.find("RmtInf/Strd/CdtrRefInf")
    payments.instructions.append(
        {
            **shared,
            "position": position,
            "instruction_key": f"{message_id or '?'}:{batch_id or '?'}:{position}",
            "message_id": message_id,
            "instruction_id": instruction_id,
            "end_to_end_id": None if end_to_end_id == "NOTPROVIDED" else end_to_end_id,
            "direction": "collection" if is_debit else "outgoing",
            "amount": amount,
            "currency": currency,
            "transfer_currency": transfer_currency,
            "counterparty_name": text(transaction.findtext(f"{other}/Nm")),
            "counterparty_account": _account(transaction.find(f"{other}Acct")),
            "counterparty_bank": _bank(transaction.find(f"{other}Agt")),
            "remittance_text": text(
                " ".join(part.text or "" for part in transaction.iterfind("RmtInf/Ustrd"))
            ),
            "structured_reference": None
            if structured is None
            else text(structured.findtext("Ref")) or text(structured.findtext("CdtrRef")),
            "mandate_id": text(transaction.findtext("DrctDbtTx/MndtRltdInf/MndtId")),
            "purpose_code": text(transaction.findtext("Purp/Cd")) or text(transaction.findtext("Purp/Prtry")),
            "charge_bearer": text(transaction.findtext("ChrgBr")) or shared["charge_bearer"],
            "is_prenote": False,
        }
    )
    return amount


def _statuses(body: etree._Element, payments: Payments) -> None:
    group = body.find("OrgnlGrpInfAndSts")
    message_id = None if group is None else text(group.findtext("OrgnlMsgId"))
    original: Row = {"original_message_id": message_id}
    rows: list[Row] = []
    if group is not None and group.findtext("GrpSts"):
        rows.append(_status(group, "message", "GrpSts", original))
    batches = [*body.iterfind("OrgnlPmtInfAndSts")]
    for batch in batches:
        within = {**original, "original_batch_id": text(batch.findtext("OrgnlPmtInfId"))}
        if batch.findtext("PmtInfSts"):
            rows.append(_status(batch, "batch", "PmtInfSts", within))
        rows += [
            _status(part, "instruction", "TxSts", within)
            for part in batch.iterfind("TxInfAndSts")
            if part.findtext("TxSts")
        ]
    rows += [
        _status(
            part,
            "instruction",
            "TxSts",
            {**original, "original_batch_id": text(part.findtext("OrgnlPmtInfId"))},
        )
        for part in body.iterfind("TxInfAndSts")
        if part.findtext("TxSts")
    ]
    for position, row in enumerate(rows, 1):
        row |= {
            "position": position,
            "status_key": f"{payments.message['message_id'] or '?'}:{position}",
            "message_id": payments.message["message_id"],
            "created_at": payments.message["created_at"],
            "currency": UNKNOWN_CURRENCY,
        }
    payments.statuses = rows
    payments.message["found_count"], payments.message["found_amount"] = len(rows), Decimal(0)


def _status(element: etree._Element, level: str, name: str, original: Row) -> Row:
    reasons = element.findall("StsRsnInf")
    codes = [
        code
        for reason in reasons
        if (code := text(reason.findtext("Rsn/Cd")) or text(reason.findtext("Rsn/Prtry")) or text(reason.findtext("StsRsn/Cd")))
    ]  # fmt: skip
    words = [
        words for reason in reasons for part in reason.iterfind("AddtlInf") if (words := text(part.text))
    ]
    amount = element.find("OrgnlTxRef/Amt/InstdAmt")
    bad: list[Unreadable] = []
    return {
        **original,
        "level": level,
        "original_instruction_id": text(element.findtext("OrgnlInstrId")),
        "original_end_to_end_id": text(element.findtext("OrgnlEndToEndId")),
        "source_status": (text(element.findtext(name)) or "").upper(),
        "reason_code": "; ".join(codes) or None,
        "reason_text": " ".join(words) or None,
        "original_amount": None if amount is None else money(amount.text, "amount", bad),
        "original_currency": None if amount is None else amount.get("Ccy"),
    }


_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_BATCH = re.compile(rb"<(?:[\w.-]+:)?PmtInf(?:\s[^>]*)?>")
_REQUESTED = re.compile(
    rb"<(?:[\w.-]+:)?Reqd(?:Exctn|Colltn)Dt(?:\s[^>]*)?>\s*(?:<(?:[\w.-]+:)?Dt(?:Tm)?>)?\s*([^<]*?)\s*<"
)
_TRANSACTION = re.compile(rb"<(?:[\w.-]+:)?(?:CdtTrfTxInf|DrctDbtTxInf)(?:\s[^>]*)?>")
_INSTRUCTED = re.compile(
    rb"""<(?:[\w.-]+:)?(?:InstdAmt|Amt)\s[^>]*?Ccy\s*=\s*["']([^"']*)["'][^>]*>\s*([^<]*?)\s*<"""
)
_STATUS = re.compile(rb"<(?:[\w.-]+:)?(?:GrpSts|PmtInfSts|TxSts)(?:\s[^>]*)?>\s*[^\s<]")


def _declared(content: bytes, kind: str) -> Declared:
    """Transactions per currency and day, counted on the text without the XML parser."""
    plain = _COMMENT.sub(b"", content)
    declared: Declared = {}
    if kind == "pain.002":
        count = len(_STATUS.findall(plain))
        return {(STATUSES, UNKNOWN_CURRENCY, None): (count, Decimal(0))} if count else {}
    for batch in _BATCH.split(plain)[1:]:
        requested = _REQUESTED.search(batch)
        unreadable: list[Unreadable] = []
        on = day(requested[1].decode(errors="replace"), "", unreadable) if requested else None
        for currency, amount in _amounts(batch):
            added(declared, (INSTRUCTIONS, currency, on), amount)
    return declared


def _amounts(batch: bytes) -> Iterator[tuple[str, Decimal]]:
    for transaction in _TRANSACTION.split(batch)[1:]:
        found = _INSTRUCTED.search(transaction)
        currency = found[1].decode(errors="replace") if found else ""
        unreadable: list[Unreadable] = []
        amount = money(found[2].decode(errors="replace"), "", unreadable) if found else None
        known = _ISO_CODE.fullmatch(currency) is not None
        yield (currency if known else UNKNOWN_CURRENCY, amount or Decimal(0))
