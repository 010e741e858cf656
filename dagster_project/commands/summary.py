"""What a run says at its end: the close, where things are, where the time went, what to do next."""

import sys
from pathlib import Path

from dagster_project.certificate.store import Entry
from dagster_project.commands.close_table import print_close
from dagster_project.commands.progress import PHASES, Progress
from dagster_project.commands.published import published
from pipelines.settings import Settings


def _times(progress: Progress, seconds: float) -> str:
    phases = [phase for phase in ("sample", *PHASES) if phase in progress.seconds]
    parts = [f"{phase} {progress.seconds[phase]:.1f}" for phase in phases]
    other = seconds - sum(progress.seconds.values())
    return f"Time: {seconds:.1f} s ({', '.join(parts)}, other {max(other, 0):.1f})"


def _shown(path: Path) -> str:
    """Relative to the working folder where it is below it: shorter to read and to copy."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _print_unread(place: Settings) -> None:
    """Files that were delivered and that no entry reads: their money is in no figure above."""
    from pipelines.config import DECISIONS, read_configuration
    from pipelines.landing import unclaimed_files

    configuration = read_configuration(place.sources_file)
    unread = unclaimed_files(place.landing, (*configuration.sources, DECISIONS))
    if unread:
        more = f" and {len(unread) - 5:,} more" if len(unread) > 5 else ""
        print(f"Not read, no path in {_shown(place.sources_file)} fits them: {', '.join(unread[:5])}{more}")


def _print_certificate(place: Settings) -> None:
    from dagster_project.certificate import store

    known = store.entries(store.folder(place))
    if known:
        print(f"Proof:     {_shown(known[-1].page)} (certificate {known[-1].sequence}; tieout verify)")


def show_summary(progress: Progress, place: Settings, seconds: float) -> None:
    """After a run that published, or found that nothing changed."""
    from expectations.runner import data_docs

    print()
    with published() as connection:
        print_close(connection)
    _print_unread(place)
    print()
    if progress.published.get("is_changed"):
        print(f"Published: {_shown(place.published)} ({progress.published['dagster/row_count']:,} rows)")
    else:
        print(f"Nothing changed: {_shown(place.published)} stays as it is.")
    print(f"Report:    {_shown(place.reports / 'close.html')}")
    print(f"Checks:    {_shown(data_docs(place.reports))}")
    _print_certificate(place)
    print(_times(progress, seconds))
    print()
    print("Next:  tieout exceptions          what a person has to look at, largest first")
    print("       tieout trace ID            one document from its source line to ledger and bank")
    print('       tieout sql "select ..."    ask the published file')
    print("       tieout ui                  lineage, checks and history on http://localhost:3000")


def show_failure(progress: Progress, place: Settings, log: Path, certificate: Entry | None) -> None:
    """After a run that did not publish: what, where and what to do, on standard error."""
    print(file=sys.stderr)
    for step, message in progress.failures.items():
        print(f"tieout: the step '{step}' failed.\n{message}\n", file=sys.stderr)
    was = "stays as it was" if place.published.is_file() else "does not exist yet"
    print(f"The published file {was}: {_shown(place.published)}", file=sys.stderr)
    if certificate is not None:
        print(f"Certificate {certificate.sequence} says so: {_shown(certificate.page)}", file=sys.stderr)
    print(f"Log: {_shown(log)}. Details of every step and check: tieout ui", file=sys.stderr)
