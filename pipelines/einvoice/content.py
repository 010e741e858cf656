"""From the bytes of a file to one checked XML document, or the reason why there is none.

Belongs here: the gate for XML (no document type, bounded depth and size) and finding the invoice in it,
also inside a Peppol business document envelope (SBDH). Does not belong here: PDF (`pdf`), meaning (`ubl`,
`cii`).

Source: XML 1.0; OWASP XML External Entity Prevention; OASIS UBL 2.1; UN/CEFACT CII D16B; ZUGFeRD 1.0.
"""

import re
from typing import NamedTuple

from lxml import etree

from pipelines.bank.xml_shred import RefusedXml, check, to_utf8

# An invoice with embedded attachments (BT-125) can be large; Peppol's access points stop at 100 MB.
LARGEST_XML = 128 << 20
# A text without attachment; longer than any code, name or note that a person wrote.
LONGEST_TEXT = 100_000
_DEEPEST = 64

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CII = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
ZUGFERD_1 = "urn:ferd:CrossIndustryDocument:invoice:1p0"
_ENVELOPE = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"

_SYNTAXES = {
    f"{{{UBL}Invoice-2}}Invoice": "ubl_invoice",
    f"{{{UBL}CreditNote-2}}CreditNote": "ubl_credit_note",
    f"{{{CII}}}CrossIndustryInvoice": "cii",
    f"{{{ZUGFERD_1}}}CrossIndustryDocument": "zugferd_1",
}
_ROOT = re.compile(
    rb"<(?:[\w.-]+:)?(?:CrossIndustryInvoice|CrossIndustryDocument|CreditNote)[\s>]"
    rb"|<(?:[\w.-]+:)?Invoice[\s>][^<]{0,4000}?urn:oasis:names:specification:ubl"
    rb"|StandardBusinessDocument[\s>]"
)


class UnreadableInvoice(ValueError):
    """The file holds no invoice that can be read; the message says what was found."""


class Document(NamedTuple):
    """xml: the invoice alone, UTF-8, without comments and processing instructions, for the schematron.
    root: the same with bare element names, for reading; syntax: one of `_SYNTAXES`."""

    syntax: str
    root: etree._Element
    xml: bytes


def looks_like_invoice(head: bytes) -> bool:
    """Whether the first bytes are an XML e-invoice of a known syntax (for recognition)."""
    return bool(_ROOT.search(head[: 1 << 16].replace(b"\x00", b"")))


def parse(content: bytes) -> Document:
    """The invoice of an XML file. Raises UnreadableInvoice with what was found instead."""
    if len(content) > LARGEST_XML:
        raise UnreadableInvoice(f"the XML has {len(content)} bytes, more than {LARGEST_XML >> 20} MB")
    try:
        text = to_utf8(content)
        check(text)
        root = etree.fromstring(re.sub(rb"^\s*<\?xml[^>]*\?>", b"", text, count=1), _parser())
    except RefusedXml as error:
        raise UnreadableInvoice(str(error)) from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableInvoice(f"not well-formed XML: {error}") from error
    invoice = _invoice_of(root)
    syntax = _SYNTAXES[str(invoice.tag)]
    # A tree of its own: the schematron's paths start at the root.
    xml = etree.tostring(invoice, encoding="utf-8", with_tail=False)
    return Document(syntax, _bare(etree.fromstring(xml, _parser())), xml)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
        huge_tree=True, encoding="utf-8",
    )  # fmt: skip


def _invoice_of(root: etree._Element) -> etree._Element:
    if root.tag in _SYNTAXES:
        return root
    if isinstance(root.tag, str) and root.tag == f"{{{_ENVELOPE}}}StandardBusinessDocument":
        found = [child for child in root if child.tag in _SYNTAXES]
        if len(found) == 1:
            return found[0]
        raise UnreadableInvoice(f"a business document envelope with {len(found)} invoices; expected one")
    name = etree.QName(root)
    if name.localname in ("Invoice", "CreditNote", "CrossIndustryInvoice", "CrossIndustryDocument"):
        raise UnreadableInvoice(
            f"root element {name.localname} in namespace {name.namespace or '(none)'!r}; expected one of "
            + ", ".join(tag.partition("}")[0][1:] for tag in _SYNTAXES)
        )
    raise UnreadableInvoice(f"the root element is {name.localname}, no invoice of UBL 2.1 or CII D16B")


def _bare(root: etree._Element) -> etree._Element:
    """Names without namespaces; depth and lengths of texts bounded."""
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if depth > _DEEPEST:
            raise UnreadableInvoice(f"elements nested deeper than {_DEEPEST} levels; not an invoice")
        name = etree.QName(element).localname
        if (
            element.text
            and len(element.text) > LONGEST_TEXT
            and name not in ("EmbeddedDocumentBinaryObject", "AttachmentBinaryObject", "ExtensionContent")
            and not _in_extension(element)
        ):
            raise UnreadableInvoice(
                f"element {name} holds a text of {len(element.text)} characters; expected at most {LONGEST_TEXT}"
            )
        element.tag = name
    return root


def _in_extension(element: etree._Element) -> bool:
    """Signatures and certificates lie in extensions and may be long."""
    return any(etree.QName(parent).localname == "UBLExtensions" for parent in element.iterancestors())
