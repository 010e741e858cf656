"""`tieout replay`: what was rejected, read again after it was put right."""

from pathlib import Path

from dagster_project.commands.errors import CommandError
from dagster_project.run_lock import one_run
from pipelines.config import read_configuration
from pipelines.loading import LoadingError
from pipelines.replaying import Replayed, ReplayError, chosen, rejected_deliveries, replace, replay
from pipelines.settings import settings

_SHOWN = 5


def replay_rejects(names: list[str], *, everything: bool, replaced_by: Path | None) -> int:
    """Read again, and print what landed and what did not. Returns 0 when nothing stays rejected, else 1."""
    place = settings()
    if not names and not everything:
        raise CommandError("Say what to read again: a reject (file#12), a file, or --all.")
    with one_run(place, lambda who: print(f"waiting for {who}")):
        try:
            configuration = read_configuration(place.sources_file)
            deliveries = chosen(rejected_deliveries(place), names)
            if not deliveries:
                print("Nothing is rejected.")
                return 0
            if replaced_by is None:
                results = replay(deliveries, configuration, place)
            elif len(deliveries) == 1:
                results = [replace(deliveries[0], replaced_by, configuration, place)]
            else:
                raise ReplayError("--replaced-by goes with one file")
        except (ReplayError, LoadingError) as error:
            raise CommandError(str(error)) from error
    for result in results:
        _show(result)
    print("Run `tieout run` to build and publish with it.")
    return 1 if any(result.still for result in results) else 0


def _show(result: Replayed) -> None:
    print(f"{result.delivery.source_file} ({result.delivery.source_name}): {result.outcome}")
    if result.landed:
        print(f"  closed: {len(result.landed)} of {len(result.delivery.rejects)}")
    for position, message in list(result.still.items())[:_SHOWN]:
        print(f"  still rejected: {'the file' if position == 0 else f'#{position}'}: {message}")
    if len(result.still) > _SHOWN:
        print(f"  and {len(result.still) - _SHOWN} more")
