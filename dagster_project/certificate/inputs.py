"""What a run read: every delivered file with size and SHA-256, and what is listed of them where.

A certificate names the files that came since the one before and gives a digest over all of them, so
that it stays small when the landing folder holds years. The whole list is the sum of the chain.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from dagster_project.warehouse import quoted, raw_schemas
from pipelines.hash_chain import content_hash

Delivery = dict[str, Any]


def deliveries(connection: duckdb.DuckDBPyConnection) -> list[Delivery]:
    """Every delivered file that the warehouse knows, rejected ones too, in the order of their loading."""
    found: list[Delivery] = []
    for schema in raw_schemas(connection):
        cursor = connection.execute(
            f"""
            select
                $kind as kind, source_name, source_file, load_id, content_sha256 as sha256, size_bytes as bytes,
                any_value(status order by _dlt_load_id) as status,
                min(_dlt_load_id) as loaded
            from {quoted(schema, "files")}
            group by all
            order by loaded, source_name, source_file, load_id
            """,
            {"kind": schema.removeprefix("raw_")},
        )
        names = [column[0] for column in cursor.description]
        found += [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for delivery in found:
        del delivery["loaded"]
    return found


def _key(delivery: Mapping[str, Any]) -> tuple[str, str]:
    return delivery["kind"], delivery["load_id"]


def summary(all_files: Iterable[Delivery]) -> dict[str, Any]:
    """Count, bytes and digest, over all and per source. The digest does not depend on the order."""
    listed = sorted(all_files, key=_key)
    sources: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in listed:
        sources.setdefault((delivery["source_name"], delivery["kind"]), []).append(delivery)
    return {
        **_digest(listed),
        "sources": [
            {"source_name": name, "kind": kind, **_digest(files)}
            for (name, kind), files in sorted(sources.items())
        ],
    }


def _digest(files: list[Delivery]) -> dict[str, Any]:
    return {
        "files": len(files),
        "bytes": sum(file["bytes"] for file in files),
        "sha256": content_hash([[file["kind"], file["load_id"], file["sha256"]] for file in files]),
    }


def change(before: Mapping[tuple[str, str], Delivery], now: Iterable[Delivery]) -> dict[str, list[Delivery]]:
    """What came and what went (an entry of sources.yml that was taken out, a start anew) since before."""
    listed = list(now)
    known = {_key(delivery) for delivery in listed}
    return {
        "new_files": [delivery for delivery in listed if before.get(_key(delivery)) != delivery],
        "gone_files": sorted(
            (delivery for key, delivery in before.items() if key not in known), key=lambda file: _key(file)
        ),
    }


def replay(certificates: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Delivery]:
    """The whole list as of the last of the certificates, from the first one on."""
    listed: dict[tuple[str, str], Delivery] = {}
    for certificate in certificates:
        for delivery in certificate["inputs"]["gone_files"]:
            listed.pop(_key(delivery), None)
        for delivery in certificate["inputs"]["new_files"]:
            listed.pop(_key(delivery), None)
            listed[_key(delivery)] = delivery
    return listed
