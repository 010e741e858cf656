"""Payment files: what was sent to a bank (pain.001, pain.008, NACHA) and what it answered (pain.002, returns).

Sources: ISO 20022 pain messages; Nacha Operating Rules. See `pain` and `nacha`.
Belongs here: what a file orders and what its control figures say. Does not belong here: which payment was
refused in the end (dbt, `canonical.payment_instructions`).
"""

from pipelines.kinds import KindSpec
from pipelines.payment_files.read import read
from pipelines.payment_files.schema import TABLES

KIND = KindSpec(kind="payment_files", tables=TABLES, read=read)
