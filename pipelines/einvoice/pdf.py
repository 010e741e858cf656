"""The invoice inside a PDF/A-3: the embedded file of ZUGFeRD 1.0 to 2.x, Factur-X and XRechnung.

Source: ISO 32000-1, 7.11.4 (embedded file streams) and 14.13 (associated files); ZUGFeRD 1.0, ZUGFeRD 2.x
and Factur-X 1.0 technical annexes for the names.
Belongs here: finding and unpacking, in bounds. Does not belong here: what the XML means.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST_PDF = 256 << 20
LARGEST_EMBEDDED = 64 << 20
_MOST_FILES = 1000

# In the order in which we look; compared without case.
_INVOICE_NAMES = ("factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml")
_NOT_INVOICES = ("order-x.xml",)


class UnreadablePdf(ValueError):
    """The PDF holds no invoice that can be read; the message says what was found."""


def embedded_invoice(path: Path) -> tuple[str, bytes]:
    """Name and content of the e-invoice embedded in a PDF. Raises UnreadablePdf.

    What unpacking may cost is bounded by pypdf (`pypdf.Configuration`: 75 MB a stream), time by `checking`.
    """
    import pypdf
    from pypdf.errors import PyPdfError

    if path.stat().st_size > LARGEST_PDF:
        raise UnreadablePdf(f"the PDF is larger than {LARGEST_PDF >> 20} MB")
    try:
        reader = pypdf.PdfReader(path, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadablePdf("the PDF is encrypted and asks for a password")
        found = dict(_embedded(reader))
        return _chosen(found)
    except UnreadablePdf:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        raise UnreadablePdf(f"the PDF cannot be read: {type(error).__name__}: {error}") from error
    except (RecursionError, MemoryError, NotImplementedError) as error:
        raise UnreadablePdf(
            f"the PDF is built so that reading does not end: {type(error).__name__}"
        ) from error


def _chosen(found: dict[str, Any]) -> tuple[str, bytes]:
    by_name = {name.strip().casefold(): name for name in found}
    for wanted in _INVOICE_NAMES:
        if wanted in by_name:
            name = by_name[wanted]
            return name, _content(found[name], name)
    if any(name in by_name for name in _NOT_INVOICES):
        raise UnreadablePdf("the PDF carries order-x.xml: an order, not an invoice")
    # Some programs name the file after the invoice.
    xml = sorted(name for name in found if name.casefold().endswith(".xml"))
    if len(xml) == 1:
        return xml[0], _content(found[xml[0]], xml[0])
    listed = ", ".join(sorted(found)[:5]) or "no embedded file"
    raise UnreadablePdf(f"no e-invoice in the PDF: {listed}; expected factur-x.xml or ZUGFeRD-invoice.xml")


def _embedded(reader: Any) -> Iterator[tuple[str, Any]]:
    """File specifications by name: of the name tree, and of the associated files of the catalog."""
    catalog = reader.trailer["/Root"].get_object()
    specifications: list[Any] = []
    names = _dictionary(catalog.get("/Names"))
    if names is not None:
        specifications += list(_name_tree(_dictionary(names.get("/EmbeddedFiles")), set(), 0))
    associated = catalog.get("/AF")
    associated = associated.get_object() if associated is not None else []
    specifications += list(associated) if isinstance(associated, list) else [associated]
    for number, specification in enumerate(specifications):
        if number >= _MOST_FILES:
            raise UnreadablePdf(f"the PDF embeds more than {_MOST_FILES} files")
        entry = _dictionary(specification)
        if entry is None or "/EF" not in entry:
            continue
        name = str(entry.get("/UF") or entry.get("/F") or "")
        streams = _dictionary(entry["/EF"]) or {}
        stream = streams.get("/F") or streams.get("/UF")
        if name and stream is not None:
            yield name, stream


def _name_tree(node: Any, seen: set[int], depth: int) -> Iterator[Any]:
    """Values of a name tree; a tree that holds itself ends."""
    if node is None or depth > 20 or id(node) in seen:
        return
    seen.add(id(node))
    values = node.get("/Names")
    values = values.get_object() if values is not None else []
    yield from list(values)[1::2]
    for child in node["/Kids"].get_object() if "/Kids" in node else []:
        yield from _name_tree(_dictionary(child), seen, depth + 1)


def _dictionary(value: Any) -> Any:
    value = value.get_object() if value is not None and hasattr(value, "get_object") else value
    return value if hasattr(value, "get") else None


def _content(stream: Any, name: str) -> bytes:
    content = stream.get_object().get_data()
    if len(content) > LARGEST_EMBEDDED:
        raise UnreadablePdf(f"{name} in the PDF is larger than {LARGEST_EMBEDDED >> 20} MB")
    return bytes(content)
