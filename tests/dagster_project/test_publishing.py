"""Write, audit, publish: whole or not at all, and only when something changed."""

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project.publish import publishing, versions
from dagster_project.publish.publishing import PublishError, publish


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "warehouse").mkdir()
    with duckdb.connect(str(tmp_path / "warehouse" / "tieout.duckdb")) as connection:
        connection.execute(
            """
            create schema raw_bank; create schema canonical; create schema ledger; create schema checks;
            create schema reconciliation;
            create table raw_bank.transactions as select 1 as amount;
            create table canonical.payments as
                select * from (values ('p2', cast(2 as decimal(18, 4))), ('p1', cast(1 as decimal(18, 4)))) as t(id, amount);
            comment on table canonical.payments is 'One row per payment; it''s exact.';
            comment on column canonical.payments.amount is 'What was paid.';
            create view reconciliation.summary as
                select count(*) as payments from tieout.canonical.payments;
            create table checks.expectation_results as select 'now' as run_id, true as success
                union all select 'before', false;
            """
        )
    return tmp_path


def do_publish(place: Path) -> publishing.Publication:
    return publish(place / "warehouse" / "tieout.duckdb", place / "published" / "tieout.duckdb", "now")


def ask(place: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(place / "published" / "tieout.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def change(place: Path, statement: str) -> None:
    with duckdb.connect(str(place / "warehouse" / "tieout.duckdb")) as connection:
        connection.execute(statement)


def test_only_published_schemas_go_out_with_views_as_tables(place: Path) -> None:
    do_publish(place)
    found = ask(
        place, "select table_schema, table_name, table_type from information_schema.tables order by all"
    )
    assert found == [
        ("canonical", "payments", "BASE TABLE"),
        ("checks", "expectation_results", "BASE TABLE"),
        ("checks", "published_tables", "BASE TABLE"),
        ("reconciliation", "summary", "BASE TABLE"),
    ]


def test_rows_come_in_a_stable_order_and_with_their_descriptions(place: Path) -> None:
    do_publish(place)
    assert [row[0] for row in ask(place, "select id from canonical.payments")] == ["p1", "p2"]
    assert ask(place, "select comment from duckdb_tables() where table_name = 'payments'") == [
        ("One row per payment; it's exact.",)
    ]
    assert ask(place, "select comment from duckdb_columns() where column_name = 'amount'") == [
        ("What was paid.",)
    ]


def test_what_a_table_was_made_of_is_not_published(place: Path) -> None:
    with duckdb.connect(str(place / "warehouse" / "tieout.duckdb")) as connection:
        connection.execute("""comment on table canonical.payments is 'keyed {"to": "a run"}'""")
    do_publish(place)
    assert ask(place, "select table_name from duckdb_tables() where comment is not null") == []


def test_check_results_of_this_run_only(place: Path) -> None:
    do_publish(place)
    assert ask(place, "select run_id from checks.expectation_results") == [("now",)]


def test_equal_content_keeps_the_file_whatever_the_order_of_rows(place: Path) -> None:
    assert do_publish(place).is_changed
    published = place / "published" / "tieout.duckdb"
    before = published.stat()
    change(
        place, "create or replace table canonical.payments as select * from canonical.payments order by id"
    )
    assert not do_publish(place).is_changed
    assert (published.stat().st_ino, published.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "statement",
    [
        "update canonical.payments set amount = 1.0001 where id = 'p1'",
        "insert into canonical.payments select * from canonical.payments where id = 'p1'",
        "alter table canonical.payments rename column amount to paid_amount",
        "create table ledger.journal_lines as select 1 as line_number",
    ],
)
def test_any_change_replaces_the_file(place: Path, statement: str) -> None:
    do_publish(place)
    change(place, statement)
    assert do_publish(place).is_changed


def test_a_reader_keeps_the_file_that_it_opened(place: Path) -> None:
    do_publish(place)
    reader = duckdb.connect(str(place / "published" / "tieout.duckdb"), read_only=True)
    change(place, "update canonical.payments set amount = 9")
    do_publish(place)
    assert reader.execute("select sum(amount) from canonical.payments").fetchone() == (3,)
    reader.close()
    assert ask(place, "select sum(amount) from canonical.payments") == [(18,)]


def test_a_failure_leaves_the_previous_file_and_no_left_over(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_publish(place)
    change(place, "update canonical.payments set amount = 9")

    def no_space(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "_sync", no_space)
    with pytest.raises(OSError, match="No space left"):
        do_publish(place)
    assert ask(place, "select sum(amount) from canonical.payments") == [(3,)]
    assert [path.name for path in (place / "published").iterdir()] == ["tieout.duckdb"]


def test_what_a_killed_run_left_is_removed(place: Path) -> None:
    folder = place / "published"
    folder.mkdir()
    (folder / f".building-{os.getpid() + 1}.tieout.duckdb").write_bytes(b"half")
    (folder / f".building-{os.getpid() + 1}.tieout.duckdb.wal").write_bytes(b"half")
    do_publish(place)
    assert [path.name for path in folder.iterdir()] == ["tieout.duckdb"]


def test_a_copy_that_differs_is_not_published(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = publishing.contents
    monkeypatch.setattr(publishing, "contents", lambda connection, run_id: real(connection, run_id)[:-1])
    with duckdb.connect(str(place / "warehouse" / "tieout.duckdb"), read_only=True) as connection:
        expected = real(connection, "now")
    building = place / "building.duckdb"
    with pytest.raises(PublishError):
        publishing._build(building, place / "warehouse" / "tieout.duckdb", "now", expected)


def kept(place: Path) -> list[versions.Version]:
    return versions.versions(place / "published" / "tieout.duckdb")


def test_every_published_file_is_kept_and_shares_its_disk_while_it_is_current(place: Path) -> None:
    first = do_publish(place).version
    assert do_publish(place).version == first
    change(place, "update canonical.payments set amount = 9")
    second = do_publish(place).version
    assert [version.id for version in kept(place)] == [second, first]
    assert [version.is_current for version in kept(place)] == [True, False]
    assert {version.run_id for version in kept(place)} == {"now"}
    current = (place / "published" / "tieout.duckdb").stat()
    assert current.st_ino == kept(place)[0].path.stat().st_ino
    assert current.st_nlink == 2
    with duckdb.connect(str(kept(place)[1].path), read_only=True) as connection:
        assert connection.execute("select sum(amount) from canonical.payments").fetchone() == (3,)


def test_nobody_can_write_into_what_was_published_by_accident(place: Path) -> None:
    do_publish(place)
    assert stat.S_IMODE((place / "published" / "tieout.duckdb").stat().st_mode) == 0o444


@pytest.mark.parametrize("step", ["keep", "making", "linked"])
def test_a_kill_between_replacing_and_keeping_loses_no_version(
    place: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    do_publish(place)
    change(place, "update canonical.payments set amount = 9")
    keep, calls = versions.keep, []

    def second_keep(published: Path) -> str | None:
        calls.append(published)
        if len(calls) == 2:
            if step == "keep":
                raise Killed
            monkeypatch.setattr(versions, "_link_or_copy" if step == "making" else "_sync_folder", killed)
        return keep(published)

    with monkeypatch.context() as patched:
        patched.setattr(versions, "keep", second_keep)
        with pytest.raises(Killed):
            do_publish(place)
    monkeypatch.undo()
    # The new file stands, and is not listed twice or half.
    assert ask(place, "select sum(amount) from canonical.payments") == [(18,)]
    assert len(kept(place)) == 1
    change(place, "update canonical.payments set amount = 10")
    do_publish(place)
    sums = []
    for version in kept(place):
        with duckdb.connect(str(version.path), read_only=True) as connection:
            sums.append(connection.execute("select sum(amount) from canonical.payments").fetchone()[0])
    assert sums == [20, 18, 3]
    assert not list((place / "versions").glob(".*"))


def test_without_hard_links_a_version_is_a_copy(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    do_publish(place)
    [version] = kept(place)
    assert version.is_current
    assert version.path.stat().st_ino != (place / "published" / "tieout.duckdb").stat().st_ino


def publish_on(place: Path, days: list[datetime]) -> list[str]:
    """Publish a changed file per day, as if on that day."""
    published = place / "published" / "tieout.duckdb"
    for number, day in enumerate(days):
        change(place, f"update canonical.payments set amount = {number}")
        do_publish(place)
        shutil.rmtree(versions.folder_of(published) / versions.version_id(published))
        os.utime(published, (day.timestamp(), day.timestamp()))
        versions.keep(published)
    return [version.id for version in reversed(kept(place))]


JUNE = [datetime(2026, 6, day, 5, tzinfo=UTC) for day in (1, 2, 3, 20)]


def test_a_version_goes_only_beyond_both_number_and_age(place: Path) -> None:
    names = publish_on(place, JUNE)
    published = place / "published" / "tieout.duckdb"
    assert versions.prune(published, last=1, days=365, now=JUNE[-1]) == []
    assert versions.prune(published, last=9, days=0, now=JUNE[-1]) == []
    assert versions.prune(published, last=2, days=0, now=JUNE[-1]) == [names[1], names[0]]
    assert [version.id for version in kept(place)] == [names[3], names[2]]
    assert versions.prune(published, last=1, days=10, now=JUNE[-1] + timedelta(days=99)) == [names[2]]
    assert published.is_file()


def test_what_stood_on_a_day(place: Path) -> None:
    names = publish_on(place, JUNE)
    published = place / "published" / "tieout.duckdb"
    assert versions.find(published, "2026-06-02").id == names[1]
    assert versions.find(published, "2026-06-10").id == names[2]
    assert versions.find(published, "2026-06-02T04:59").id == names[0]
    assert versions.find(published, "2026-06-02T06:59+02:00").id == names[0]
    assert versions.find(published, "now").id == names[3]
    assert versions.find(published, names[0][:8]).id == names[0]
    with pytest.raises(versions.NoSuchVersion, match="2026-06-01 05:00"):
        versions.find(published, "2026-05-31")
    with pytest.raises(versions.NoSuchVersion, match="neither a run"):
        versions.find(published, "yesterday")


def test_a_run_id_from_elsewhere_cannot_leave_the_folder(place: Path) -> None:
    published = place / "published" / "tieout.duckdb"
    published.parent.mkdir()
    with duckdb.connect(str(published)) as connection:
        connection.execute("create schema checks")
        connection.execute("create table checks.expectation_results as select '../../x/\n;' as run_id")
    versions.keep(published)
    [version] = kept(place)
    assert version.path.parent.parent == place / "versions"


def test_nothing_to_publish_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    duckdb.connect(str(tmp_path / "warehouse" / "tieout.duckdb")).close()
    with pytest.raises(PublishError, match="no table to publish"):
        do_publish(tmp_path)


def test_a_damaged_published_file_is_replaced(place: Path) -> None:
    folder = place / "published"
    folder.mkdir()
    (folder / "tieout.duckdb").write_bytes(b"not a database")
    assert do_publish(place).is_changed
    assert ask(place, "select count(*) from canonical.payments") == [(2,)]
