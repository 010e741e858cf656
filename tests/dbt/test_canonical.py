"""Staging and canonical models as a whole: on an empty warehouse, and on one where everything happened
that may happen between source and model: versions, copies, replays, rejects, unknown words.
"""

import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from dbt_runs import DbtRun, run_dbt
from hypothesis import HealthCheck, given, settings
from order_worlds import World, compiled, rows, text_of, through, totals, worlds
from raw_tables import create_raw_tables

#: All of staging, canonical and what is between; not the ledger and the marts.
MODELS = (
    "--indirect-selection",
    "cautious",
    "--select",
    "+control_totals",
    "+master_data_conflicts",
    "+int_unmapped_values",
    "+path:models/canonical",
)
SEEDS = Path(__file__).resolve().parents[2] / "seeds"
AS_OF = ("--vars", "{as_of_date: '2026-06-30'}")

ORDER = {"source_name": "shopify_de", "entity_id": "DE01", "order_id": "1"}
VERSIONS = {
    # load_id: (source_file, hash, updated_at, total)
    "first": ("orders_1.json", "h1", "2026-06-01 10:00:00+00", "30.00"),
    "copy": ("orders_1_copy.json", "h1", "2026-06-01 10:00:00+00", "30.00"),
    "edited": ("orders_2.json", "h2", "2026-06-02 10:00:00+00", "25.00"),
}


def insert(connection, table: str, **row) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    connection.execute(
        f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values())
    )


