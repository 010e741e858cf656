"""`tieout inspect` decides as dbt does whether an e-invoice is our invoice, our bill, or nobody's."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from macro_sql import MACROS, macros

from pipelines.einvoice.inspected import is_ours, own_keys
from pipelines.einvoice.schema import DOCUMENT_COLUMNS

MODEL = MACROS.parent / "models" / "intermediate" / "documents" / "int_einvoices.sql"
IDENTIFIERS = (
    "entity_id,identifier_type,identifier,description\nDE01,vat_id,DE 811 907 980,\nDE01,gln,4012345000009,\n"
)
ENTITIES = "entity_id,entity_name\nDE01,Bäckerei Müller & Söhne GmbH\n"

NAMES = [
    "Bäckerei Müller & Söhne GmbH",
    "BAECKEREI MUELLER + SOEHNE GMBH",
    "Müller GmbH",
    "Café Sluis",
    None,
    " ",
]
NUMBERS = ["DE811907980", "de811907980", "DE 811.907-980", "4012345000009", "4012345000008", "ATU1", None, ""]
PARTY = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES)}
    | {column: st.sampled_from(NUMBERS) for column in ("vat_id", "registration", "id", "endpoint")}
)


def model_sql() -> str:
    """The model, with the other documents and parties that it reads left empty."""
    found = macros("reference_key", "match_keys")
    environment = Environment()
    environment.globals.update(found, ref=lambda name: name)
    return environment.from_string(MODEL.read_text(encoding="utf-8")).render()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "master_entity_identifiers.csv").write_text(IDENTIFIERS, encoding="utf-8")
    (folder / "master_legal_entities.csv").write_text(ENTITIES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def warehouse(seeds: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"temp_directory": tempfile.mkdtemp()})
    for name in ("master_entity_identifiers", "master_legal_entities"):
        connection.execute(f"create table {name} as from read_csv('{seeds / name}.csv', all_varchar = true)")
    for name, columns in {
        "master_vendors": "entity_id, vendor_id, vendor_name, account_number",
        "master_customers": "entity_id, customer_id, customer_name",
        "stg_csv__bills": "record_state, entity_id, bill_number, bill_id, currency, vendor_name",
        "stg_csv__invoices": "record_state, entity_id, invoice_number, invoice_id, currency, customer_name",
        "einvoice_document_types": "document_type_code, document_type",
    }.items():
        typed = ", ".join(f"{column} varchar" for column in columns.split(", "))
        money = ", total_amount decimal(18, 4), net_amount decimal(18, 4), tax_amount decimal(18, 4), business_date date"
        connection.execute(
            f"create table {name} ({typed}{money if 'stg' in name else ''}{', is_claim boolean' if 'types' in name else ''})"
        )
    return connection


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parties=st.lists(st.tuples(PARTY, PARTY), min_size=20, max_size=20))
def test_inspect_and_dbt_see_the_same_side(
    warehouse: duckdb.DuckDBPyConnection, seeds: Path, parties: list[tuple[dict[str, str], dict[str, str]]]
) -> None:
    rows = []
    for number, (seller, buyer) in enumerate(parties):
        row: dict[str, str | None] = {
            "source_name": "a",
            "document_key": str(number),
            "entity_id": "DE01",
            "record_state": "current",
        }
        row |= {f"seller_{column}": value for column, value in seller.items()}
        row |= {f"buyer_{column}": value for column, value in buyer.items()}
        rows.append(row)
    schema = pa.schema(
        [pa.field(name, type_) for name, type_ in DOCUMENT_COLUMNS.items() if name not in ("document_key",)]
        + [pa.field(name, pa.string()) for name in ("source_name", "document_key", "entity_id", "record_state", "load_id", "source_file", "record_hash")]
        + [pa.field("source_position", pa.int64()), pa.field("source_updated_at", pa.timestamp("us")), pa.field("business_date", pa.date32())]
    )  # fmt: skip
    warehouse.register("stg_einvoice__documents", pa.Table.from_pylist(rows, schema=schema))
    decided = {
        key: (role, known)
        for key, role, known in warehouse.execute(
            f"select document_key, our_role, is_party_known from ({model_sql()})"
        ).fetchall()
    }
    own = own_keys(seeds)
    for row in rows:
        is_seller, is_buyer = is_ours(row, "seller", own), is_ours(row, "buyer", own)
        expected = ("seller" if is_seller and not is_buyer else "buyer", is_seller or is_buyer)
        assert decided[str(row["document_key"])] == expected, row
