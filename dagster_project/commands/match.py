"""`tieout match`: two files matched with each other by the matching engine."""

from importlib import import_module
from pathlib import Path

from dagster_project.commands.errors import CommandError


def match_two_files(left: Path, right: Path, out: Path) -> None:
    for path in (left, right):
        if not path.is_file():
            raise CommandError(f"{path} is not a file. Give one CSV or Parquet file per side.")
    import_module("matching.command").match_files(left, right, out)
