"""Electronic invoices: UBL 2.1, UN/CEFACT CII, and PDFs that carry them (Factur-X, ZUGFeRD, XRechnung).

Sources: EN 16931-1:2017 with CEN/TS 16931-3-2 (UBL) and -3-3 (CII); the Schematron of CEN/TC 434 and of
Factur-X / ZUGFeRD; Peppol BIS Billing 3; XRechnung 3.0; ZUGFeRD 1.0.
Belongs here: what a document says and which rules it breaks. Does not belong here: whether it is a sales
invoice or a vendor bill of ours (dbt, by `master_entity_identifiers`).
"""

from pipelines.einvoice.read import read, read_many
from pipelines.einvoice.schema import TABLES
from pipelines.kinds import KindSpec

KIND = KindSpec(kind="einvoice", tables=TABLES, read=read, read_many=read_many)
