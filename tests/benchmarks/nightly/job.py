"""One `tieout run` in this process, with wall seconds, CPU seconds and peak memory per phase, as JSON.

Belongs here: measuring. CPU seconds stand beside wall seconds because a machine that does other work at the
same time makes only the latter longer. Started by `__main__` in a process of its own: peak memory is per process.
"""

import json
import resource
import sys
import time
from collections import defaultdict
from typing import Any

_process_started = time.perf_counter()


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(out: str, *, full_refresh: bool, as_of: str | None = None) -> int:
    from dagster_project.commands import progress
    from dagster_project.commands.run import run_job

    phases: dict[str, dict[str, float]] = defaultdict(lambda: {"wall": 0.0, "cpu": 0.0, "peak_bytes": 0})
    begun: dict[str, tuple[float, float]] = {}

    class Measuring(progress.Progress):
        def listen(self, entry: Any) -> None:
            event = entry.dagster_event
            if event is not None and event.step_key:
                if event.event_type_value == "STEP_START":
                    begun[event.step_key] = (time.perf_counter(), time.process_time())
                elif event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE"):
                    wall, cpu = begun[event.step_key]
                    phase = phases[progress._phase(event.step_key)[0]]
                    phase["wall"] += time.perf_counter() - wall
                    phase["cpu"] += time.process_time() - cpu
                    phase["peak_bytes"] = max(phase["peak_bytes"], peak_bytes())
            super().listen(entry)

    from dagster_project.commands import run

    run.Progress = Measuring
    code = run_job(as_of, verbose=False, full_refresh=full_refresh)
    total = {
        "wall": time.perf_counter() - _process_started,
        "cpu": time.process_time(),
        "peak_bytes": peak_bytes(),
    }
    phases["start"] = {
        name: total[name] - sum(phase[name] for phase in phases.values()) for name in ("wall", "cpu")
    } | {"peak_bytes": 0}
    with open(out, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump({"code": code, "total": total, "phases": phases}, file)
    return code


if __name__ == "__main__":
    dates = [argument.partition("=")[2] for argument in sys.argv if argument.startswith("--as-of=")]
    sys.exit(measure(sys.argv[1], full_refresh="--full-refresh" in sys.argv, as_of=(dates or [None])[0]))
