"""The tie-out certificate: chained, verified from the files, and exact about what differs."""

import contextlib
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.certificate import inputs, store
from dagster_project.certificate.page import has_residual, render
from dagster_project.certificate.verification import chain, differences
from pipelines.hash_chain import canonical_json, link_hash
from tests.conftest import Done, Installation, SampleRun

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


@pytest.fixture
def copy(sample_run: SampleRun, installation: Installation) -> Installation:
    """What verifying needs of the sample installation, to be tampered with."""
    for name in ("landing", "published", "versions", "certificates", "configuration"):
        shutil.copytree(sample_run.home / name, installation.home / name, symlinks=True)
    # A copy of a hard link is a second file; tampering with one must not be hidden by the other.
    return installation


def newest(place: Installation) -> store.Entry:
    return store.entries(place.home / "certificates")[-1]


def verify(place: Installation, *arguments: str) -> Done:
    """`tieout verify`, in this process: starting one takes longer than verifying."""
    from dagster_project.commands.errors import CommandError
    from dagster_project.commands.verify import verify_certificate

    out, code, err = io.StringIO(), 1, ""
    named = [one for one in arguments if not one.startswith("--")]
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(out):
        for name in ("TIEOUT_SOURCES", "TIEOUT_SEEDS", "TIEOUT_OPERATIONS"):
            patched.delenv(name, raising=False)
        patched.setenv("TIEOUT_HOME", str(place.home))
        try:
            code = verify_certificate(
                named[0] if named else None, deep="--deep" in arguments, format_="table"
            )
        except CommandError as error:
            err = str(error)
    return Done(code, out.getvalue(), err)


def kept_file(place: Installation) -> Path:
    version = store.load(newest(place).path)["published"]["version"]
    return place.home / "versions" / version / "tieout.duckdb"


def differing(done: Done) -> list[str]:
    assert "Traceback" not in done.err, done.err
    return [line for line in done.out.splitlines() if line.startswith("✗")]


# The sample run


def test_a_run_leaves_a_certificate_that_says_what_it_read_and_published(
    sample_run: SampleRun, published
) -> None:
    certificate = store.load(store.entries(sample_run.home / "certificates")[0].path)
    assert certificate["sequence"] == 1 and certificate["previous_hash"] == "0" * 64
    landed = [path for path in sample_run.installation.landing.rglob("*") if path.is_file()]
    read = {file["source_file"] for file in certificate["inputs"]["new_files"]}
    assert {path.relative_to(sample_run.installation.landing).as_posix() for path in landed} == read | set(
        certificate["inputs"]["not_read"]
    )
    assert certificate["residuals"]["records"] == 0 and not has_residual(certificate)
    [(declared,)] = published.execute(
        "select sum(declared_count) from reconciliation.control_totals"
    ).fetchall()
    assert sum(row["declared_count"] for row in certificate["control_totals"]) == declared
    for row in certificate["landed"]:
        assert row["declared_count"] == row["landed_count"] + row["rejected_count"]
    assert {table["name"] for table in certificate["published"]["tables"]} >= {"ledger.journal_lines"}
    assert "match_rules.csv" in certificate["rules"]["seeds"]


def test_the_summary_names_the_certificate(sample_run: SampleRun) -> None:
    if "Proof:" in sample_run.output:  # not so with TIEOUT_TEST_HOME
        assert str(newest(sample_run.installation).page.name) in sample_run.output


def test_an_untouched_installation_verifies(sample_run: SampleRun) -> None:
    assert sample_run.installation.tieout("verify").code == 0
    done = verify(sample_run.installation, "--deep")
    assert done.code == 0, done.out
    assert differing(done) == []
    for subject in ("chain", "configuration log", "inputs", "published file", "figures", "canonical tables"):
        assert f"{subject}:" in done.out


def test_the_page_is_readable_without_a_network_and_holds_every_section(sample_run: SampleRun) -> None:
    entry = newest(sample_run.installation)
    page = entry.page.read_text()
    for words in ("It ties out", "Control totals", f"tieout verify {entry.sequence}", "Reviewed by"):
        assert words in page
    assert "<script" not in page and "http://" not in page and "https://" not in page


# Tampering


def test_a_changed_landed_file_is_named(copy: Installation) -> None:
    path = next((copy.landing / "bank_de").iterdir())
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done = verify(copy)
    assert done.code == 1
    [line] = differing(done)
    assert f"landing/bank_de/{path.name}" in line and "SHA-256" in line


