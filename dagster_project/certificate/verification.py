"""Proving a certificate from what lies on the disk: everything that can be computed again is.

Belongs here: comparing, and saying exactly which item differs. A finding is about one subject (the
chain, the landed files, a published table ...) and is `agrees`, `differs` or `gone` (retention or a
later delivery took away what it was made of; the certificate itself stays proven by the chain).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from dagster_project import configuration_log
from dagster_project.certificate import figures, inputs, stages, store
from dagster_project.certificate.rules import file_hash, rule_hashes
from dagster_project.publish import versions
from dagster_project.publish.publishing import contents
from dagster_project.warehouse import reading
from pipelines import hash_chain
from pipelines.decisions import log as decisions
from pipelines.decisions.log import log_path
from pipelines.hash_chain import GENESIS, Head, canonical_json, link_hash
from pipelines.landing import path_of
from pipelines.settings import Settings

Status = Literal["agrees", "differs", "gone", "note"]

# Sections of a certificate that come from the published file alone.
_FROM_PUBLISHED = (
    "control_totals",
    "gates",
    "not_passed",
    "match_rates",
    "rule_sets",
    "journal",
    "exceptions",
    "residuals",
)
# Columns of which those that a section has identify its rows.
_IDENTITY = (
    "entity_id",
    "source_name",
    "stream",
    "gate",
    "table_name",
    "expectation",
    "reconciliation",
    "rule_set_hash",
    "severity",
    "currency",
)
_SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """certificate: its number, 0 for the whole installation. subject: what was looked at."""

    certificate: int
    subject: str
    status: Status
    message: str


def chain(place: Path) -> Iterator[Finding]:
    """Every certificate from the first: its own hash, its spelling, and that it follows the one before."""
    previous = Head(0, GENESIS)
    known = store.entries(place)
    broken = False
    for entry in known:
        message = _link_problem(entry, previous)
        if message is not None:
            broken = True
            yield Finding(entry.sequence, "chain", "differs", f"{entry.path.name}: {message}")
        try:
            found = store.load(entry.path)
            previous = Head(found["sequence"], found["hash"])
        except (store.CertificateError, KeyError):
            previous = Head(entry.sequence, "?")
    if known and not broken:
        yield Finding(
            0,
            "chain",
            "agrees",
            f"{len(known)} certificate{'s' if len(known) > 1 else ''}, unbroken from the first; head {previous.hash}",
        )


def _link_problem(entry: store.Entry, previous: Head) -> str | None:
    try:
        found = store.load(entry.path)
        if found["hash"] != link_hash(found):
            return "was changed: its content does not have the hash that it carries"
        if canonical_json(found) + b"\n" != entry.path.read_bytes():
            return "was written anew in another spelling"
        if found["sequence"] != entry.sequence:
            return f"says that it is number {found['sequence']}"
    except store.CertificateError as error:
        return str(error)
    except (KeyError, TypeError) as error:
        return f"is not a whole certificate ({type(error).__name__}: {error})"
    if found["sequence"] != previous.sequence + 1:
        return f"follows number {previous.sequence}: certificates were taken out or doubled"
    if found["previous_hash"] != previous.hash:
        return "does not follow the certificate before it, which was replaced or changed"
    return None


def _log(
    number: int, subject: str, path: Path, head: Mapping[str, Any] | None, problems: Any
) -> Iterator[Finding]:
    if head is None and not path.is_file():
        return
    found = list(problems)
    for problem in found[:_SHOWN]:
        where = f"line {problem.line} " if problem.line else ""
        yield Finding(number, subject, "differs", f"{path.name}: {where}{problem.message}")
    if not found:
        lines = hash_chain.head(path).sequence
        yield Finding(number, subject, "agrees", f"{lines} lines, unbroken, with the line that was certified")


def logs(settings: Settings, certificate: Mapping[str, Any]) -> Iterator[Finding]:
    """The logs of decisions and of configuration changes, and that they hold what was certified."""
    number, heads = certificate["sequence"], certificate["logs"]

    def known(name: str) -> Head | None:
        head = heads[name]
        return Head(head["sequence"], head["hash"]) if head else None

    path = log_path(settings.landing)
    yield from _log(
        number,
        "decisions log",
        path,
        heads["decisions"],
        decisions.verify(path, known("decisions")),
    )
    path = configuration_log.log_path(settings)
    problems = configuration_log.verify(settings, known_head=known("configuration"))
    yield from _log(number, "configuration log", path, heads["configuration"], problems)
    if heads["configuration"] and not problems:
        states = configuration_log.states_at(settings, heads["configuration"]["sequence"])
        logged = {
            name.removeprefix("seeds/"): sha for name, sha in states.items() if name.startswith("seeds/")
        }
        certified = {**certificate["rules"]["seeds"], "sources.yml": certificate["rules"]["sources"]}
        if states.get("sources.yml"):
            logged["sources.yml"] = states["sources.yml"]
        for name in sorted(set(logged) | set(certified)):
            if logged.get(name) != certified.get(name):
                yield Finding(
                    number, "rules", "differs", f"{name}: the certificate and the configuration log disagree"
                )


def landed_files(settings: Settings, certificates: list[Mapping[str, Any]], number: int) -> Iterator[Finding]:
    """Every delivered file of the certificate: on the disk with its size and SHA-256."""
    upto = [certificate for certificate in certificates if certificate["sequence"] <= number]
    listed = inputs.replay(upto)
    summed = inputs.summary(listed.values())
    certified = upto[-1]["inputs"]
    if summed["sha256"] != certified["sha256"]:
        yield Finding(
            number, "inputs", "differs", "the files listed in the chain do not have the certified digest"
        )
    newest = {file["source_file"]: file for file in inputs.replay(certificates).values()}
    wrong = agreeing = replaced = 0
    for delivery in listed.values():
        name = delivery["source_file"]
        if newest.get(name, {}).get("load_id") != delivery["load_id"]:
            replaced += 1
            continue
        problem = _file_problem(settings.landing / path_of(name), delivery)
        if problem is None:
            agreeing += 1
            continue
        wrong += 1
        if wrong <= _SHOWN:
            yield Finding(number, "inputs", "differs", f"landing/{name}: {problem}")
    if wrong > _SHOWN:
        yield Finding(number, "inputs", "differs", f"and {wrong - _SHOWN:,} more files")
    if replaced:
        yield Finding(
            number, "inputs", "gone", f"{replaced:,} files were replaced by a later delivery under their name"
        )
    if not wrong:
        yield Finding(number, "inputs", "agrees", f"{agreeing:,} landed files have their size and SHA-256")


def _file_problem(path: Path, delivery: Mapping[str, Any]) -> str | None:
    try:
        size = path.stat().st_size
        if size != delivery["bytes"]:
            return f"has {size:,} bytes, certified were {delivery['bytes']:,}"
        if (found := file_hash(path)) != delivery["sha256"]:
            return f"its SHA-256 is {found}, certified was {delivery['sha256']}"
    except FileNotFoundError:
        return "is gone"
    except OSError as error:
        return f"cannot be read: {error}"
    return None


def published(path: Path, certificate: Mapping[str, Any]) -> Iterator[Finding]:
    """The published file of a certificate: its bytes, the content of each table, and every figure."""
    number, certified = certificate["sequence"], certificate["published"]
    bytes_agree = path.stat().st_size == certified["bytes"] and file_hash(path) == certified["sha256"]
    try:
        with reading(path) as connection:
            yield from _tables(connection, certificate, bytes_agree=bytes_agree)
            yield from _figures(connection, certificate)
            yield from _recount(connection, certificate)
    except duckdb.Error as error:
        yield Finding(number, "published file", "differs", f"{path} cannot be read: {error}")


def _tables(
    connection: duckdb.DuckDBPyConnection, certificate: Mapping[str, Any], *, bytes_agree: bool
) -> Iterator[Finding]:
    number, certified = certificate["sequence"], certificate["published"]
    is_other_engine = certificate["programs"]["packages"].get("duckdb") != duckdb.__version__
    found = {
        f"{table.schema_name}.{table.table_name}": {
            "name": f"{table.schema_name}.{table.table_name}",
            "rows": table.row_count,
            "columns_sha256": hash_chain.content_hash(table.columns),
            "content_hash": table.content_hash,
        }
        for table in contents(connection, certificate["run"]["run_id"])
    }
    expected = {table["name"]: table for table in certified["tables"]}
    different = [name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]
    if bytes_agree and is_other_engine:
        # The content hash belongs to a version of DuckDB; the bytes of the file do not.
        different = []
    for name in different[:_SHOWN]:
        yield Finding(
            number,
            "published table",
            "differs",
            f"{name}: {_table_problem(found.get(name), expected.get(name))}",
        )
    if different and is_other_engine:
        yield Finding(
            number, "published table", "note", "DuckDB is another version than then; its hashes may differ"
        )
    if bytes_agree and not different:
        yield Finding(
            number,
            "published file",
            "agrees",
            f"{len(expected)} tables, and the file's SHA-256 {certified['sha256']}",
        )
    elif not different:
        yield Finding(
            number,
            "published file",
            "differs",
            f"its bytes are not those that were certified (SHA-256 {certified['sha256']}), though all "
            f"{len(expected)} tables hold what they held: something opened it for writing",
        )


def _table_problem(found: Mapping[str, Any] | None, expected: Mapping[str, Any] | None) -> str:
    if found is None:
        return "is gone"
    if expected is None:
        return "was not there"
    if found["columns_sha256"] != expected["columns_sha256"]:
        return "has other columns"
    if found["rows"] != expected["rows"]:
        return f"has {found['rows']:,} rows, certified were {expected['rows']:,}"
    return f"has other content in its {found['rows']:,} rows"


def _figures(connection: duckdb.DuckDBPyConnection, certificate: Mapping[str, Any]) -> Iterator[Finding]:
    number = certificate["sequence"]
    found = {**figures.published_figures(connection), "run": figures.run_of(connection)}
    wrong = 0
    for section in _FROM_PUBLISHED:
        for place, was, now in differences(certificate[section], found[section]):
            wrong += 1
            if wrong <= _SHOWN:
                yield Finding(
                    number, section.replace("_", " "), "differs", f"{place}: certified {was}, now {now}"
                )
    for name in ("run_id", "as_of_date"):
        if certificate["run"][name] != found["run"][name]:
            wrong += 1
            yield Finding(
                number,
                "run",
                "differs",
                f"{name}: certified {certificate['run'][name]}, now {found['run'][name]}",
            )
    if not wrong:
        yield Finding(
            number,
            "figures",
            "agrees",
            "control totals, residuals, checks, match rates, journal and exceptions, computed again",
        )


def _name(row: Mapping[str, Any]) -> str:
    """What identifies a row of a section, such as source, stream and currency."""
    return " ".join(str(row[name]) for name in _IDENTITY if name in row)


def differences(was: Any, now: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, certified, found) of every leaf in which two sections differ."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in sorted({*was, *now}):
            yield from differences(was.get(name), now.get(name), f"{place}, {name}" if place else name)
    elif (
        isinstance(was, list) and isinstance(now, list) and all(isinstance(row, dict) for row in [*was, *now])
    ):
        before, after = {_name(row): row for row in was}, {_name(row): row for row in now}
        for name in sorted({*before, *after}):
            if name not in before or name not in after:
                yield name, "a row" if name in before else "none", "a row" if name in after else "none"
            else:
                yield from differences(before[name], after[name], name)
    elif was != now:
        yield place, was, now


def _recount(connection: duckdb.DuckDBPyConnection, certificate: Mapping[str, Any]) -> Iterator[Finding]:
    """Canonical records and amounts, counted anew in the canonical tables themselves."""
    number = certificate["sequence"]
    counted = stages.canonical_counts(connection)
    wrong = compared = 0
    for row in certificate["control_totals"]:
        key = (row["source_name"], row["stream"], row["currency"])
        expected = (row["canonical_count"], Decimal(row["canonical_amount"]))
        if key not in counted and (expected[0] == 0 or not _is_counted(row["stream"], counted)):
            continue
        compared += 1
        found = counted.get(key, (0, Decimal(0)))
        if found != expected:
            wrong += 1
            yield Finding(
                number,
                "canonical tables",
                "differs",
                f"{' '.join(key)}: {found[0]:,} records and {found[1]} counted, "
                f"certified were {expected[0]:,} and {expected[1]}",
            )
    if not wrong:
        yield Finding(
            number,
            "canonical tables",
            "agrees",
            f"{compared} of {len(certificate['control_totals'])} control totals counted again in the tables "
            "themselves (lines and rates need the warehouse)",
        )


def _is_counted(stream: str, counted: Mapping[tuple[str, str, str], Any]) -> bool:
    return any(stream == name for _, name, _ in counted)


def rules_now(settings: Settings, certificate: Mapping[str, Any]) -> Iterator[Finding]:
    """What changed since the newest certificate: no fault, but the next run will use it."""
    now, then = rule_hashes(settings), certificate["rules"]
    for place, _, _ in differences(then, now):
        yield Finding(
            certificate["sequence"],
            "rules",
            "note",
            f"{place}: changed since; the next run uses and certifies it",
        )


def version_of(settings: Settings, certificate: Mapping[str, Any]) -> Path | None:
    """The published file that the certificate is about, where it is still kept."""
    wanted = certificate["published"]["version"]
    for version in versions.versions(settings.published):
        if version.id == wanted:
            return version.path
    if settings.published.is_file() and versions.version_id(settings.published) == wanted:
        return settings.published
    return None


def verify(settings: Settings, number: int, *, deep: bool = False) -> Iterator[Finding]:
    """Prove certificate `number`; deep: and all before and after it, with every kept version."""
    place = store.folder(settings)
    broken = False
    for finding in chain(place):
        broken = broken or finding.status == "differs"
        yield finding
    if broken:
        certificates = [found for entry in store.entries(place) if (found := _loaded(entry)) is not None]
    else:
        certificates = [store.load(entry.path) for entry in store.entries(place)]
    chosen = [found for found in certificates if deep or found["sequence"] == number]
    for certificate in chosen:
        yield from _failures(certificate)
        yield from logs(settings, certificate)
        if certificate is chosen[-1] or certificate["inputs"]["gone_files"]:
            # The newest list holds all files of the ones before, but for those that were taken out.
            yield from landed_files(settings, certificates, certificate["sequence"])
        path = version_of(settings, certificate)
        if path is None:
            yield Finding(
                certificate["sequence"],
                "published file",
                "gone",
                f"version {certificate['published']['version']} is no longer kept; its hashes stay certified",
            )
        else:
            yield from published(path, certificate)
    if chosen and chosen[-1] is certificates[-1]:
        yield from rules_now(settings, certificates[-1])


def _failures(certificate: Mapping[str, Any]) -> Iterator[Finding]:
    """Of a run that failed: what it said. What it certifies is the file that stood."""
    for failure in certificate["run"].get("failures", []):
        first_line = failure["message"].strip().partition("\n")[0]
        yield Finding(
            certificate["sequence"], "run", "note", f"it failed in '{failure['step']}': {first_line[:300]}"
        )


def _loaded(entry: store.Entry) -> store.Certificate | None:
    """A certificate of a broken chain, where it can still be read."""
    try:
        found = store.load(entry.path)
        return found if {"published", "inputs", "logs", "run", "rules"} <= set(found) else None
    except store.CertificateError:
        return None
