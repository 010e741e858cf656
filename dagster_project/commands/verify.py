"""`tieout verify`: prove a certificate from the files on the disk, and say which item differs."""

import json
from pathlib import Path

from dagster_project.certificate import store
from dagster_project.certificate.verification import Finding, published, verify
from dagster_project.commands.errors import CommandError
from dagster_project.commands.tables import checked_format
from pipelines.hash_chain import link_hash
from pipelines.settings import Settings, settings

_MARKS = {"agrees": "✓", "differs": "✗", "gone": "–", "note": "·"}


def _entry(place: Settings, wanted: str | None) -> store.Entry:
    try:
        return store.find(store.folder(place), wanted)
    except store.CertificateError as error:
        raise CommandError(str(error)) from error


def _of_copy(place: Settings, path: Path) -> tuple[int, list[Finding]]:
    """A certificate that somebody kept elsewhere: whole in itself, and the one that the chain holds."""
    try:
        copy = store.load(path)
        number = int(copy["sequence"])
        is_whole = copy["hash"] == link_hash(copy)
    except (store.CertificateError, KeyError, TypeError, ValueError) as error:
        raise CommandError(str(error)) from error
    found = []
    if not is_whole:
        found.append(Finding(number, "copy", "differs", f"{path} was changed: it does not have its own hash"))
    ours = [entry for entry in store.entries(store.folder(place)) if entry.sequence == number]
    if not ours or store.load(ours[0].path)["hash"] != copy["hash"]:
        found.append(
            Finding(number, "copy", "differs", f"{path} is not certificate {number} of {store.folder(place)}")
        )
    return number, found


def _of_published(place: Settings, path: Path) -> list[Finding]:
    """A published file that somebody kept elsewhere, against the certificate that names its run."""
    import duckdb

    from dagster_project.certificate.figures import run_of
    from dagster_project.certificate.rules import file_hash
    from dagster_project.warehouse import reading

    try:
        with reading(path) as connection:
            run_id = run_of(connection)["run_id"]
    except duckdb.Error as error:
        raise CommandError(f"{path} is not a published file of tieout: {error}") from error
    certificates = [store.load(entry.path) for entry in store.entries(store.folder(place))]
    of_run = [found for found in certificates if found["run"]["run_id"] == run_id]
    if not of_run:
        return [Finding(0, "published file", "differs", f"{path}: no certificate names its run {run_id}")]
    sha256 = file_hash(path)
    named = [found for found in of_run if found["published"]["sha256"] == sha256] or of_run
    return list(published(path, named[-1]))


def verify_certificate(wanted: str | None, *, deep: bool, format_: str) -> int:
    """Print what agrees and what differs. Exit code 0 when nothing differs, else 1."""
    checked_format(format_, ("table", "json"))
    place = settings()
    given = Path(wanted) if wanted else None
    findings: list[Finding] = []
    if given is not None and given.suffix == ".duckdb" and given.is_file():
        findings = _of_published(place, given)
    else:
        if given is not None and given.suffix == ".json":
            if not given.is_file():
                raise CommandError(f"{given} does not exist")
            number, findings = _of_copy(place, given)
        else:
            number = _entry(place, wanted).sequence
        findings += verify(place, number, deep=deep)
    wrong = sum(finding.status == "differs" for finding in findings)
    if format_ == "json":
        print(json.dumps([finding.__dict__ for finding in findings], indent=2, ensure_ascii=False))
        return 1 if wrong else 0
    for finding in findings:
        number = f"certificate {finding.certificate}, " if deep and finding.certificate else ""
        print(f"{_MARKS[finding.status]} {number}{finding.subject}: {finding.message}")
    if wrong:
        print(f"\n{wrong} {'item differs' if wrong == 1 else 'items differ'} from what was certified.")
    else:
        print("\nEverything that can be computed again agrees with the certificate.")
    return 1 if wrong else 0