def test_a_lost_landed_file_is_named(copy: Installation) -> None:
    path = next((copy.landing / "bank_uk").iterdir())
    path.unlink()
    [line] = differing(verify(copy))
    assert f"landing/bank_uk/{path.name}: is gone" in line


def test_one_changed_cent_in_the_published_file_is_found_in_its_table_and_its_total(
    copy: Installation,
) -> None:
    path = kept_file(copy)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update canonical.payments set amount = amount + 0.01 where payment_id = "
            "(select min(payment_id) from canonical.payments)"
        )
    lines = "\n".join(differing(verify(copy)))
    assert "published table: canonical.payments: has other content" in lines
    assert "canonical tables: " in lines and "charges" in lines


def test_a_changed_figure_is_named_with_both_values(copy: Installation) -> None:
    path = kept_file(copy)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "update reconciliation.summary set open_count = open_count + 1 where reconciliation = 'bill_to_bank' and entity_id = 'DE01'"
        )
    lines = differing(verify(copy))
    assert any("match rates: DE01 bill_to_bank" in line and "open_count" in line for line in lines), lines


def test_a_file_opened_for_writing_without_a_change_of_figures_is_told_apart(copy: Installation) -> None:
    path = kept_file(copy)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table canonical.scratch as select 1 as x")
        connection.execute("checkpoint")
        connection.execute("drop table canonical.scratch")
    [line] = differing(verify(copy))
    assert "bytes are not those that were certified" in line


def test_a_changed_certificate_is_named_also_when_it_gets_a_new_hash(copy: Installation) -> None:
    entry = newest(copy)
    certificate = store.load(entry.path)
    certificate["residuals"]["records"] = 5
    entry.path.write_bytes(canonical_json(certificate) + b"\n")
    assert "was changed" in "\n".join(differing(verify(copy)))
    certificate["hash"] = link_hash(certificate)
    entry.path.write_bytes(canonical_json(certificate) + b"\n")
    # The last of a chain can be rewritten; what it claims is then not what the published file says.
    assert "residuals: records: certified 5, now 0" in "\n".join(differing(verify(copy)))


def test_a_changed_line_of_the_configuration_log_is_named(copy: Installation) -> None:
    path = copy.home / "configuration" / "log.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"by":"', b'"by":"not ', 1))
    assert "log.jsonl: line 1 was changed" in "\n".join(differing(verify(copy)))


def test_a_shortened_configuration_log_is_found_by_the_certificate(copy: Installation) -> None:
    path = copy.home / "configuration" / "log.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert "configuration log" in "\n".join(differing(verify(copy)))


def test_a_version_that_retention_took_away_stays_certified(copy: Installation) -> None:
    shutil.rmtree(copy.home / "versions")
    (copy.home / "published" / "tieout.duckdb").unlink()
    done = verify(copy)
    assert done.code == 0, done.out
    assert "no longer kept" in done.out


def test_copies_that_an_auditor_kept_are_verified(copy: Installation, tmp_path: Path) -> None:
    certificate, published = tmp_path / "certificate.json", tmp_path / "figures.duckdb"
    shutil.copy(newest(copy).path, certificate)
    shutil.copy(kept_file(copy), published)
    assert verify(copy, str(certificate)).code == 0
    assert verify(copy, str(published)).code == 0
    content = json.loads(certificate.read_bytes())
    content["run"]["started_by"] = "somebody else"
    certificate.write_bytes(canonical_json(content) + b"\n")
    lines = "\n".join(differing(verify(copy, str(certificate))))
    assert "it does not have its own hash" in lines
    published.chmod(0o644)
    with duckdb.connect(str(published)) as connection:
        connection.execute("delete from ledger.journal_lines where line_number = 1")
    assert "ledger.journal_lines" in "\n".join(differing(verify(copy, str(published))))


def test_an_unknown_certificate_is_an_error(sample_run: SampleRun, installation: Installation) -> None:
    assert "number (1 to" in verify(sample_run.installation, "99").err
    assert "tieout run" in verify(installation).err


# The chain


def content(number: int, version: str = "v1") -> dict:
    return {
        "run": {"run_id": f"2026-06-{number:02}-aa../x", "as_of_date": "2026-06-30"},
        "published": {"version": version},
        "inputs": {"new_files": [], "gone_files": []},
    }


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    for number in range(1, 5):
        store.append(tmp_path, content(number), now=datetime(2026, 6, number, tzinfo=UTC))
    return tmp_path


