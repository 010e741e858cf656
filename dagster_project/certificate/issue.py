"""Making a certificate: gathering what a run read, did and published, and chaining it.

Belongs here: the order of the certificate and where each part comes from. Called after the published
file was replaced, or found to be what it should be: a night without new data leaves a certificate too,
with the same content hash, which proves that the job ran and what it looked at. A night that failed
leaves one as well: of the file that readers still have, with what went wrong.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import configuration_log
from dagster_project.certificate import figures, inputs, rules, stages, store
from dagster_project.certificate.page import render
from dagster_project.warehouse import reading
from pipelines import hash_chain
from pipelines.config import DECISIONS, Configuration
from pipelines.decisions.log import log_path
from pipelines.landing import unclaimed_files
from pipelines.settings import Settings


class InputsChanged(RuntimeError):
    """What lies on the disk is no longer what the published figures were made of."""


def _head(path: Path) -> dict[str, Any] | None:
    """Where a log stands; None when there is none."""
    if not path.is_file():
        return None
    head = hash_chain.head(path)
    return {"sequence": head.sequence, "hash": head.hash}


def issue(
    settings: Settings,
    configuration: Configuration,
    *,
    run_id: str,
    version: str,
    is_changed: bool,
    run: Mapping[str, Any],
) -> store.Entry:
    """Write the certificate of a run and its page; returns where they are.

    run_id: identity of the inputs as they are now. run: what else identifies it (Dagster's id, who
    started it). Raises InputsChanged when the published file is of other inputs.
    """
    with reading(settings.published) as connection:
        published_run_id = figures.run_of(connection)["run_id"]
    if published_run_id != run_id:
        raise InputsChanged(
            f"No certificate: the published file is of the run {published_run_id}, and a seed, a model, "
            f"the source configuration or the landed files have changed since (now {run_id}). Run again."
        )
    with reading(settings.warehouse) as connection:
        listed = inputs.deliveries(connection)
        landed = stages.landed(connection, configuration, settings)
    outcome = "published" if is_changed else "unchanged"
    return _write(settings, configuration, version, {**run, "outcome": outcome}, listed, landed)


def issue_failed(
    settings: Settings, configuration: Configuration, *, version: str, run: Mapping[str, Any]
) -> store.Entry:
    """The same for a run that failed: of the file that readers still have. run: also `failures`, a list
    of step and message. Nothing is compared with what landed, because that may be half of a night."""
    try:
        with reading(settings.warehouse) as connection:
            listed = inputs.deliveries(connection)
    except (duckdb.Error, OSError):
        # The warehouse may be what failed.
        listed = list(inputs.replay(_certificates(settings)).values())
    return _write(settings, configuration, version, {**run, "outcome": "failed"}, listed, [])


def last_published(settings: Settings) -> str | None:
    """The version that the last good run certified. A run that was killed after it had published has left
    a certificate of the same file, which does not say that it was published."""
    for entry in reversed(store.entries(store.folder(settings))):
        certificate = store.load(entry.path)
        if certificate["run"]["outcome"] != "failed":
            return str(certificate["published"]["version"])
    return None


def _certificates(settings: Settings) -> Iterator[store.Certificate]:
    return (store.load(entry.path) for entry in store.entries(store.folder(settings)))


def _write(
    settings: Settings,
    configuration: Configuration,
    version: str,
    run: Mapping[str, Any],
    listed: list[inputs.Delivery],
    landed: list[dict[str, Any]],
) -> store.Entry:
    place = store.folder(settings)
    with reading(settings.published) as connection:
        published_run = figures.run_of(connection)
        found = figures.published_figures(connection)
        tables = figures.table_contents(connection)
    before = inputs.replay(_certificates(settings))
    content = {
        "run": {**published_run, **run},
        "programs": rules.versions(),
        "rules": rules.rule_hashes(settings),
        "inputs": {
            **inputs.summary(listed),
            **inputs.change(before, listed),
            "not_read": unclaimed_files(settings.landing, (*configuration.sources, DECISIONS)),
        },
        "landed": landed,
        **found,
        "logs": {
            "decisions": _head(log_path(settings.landing)),
            "configuration": _head(configuration_log.log_path(settings)),
        },
        "published": {"version": version, **figures.described(settings.published, tables)},
    }
    entry = store.append(place, content)
    store.write_page(entry, render(store.load(entry.path)))
    return entry
