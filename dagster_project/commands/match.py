"""`tieout match`: two files matched with each other by the matching engine."""

from collections.abc import Sequence
from pathlib import Path

from dagster_project.commands.errors import CommandError


def match_two_files(
    left: Path, right: Path, out: Path, *, rules: Path | None, columns: Sequence[str], explain: bool
) -> None:
    """Raises CommandError when a file, the rules or a named column cannot be used."""
    from matching.command import match_files

    for path in (left, right, *([rules] if rules else [])):
        if not path.is_file():
            raise CommandError(f"{path} is not a file that can be read.")
    try:
        match_files(left, right, out, rules=rules, mapping=list(columns) or None, explain=explain)
    except ValueError as error:
        raise CommandError(str(error)) from error
