"""Nights on a company that has run: news, then dbt by keys, then everything anew, and every table compared.

    python -m tests.dbt.keyed_nights HOME NIGHTS SEED [--anew] [--compare-every N]

works on HOME, a TIEOUT_HOME whose job has run by this program (else `--anew`), and changes it: give it a copy.
Each night draws what happens, loads it, builds as a run without `--full-refresh` does and compares every table that dbt makes
with those of a full refresh of the same raw rows. Ends with 1 and the tables when one differs.

Belongs here: what nights can bring, and the comparison. dbt runs in this process, which is why the tests start
it as one of its own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from tests.benchmarks.nightly.news import streams, write_news

_PRIVATE = ("raw_", "runs", "changes", "checks")


def differences(by_keys: Path, anew: Path) -> dict[str, list[Any]]:
    """Tables that are not the same in both files, each with some rows that only one of them has."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        # Views name the file by the name that it had.
        connection.execute(f"attach '{by_keys}' as by_keys (read_only)")
        connection.execute(f"attach '{anew}' as tieout (read_only)")
        base = dict(_tables(connection, "by_keys"))
        other = dict(_tables(connection, "tieout"))
        found: dict[str, list[Any]] = {}
        for name in sorted(base.keys() | other.keys()):
            if base.get(name) == other.get(name):
                continue
            some = f"(select 'only by keys' as side, * from (from by_keys.{name} except from tieout.{name}) limit 3)"
            rest = f"(select 'only anew' as side, * from (from tieout.{name} except from by_keys.{name}) limit 3)"
            found[name] = connection.execute(f"{some} union all {rest}").fetchall()
        return found


def _tables(connection: duckdb.DuckDBPyConnection, catalog: str) -> Iterator[tuple[str, str]]:
    names = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = ? and table_type = 'BASE TABLE' order by all",
        [catalog],
    ).fetchall()
    for schema, table in names:
        if not schema.startswith(_PRIVATE):
            row = connection.execute(
                f'select count(*), sum(hash(content)::hugeint) from {catalog}."{schema}"."{table}" as content'
            ).fetchone()
            yield f'"{schema}"."{table}"', str(row)