def problems(place: Path) -> list[tuple[int, str]]:
    return [(found.certificate, found.message) for found in chain(place) if found.status == "differs"]


def test_certificates_follow_each_other(certificates: Path) -> None:
    found = [store.load(entry.path) for entry in store.entries(certificates)]
    assert [one["previous_hash"] for one in found[1:]] == [one["hash"] for one in found[:-1]]
    assert problems(certificates) == []
    assert all(entry.path.parent == certificates for entry in store.entries(certificates))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_certificate_taken_out_breaks_the_chain(certificates: Path, place: int) -> None:
    store.entries(certificates)[place].path.unlink()
    assert problems(certificates)


def test_a_certificate_replaced_by_a_whole_one_breaks_the_next(certificates: Path) -> None:
    entry = store.entries(certificates)[1]
    found = store.load(entry.path) | {"programs": "others"}
    found["hash"] = link_hash(found)
    entry.path.write_bytes(canonical_json(found) + b"\n")
    assert [number for number, _ in problems(certificates)] == [3]


def test_what_a_killed_process_left_is_no_certificate(certificates: Path) -> None:
    (certificates / ".000005_run.json.123").write_bytes(b'{"half')
    assert problems(certificates) == []
    store.append(certificates, content(5))
    assert [path.name for path in certificates.glob(".0*")] == []
    assert store.head(certificates).sequence == 5


def test_a_certificate_is_found_by_number_run_and_version(certificates: Path) -> None:
    assert store.find(certificates, None).sequence == 4
    assert store.find(certificates, "2").sequence == 2
    assert store.find(certificates, "2026-06-03").sequence == 3
    assert store.find(certificates, "v1").sequence == 4
    with pytest.raises(store.CertificateError, match="1 to 4"):
        store.find(certificates, "nothing")


# Inputs


def delivery(name: str, load_id: str, sha256: str = "a") -> dict:
    return {
        "kind": "bank",
        "source_name": "b",
        "source_file": name,
        "load_id": load_id,
        "sha256": sha256,
        "bytes": 1,
        "status": "loaded",
    }


def test_the_whole_list_is_the_sum_of_the_chain() -> None:
    nights = [
        [delivery("a", "1")],
        [delivery("a", "1"), delivery("b", "2")],
        [delivery("b", "2"), delivery("a", "3", "z")],
    ]
    certificates: list[dict] = []
    for files in nights:
        change = inputs.change(inputs.replay(certificates), files)
        certificates.append({"inputs": {**inputs.summary(files), **change}})
    assert [len(one["inputs"]["new_files"]) for one in certificates] == [1, 1, 1]
    assert [len(one["inputs"]["gone_files"]) for one in certificates] == [0, 0, 1]
    for number, files in enumerate(nights, start=1):
        assert list(inputs.replay(certificates[:number]).values()) == files
        assert inputs.summary(files)["sha256"] == certificates[number - 1]["inputs"]["sha256"]


def test_differences_name_the_row_and_the_column() -> None:
    was = [{"source_name": "a", "stream": "orders", "currency": "EUR", "amount": "1.00"}]
    now = [{"currency": "EUR", "stream": "orders", "source_name": "a", "amount": "1.01"}]
    assert list(differences(was, now)) == [("a orders EUR, amount", "1.00", "1.01")]
    assert list(differences(was, [])) == [("a orders EUR", "a row", "none")]


# The page


def test_the_page_escapes_everything(sample_run: SampleRun) -> None:
    def hostile(value):
        if isinstance(value, dict):
            return {key: hostile(item) for key, item in value.items()}
        if isinstance(value, list):
            return [hostile(item) for item in value]
        is_word = isinstance(value, str) and not value.replace(".", "").replace("-", "").isdigit()
        return HOSTILE if is_word else value

    certificate = hostile(store.load(newest(sample_run.installation).path))
    certificate["inputs"]["not_read"] = [HOSTILE]
    page = render(certificate)
    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;" in page


def test_a_residual_is_not_called_tied_out(sample_run: SampleRun) -> None:
    certificate = store.load(newest(sample_run.installation).path)
    certificate["residuals"]["amounts"]["EUR"] = "-0.0100"
    assert has_residual(certificate)
    assert "It does not tie out" in render(certificate)
