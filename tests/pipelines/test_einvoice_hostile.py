"""E-invoices as attackers and broken programs make them: refused with a reason, and the rest goes on."""

import io

import pypdf
import pytest
from einvoice_files import Model, cii, ubl
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject
from reading import Tables, assert_conserved, read_contents

GOOD = ubl(Model())
_BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
_FETCH = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"


def with_doctype(doctype: str) -> str:
    return GOOD.replace("?>", "?>" + doctype, 1).replace("<cbc:ID>R-1<", "<cbc:ID>&a;<", 1)


def pdf(files: dict[str, bytes], password: str | None = None, associated_only: bool = False) -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(72, 72)
    for name, content in files.items():
        if not associated_only:
            writer.add_attachment(name, content)
            continue
        stream = DecodedStreamObject()
        stream.set_data(content)
        specification = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Filespec"),
                NameObject("/F"): TextStringObject(name),
                NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(stream)}),
            }
        )
        writer.root_object[NameObject("/AF")] = ArrayObject([writer._add_object(specification)])
    if password is not None:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


GOOD_PDFS = {
    name: pdf({"other.txt": b"x", name: cii(Model(number=name)).encode()})
    for name in (
        "ZUGFeRD-invoice.xml",
        "factur-x.xml",
        "zugferd-invoice.xml",
        "xrechnung.xml",
        "rechnung_4711.xml",
    )
}

