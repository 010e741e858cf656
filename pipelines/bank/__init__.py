"""Bank statements as banks send them, in one shape: camt, MT940, MT942, BAI2, OFX, QIF and CODA.

Sources: ISO 20022 message definitions camt.052/053/054.001.02 to .13 (iso20022.org); SWIFT Standards,
Category 9, MT 940 and MT 942; Deutsche Kreditwirtschaft, DFÜ-Abkommen Anlage 3 (field 86 with ?20 to
?63); ING, Rabobank and ABN AMRO format guides for the slashed field 86; BAI Cash Management Balance
Reporting Specifications version 2; Open Financial Exchange 1.6 and 2.2; Febelfin, CODA 2.6.
Belongs here: what a statement says, exactly. Does not belong here: whether it ties, continues or was
seen before (dbt).
"""

from pipelines.bank.read import read
from pipelines.bank.schema import TABLES
from pipelines.kinds import KindSpec

KIND = KindSpec(kind="bank", tables=TABLES, read=read, version=4)
