"""Euro foreign exchange reference rates, as the European Central Bank publishes them.

Files: `eurofxref-hist.csv` and `eurofxref.csv` (wide: a date and one column per currency), and the XML
of the same name (`eurofxref-hist.xml`, `eurofxref-hist-90d.xml`, `eurofxref-daily.xml`).
Source: https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates
Belongs here: rates as published. Days without a rate are carried forward in dbt, not here.
"""

from pipelines.ecb.parse import read
from pipelines.ecb.schema import TABLES
from pipelines.kinds import KindSpec

KIND = KindSpec(kind="ecb", tables=TABLES, read=read)
