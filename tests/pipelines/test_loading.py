"""Loading: every file once, every table always, and nothing lost when the process dies half way."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from reading import instance
from shopify_payloads import order, refunded_order

from pipelines import loading
from pipelines.config import Configuration
from pipelines.kinds import KindSpec, kind_spec
from pipelines.loading import LoadingError, extract
from pipelines.provenance import Batch
from pipelines.settings import Settings

CONFIGURATION = Configuration(sources=(instance("shopify"),))
HERE = Path(__file__).parent


@pytest.fixture
def home(tmp_path):
    return Settings(home=tmp_path / "home", sources_file=tmp_path / "none.yml", seeds=tmp_path)


def deliver(home, name, *orders):
    path = home.landing / "shopify_de" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(each) for each in orders))
    return path


def query(home, sql):
    with duckdb.connect(str(home.warehouse)) as connection:
        return connection.execute(sql).fetchall()


def count(home, table):
    return query(home, f"select count(*) from raw_shopify.{table}")[0][0]


def test_a_load_keeps_scale_types_and_dlt_load_id(home):
    deliver(home, "a.jsonl", refunded_order(1))
    found = extract("shopify", CONFIGURATION, home)

    assert found.files == ("shopify_de/a.jsonl",)
    assert (found.tables["orders"], found.tables["files"], found.rejects) == (1, 1, 0)
    types = dict(
        query(
            home,
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'raw_shopify' and table_name = 'orders'",
        )
    )
    assert types["total_price"] == "DECIMAL(18,4)"
    assert types["created_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["_dlt_load_id"] == "VARCHAR"
    assert query(home, "select count(*) from raw_shopify.orders where _dlt_load_id is null") == [(0,)]
    assert query(home, "select rate from raw_shopify.order_tax_lines limit 1")[0][0].as_tuple().exponent == -8


def test_all_tables_exist_without_any_file(home):
    for kind in ("shopify", "stripe", "ecb"):
        found = extract(kind, Configuration(sources=()), home)
        assert found.rows == 0
        tables = {
            name
            for (name,) in query(
                home, f"select table_name from information_schema.tables where table_schema = 'raw_{kind}'"
            )
        }
        assert tables >= set(kind_spec(kind).all_tables)
        assert extract(kind, Configuration(sources=()), home).is_skipped


def test_a_second_extraction_does_nothing_and_does_not_start_dlt(home, monkeypatch):
    deliver(home, "a.jsonl", order(1), order(2))
    extract("shopify", CONFIGURATION, home)
    monkeypatch.setattr(loading, "_pipeline", lambda *_: pytest.fail("dlt was started"))
    again = extract("shopify", CONFIGURATION, home)

    assert again.is_skipped
    assert (again.files, again.known_files, again.rows) == ((), 1, 0)
    assert again.seconds < 1
    assert count(home, "orders") == 2


def test_a_changed_file_and_a_copy_are_loaded_beside_the_first(home):
    deliver(home, "a.jsonl", order(1))
    extract("shopify", CONFIGURATION, home)
    deliver(home, "a.jsonl", order(1), order(2))
    deliver(home, "copy.jsonl", order(1))
    found = extract("shopify", CONFIGURATION, home)

    assert found.files == ("shopify_de/a.jsonl", "shopify_de/copy.jsonl")
    assert count(home, "orders") == 4
    assert query(home, "select count(distinct load_id), count(*) from raw_shopify.files") == [(3, 3)]
    assert query(home, "select count(distinct record_hash) from raw_shopify.orders") == [(2,)]


def test_the_order_of_delivery_does_not_change_what_is_loaded(home, tmp_path):
    deliver(home, "a.jsonl", order(1))
    extract("shopify", CONFIGURATION, home)
    deliver(home, "b.jsonl", order(2))
    extract("shopify", CONFIGURATION, home)
    other = Settings(home=tmp_path / "other", sources_file=home.sources_file, seeds=home.seeds)
    deliver(other, "b.jsonl", order(2))
    deliver(other, "a.jsonl", order(1))
    extract("shopify", CONFIGURATION, other)

    assert contents(home) == contents(other)


def test_the_warehouse_is_free_for_other_connections_and_processes(home):
    deliver(home, "a.jsonl", order(1))
    extract("shopify", CONFIGURATION, home)

    with duckdb.connect(str(home.warehouse), read_only=True) as connection:  # another configuration
        connection.execute("from raw_shopify.orders")
    code = f"import duckdb; duckdb.connect({str(home.warehouse)!r}).execute('create table t as select 1')"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_load_prints_nothing(home, capfd):
    deliver(home, "a.jsonl", order(1))
    extract("shopify", CONFIGURATION, home)
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_fails_stops_the_load_and_leaves_nothing_loaded(home, monkeypatch):
    real = kind_spec("shopify")

    def read(file, instance):
        yield from real.read(file, instance)
        if file.source_file.endswith("b.jsonl"):
            raise KeyError("a bug")

    deliver(home, "a.jsonl", order(1))
    deliver(home, "b.jsonl", order(2))
    monkeypatch.setattr(loading, "kind_spec", lambda kind: KindSpec("shopify", real.tables, read))
    with pytest.raises(LoadingError, match=r"b\.jsonl .*the shopify reader failed: KeyError: 'a bug'"):
        extract("shopify", CONFIGURATION, home)
    monkeypatch.undo()

    extract("shopify", CONFIGURATION, home)
    assert count(home, "orders") == 2
    assert query(home, "select count(*), count(distinct load_id) from raw_shopify.files") == [(2, 2)]


def test_a_column_of_another_type_is_refused(home, monkeypatch):
    def read(file, instance):
        schema = kind_spec("ecb").tables["fx_rates"]
        changed = schema.set(schema.get_field_index("rate"), pa.field("rate", pa.float64()))
        yield Batch("fx_rates", pa.Table.from_pylist([dict.fromkeys(schema.names)], schema=changed))

    deliver(home, "a.jsonl", order(1))
    spec = KindSpec("shopify", kind_spec("ecb").tables, read)
    monkeypatch.setattr(loading, "kind_spec", lambda kind: spec)
    with pytest.raises(LoadingError, match=r"'fx_rates.rate' is double, expected decimal128\(18, 8\)"):
        extract("shopify", CONFIGURATION, home)


def contents(home):
    """Raw tables without what dlt adds, and without replayed rows (as staging removes them)."""
    found = {}
    for name in kind_spec("shopify").all_tables:
        found[name] = query(
            home, f"select distinct * exclude (_dlt_load_id) from raw_shopify.{name} order by all"
        )
    return found


def run_killed(home, moment, number):
    return subprocess.run(
        [sys.executable, str(HERE / "extract_killed.py"), moment, str(number)],
        env={**os.environ, "TIEOUT_HOME": str(home.home), "PYTHONPATH": f"{HERE}:{HERE.parents[1]}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("moment", "number", "is_state_lost"),
    [("reading", 5, False), ("loading", 1, False), ("loading", 6, False), ("loading", 6, True)],
)
def test_a_killed_load_is_finished_by_the_next_one(home, tmp_path, moment, number, is_state_lost):
    deliver(home, "a.jsonl", *[refunded_order(number) for number in range(1, 30)], {"id": "broken"})
    deliver(home, "b.jsonl", *[order(number) for number in range(30, 60)])
    killed = run_killed(home, moment, number)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if moment == "loading":
        loaded = [count(home, name) for name in kind_spec("shopify").tables]
        assert any(loaded) and not all(loaded)  # it did die between two tables
    if is_state_lost:
        shutil.rmtree(home.dlt)  # also without dlt's own memory of the package
    again = extract("shopify", CONFIGURATION, home)

    clean = Settings(home=tmp_path / "clean", sources_file=home.sources_file, seeds=home.seeds)
    shutil.copytree(home.landing, clean.landing)
    extract("shopify", CONFIGURATION, clean)
    assert contents(home) == contents(clean)
    replayed = sum(count(home, name) - count(clean, name) for name in kind_spec("shopify").tables)
    assert replayed > 0 or not is_state_lost  # they are there, and `contents` takes them away
    assert again.resumed_packages == (1 if moment == "loading" and not is_state_lost else 0)
    assert extract("shopify", CONFIGURATION, home).is_skipped
    assert not list(home.dlt.glob("*.unfinished"))
