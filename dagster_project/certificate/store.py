"""Certificates as files: one JSON object each, chained, and never deleted.

Each file is one link of a hash chain (`pipelines.hash_chain`): it carries `sequence`, `recorded_at`,
`previous_hash` (the hash of the certificate before) and its own `hash`, in the one canonical spelling.
A certificate that is changed, taken out or put in breaks the chain at its place. Files are written
beside, synced and moved into place, so that a crash leaves a whole certificate or none.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.hash_chain import GENESIS, Head, canonical_json, link_hash
from pipelines.settings import Settings

SCHEMA = "tieout.certificate/1"
_NAME = re.compile(r"^(\d{6,})_(.+)\.json$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

Certificate = dict[str, Any]


class CertificateError(ValueError):
    """A certificate cannot be read or found; the message says which and what to do."""


@dataclass(frozen=True)
class Entry:
    """One certificate's files. page: may have gone by retention."""

    sequence: int
    path: Path

    @property
    def page(self) -> Path:
        return self.path.with_suffix(".html")


def folder(settings: Settings) -> Path:
    return settings.home / "certificates"


def entries(place: Path) -> list[Entry]:
    """All certificates of a folder, oldest first."""
    found = [
        Entry(int(named[1]), path)
        for path in place.glob("*.json")
        if (named := _NAME.match(path.name)) is not None
    ]
    return sorted(found, key=lambda entry: (entry.sequence, entry.path.name))


def load(path: Path) -> Certificate:
    """A certificate as it was written. Raises CertificateError."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"{path}: is no certificate ({type(error).__name__}: {error})") from error
    if not isinstance(found, dict) or not str(found.get("schema", "")).startswith("tieout.certificate/"):
        raise CertificateError(f"{path}: is no certificate; its 'schema' is not {SCHEMA}")
    if found["schema"] != SCHEMA:
        raise CertificateError(
            f"{path}: was written in the form {found['schema']}, and this version of tieout knows {SCHEMA}"
        )
    return found


def head(place: Path) -> Head:
    """The newest certificate's place in the chain; GENESIS when there is none."""
    known = entries(place)
    if not known:
        return Head(0, GENESIS)
    newest = load(known[-1].path)
    return Head(newest["sequence"], newest["hash"])


def _write(target: Path, content: bytes) -> None:
    building = target.with_name(f".{target.name}.{os.getpid()}")
    with building.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    building.replace(target)


def _sync_folder(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append(place: Path, content: Mapping[str, Any], *, now: datetime | None = None) -> Entry:
    """Chain a certificate to the newest one and write it. content: everything but the chain's fields."""
    with _locked(place):
        for left_over in place.glob(".*.json.*"):
            left_over.unlink(missing_ok=True)
        last = head(place)
        link = {
            **content,
            "schema": SCHEMA,
            "sequence": last.sequence + 1,
            "recorded_at": (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
            "previous_hash": last.hash,
        }
        link["hash"] = link_hash(link)
        run_id = _UNSAFE.sub("-", str(content["run"]["run_id"])).strip(".") or "run"
        target = place / f"{link['sequence']:06d}_{run_id}.json"
        _write(target, canonical_json(link) + b"\n")
        _sync_folder(place)
        return Entry(link["sequence"], target)


def write_page(entry: Entry, html: str) -> None:
    """The page beside the certificate, and once more as `latest.html`, which is always the newest."""
    _write(entry.page, html.encode("utf-8"))
    _write(entry.path.with_name("latest.html"), html.encode("utf-8"))


def find(place: Path, wanted: str | None) -> Entry:
    """By its number, run id, the beginning of it, or the version that it published; None is the newest."""
    known = entries(place)
    if not known:
        raise CertificateError(f"there is no certificate in {place} yet; each run leaves one: tieout run")
    if wanted is None:
        return known[-1]
    if wanted.isdigit() and len(wanted) <= 7:
        found = [entry for entry in known if entry.sequence == int(wanted)]
    else:
        found = [entry for entry in known if entry.path.stem.partition("_")[2].startswith(wanted)]
        found = found or [entry for entry in known if load(entry.path)["published"]["version"] == wanted]
    if not found:
        raise CertificateError(
            f"there is no certificate '{wanted}' in {place}: give its number (1 to {known[-1].sequence}), "
            "a run id or a file"
        )
    return found[-1]
