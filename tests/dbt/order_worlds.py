"""Random shops for the order models: orders, the files in which they come, and the models built of them.

Belongs here: making item exports, landing them with the real reader, and building the order models again from SQL
that dbt compiled once. Does not belong here: what must be true of the result (the tests).
"""

import csv
import io
import json
import random
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from pipelines.config import SourceInstance
from pipelines.kinds import kind_spec
from pipelines.landing import landing_file
from pipelines.loading import read_files

#: In the order in which they are built.
MODELS = (
    "stg_csv__orders", "stg_csv__order_lines", "int_csv_order_lines", "int_csv_order_sums", "int_orders",
    "int_order_parts", "int_order_allocations", "order_lines", "int_order_totals", "orders",
)  # fmt: skip
HEADER = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
_SOURCE = SourceInstance(name="shop", kind="csv", entity_id="DE01", path="*", constants={"currency": "GBP"})


class World(NamedTuple):
    """lines: (order, sku, quantity, price) of what was sold. files: their rows by file name, deliveries that repeat
    others among them."""

    lines: tuple[tuple[str, str, int, Decimal], ...]
    files: dict[str, list[tuple[str, str, int, Decimal]]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Orders of distinct items, some of them on two equal rows, cut into files at random and delivered again."""
    shuffle = random.Random(draw(st.integers(0, 2**32)))
    parts = draw(st.integers(1, 3))
    lines, files = [], {f"part_{number + 1}.csv": [] for number in range(parts)}
    for order in range(draw(st.integers(1, 5))):
        is_cancelled = draw(st.booleans())
        for sku in range(draw(st.integers(1, 5))):
            quantity = draw(st.integers(1, 2000)) * (-1 if is_cancelled else 1)
            price = draw(st.decimals(0, 9999, places=4))
            rows = [(f"{'C' if is_cancelled else ''}{order}", f"S{sku}", quantity, price)] * draw(
                st.integers(1, 2)
            )
            lines += rows
            # Equal rows of one order stay together: in two files they would be a copy to anyone.
            files[f"part_{draw(st.integers(1, parts))}.csv"] += rows
    for name in draw(st.lists(st.sampled_from(sorted(files)), unique=True)):
        files[name.replace(".csv", "_again.csv")] = list(files[name])
    if draw(st.booleans()):
        files["whole.csv"] = list(lines)
    for rows in files.values():
        shuffle.shuffle(rows)
    return World(tuple(lines), files)


def text_of(rows: list[tuple[str, str, int, Decimal]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for order, sku, quantity, price in rows:
        writer.writerow([order, sku, "", quantity, "6/30/2026 8:26", price, "17850.0", "France"])
    return out.getvalue()


def rows(*lines: tuple[str, str, int, str]) -> str:
    """A file of these lines, prices as text."""
    return text_of([(order, sku, quantity, Decimal(price)) for order, sku, quantity, price in lines])


def landed(folder: Path, files: dict[str, str]) -> pa.Table:
    """The rows of raw_csv.order_lines that the reader makes of these files; nothing may be rejected."""
    spec = kind_spec("csv")
    tables = [spec.tables["order_lines"].empty_table()]
    for name, text in files.items():
        path = folder / name
        path.write_text(text)
        for batch in read_files(spec, [landing_file(folder, path, _SOURCE)], _SOURCE):
            assert batch.table != "rejects" or batch.rows.num_rows == 0, batch.rows.to_pylist()
            if batch.table == "order_lines":
                tables.append(pa.table(batch.rows).select(tables[0].column_names))
    return pa.concat_tables(tables)


def compiled(home: Path) -> list[tuple[str, str]]:
    """(relation, SQL) of the order models, as dbt compiled them below `home`."""
    manifest = json.loads((home / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    found = []
    for name in MODELS:
        node = nodes[name]
        path = home / "target" / "compiled" / "tieout" / node["original_file_path"]
        # Without the name of the file that the last run was on.
        sql = re.sub(r'"\w+"\.("\w+"\."\w+")', r"\1", path.read_text(encoding="utf-8"))
        found.append((f'"{node["schema"]}"."{name}"', sql))
    return found


def through(
    connection: duckdb.DuckDBPyConnection, models: list[tuple[str, str]], files: dict[str, str]
) -> dict[str, list[tuple]]:
    """Orders, lines and states of the rows that these files come to."""
    with tempfile.TemporaryDirectory() as folder:
        build(connection, models, landed(Path(folder), files))
    queries = {
        "orders": "select source_id, total_amount, line_count from canonical.orders where source_name = 'shop'",
        "lines": "select order_id, sku, quantity, unit_price, total_amount from canonical.order_lines where source_name = 'shop'",
        "states": "select record_state, count(*) from staging.stg_csv__order_lines group by 1",
    }
    return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def totals(files: dict[str, list[tuple]]) -> dict[str, Decimal]:
    return {order: total for order, total, _ in files["orders"]}


def build(connection: duckdb.DuckDBPyConnection, models: list[tuple[str, str]], raw: pa.Table) -> None:
    """The order models over these raw rows alone."""
    given = raw.append_column("_dlt_load_id", pa.array(["1"] * raw.num_rows, pa.string()))
    connection.register("given", given)
    connection.execute("delete from raw_csv.order_lines")
    connection.execute("insert into raw_csv.order_lines by name select * from given")
    for relation, sql in models:
        connection.execute(f"create or replace table {relation} as {sql}")
