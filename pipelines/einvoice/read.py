"""The reader of the kind: files with one invoice each, checked by the published rules, to batches.

Belongs here: the order of the steps, what is a reject and what a finding. A document that breaks rules is
landed with its findings; only one without a date, currency, total or readable amounts is rejected, and its
findings are landed all the same.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from pipelines.config import SourceInstance
from pipelines.control_totals import control_totals_table
from pipelines.einvoice import cii, promised, ubl
from pipelines.einvoice.checking import Checker, Finding, NotChecked
from pipelines.einvoice.content import LARGEST_XML, Document, UnreadableInvoice, parse
from pipelines.einvoice.declared import Cell, declared_in
from pipelines.einvoice.model import Invoice, Row
from pipelines.einvoice.naming import under_its_number
from pipelines.einvoice.rulesets import TOTALS, ruleset_of
from pipelines.einvoice.schema import STREAM, TABLES
from pipelines.einvoice.totals import broken_alone, explained, rows_of, sentence, sums_of
from pipelines.einvoice.values import Unreadable
from pipelines.landing import file_row, open_binary
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import UNKNOWN_CURRENCY, WHOLE_FILE, Reason, reject_row, rejects_table

_AT_ONCE = 256  # files in memory; an invoice without attachments has 5 to 50 kB
_POSITION = 1  # a file holds one invoice

# Rules of our own, beside the published ones.
UNREADABLE_FIELD = "TIEOUT-FIELD"
NOT_CHECKED = "TIEOUT-UNCHECKED"

# What is not booked may be unreadable without losing the document.
_NOT_BOOKED = {
    "quantity", "unit_price", "price_discount", "gross_price", "price_base_quantity", "tax_rate",
    "line allowance or charge", "discount_percent", "discount_days", "due_date", "tax_point_date",
    "delivery_date", "period_start_date", "period_end_date", "preceding_invoice_date",
}  # fmt: skip
# Only what the document says, not how: the same invoice in UBL and in CII has one hash.
_NOT_CONTENT = ("syntax", "container", "profile", "business_process", "ruleset")
_ISO_CODE = re.compile(r"[A-Z]{3}")
_ATTACHED = re.compile(
    rb"(<(?:[\w.-]+:)?(?:EmbeddedDocumentBinaryObject|AttachmentBinaryObject)[^>]*>)[^<]{64,}(</)"
)


@dataclass
class _Read:
    """One file after reading. refused: why it holds no invoice; reject: why its invoice is not landed."""

    file: LandingFile
    declared: Cell = (UNKNOWN_CURRENCY, None, Decimal(0))
    refused: str | None = None
    payload: str = ""
    invoice: Invoice | None = None
    findings: list[Row] = field(default_factory=list)
    reject: Unreadable | None = None
    reject_message: str = ""
    container: str = "xml"


def read(file: LandingFile, instance: SourceInstance) -> Iterator[Batch]:
    yield from read_many([file], instance)


def read_many(files: Sequence[LandingFile], instance: SourceInstance) -> Iterator[Batch]:
    """Batches of all files, in their order; two are checked at a time."""
    with Checker() as checker, ThreadPoolExecutor(checker.width) as threads:
        waiting = iter(files)
        while chunk := list(islice(waiting, _AT_ONCE)):
            done = list(threads.map(lambda file: _read_one(file, checker), chunk))
            yield from _batches(done, instance)


def _read_one(file: LandingFile, checker: Checker) -> _Read:
    result = _Read(file)
    content = b""
    try:
        content = _bytes(file)
        if content.startswith(b"%PDF") or b"%PDF-" in content[:1024]:
            result.container, content = checker.invoice_of(file.path)
        document = parse(content)
    except (UnreadableInvoice, NotChecked) as error:
        result.refused = str(error)
        result.payload = content[:65536].decode("utf-8", errors="replace")
        return result
    result.declared = declared_in(content)
    result.payload = document.xml[:65536].decode("utf-8", errors="replace")
    invoice = (ubl if document.syntax.startswith("ubl") else cii).read(document.root, document.syntax)
    result.invoice = invoice
    _complete(invoice, document, result)
    result.findings = list(_findings(invoice, document, checker))
    severities = [row["severity"] for row in result.findings]
    invoice.header["fatal_count"] = severities.count("fatal")
    invoice.header["warning_count"] = severities.count("warning")
    result.reject, result.reject_message = _reject_reason(invoice, result.declared)
    return result


def _bytes(file: LandingFile) -> bytes:
    try:
        with open_binary(file.path) as stream:
            content = stream.read(LARGEST_XML * 2 + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInvoice(f"the file cannot be unpacked: {type(error).__name__}: {error}") from error
    if not content.strip():
        raise UnreadableInvoice("the file is empty")
    return content


def _complete(invoice: Invoice, document: Document, result: _Read) -> None:
    header = invoice.header
    header["syntax"] = document.syntax
    header["container"] = result.container
    header["ruleset"] = ruleset_of(document.syntax, header["profile"])
    header["line_count"] = rows_of(invoice.lines)
    seller = header["seller_vat_id"] or header["seller_registration"] or header["seller_name"] or "?"
    year = header["issue_date"].year if header["issue_date"] else "?"
    number = header["document_number"] or result.file.content_sha256[:16]
    header["document_key"] = f"{re.sub(r'[^0-9A-Za-z]+', '', seller).upper() or seller}:{year}:{number}"
    for index, line in enumerate(invoice.lines, 1):
        line["line_number"] = index
    for index, tax in enumerate(invoice.taxes, 1):
        tax["breakdown_number"] = index


def _findings(invoice: Invoice, document: Document, checker: Checker) -> Iterator[Row]:
    """Rules broken as the published artefact says, with the amounts of the sums; then what we add."""
    header = invoice.header
    sums = sums_of(invoice)
    seen: dict[str, int] = {}
    found, is_checked = by_the_rules(header, document, checker)
    if not is_checked:
        found += [
            Finding(part.rule_id, severity, "", "a total that does not follow from its parts")
            for part, severity in broken_alone(sums)
        ]
    for bad in invoice.bad:
        text = f"{bad.field} is {bad.value[:80]!r}, expected {bad.expected}"
        found.append(Finding(UNREADABLE_FIELD, "warning" if bad.field in _NOT_BOOKED else "fatal", "", text))
    for number, finding in enumerate(found, 1):
        part = explained(finding.rule_id, sums, seen.get(finding.rule_id, 0))
        seen[finding.rule_id] = seen.get(finding.rule_id, 0) + 1
        message = (
            finding.message if part is None else f"{finding.message} {sentence(part, header['currency'])}"
        )
        yield {
            "finding_number": number,
            "rule_id": finding.rule_id,
            "severity": finding.severity,
            "message": message.strip()[:2000],
            "location": finding.location[:500] or None,
            "expected_amount": _storable(part.expected) if part else None,
            "found_amount": _storable(part.found) if part else None,
            "currency": header["currency"],
            "document_number": header["document_number"],
            "business_date": header["issue_date"],
        }


def by_the_rules(header: Row, document: Document, checker: Checker) -> tuple[list[Finding], bool]:
    """What published rules say, and whether those of the ruleset could be asked at all."""
    light = document._replace(xml=_ATTACHED.sub(rb"\1AA==\2", document.xml))
    is_checked = header["ruleset"] != TOTALS
    try:
        found = checker.findings(header["ruleset"], light.xml)
    except NotChecked as error:
        message = f"the published rules could not be applied ({error}); the sums were checked"
        found, is_checked = [Finding(NOT_CHECKED, "warning", "", message)], False
    if document.syntax == "cii":
        numbered = (under_its_number(finding, header["profile"], document.root) for finding in found)
        found = [finding for finding in numbered if finding is not None]
    try:
        return list(promised.findings(light, header["profile"], found, checker)), is_checked
    except NotChecked as error:
        message = f"the rules of the profile could not be applied ({error}); those of EN 16931 were"
        return [*found, Finding(NOT_CHECKED, "warning", "", message)], is_checked


def _storable(amount: Decimal) -> Decimal | None:
    return amount if abs(amount) < Decimal(10) ** 14 else None


def _reject_reason(invoice: Invoice, declared: Cell) -> tuple[Unreadable | None, str]:
    """Why the document cannot be booked, or None."""
    header = invoice.header
    for bad in invoice.bad:
        if bad.field not in _NOT_BOOKED:
            return bad, f"{bad.field} is {bad.value[:80]!r}, expected {bad.expected}"
    if not _ISO_CODE.fullmatch(header["currency"] or ""):
        bad = Unreadable("currency", header["currency"] or "", "an ISO 4217 code (BT-5)")
        return bad, f"the currency is {bad.value[:20]!r}, expected {bad.expected}"
    for name, term in (
        ("issue_date", "a date of issue (BT-2)"),
        ("total_amount", "a total with VAT (BT-112)"),
    ):
        if header[name] is None:
            return Unreadable(name, "", term), f"the document has no {name}, expected {term}"
    read_cell = (header["currency"], header["issue_date"], header["total_amount"])
    if read_cell != declared:
        return (
            Unreadable("document", _cell(declared), _cell(read_cell)),
            f"the text of the file says {_cell(declared)}, reading it gives {_cell(read_cell)}",
        )
    return None, ""


def _cell(cell: Cell) -> str:
    return f"{cell[2]:f} {cell[0]} on {cell[1]}"


def _batches(done: list[_Read], instance: SourceInstance) -> Iterator[Batch]:
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    rejects: list[Row] = []
    for result in done:
        rejected = _rejected(result, instance)
        rejects += rejected
        provenance = _provenance(result, instance)
        rows["findings"] += [{**provenance, **finding} for finding in result.findings]
        if not rejected and result.invoice is not None:
            rows["documents"].append({**provenance, **result.invoice.header})
            rows["document_lines"] += [{**provenance, **line} for line in result.invoice.lines]
            rows["tax_breakdowns"] += [{**provenance, **tax} for tax in result.invoice.taxes]
        yield Batch("control_totals", _declared(result, instance))
        yield Batch("files", _file(result, instance, bool(rejected)))
    for name, schema in TABLES.items():
        if rows[name]:
            yield Batch(name, pa.Table.from_pylist(rows[name], schema=schema))
    if rejects:
        yield Batch("rejects", rejects_table(rejects))


def _provenance(result: _Read, instance: SourceInstance) -> Row:
    return {
        "source_name": instance.name,
        "entity_id": instance.entity_id,
        "load_id": result.file.load_id,
        "source_file": result.file.source_file,
        "source_position": _POSITION,
        "record_hash": _hash(result.invoice),
    }


def _hash(invoice: Invoice | None) -> str:
    if invoice is None:
        return ""
    header = {name: value for name, value in invoice.header.items() if name not in _NOT_CONTENT}
    header = {
        name: value for name, value in header.items() if not name.endswith(("fatal_count", "warning_count"))
    }
    content = json.dumps([header, invoice.lines, invoice.taxes], default=_plain, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _plain(value: Any) -> str:
    """21 and 21.00 are one amount."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _rejected(result: _Read, instance: SourceInstance) -> list[Row]:
    currency, day, amount = result.declared
    if result.refused is not None:
        return [
            reject_row(
                result.file, instance, stream=STREAM, position=WHOLE_FILE, reason=Reason.UNREADABLE_FILE,
                expected="an invoice in UBL 2.1, CII D16B or a PDF that carries one",
                message=f"{result.file.source_file}: {result.refused}", payload=result.payload,
            )
        ]  # fmt: skip
    if result.reject is None:
        return []
    reason = Reason.OUT_OF_RANGE if result.reject.is_range else Reason.INVALID_VALUE
    return [
        reject_row(
            result.file, instance, stream=STREAM, position=_POSITION,
            reason=reason if result.reject.value else Reason.MISSING_FIELD,
            field=result.reject.field, value=result.reject.value, expected=result.reject.expected,
            message=f"{result.file.source_file}: {result.reject_message}", payload=result.payload,
            currency=currency, business_date=day, amount=amount,
        )
    ]  # fmt: skip


def _declared(result: _Read, instance: SourceInstance) -> pa.Table:
    currency, day, amount = result.declared
    cell = {
        "stream": STREAM, "currency": currency, "business_date": day, "declared_count": 1, "declared_amount": amount,
    }  # fmt: skip
    return control_totals_table(result.file, instance, [cell])


def _file(result: _Read, instance: SourceInstance, is_rejected: bool) -> pa.Table:
    header = result.invoice.header if result.invoice else None
    where = "" if result.container == "xml" else f" in {result.container} of a PDF"
    return file_row(
        result.file,
        instance,
        format=header["syntax"] if header else "unknown",
        recognised_by=f"root element{where}; checked by {header['ruleset']}" if header else "none",
        status="rejected" if is_rejected else "loaded",
        record_count=1,
    )
