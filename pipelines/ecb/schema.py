"""Raw table of the ECB rates."""

import pyarrow as pa

from pipelines.provenance import PROVENANCE, RATE

FX_RATES = pa.schema(
    [
        *PROVENANCE,
        pa.field("rate_date", pa.date32()),
        pa.field("base_currency", pa.string()),  # always EUR
        pa.field("currency", pa.string()),
        pa.field("rate", RATE),  # units of currency for 1 EUR
    ]
)

TABLES = {"fx_rates": FX_RATES}