# Content, and what the reason must say.
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "bomb.xml": (with_doctype(_BOMB), "document type declaration"),
    "fetch.xml": (with_doctype(_FETCH), "document type declaration"),
    "deep.xml": (GOOD.replace("<cbc:ID>R-1</cbc:ID>", "<a>" * 5000 + "</a>" * 5000, 1), ""),
    "deep_but_parsed.xml": (GOOD.replace("<cbc:ID>R-1</cbc:ID>", "<a>" * 100 + "</a>" * 100, 1), "deeper than 64"),
    "no_namespace.xml": ('<Invoice><ID>1</ID></Invoice>', "namespace"),
    "truncated.xml": (GOOD[: len(GOOD) // 2], "not well-formed"),
    "wrong_root.xml": ("<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>", "root element is Order"),
    "empty.xml": ("", "empty"),
    "blank.xml": ("  \n ", "empty"),
    "binary.xml": (bytes(range(256)) * 10, ""),
    "long_text.xml": (GOOD.replace("Kaffee", "K" * 200_000), "200000 characters"),
    "packed.xml": (b"\x1f\x8b\x08\x00broken", "cannot be unpacked"),
    "locked.pdf": (pdf({"factur-x.xml": cii(Model()).encode()}, password="secret"), "encrypted"),
    "order.pdf": (pdf({"order-x.xml": b"<a/>"}), "an order"),
    "plain.pdf": (pdf({}), "no embedded file"),
    "picture.pdf": (pdf({"logo.png": b"x"}), "logo.png"),
    "cut.pdf": (GOOD_PDFS["factur-x.xml"][:400], ""),
    "zeros.pdf": (b"%PDF-1.7\n" + b"\x00" * 4000, ""),
    "bomb.pdf": (pdf({"factur-x.xml": b"<a>" + b"x" * (80 << 20) + b"</a>"}), ""),
    "not_xml.pdf": (pdf({"factur-x.xml": b"%PDF-1.7"}), "not well-formed"),
}  # fmt: skip
# Records of a readable document that cannot be booked.
REJECTED = {
    "digits.xml": (GOOD.replace(">53.55</cbc:TaxInclusiveAmount>", ">" + "9" * 30 + "</cbc:TaxInclusiveAmount>"), "out_of_range"),
    "decimals.xml": (GOOD.replace(">53.55</cbc:TaxInclusiveAmount>", ">53.5500001</cbc:TaxInclusiveAmount>"), "out_of_range"),
    "exponent.xml": (GOOD.replace(">45.00</cbc:LineExtensionAmount>", ">4.5E1</cbc:LineExtensionAmount>"), "invalid_value"),
    "comma.xml": (GOOD.replace(">53.55</cbc:TaxInclusiveAmount>", ">53,55</cbc:TaxInclusiveAmount>"), "invalid_value"),
    "day.xml": (GOOD.replace(">2026-06-01<", ">2026-02-30<"), "invalid_value"),
    "no_day.xml": (GOOD.replace("<cbc:IssueDate>2026-06-01</cbc:IssueDate>", ""), "missing_field"),
    "currency.xml": (GOOD.replace(">EUR<", ">Euro<"), "invalid_value"),
    "hidden_total.xml": (
        GOOD.replace("<cac:LegalMonetaryTotal>", "<cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount currencyID='EUR'>1.00</cbc:TaxInclusiveAmount>"),
        "invalid_value",
    ),
}  # fmt: skip
LANDED: dict[str, str | bytes] = {
    "bom.xml": b"\xef\xbb\xbf" + GOOD.encode(),
    "utf16.xml": GOOD.replace("UTF-8", "UTF-16").encode("utf-16"),
    "latin1.xml": GOOD.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
    "mislabelled.xml": GOOD.encode("cp1252"),
    "prefixes.xml": GOOD.replace("cbc:", "b:").replace("xmlns:cbc", "xmlns:b").replace("cac:", "a:").replace("xmlns:cac", "xmlns:a"),
    "comment.xml": GOOD.replace("<cbc:ID>", "<!-- <cbc:DocumentCurrencyCode>USD</cbc:DocumentCurrencyCode> --><cbc:ID>", 1),
    "cdata.xml": GOOD.replace(">EUR</cbc:Doc", "><![CDATA[EUR]]></cbc:Doc"),
    "extension.xml": GOOD.replace(
        "<cbc:CustomizationID>",
        "<ext:UBLExtensions xmlns:ext='urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2'><ext:UBLExtension><ext:ExtensionContent>"
        "<cbc:IssueDate>1999-01-01</cbc:IssueDate></ext:ExtensionContent></ext:UBLExtension></ext:UBLExtensions><cbc:CustomizationID>",
        1,
    ),
    "envelope.xml": "<s:StandardBusinessDocument xmlns:s='http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'>"
    + GOOD.partition("?>")[2]
    + "</s:StandardBusinessDocument>",
    "associated.pdf": pdf({"factur-x.xml": cii(Model()).encode()}, associated_only=True),
    "owner_password.pdf": pdf({"factur-x.xml": cii(Model()).encode()}, password=""),
    **{f"{name}.pdf": content for name, content in GOOD_PDFS.items()},
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    files: dict[str, str | bytes] = {name: content for name, (content, _) in (REFUSED | REJECTED).items()}
    return read_contents("einvoice", tmp_path_factory.mktemp("hostile"), files | LANDED)


def of(tables: Tables, table: str, name: str) -> list[dict]:
    return [row for row in tables[table] if row["source_file"] == name]


def test_every_file_is_landed_or_rejected(tables: Tables) -> None:
    assert_conserved("einvoice", tables)
    assert len(tables["files"]) == len(REFUSED) + len(REJECTED) + len(LANDED)
    assert len(tables["documents"]) + len(tables["rejects"]) == len(tables["files"])


@pytest.mark.parametrize("name", list(REFUSED))
def test_refused_with_a_reason(tables: Tables, name: str) -> None:
    (reject,) = of(tables, "rejects", name)
    assert reject["reason_code"] == "unreadable_file"
    assert REFUSED[name][1] in reject["message"] and "passwd" not in reject["message"]
    assert of(tables, "documents", name) == []


@pytest.mark.parametrize("name", list(REJECTED))
def test_rejected_with_field_and_value(tables: Tables, name: str) -> None:
    (reject,) = of(tables, "rejects", name)
    assert reject["reason_code"] == REJECTED[name][1]
    assert reject["field"] and reject["expected"]


@pytest.mark.parametrize("name", list(LANDED))
def test_unusual_but_right_is_landed(tables: Tables, name: str) -> None:
    (document,) = of(tables, "documents", name)
    assert (str(document["total_amount"]), document["seller_name"]) == ("53.5500", "Großhandel Fröhlich GmbH")
    assert document["fatal_count"] == 0
    if name.endswith(".pdf"):
        assert document["container"].endswith(".xml")
