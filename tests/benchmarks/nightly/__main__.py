"""The whole nightly job from files to the published marts, against two other ways with the same files.

    python -m tests.benchmarks.nightly --orders 10000 100000 --work DIR

For each size, one after the other on the same machine and files: the first run of everything, a run without
news, the hand-written limit (`limit.sql`), up to `--rows-up-to` orders dlt's ordinary row path, and the night
after, which brings 0.3 % new and changed records in every stream (`news.py`) and another as-of date. Counts
and sums of the limit must be those of the published file, or the benchmark fails. Writes `results.json` and
`results.md` beside this file and the picture `.github/images/nightly_scaling.png`.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.settings import REPOSITORY
from tests.benchmarks.nightly.limit import published_figures
from tests.benchmarks.nightly.news import LAST_DAY, write_news
from tests.benchmarks.nightly.picture import draw
from tests.benchmarks.nightly.table import markdown

HERE = Path(__file__).parent
NEWS_SHARE = 0.003
PICTURE = REPOSITORY / ".github" / "images" / "nightly_scaling.png"


def _child(module: str, *arguments: str, home: Path, log: Path) -> None:
    environment = {**os.environ, "TIEOUT_HOME": str(home), "PYTHONWARNINGS": "ignore"}
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=REPOSITORY,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} ended with {done.returncode}; see {log}")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _landed(home: Path) -> dict[str, int]:
    with duckdb.connect(str(home / "published" / "tieout.duckdb"), read_only=True) as connection:
        (records,) = connection.execute(
            "select sum(declared_count) from reconciliation.control_totals"
        ).fetchone()
    sizes = [path.stat().st_size for path in (home / "landing").rglob("*") if path.is_file()]
    return {"files": len(sizes), "bytes": sum(sizes), "records": int(records)}


def _compare(limit: dict[str, Any], home: Path) -> None:
    ours = published_figures(home / "published" / "tieout.duckdb")
    different = [
        f"  {name}: {limit['figures'][name]} by hand, {ours[name]} published"
        for name in ours
        if limit["figures"][name] != ours[name]
    ]
    if different:
        raise SystemExit("The limit does other work than the job:\n" + "\n".join(different))


def one_size(orders: int, work: Path, rows_up_to: int) -> dict[str, Any]:
    home = work / f"orders_{orders}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    log, out = home / "benchmark.log", home / "measured.json"
    _child("dagster_project.cli", "sample", "--orders", str(orders), "--faults", "none", home=home, log=log)
    found: dict[str, Any] = {"orders": orders}
    job = "tests.benchmarks.nightly.job"
    for name in ("full", "no_news"):
        _child(job, str(out), f"--as-of={LAST_DAY - timedelta(days=1)}", home=home, log=log)
        found[name] = _read(out)
    found |= _landed(home)
    for name in ("limit", "rows"):
        if name == "rows" and orders > rows_up_to:
            continue
        module = f"tests.benchmarks.nightly.{name}"
        _child(module, str(home / "landing"), str(home / f"{name}.duckdb"), str(out), home=home, log=log)
        found[name] = _read(out)
        # Hours of measuring are not lost with the last of it.
        (work / f"orders_{orders}.json").write_text(json.dumps(found), encoding="utf-8")
    _compare(found["limit"], home)
    write_news(home / "landing", NEWS_SHARE)
    _child(job, str(out), f"--as-of={LAST_DAY}", home=home, log=log)
    found["news"] = _read(out)
    shutil.rmtree(home)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--work", type=Path, required=True, help="An empty folder on a disk with room.")
    parser.add_argument("--rows-up-to", type=int, default=100_000)
    parser.add_argument("--only-draw", action="store_true", help="Table and picture of the last results.")
    given = parser.parse_args()
    results = HERE / "results.json"
    if not given.only_draw:
        known = {size["orders"]: size for size in _read(results)["sizes"]} if results.is_file() else {}
        for orders in given.orders:
            known[orders] = one_size(orders, given.work, given.rows_up_to)
            machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, DuckDB {duckdb.__version__}"
            kept = {"machine": machine, "sizes": [known[size] for size in sorted(known)]}
            results.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            print(markdown(kept), flush=True)
    kept = _read(results)
    (HERE / "results.md").write_text(markdown(kept), encoding="utf-8")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    draw(kept, PICTURE)


if __name__ == "__main__":
    main()