def feed(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        for load_id, (file, digest, updated_at, total) in VERSIONS.items():
            # The edited version is loaded twice: a crash between two commits, and the run after it.
            for dlt_load in ("1", "2") if load_id == "edited" else ("1",):
                where = {
                    "load_id": load_id,
                    "source_file": file,
                    "source_position": 1,
                    "record_hash": digest,
                    "_dlt_load_id": dlt_load,
                }
                insert(
                    connection, "raw_shopify.orders", **ORDER, **where, order_name="#1001", order_number="1001",
                    created_at="2026-06-01 22:30:00+00", updated_at=updated_at, currency="EUR", taxes_included=True,
                    financial_status="paid", customer_id="77", customer_name="Ada", total_price=total,
                    subtotal_price=str(Decimal(total) - 5), total_discounts="0", total_tax=str((Decimal(total) * 19 / 119).quantize(Decimal("0.01"))),
                )  # fmt: skip
                insert(
                    connection,
                    "raw_shopify.order_shipping_lines",
                    **ORDER,
                    **where,
                    shipping_line_id="s",
                    price="5.00",
                )
                for index in (1, 2) if load_id != "edited" else (1,):
                    price = "12.50" if load_id != "edited" else "20.00"
                    insert(
                        connection,
                        "raw_shopify.order_lines",
                        **ORDER,
                        **where,
                        order_line_id=f"l{index}",
                        line_index=index,
                        quantity=1,
                        current_quantity=1,
                        price=price,
                    )
                insert(
                    connection, "raw_shopify.control_totals", source_name="shopify_de", entity_id="DE01", load_id=load_id,
                    source_file=file, stream="orders", currency="EUR", business_date="2026-06-02", declared_count=1,
                    declared_amount=total, declared_by="payload_count", _dlt_load_id=dlt_load,
                )  # fmt: skip
        payment = {
            "source_name": "payments_uk",
            "entity_id": "UK01",
            "load_id": "p",
            "source_file": "p.csv",
            "payment_type": "receipt",
            "payment_date": "2026-06-03",
        }
        insert(
            connection,
            "raw_csv.payments",
            **payment,
            source_position=1,
            record_hash="a",
            payment_id="1",
            amount="10.00",
            currency="GBP",
            status="paid",
        )
        insert(
            connection,
            "raw_csv.payments",
            **payment | {"payment_type": "chargeback"},
            source_position=2,
            record_hash="b",
            payment_id="2",
            amount="20.00",
            currency="GBP",
            status="hovering",
        )
        declared = {
            "source_name": "payments_uk",
            "entity_id": "UK01",
            "load_id": "p",
            "source_file": "p.csv",
            "stream": "payments",
            "declared_by": "payload_count",
        }
        insert(
            connection,
            "raw_csv.control_totals",
            **declared,
            currency="GBP",
            business_date="2026-06-03",
            declared_count=3,
            declared_amount="30.00",
        )
        insert(
            connection, "raw_csv.rejects", source_name="payments_uk", entity_id="UK01", load_id="p", source_file="p.csv",
            source_position=3, record_hash="c", stream="payments", currency="GBP", business_date="2026-06-03", amount="0", reason_code="invalid_value",
        )  # fmt: skip
        for position, (currency, rate) in enumerate({"GBP": "0.85", "USD": "1.10"}.items(), 1):
            insert(
                connection, "raw_ecb.fx_rates", source_name="ecb", entity_id="DE01", load_id="e", source_file="fx.csv",
                source_position=position, record_hash=currency, rate_date="2026-06-01", base_currency="EUR", currency=currency, rate=rate,
            )  # fmt: skip
            insert(
                connection, "raw_ecb.control_totals", source_name="ecb", entity_id="DE01", load_id="e", source_file="fx.csv", stream="fx_rates",
                currency=currency, business_date="2026-06-01", declared_count=1, declared_amount="0", declared_by="payload_count",
            )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("canonical")


@pytest.fixture(scope="module")
def fed(home) -> tuple[Path, DbtRun]:
    warehouse = home / "fed.duckdb"
    create_raw_tables(warehouse)
    feed(warehouse)
    return warehouse, run_dbt("build", *MODELS, *AS_OF, home=home, warehouse=warehouse)


@pytest.fixture(scope="module")
def tables(fed):
    warehouse, run = fed
    assert run.code == 0, run.output
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


def test_everything_builds_and_every_test_and_unit_test_passes(fed):
    _, run = fed
    assert run.not_passed == {}, run.output
    assert run.code == 0, run.output


def test_only_the_latest_version_of_an_order_is_canonical_with_its_own_lines(tables):
    assert tables.execute(
        "select order_id, total_amount, goods_amount, shipping_amount, tax_amount from canonical.orders"
    ).fetchall() == [
        ("shopify_de:1", Decimal("25.0000"), Decimal("16.0100"), Decimal("5.0000"), Decimal("3.9900"))
    ]
    assert tables.execute(
        "select order_line_id, total_amount, tax_amount from canonical.order_lines"
    ).fetchall() == [("shopify_de:1:l1", Decimal("20.0000"), Decimal("3.9900"))]


def test_the_business_date_is_the_local_one(tables):
    assert str(tables.execute("select business_date from canonical.orders").fetchone()[0]) == "2026-06-02"


def test_versions_copies_and_rejects_tie_and_replays_count_nowhere(tables):
    rows = tables.execute(
        "select source_name, declared_count, rejected_count, superseded_count, duplicate_count, canonical_count, count_residual, amount_residual"
        " from reconciliation.control_totals where stream <> 'fx_rates' order by 1"
    ).fetchall()
    assert rows == [
        ("payments_uk", 3, 1, 0, 0, 2, 0, Decimal("0.0000")),
        ("shopify_de", 3, 0, 1, 1, 1, 0, Decimal("0.0000")),
    ]


def test_an_unknown_status_or_kind_is_kept_and_listed(tables):
    assert tables.execute(
        "select payment_id, status, amount from canonical.payments order by 1"
    ).fetchall() == [
        ("payments_uk:1", "succeeded", Decimal("10.0000")),
        ("payments_uk:2", "unmapped", Decimal("20.0000")),
    ]
    assert tables.execute(
        "select document_id, field, value, amount from intermediate.int_unmapped_values order by all"
    ).fetchall() == [
        ("payments_uk:2", "payment_type", "chargeback", Decimal("20.0000")),
        ("payments_uk:2", "status", "hovering", Decimal("20.0000")),
    ]


def test_rates_reach_the_day_of_the_run(tables):
    rate, carried = tables.execute(
        "select rate, is_carried_forward from canonical.fx_rates where fx_rate_id = 'USD/GBP:2026-06-30'"
    ).fetchone()
    assert (rate, carried) == (Decimal("0.77272727"), True)


def test_an_empty_warehouse_builds(home):
    warehouse = home / "empty.duckdb"
    create_raw_tables(warehouse)
    run = run_dbt(
        "build",
        *MODELS,
        "--resource-type",
        "model",
        "--resource-type",
        "seed",
        *AS_OF,
        home=home,
        warehouse=warehouse,
    )
    assert run.not_passed == {}, run.output
    assert run.code == 0, run.output


def test_a_seeds_folder_given_by_its_path_is_read_and_left_alone(fed):
    """dbt writes the statement that loads a seed over the seed when its folder is an absolute path."""
    assert fed[1].code == 0
    for seed in sorted(SEEDS.glob("*.csv")):
        assert seed.read_text(encoding="utf-8").split("\n", 1)[0].count(",") >= 1, (
            f"{seed.name} is no CSV any more"
        )


@pytest.fixture(scope="module")
def shop(fed, home):
    """A copy of the warehouse in which the order models are built again, and their SQL."""
    warehouse, run = fed
    assert run.code == 0, run.output
    copy = home / "shop.duckdb"
    shutil.copy(warehouse, copy)
    with duckdb.connect(str(copy), config={"temp_directory": str(home / "spill")}) as connection:
        yield connection, compiled(home)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds())
