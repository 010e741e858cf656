"""What a file is, by its content alone: the kind that reads it, and why.

Belongs here: looking at the first bytes of a file of unknown origin (`tieout inspect`). A configured
source needs none of this: its entry in `sources.yml` says the kind. Does not belong here: reading.
"""

import csv
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pipelines.bank import recognise
from pipelines.bank.reading import UnreadableFile
from pipelines.bank.unpacking import is_archive, members
from pipelines.config import CsvMapping, Kind
from pipelines.einvoice.content import looks_like_invoice
from pipelines.landing import open_binary
from pipelines.payment_files.recognise import format_of
from pipelines.tabular.layout import UnusableFile
from pipelines.tabular.read import spelled
from pipelines.tabular.recognised import recognise as recognise_columns
from pipelines.tabular.text import decode
from pipelines.tabular.workbook import is_package

LOOKED_AT = 1 << 18

_STRIPE = re.compile(
    rb'"object"\s*:\s*"(list|charge|refund|dispute|balance_transaction|payout|invoice|event|payment_intent)"'
)
_SHOPIFY = re.compile(rb'"(orders|line_items|financial_status|admin_graphql_api_id|refund_line_items)"\s*:')
_ECB_XML = re.compile(rb"eurofxref|gesmes", re.IGNORECASE)
_SWIFT = re.compile(rb"\{\d:")
_PACKED = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file",
}


class Recognised(NamedTuple):
    """kind: None when no reader fits. reason: what in the content decided it, or what was found instead."""

    kind: Kind | None
    reason: str
    mapping: CsvMapping | None = None


def recognise_file(path: Path) -> Recognised:
    """The kind of a file. Raises OSError when it cannot be opened; damaged packing is a reason."""
    if is_archive(path) and (inside := _statements_in(path)):
        return inside
    try:
        with open_binary(path) as stream:
            head = stream.read(LOOKED_AT)
    except EOFError as error:
        return Recognised(None, f"damaged gzip: {error}")
    return _recognise(head)


def _statements_in(path: Path) -> Recognised | None:
    """A ZIP archive with a bank statement in it, as portals and EBICS send them; None for a workbook."""
    try:
        for member in members(path):
            with suppress(UnreadableFile):
                recognise.format_of(member.content)
                return Recognised("bank", f"a ZIP archive with a bank statement ({member.name})")
    except UnreadableFile:
        pass
    return None


def _recognise(head: bytes) -> Recognised:
    start = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not start:
        return Recognised(None, "the file is empty")
    if is_package(start):
        return Recognised("csv", "a workbook by its first bytes")
    if b"%PDF-" in head[:1024]:
        return Recognised("einvoice", "a PDF; its embedded files hold the invoice, if there is one")
    for magic, name in _PACKED.items():
        if start.startswith(magic):
            return Recognised(None, f"{name}, not a statement or export")
    # `{1:` opens a SWIFT envelope around an MT940.
    if start[:1] in (b"{", b"[") and not _SWIFT.match(start):
        return _json(start)
    if start[:1] == b"<" and _ECB_XML.search(start[:4096]):
        return Recognised("ecb", "XML of the ECB's reference rates")
    if format_of(head) is not None:
        return Recognised("payment_files", "payment file by its first bytes")
    if start[:1] == b"<" and looks_like_invoice(head):
        return Recognised("einvoice", "XML with the root element of an e-invoice")
    try:
        recognise.reader_of(head)
        return Recognised("bank", "bank format by its first bytes")
    except UnreadableFile as error:
        return _delimited(head, str(error))


def _json(start: bytes) -> Recognised:
    stripe, shopify = _STRIPE.search(start), _SHOPIFY.search(start)
    if stripe and (not shopify or stripe.start() < shopify.start()):
        return Recognised("stripe", f"JSON with Stripe's {stripe.group().decode()}")
    if shopify:
        return Recognised("shopify", f"JSON with Shopify's {shopify.group().decode()}")
    return Recognised(None, "JSON, but neither Shopify orders nor Stripe objects")


def _delimited(head: bytes, no_bank: str) -> Recognised:
    text, _ = spelled(head, *decode(head, None))
    if len(head) == LOOKED_AT:
        text = text.rpartition("\n")[0]  # the last record may be cut
    first = next((line for line in text.split("\n") if line.strip()), "")
    names = [name.strip() for name in first.split(",")]
    if names[0] == "Date" and len(names) > 2 and all(re.fullmatch("[A-Z]{3}|", n) for n in names[1:]):
        return Recognised("ecb", "CSV with Date and currency codes as headers")
    if "\x00" in text or sum(c < " " and c not in "\t\n\r\x0c" for c in text[:4096]) > 8:
        return Recognised(None, "binary content, no known format")
    try:
        return Recognised("csv", recognise_columns(text, {}, is_configured=False).reason)
    except csv.Error as error:
        return Recognised(None, f"no delimited text: {error}")
    except UnusableFile as error:
        return Recognised(None, f"{no_bank}; {error}")
