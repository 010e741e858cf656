"""`tieout config`: the log of configuration changes, and telling it of one with a reason."""

import json
from typing import Any

from dagster_project import configuration_log
from dagster_project.commands.errors import CommandError
from dagster_project.commands.tables import checked_format, write_table
from pipelines import hash_chain
from pipelines.settings import settings


def _told(change: dict[str, Any]) -> str:
    if change.get("first"):
        return "first seen"
    return f"+{change['added_count']} -{change['removed_count']} rows"


def show_changes(file: str | None, limit: int, format_: str) -> None:
    """The newest changes first; with a file, row by row."""
    checked_format(format_, ("table", "json"))
    place = settings()
    links = list(hash_chain.read(configuration_log.log_path(place)))
    if file is not None:
        links = [link for link in links if file in (link["file"], link["file"].rpartition("/")[2])]
        if not links:
            raise CommandError(f"the log has no change of '{file}'. See: tieout config log")
    links = links[::-1][: limit or None]
    if format_ == "json":
        print(json.dumps(links, indent=2, ensure_ascii=False))
        return
    rows = [
        [
            link["sequence"],
            link["recorded_at"][:16].replace("T", " "),
            link["by"],
            link["file"],
            _told(link["change"]),
            link["reason"] or "",
        ]
        for link in links
    ]
    write_table(["line", "logged (UTC)", "by", "file", "change", "reason"], rows)
    if file is not None:
        for link in links:
            _print_rows(link)
    if waiting := configuration_log.unrecorded(place):
        print(
            f"Changed and not logged yet (the next run does, or tieout config record): {', '.join(waiting)}"
        )


def _print_rows(link: dict[str, Any]) -> None:
    change = link["change"]
    if change.get("first"):
        return
    print(f"\nline {link['sequence']}, saved {link.get('saved_at', '')} by {link.get('file_owner', '')}")
    if change["new_header"] and change["old_header"] and change["new_header"] != change["old_header"]:
        print(f"  columns: {', '.join(change['old_header'])} -> {', '.join(change['new_header'])}")
    for mark, name in (("-", "removed"), ("+", "added")):
        for row in change[name]:
            print(f"  {mark} {', '.join(row)}")
        if (more := change[f"{name}_count"] - len(change[name])) > 0:
            print(f"  {mark} and {more:,} more rows; both states lie in configuration/files")


def record_changes(reason: str, by: str | None) -> None:
    """Log what has changed now, with who and why."""
    logged = configuration_log.record(settings(), noticed_by="tieout config record", by=by, reason=reason)
    if not logged:
        print("Nothing has changed since the log's last line.")
        return
    for entry in logged:
        print(f"{entry['file']}: {_told(entry['change'])}")
