"""The canonical rows that a file's e-invoice would become, for `tieout inspect`.

Belongs here: names and signs of `canonical.invoices` and `canonical.bills`, and which of the two it would be
by the identifiers of the entities in the seeds. The rule for loading is dbt's `int_einvoices`; without a
configured source any entity of ours counts. Not here: parties, accounts and tax codes of the seeds.
"""

import csv
import re
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.company import seed_rows

Row = dict[str, Any]

_HEADER = (
    "syntax", "container", "profile", "ruleset", "document_type_code", "tax_currency", "tax_point_date",
    "buyer_reference", "contract_reference", "project_reference", "payment_terms", "note",
    "seller_name", "seller_vat_id", "seller_registration", "seller_tax_number", "seller_country", "buyer_name",
    "buyer_vat_id", "buyer_registration", "buyer_country", "payee_name", "payment_means_code", "payee_account",
    "payee_bank", "delivery_date", "period_start_date", "period_end_date", "discount_percent", "discount_days",
)  # fmt: skip
_SIGNED = (
    "line_total_amount", "allowance_total_amount", "charge_total_amount", "tax_amount", "tax_currency_amount",
    "gross_amount", "prepaid_amount", "rounding_amount", "payable_amount", "total_amount",
)  # fmt: skip
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def key(text: str | None) -> str:
    """An identifier or name as it is compared (dbt: reference_key, name_key)."""
    plain = unicodedata.normalize("NFD", (text or "").lower().translate(_UMLAUTS))
    return re.sub(r"[^A-Z0-9]", "", "".join(c for c in plain if not unicodedata.combining(c)).upper())


def own_keys(seeds: Path) -> set[str]:
    """What the entities of the seeds are called; empty where there are no seeds."""
    keys: set[str] = set()
    for name, column in (
        ("master_entity_identifiers", "identifier"),
        ("master_legal_entities", "entity_name"),
    ):
        try:
            keys |= {key(row.get(column)) for row in seed_rows(seeds / f"{name}.csv")}
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
    return keys - {""}


def is_ours(document: Row, role: str, own: set[str]) -> bool:
    names = ("vat_id", "registration", "id", "endpoint", "name")
    return any(key(document[f"{role}_{name}"]) in own for name in names if document[f"{role}_{name}"])


def canonical(tables: dict[str, list[Row]], seeds: Path) -> dict[str, list[Row]]:
    """Rows of invoices or bills and their lines, tax breakdowns as they are."""
    own = own_keys(seeds)
    types = {
        row["document_type_code"]: row["document_type"]
        for row in seed_rows(seeds / "einvoice_document_types.csv")
    }
    result: dict[str, list[Row]] = {}
    for document in tables.get("documents", []):
        is_seller = is_ours(document, "seller", own) and not is_ours(document, "buyer", own)
        object_ = "invoice" if is_seller else "bill"
        kind = (
            "credit_note"
            if document["syntax"] == "ubl_credit_note"
            else types.get(document["document_type_code"], object_)
        )
        is_credit_note = kind == "credit_note"
        sign = -1 if is_credit_note and document["total_amount"] > 0 else 1
        row = _document(document, object_, object_ if kind == "invoice" else kind, sign)
        result.setdefault(f"{object_}s", []).append(row)
        lines = [line for line in tables.get("document_lines", []) if line["load_id"] == document["load_id"]]
        result.setdefault(f"{object_}_lines", []).extend(
            _line(line, row[f"{object_}_id"], object_, sign) for line in lines
        )
        taxes = [tax for tax in tables.get("tax_breakdowns", []) if tax["load_id"] == document["load_id"]]
        result.setdefault("tax_breakdowns", []).extend(_tax(tax, sign) for tax in taxes)
    return {name: rows for name, rows in result.items() if rows}


def strangers(tables: dict[str, list[Row]], seeds: Path) -> list[str]:
    """A sentence for each document in which no entity of the seeds is a party."""
    own = own_keys(seeds)
    return [
        f"neither the seller ({document['seller_name']}, {document['seller_vat_id']}) nor the buyer "
        f"({document['buyer_name']}, {document['buyer_vat_id']}) is an entity of ours: shown as a bill; name our "
        "numbers in master_entity_identifiers.csv"
        for document in tables.get("documents", [])
        if not is_ours(document, "seller", own) and not is_ours(document, "buyer", own)
    ]


def _document(document: Row, object_: str, kind: str, sign: int) -> Row:
    party = "customer" if object_ == "invoice" else "vendor"
    row: Row = {
        f"{object_}_id": document["document_key"],
        f"{object_}_number": document["document_number"],
        "document_type": kind,
        f"{object_}_date": document["issue_date"],
        "due_date": document["due_date"],
        f"{party}_name": document["buyer_name" if party == "customer" else "seller_name"],
        "purchase_order" if object_ == "bill" else "order_number": document["purchase_order"]
        or document["sales_order"],
        f"original_{object_}_number": document["preceding_invoice"],
        "payment_reference": document["remittance_text"],
        "currency": document["currency"],
        "net_amount": _signed(document["net_amount"], sign),
    }
    if object_ == "bill":
        row["vendor_account"] = (document["payee_account"] or "").replace(" ", "").upper() or None
    row |= {name: _signed(document[name], sign) for name in _SIGNED}
    row |= {name: document[name] for name in _HEADER}
    return row | {name: document[name] for name in ("source_position", "record_hash")}


def _line(line: Row, document_id: str, object_: str, sign: int) -> Row:
    kept = {
        name: value
        for name, value in line.items()
        if name
        not in (
            "source_name",
            "entity_id",
            "load_id",
            "source_file",
            "record_hash",
            "item_name",
            "net_amount",
        )
    }
    return {
        f"{object_}_line_id": f"{document_id}:{line['line_number']}",
        f"{object_}_id": document_id,
        **kept,
        "description": line["item_name"],
        "net_amount": _signed(line["net_amount"], sign),
    }


def _tax(tax: Row, sign: int) -> Row:
    row = {
        name: value
        for name, value in tax.items()
        if name not in ("source_name", "entity_id", "load_id", "source_file", "record_hash")
    }
    return row | {name: _signed(tax[name], sign) for name in ("taxable_amount", "tax_amount")}


def _signed(amount: Decimal | None, sign: int) -> Decimal | None:
    return None if amount is None else amount * sign
