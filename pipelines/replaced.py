"""Deliveries that another one stands for: a corrected file that came under another name.

Belongs here: the note of which delivery was replaced by which. A file that comes again under its own name
needs none. The replaced file stays in the landing folder and is read no more.
"""

import json
from pathlib import Path

from pipelines.settings import Settings


def _note(settings: Settings) -> Path:
    return settings.warehouse.with_name("replaced_files.json")


def replaced_load_ids(settings: Settings) -> set[str]:
    return set(_read(settings))


def note_replaced(settings: Settings, load_id: str, source_file: str, replaced_by: str) -> None:
    """Remember it, before anything of the delivery is taken out."""
    known = _read(settings)
    known[load_id] = {"source_file": source_file, "replaced_by": replaced_by}
    note = _note(settings)
    note.parent.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(known, indent=1, sort_keys=True))
    partial.replace(note)


def _read(settings: Settings) -> dict[str, dict[str, str]]:
    note = _note(settings)
    if not note.is_file():
        return {}
    known: dict[str, dict[str, str]] = json.loads(note.read_text())
    return known
