"""Every notebook runs from top to bottom on the published sample, and its own assertions hold."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_on_the_published_file(path, sample_run, monkeypatch):
    monkeypatch.setenv("TIEOUT_HOME", str(sample_run.home))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs), "no plot was drawn"


def test_notebooks_only_read():
    for path in NOTEBOOKS:
        assert "read_only=True" in path.read_text(), f"{path.name} must open the published file read-only"
