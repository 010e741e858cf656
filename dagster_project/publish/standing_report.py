"""The close report that stands: a night that published nothing new need not draw the same page again.

Belongs here: telling whether the page that lies there was made from the file that readers have, by the
program as it is now. What it was made of is noted beside it; a page that somebody changed, or of which
nothing is noted, is made anew.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from dagster_project.publish.versions import version_id

_PROGRAM = Path(__file__).parent.parent / "report"
_LIBRARIES = ("duckdb", "jinja2", "matplotlib")


def _note(page: Path) -> Path:
    return page.with_suffix(".made_of.json")


def _made_of(published: Path, page: Path) -> dict[str, str]:
    program = hashlib.sha256()
    for path in sorted(path for path in _PROGRAM.iterdir() if path.is_file()):
        program.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return {
        "published": version_id(published),
        "program": program.hexdigest(),
        "libraries": " ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "page": hashlib.sha256(page.read_bytes()).hexdigest(),
    }


def stands(published: Path, page: Path) -> bool:
    """Whether the page is the one that would be made now."""
    try:
        noted = json.loads(_note(page).read_text(encoding="utf-8"))
        return bool(noted == _made_of(published, page))
    except (OSError, ValueError):
        return False


def note(published: Path, page: Path) -> None:
    """Remember of what the page was just made."""
    made_of = json.dumps(_made_of(published, page), indent=1, sort_keys=True)
    building = _note(page).with_suffix(".building")
    building.write_text(made_of, encoding="utf-8")
    building.replace(_note(page))