class Nights:
    """A home and what can happen to it. full_seconds, key_seconds: CPU of dbt, summed."""

    def __init__(self, home: Path) -> None:
        os.environ["TIEOUT_HOME"] = str(home)
        if not (home / "seeds").is_dir():
            from pipelines.settings import REPOSITORY

            shutil.copytree(REPOSITORY / "seeds", home / "seeds")
        os.environ["TIEOUT_SEEDS"] = str(home / "seeds")
        from dagster_project.instance import prepare_environment
        from pipelines.settings import settings

        self.settings = settings()
        prepare_environment(self.settings)
        self.as_of: date | None = None
        self.is_told = False
        self.seconds: Counter[str] = Counter()

    def load(self) -> None:
        """New files to raw rows, and the content of the raw tables as the gate after load proves it."""
        from dagster_project.completed import GATE_OF_THE_RAW_TABLES, begin, complete
        from dagster_project.extraction.isolation import load
        from dagster_project.inputs import inputs, raw_content
        from dagster_project.run_identity import as_of
        from dagster_project.warehouse import reading
        from pipelines.config import read_configuration
        from pipelines.kinds import KINDS

        configuration = read_configuration(self.settings.sources_file)
        begin(self.settings.warehouse, GATE_OF_THE_RAW_TABLES)
        for kind in KINDS:
            load(kind, configuration, self.settings)
        with reading(self.settings.warehouse) as connection:
            self.as_of = self.as_of or as_of(connection, None)
            now = inputs(connection, self.settings, self.as_of, raw_content(connection))
        complete(self.settings.warehouse, GATE_OF_THE_RAW_TABLES, now, None)

    def build(self, *, full_refresh: bool) -> Counter[str]:
        """All seeds and models; returns how many models were made how (the first statement of each)."""
        from dagster_project.completed import proven_inputs
        from dagster_project.transform.built import built_by
        from dagster_project.transform.invocation import build_arguments, run_dbt
        from dagster_project.transform.manifest import manifest
        from dagster_project.warehouse import reading

        nodes = manifest(self.settings)
        assert self.as_of is not None
        with reading(self.settings.warehouse) as connection:
            program = built_by(nodes, proven_inputs(connection, self.settings, self.as_of))
        arguments = build_arguments(
            ["--exclude-resource-type", "test"], self.as_of, built_by=program, full_refresh=full_refresh
        )
        started = time.process_time()
        results = []
        for result in run_dbt(self.settings, arguments):
            results.append(result)
            if self.is_told:
                print(result.unique_id, flush=True)
        self.seconds["anew" if full_refresh else "by keys"] += time.process_time() - started
        broken = [f"{result.unique_id}: {result.message}" for result in results if result.is_broken]
        if broken:
            raise SystemExit("dbt failed:\n" + "\n".join(broken[:5]))
        return self._ways(nodes)

    def _ways(self, nodes: dict[str, Any]) -> Counter[str]:
        found: Counter[str] = Counter()
        for node in nodes["nodes"].values():
            if node["resource_type"] == "model" and node["config"]["materialized"] == "keyed":
                path = self.settings.dbt_target / "run" / "tieout" / node["original_file_path"]
                text = path.read_text(encoding="utf-8")
                found[
                    "as it was"
                    if "nothing_changed" in text
                    else "by keys"
                    if "changed_keys" in text
                    else "compared"
                    if "differing" in text
                    else "anew"
                ] += 1
        return found

    def compare(self) -> dict[str, list[Any]]:
        """What differs between the tables as they are and those of a full refresh; leaves them as they are."""
        kept = self.settings.warehouse.with_name("by_keys.duckdb")
        shutil.copy(self.settings.warehouse, kept)
        try:
            self.build(full_refresh=True)
            return differences(kept, self.settings.warehouse)
        finally:
            kept.replace(self.settings.warehouse)
            Path(f"{self.settings.warehouse}.wal").unlink(missing_ok=True)

    def kill(self, random: Random) -> str:
        """dbt begins to build in a process of its own, and is killed at any moment."""
        process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(self.settings.home), "build", str(self.as_of)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        wanted = random.randint(1, 120)
        for number, _ in enumerate(process.stdout, 1):
            if number == wanted:
                break
        time.sleep(random.random() * 0.1)
        process.kill()
        process.wait()
        return f"killed after {wanted} nodes"

    # What can happen.

    def withdraw(self, random: Random) -> str:
        """A file is taken out: its rows leave the raw tables, and it does not come again."""
        return self._forget(random, is_read_again=False)

    def read_again(self, random: Random) -> str:
        """A file is read again, as after a changed mapping: the same rows in another load."""
        return self._forget(random, is_read_again=True)

    def _forget(self, random: Random, *, is_read_again: bool) -> str:
        from pipelines.kinds import kind_spec
        from pipelines.rereading import forget

        kind = random.choice(("shopify", "stripe", "csv", "bank"))
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            files = connection.execute(
                f"select distinct load_id, source_file from raw_{kind}.files order by all"
            ).fetchall()
        load_id, name = random.choice(files)
        forget(self.settings, kind_spec(kind), [load_id])
        if not is_read_again:
            (self.settings.landing / name).unlink(missing_ok=True)
        return f"{'read again' if is_read_again else 'withdrawn'}: {name}"

    def edit_seed(self, random: Random) -> str:
        name, old, new = random.choice(
            (
                ("status_mappings", ",paid,", ",PAID,"),
                ("source_policies", "true", "false"),
                ("master_customers", "GmbH", "AG"),
                ("posting_rules", "4000", "4010"),
                ("master_legal_entities", "Europe/Berlin", "Europe/Paris"),
            )
        )
        path = self.settings.seeds / f"{name}.csv"
        text = path.read_text(encoding="utf-8")
        old, new = (old, new) if old in text else (new, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return f"{name}: {old} is {new}"

    def another_day(self, random: Random) -> str:
        assert self.as_of is not None
        self.as_of += timedelta(days=random.choice((-3, 1, 1, 2)))
        return f"as of {self.as_of}"


def night(nights: Nights, number: int, random: Random) -> list[str]:
    """Let something happen; returns what. Files of some streams always, the rest now and then."""
    landing = nights.settings.landing
    # The first night brings something to every stream.
    names = sorted(streams(landing))
    names = random.sample(names, len(names) if number == 1 else random.choice((1, 2, 5, len(names))))
    told = [", ".join(write_news(landing, random.choice((0.001, 0.003, 0.02)), number, names))]
    for happening in (nights.withdraw, nights.read_again, nights.edit_seed, nights.another_day):
        if random.random() < 0.3:
            told.append(happening(random))
    return told


def main(given: argparse.Namespace) -> int:
    nights = Nights(given.home)
    random = Random(given.seed)
    nights.load()
    if given.anew:
        # What stands was made by another program; from here on it is this one's.
        nights.build(full_refresh=True)
    for number in range(1, given.nights + 1):
        told = night(nights, number, random)
        nights.load()
        if random.random() < 0.3 and number > 1:
            told.append(nights.kill(random))
        ways = nights.build(full_refresh=False)
        print(f"night {number}: {'; '.join(told)}\n  {dict(ways)}", flush=True)
        if number % given.compare_every and number < given.nights:
            continue
        if found := nights.compare():
            print(json.dumps(found, indent=1, default=str)[:6000], flush=True)
            return 1
        print("  every table is that of a full refresh", flush=True)
    print({name: round(seconds, 1) for name, seconds in nights.seconds.items()})
    return 0


def build_and_tell(home: Path, as_of: str) -> int:
    nights = Nights(home)
    nights.as_of, nights.is_told = date.fromisoformat(as_of), True
    nights.build(full_refresh=False)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("nights", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--anew", action="store_true", help="The home's tables are of another program.")
    parser.add_argument(
        "--compare-every", type=int, default=1, help="What is wrong in a keyed table stays wrong."
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(build_and_tell(Path(sys.argv[1]), sys.argv[3]) if sys.argv[2] == "build" else main(_arguments()))
