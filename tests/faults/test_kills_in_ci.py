"""The short form of the harness: kills while publishing, with a reader, on the sample's warehouse.

`python -m tests.faults.run` does the rest: whole nights, loading, full disks and the other faults.
"""

import random
import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.publish.publishing import publish
from tests.conftest import SampleRun
from tests.faults import readers
from tests.faults.company import Company, export
from tests.faults.phases import Publishing

KILLS = 6


@pytest.fixture
def company(sample_run: SampleRun, tmp_path: Path) -> Company:
    """In the evening an exception less was open than in the sample's night."""
    warehouse = tmp_path / "evening" / "warehouse" / "tieout.duckdb"
    warehouse.parent.mkdir(parents=True)
    shutil.copy(sample_run.installation.warehouse, warehouse)
    with duckdb.connect(str(sample_run.installation.published), read_only=True) as connection:
        [(run_id,)] = connection.execute("select distinct run_id from checks.expectation_results").fetchall()
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "delete from reconciliation.exceptions "
            "where exception_id = (select min(exception_id) from reconciliation.exceptions)"
        )
    published = tmp_path / "evening" / "published" / "tieout.duckdb"
    publish(warehouse, published, run_id)
    return Company(tmp_path / "evening", export(published), export(sample_run.installation.published))


def test_readers_have_the_old_file_or_the_new_one_whenever_publishing_is_killed(
    company: Company, sample_run: SampleRun, tmp_path: Path
) -> None:
    assert company.before != company.after
    publishing = Publishing(company, sample_run.home, tmp_path)
    chance = random.Random(20260305)
    reader = readers.start(publishing.published, tmp_path / "reads.json")
    try:
        row = publishing.row(chance, KILLS)
        full_disk = publishing.without_room()
    finally:
        seen = reader.stop()
    assert row.outcome == "equal"
    assert len(row.kills) >= KILLS // 2, "the kills came too late to prove anything"
    assert {kill.published for kill in row.kills} <= {"old", "new"}
    assert full_disk == (1, "old"), "a full disk has to fail the step and leave the old file"
    assert seen["wrong"] == []
    assert int(seen["reads"]) > 0
