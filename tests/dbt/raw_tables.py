"""An empty warehouse: every raw table of every kind, without rows, as after a first run on no files.

Belongs here: raw tables from the Arrow schemas that the readers promise. Does not belong here: rows
(tests) or what dbt makes of them.
"""

from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.kinds import KINDS, kind_spec


def create_raw_tables(warehouse: Path) -> None:
    """Create raw_<kind> with all its tables and dlt's `_dlt_load_id`, as dlt would."""
    with duckdb.connect(str(warehouse)) as connection:
        for kind in KINDS:
            spec = kind_spec(kind)
            connection.execute(f"create schema if not exists {spec.dataset}")
            for table, schema in spec.all_tables.items():
                rows = schema.append(pa.field("_dlt_load_id", pa.string())).empty_table()  # noqa: F841
                connection.execute(f'create table {spec.dataset}."{table}" as from rows')
