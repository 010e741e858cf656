"""`tieout versions` and `tieout as-of`: which published figures stood when, and what they said."""

import json
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.certificate import store
from dagster_project.commands.close_table import print_close
from dagster_project.commands.errors import CommandError
from dagster_project.commands.published import published
from dagster_project.commands.tables import checked_format, write_table
from dagster_project.publish.versions import Version, parse_moment, standing, versions
from pipelines.settings import Settings, settings


def _certificates(place: Settings) -> dict[str, dict[str, Any]]:
    """Version to the first certificate that names it, also of versions that retention took away."""
    found: dict[str, dict[str, Any]] = {}
    for entry in store.entries(store.folder(place)):
        certificate = store.load(entry.path)
        found.setdefault(certificate["published"]["version"], certificate)
    return found


def _contents(version: Version) -> tuple[str, int]:
    """(business day, rows) as the file itself says."""
    try:
        with duckdb.connect(str(version.path), read_only=True) as connection:
            day = connection.execute("select max(as_of_date) from checks.expectation_results").fetchone()
            rows = connection.execute("select sum(row_count) from checks.published_tables").fetchone()
    except duckdb.Error as error:
        raise CommandError(f"{version.path} cannot be read: {error}") from error
    return str(day[0]) if day else "", int(rows[0] or 0) if rows else 0


def _listed(place: Settings) -> list[dict[str, Any]]:
    """Every version that is kept, and every one that a certificate remembers, newest first."""
    certificates = _certificates(place)
    found = []
    kept = versions(place.published)
    for version in kept:
        day, rows = _contents(version)
        found.append(
            {
                "version": version.id,
                "published_at": version.published_at,
                "as_of_date": day,
                "rows": rows,
                "bytes": version.size_bytes,
                "certificate": certificates.get(version.id, {}).get("sequence"),
                "state": "current" if version.is_current else "kept",
            }
        )
    known = {version.id for version in kept}
    for name, certificate in certificates.items():
        if name not in known:
            found.append(
                {
                    "version": name,
                    "published_at": _moment(name),
                    "as_of_date": certificate["run"]["as_of_date"],
                    "rows": sum(table["rows"] for table in certificate["published"]["tables"]),
                    "bytes": certificate["published"]["bytes"],
                    "certificate": certificate["sequence"],
                    "state": "dropped",
                }
            )
    return sorted(found, key=lambda row: row["version"], reverse=True)


def _moment(version_id: str) -> datetime:
    return datetime.strptime(version_id.partition("_")[0], "%Y%m%dT%H%M%S.%f%z")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "published_at": row["published_at"].isoformat()}


def show_versions(format_: str) -> None:
    checked_format(format_, ("table", "json"))
    place = settings()
    rows = _listed(place)
    if not rows:
        raise CommandError("nothing has been published yet. Run the job first: tieout run")
    if format_ == "json":
        print(json.dumps([_plain(row) for row in rows], indent=2))
        return
    write_table(list(rows[0]), [list(row.values()) for row in rows])
    print("dropped: taken away by retention (operations.yml); its certificate stays.")


def show_as_of(wanted: str, format_: str) -> int:
    """Print the version that stood at a day or moment. Exit code 1 when none is kept of then."""
    checked_format(format_, ("table", "json"))
    moment = parse_moment(wanted)
    if moment is None:
        raise CommandError(f"'{wanted}' is neither a day (YYYY-MM-DD) nor a moment (YYYY-MM-DDTHH:MM).")
    place = settings()
    rows = _listed(place)
    stood = next((row for row in rows if row["published_at"] <= moment), None)
    if stood is None:
        first = (
            f" The first publication that is known was {rows[-1]['published_at']:%Y-%m-%d %H:%M} UTC."
            if rows
            else ""
        )
        closes = [row["version"] for row in rows if row["as_of_date"] == wanted]
        hint = f"\nThe close of that business day was published later: {', '.join(closes)}" if closes else ""
        raise CommandError(f"nothing was published at {moment:%Y-%m-%d %H:%M} UTC.{first}{hint}")
    version = standing(versions(place.published), moment)
    is_kept = version is not None and version.id == stood["version"]
    if format_ == "json":
        path = str(version.path) if version is not None and is_kept else None
        print(json.dumps({**_plain(stood), "asked": moment.isoformat(), "path": path}, indent=2))
        return 0 if is_kept else 1
    print(f"At {moment:%Y-%m-%d %H:%M:%S} UTC stood the version {stood['version']},")
    print(f"published {stood['published_at']:%Y-%m-%d %H:%M:%S} UTC, the close of {stood['as_of_date']}.")
    if stood["certificate"]:
        print(f"Certificate {stood['certificate']}: tieout verify {stood['certificate']}")
    if version is None or not is_kept:
        print("Its data was taken away by retention; the certificate says what it held.")
        return 1
    print(f"File: {version.path}")
    print(f'Ask:  tieout sql --version {version.id} "select ..."\n')
    with published(version.id) as connection:
        print_close(connection)
    return 0
