"""The raw tables of e-invoices: one shape for UBL, CII and the PDFs that carry them.

Columns are named in words; the business term of EN 16931-1 stands beside each (BT-n). Amounts are as the
document writes them: a credit note that is written positive stays positive here.
"""

import pyarrow as pa

from pipelines.provenance import MONEY, PROVENANCE, RATE

_TEXT = pa.string()
_DATE = pa.date32()
_NUMBER = pa.int64()

# Column -> type, in the order of EN 16931-1.
DOCUMENT_COLUMNS: dict[str, pa.DataType] = {
    "document_key": _TEXT,  # seller, number and year of issue: the same document in whatever syntax
    "syntax": _TEXT,  # ubl_invoice, ubl_credit_note, cii, zugferd_1
    "container": _TEXT,  # xml, or the name of the file embedded in a PDF
    "profile": _TEXT,  # BT-24
    "business_process": _TEXT,  # BT-23
    "ruleset": _TEXT,  # the rules that the document was checked by
    "document_number": _TEXT,  # BT-1
    "issue_date": _DATE,  # BT-2
    "document_type_code": _TEXT,  # BT-3, UNTDID 1001
    "currency": _TEXT,  # BT-5
    "tax_currency": _TEXT,  # BT-6
    "tax_point_date": _DATE,  # BT-7
    "due_date": _DATE,  # BT-9
    "buyer_reference": _TEXT,  # BT-10
    "project_reference": _TEXT,  # BT-11
    "contract_reference": _TEXT,  # BT-12
    "purchase_order": _TEXT,  # BT-13
    "sales_order": _TEXT,  # BT-14
    "buyer_accounting_reference": _TEXT,  # BT-19
    "payment_terms": _TEXT,  # BT-20
    "discount_percent": RATE,  # from BT-20 as XRechnung writes it (#SKONTO#), or CII discount terms
    "discount_days": _NUMBER,
    "note": _TEXT,  # BT-22
    "preceding_invoice": _TEXT,  # BT-25, several joined by '; '
    "preceding_invoice_date": _DATE,  # BT-26, of the first
    "seller_name": _TEXT,  # BT-27
    "seller_id": _TEXT,  # BT-29
    "seller_registration": _TEXT,  # BT-30
    "seller_vat_id": _TEXT,  # BT-31
    "seller_tax_number": _TEXT,  # BT-32
    "seller_endpoint": _TEXT,  # BT-34
    "seller_country": _TEXT,  # BT-40
    "buyer_name": _TEXT,  # BT-44
    "buyer_id": _TEXT,  # BT-46
    "buyer_registration": _TEXT,  # BT-47
    "buyer_vat_id": _TEXT,  # BT-48
    "buyer_endpoint": _TEXT,  # BT-49
    "buyer_country": _TEXT,  # BT-55
    "payee_name": _TEXT,  # BT-59
    "tax_representative_vat_id": _TEXT,  # BT-63
    "delivery_date": _DATE,  # BT-72
    "period_start_date": _DATE,  # BT-73
    "period_end_date": _DATE,  # BT-74
    "payment_means_code": _TEXT,  # BT-81
    "remittance_text": _TEXT,  # BT-83
    "payee_account": _TEXT,  # BT-84
    "payee_bank": _TEXT,  # BT-86
    "mandate_id": _TEXT,  # BT-89
    "buyer_account": _TEXT,  # BT-91
    "line_total_amount": MONEY,  # BT-106
    "allowance_total_amount": MONEY,  # BT-107
    "charge_total_amount": MONEY,  # BT-108
    "net_amount": MONEY,  # BT-109
    "tax_amount": MONEY,  # BT-110
    "tax_currency_amount": MONEY,  # BT-111, in BT-6
    "gross_amount": MONEY,  # BT-112
    "prepaid_amount": MONEY,  # BT-113
    "rounding_amount": MONEY,  # BT-114
    "payable_amount": MONEY,  # BT-115
    "total_amount": MONEY,  # BT-112 + BT-114: what the document claims before what was paid
    "line_count": _NUMBER,
    "fatal_count": _NUMBER,  # rules broken whose flag is fatal
    "warning_count": _NUMBER,
}

LINE_COLUMNS: dict[str, pa.DataType] = {
    "line_number": _NUMBER,  # ordinal in the document: items, then allowances and charges of the document
    "line_kind": _TEXT,  # item, allowance (BG-20, negative), charge (BG-21)
    "native_line_id": _TEXT,  # BT-126
    "note": _TEXT,  # BT-127
    "quantity": RATE,  # BT-129
    "unit_code": _TEXT,  # BT-130
    "net_amount": MONEY,  # BT-131; BT-92 negative; BT-99
    "purchase_order_line": _TEXT,  # BT-132
    "accounting_reference": _TEXT,  # BT-133
    "line_allowance_amount": MONEY,  # BT-136, summed
    "line_charge_amount": MONEY,  # BT-141, summed
    "unit_price": RATE,  # BT-146
    "price_discount": RATE,  # BT-147
    "gross_price": RATE,  # BT-148
    "price_base_quantity": RATE,  # BT-149
    "tax_category": _TEXT,  # BT-151, BT-95, BT-102
    "tax_rate": RATE,  # BT-152, BT-96, BT-103, percent
    "item_name": _TEXT,  # BT-153; reason of an allowance or charge (BT-97, BT-104)
    "item_description": _TEXT,  # BT-154
    "seller_item_id": _TEXT,  # BT-155
    "buyer_item_id": _TEXT,  # BT-156
    "standard_item_id": _TEXT,  # BT-157
    "reason_code": _TEXT,  # BT-98, BT-105
}

TAX_COLUMNS: dict[str, pa.DataType] = {
    "breakdown_number": _NUMBER,
    "tax_category": _TEXT,  # BT-118
    "tax_rate": RATE,  # BT-119
    "taxable_amount": MONEY,  # BT-116
    "tax_amount": MONEY,  # BT-117
    "exemption_reason": _TEXT,  # BT-120
    "exemption_code": _TEXT,  # BT-121
}

# A rule that the document breaks. expected and found only where the rule is a sum.
FINDING_COLUMNS: dict[str, pa.DataType] = {
    "finding_number": _NUMBER,
    "rule_id": _TEXT,
    "severity": _TEXT,  # fatal, warning, information
    "message": _TEXT,
    "location": _TEXT,  # XPath, without namespaces
    "expected_amount": MONEY,
    "found_amount": MONEY,
    "currency": _TEXT,
    "document_number": _TEXT,
    "business_date": _DATE,
}


def _table(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema([*PROVENANCE, *(pa.field(name, type_) for name, type_ in columns.items())])


TABLES: dict[str, pa.Schema] = {
    "documents": _table(DOCUMENT_COLUMNS),
    "document_lines": _table(LINE_COLUMNS),
    "tax_breakdowns": _table(TAX_COLUMNS),
    "findings": _table(FINDING_COLUMNS),
}

STREAM = "einvoices"