def test_every_row_of_an_item_export_is_a_line_once_however_it_was_delivered(shop, world: World):
    found = through(*shop, {name: text_of(rows) for name, rows in world.files.items()})
    sold: Counter[str] = Counter()
    for order, _, quantity, price in world.lines:
        sold[order] += quantity * price
    assert totals(found) == dict(sold)
    assert Counter(
        (order, sku, int(number), price) for order, sku, number, price, _ in found["lines"]
    ) == Counter((f"shop:{order}", sku, quantity, price) for order, sku, quantity, price in world.lines)
    assert sum((line[-1] for line in found["lines"]), Decimal(0)) == sum(sold.values())
    copies = sum(map(len, world.files.values())) - len(world.lines)
    assert dict(found["states"]) == {"current": len(world.lines)} | ({"duplicate": copies} if copies else {})


def test_a_corrected_item_export_under_another_name_takes_the_place_of_the_first(shop):
    first = rows(("1", "A", 2, "5.00"), ("1", "B", 1, "7.00"), ("2", "C", 1, "3.00"), ("3", "D", 1, "1.00"))
    fixed = rows(("1", "A", 2, "5.50"), ("1", "B", 1, "7.00"), ("2", "C", 2, "3.00"), ("3", "D", 1, "1.00"))
    found = through(*shop, {"sales.csv": first, "sales_corrected.csv": fixed})
    assert totals(found) == {"1": Decimal(18), "2": Decimal(6), "3": Decimal(1)}
    assert dict(found["states"]) == {"current": 4, "superseded": 2, "duplicate": 2}


def test_an_order_that_the_end_of_a_page_cuts_keeps_an_item_that_is_on_both_pages(shop):
    first = rows(*[("1", f"S{n}", 1, "1.00") for n in range(20)])
    second = rows(("1", "S30", 1, "1.00"), ("1", "S3", 1, "1.00"), ("2", "X", 1, "2.00"))
    found = through(*shop, {"p1.csv": first, "p2.csv": second})
    assert totals(found) == {"1": Decimal(22), "2": Decimal(2)}
