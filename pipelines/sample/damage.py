"""Files and records that cannot be read, and deliveries that came twice.

Belongs here: hurting what was already written, so that nothing is lost by it: each hurt record or file is
there in good order as well. What it must raise is registered here too.
"""

import re
from pathlib import Path

from pipelines.sample.books import Books
from pipelines.sample.files import write_bytes
from pipelines.sample.timeline import Timeline


def _expect(
    books: Books, fault_type: str, exception: str, kind: str, document: str, description: str
) -> None:
    fault = books.truth.fault(fault_type, document, description)
    books.truth.expect(fault, exception, kind, document)


def _plain(folder: Path, pattern: str, position: float) -> Path:
    files = [f for f in sorted(folder.glob(pattern)) if f.suffix != ".gz"]
    return files[min(int(position * len(files)), len(files) - 1)]


def damage(books: Books, out: Path, time: Timeline) -> None:
    """Write malformed files beside the good ones, and malformed records into good files."""
    _malformed_files(books, out)
    _malformed_records(books, out)
    _copy(books, out)


def _malformed_files(books: Books, out: Path) -> None:
    charges = _plain(out / "stripe_us" / "charges", "*.jsonl", 0.4)
    camt = _plain(out / "bank_de", "DE01-EUR-MAIN*.xml", 0.3)
    bills = _plain(out / "erp_uk" / "bills", "*.csv", 0.5)
    page = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body></html>\n"
    content = camt.read_bytes()
    plan = [
        (
            charges.with_name(charges.stem + "_retry.json"),
            charges.read_bytes()[:1500],
            "list cut off in the middle",
        ),
        (
            camt.with_name(camt.stem + "_resent.xml"),
            content[: len(content) * 6 // 10],
            "XML cut off in the middle",
        ),
        (bills.with_name(bills.stem + "_export.csv"), page, "an error page of the ERP's web server"),
    ]
    for path, data, description in plan[: books.faults.count("malformed_file")]:
        write_bytes(path, data)
        _expect(
            books,
            "malformed_file",
            "rejected_file",
            "source_file",
            path.relative_to(out).as_posix(),
            description,
        )


def _malformed_records(books: Books, out: Path) -> None:
    count = books.faults.count("malformed_record")
    plan = [
        (out / "shopify_us" / "orders", "*.jsonl", _bad_json_line, "total_price is no amount"),
        (out / "shopify_de" / "orders", "*.json", _bad_json_item, "total_price is no amount"),
        (out / "erp_de" / "bills", "*.csv", _bad_gross, "gross amount is no number"),
        (out / "erp_us" / "invoices", "*.csv", _bad_date, "invoice date is no day"),
    ]
    for folder, pattern, hurt, description in plan[:count]:
        path = _plain(folder, pattern, 0.55)
        content, position = hurt(path.read_bytes())
        path.write_bytes(content)
        _expect(
            books,
            "malformed_record",
            "rejected_record",
            "record",
            f"{path.relative_to(out).as_posix()}#{position}",
            description,
        )


def _hurt_price(order: bytes) -> bytes:
    return re.sub(rb'"total_price":"[0-9.]+"', b'"total_price":"n/a"', order, count=1)


def _bad_json_line(content: bytes) -> tuple[bytes, int]:
    lines = content.splitlines(keepends=True)
    return content + _hurt_price(lines[0]), len(lines) + 1


def _bad_json_item(content: bytes) -> tuple[bytes, int]:
    first, last = b'{"orders":[\n', b"\n]}\n"
    orders = content[len(first) : -len(last)].split(b",\n")
    return first + b",\n".join([*orders, _hurt_price(orders[0])]) + last, len(orders) + 1


# Positions count records, the header of a CSV not among them.


def _bad_gross(content: bytes) -> tuple[bytes, int]:
    rows = content.split(b"\r\n")
    fields = rows[1].split(b";")
    fields[12] = b"1.2x4,00"
    return content + b";".join(fields) + b"\r\n", len(rows) - 1


def _bad_date(content: bytes) -> tuple[bytes, int]:
    rows = content.split(b"\r\n")
    fields = rows[1].split(b",")
    fields[3] = b"13/45/2026"
    return content + b",".join(fields) + b"\r\n", len(rows) - 1


def _copy(books: Books, out: Path) -> None:
    """A day of orders delivered again under another name: duplicates, and no fault."""
    path = _plain(out / "shopify_us" / "orders", "*.jsonl", 0.2)
    copy = path.with_name(f"{path.stem}_copy{path.suffix}")
    write_bytes(copy, path.read_bytes())
    books.truth.case("file_delivered_twice", "source_file", copy.relative_to(out).as_posix())
