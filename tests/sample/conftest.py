"""One sample at the default level, written once for all tests of this folder."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.sample import write_sample

ORDERS, DAYS, SEED = 1500, 60, 11


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Path:
    """The folder that holds landing/ and truth/."""
    home = tmp_path_factory.mktemp("sample")
    write_sample(home / "landing", orders=ORDERS, days=DAYS, seed=SEED)
    return home


@pytest.fixture(scope="session")
def landing(sample) -> Path:
    return sample / "landing"


@pytest.fixture(scope="session")
def truth(sample) -> Path:
    return sample / "truth"


def text_of(path: Path) -> str:
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


@pytest.fixture(scope="session")
def orders(landing) -> list[dict]:
    """The last version of every order of both stores, each with its `source`; malformed records left out."""
    latest: dict[tuple[str, int], dict] = {}
    for source in ("shopify_de", "shopify_us"):
        for path in sorted((landing / source / "orders").iterdir()):
            content = text_of(path)
            objects = (
                json.loads(content)["orders"]
                if ".jsonl" not in path.name
                else map(json.loads, content.splitlines())
            )
            for order in objects:
                if order["total_price"] == "n/a":
                    continue
                key = (source, order["id"])
                if key not in latest or order["updated_at"] >= latest[key]["updated_at"]:
                    latest[key] = {**order, "source": source}
    return list(latest.values())


@pytest.fixture(scope="session")
def stripe(landing):
    """stripe(source, folder) -> (list URL, object) of every page, files in order."""

    def read(source: str, folder: str) -> Iterator[tuple[str, dict]]:
        for path in sorted((landing / source / folder).iterdir()):
            if path.name.endswith("_retry.json"):
                continue
            for line in text_of(path).splitlines():
                page = json.loads(line)
                yield from ((page["url"], item) for item in page["data"])

    return read
