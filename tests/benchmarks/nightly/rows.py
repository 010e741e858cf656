"""The same files through dlt's ordinary path: Python dictionaries, row by row, types found by dlt.

Belongs here: what most dlt sources look like, as the other end of the scale. Bank statements are left out:
there is no row path for them without a reader.
"""

import csv
import gzip
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

_ENCODING = {"erp_de": "cp1252"}
_LISTS = ("orders", "data")


def _open(path: Path, encoding: str = "utf-8") -> IO[str]:
    return (
        gzip.open(path, "rt", encoding=encoding)
        if path.suffix == ".gz"
        else path.open(encoding=encoding, newline="")
    )


def _json_records(path: Path) -> Iterator[dict[str, Any]]:
    with _open(path) as file:
        lines = filter(str.strip, file)
        documents = map(json.loads, lines) if ".jsonl" in path.name else [json.load(file)]
        for document in documents:
            listed = next((document[name] for name in _LISTS if isinstance(document.get(name), list)), None)
            yield from [document] if listed is None else listed


def _csv_records(path: Path) -> Iterator[dict[str, Any]]:
    source = path.parts[-3]
    with _open(path, _ENCODING.get(source, "utf-8")) as file:
        yield from csv.DictReader(file, delimiter=";" if source == "erp_de" else ",")


def _records(landing: Path, folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((landing / folder).iterdir()):
        yield from (_csv_records if path.suffix == ".csv" else _json_records)(path)


def measure(landing: str, database: str, out: str) -> None:
    import dlt

    root = Path(landing)
    folders = sorted(
        path.relative_to(root).as_posix()
        for path in root.glob("*/*")
        if path.is_dir() and path.parts[-2].startswith(("shopify", "stripe", "erp"))
    )
    wall, cpu = time.perf_counter(), time.process_time()
    pipeline = dlt.pipeline(
        "rows",
        pipelines_dir=str(Path(database).with_suffix(".pipelines")),
        destination=dlt.destinations.duckdb(database),
        dataset_name="by_rows",  # another name than the file: DuckDB could not tell them apart
    )
    pipeline.run([dlt.resource(_records(root, folder), name=folder.replace("/", "_")) for folder in folders])
    found = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "bytes": sum(path.stat().st_size for folder in folders for path in (root / folder).iterdir()),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    measure(*sys.argv[1:4])
