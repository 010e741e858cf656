"""Progress on the terminal: one line per step with its seconds, and the time per phase."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pipelines.redaction import redact

PHASES = ("start", "extract", "transform", "check", "publish")

_STEPS = {
    "prepare": ("transform", "seeds, staging and canonical tables"),
    "reconcile": ("transform", "matching, ledger and reconciliation"),
    "checks__after_load": ("check", "declared = landed + rejected"),
    "checks__after_canonical": ("check", "landed = canonical + superseded + duplicate"),
    "checks__before_publish": ("check", "contract, residuals, journal, states, match rates"),
    "published__tieout": ("publish", "build, compare and swap in the published file"),
    "reports__close": ("publish", "close report"),
    "reports__certificate": ("publish", "tie-out certificate"),
    "configuration__changes": ("start", "log changes of seeds and sources"),
}


def _phase(step: str) -> tuple[str, str]:
    if step.startswith("extract_"):
        return "extract", f"extract and load {step.removeprefix('extract_')}"
    return _STEPS.get(step, ("transform", step))


@dataclass
class Progress:
    """Listens to the events of a Dagster run; keeps what the summary needs.

    seconds: per phase. failures: step to its messages. published: metadata of the published file.
    counts: rows of each asset that was made, by `schema.table`.
    """

    verbose: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    failed_checks: list[Any] = field(default_factory=list)
    checks: int = 0
    new_files: int = 0
    _since: dict[str, float] = field(default_factory=dict)
    _tables: dict[str, int] = field(default_factory=dict)
    _checks: dict[str, list[int]] = field(default_factory=dict)
    _unchanged: dict[str, list[str]] = field(default_factory=dict)

    @property
    def _is_terminal(self) -> bool:
        return sys.stdout.isatty()

    def _say(self, mark: str, phase: str, text: str, seconds: float, note: str = "") -> None:
        self._clear()
        print(f"  {mark} {phase:<10}{text:<52}{seconds:>7.1f} s  {note}".rstrip(), flush=True)

    def _clear(self) -> None:
        if self._is_terminal:
            print("\r\x1b[2K", end="")

    def _working(self, phase: str, text: str) -> None:
        if self._is_terminal:
            self._clear()
            print(f"  … {phase:<10}{text}", end="", flush=True)

    @contextmanager
    def step(self, phase: str, text: str) -> Iterator[None]:
        """A step outside Dagster."""
        since = time.perf_counter()
        self._working(phase, text)
        yield
        seconds = time.perf_counter() - since
        self.seconds[phase] = self.seconds.get(phase, 0) + seconds
        self._say("✓", phase, text, seconds)

    def listen(self, entry: Any) -> None:
        """One entry of the run's event log."""
        event = entry.dagster_event
        if event is None:
            return
        step = event.step_key or ""
        kind = event.event_type_value
        if kind == "STEP_START":
            self._since[step] = time.perf_counter()
            self._working(*_phase(step))
        elif kind == "ASSET_MATERIALIZATION":
            self._materialised(step, event.step_materialization_data.materialization)
        elif kind == "ASSET_CHECK_EVALUATION":
            self._checked(step, event.asset_check_evaluation_data)
        elif kind in ("STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY"):
            self._ended(step, kind, event)
        elif kind == "PIPELINE_FAILURE" and not self.failures:
            data = event.event_specific_data
            self.failures["run"] = _message(getattr(data, "error", None)) or event.message or ""

    def _materialised(self, step: str, materialisation: Any) -> None:
        name = ".".join(materialisation.asset_key.path)
        values = {key: value.value for key, value in materialisation.metadata.items()}
        if materialisation.asset_key.path[0] == "landing":
            self.new_files += values.get("new_files", 0)
            return
        self._tables[step] = self._tables.get(step, 0) + 1
        if since := values.get("unchanged_since"):
            self._unchanged.setdefault(step, []).append(since)
        if "dagster/row_count" in values:
            self.counts[name] = values["dagster/row_count"]
        if name == "published.tieout":
            self.published = values
        if self.verbose:
            self._say("·", "", name, values.get("seconds", 0.0))

    def _checked(self, step: str, evaluation: Any) -> None:
        passed = self._checks.setdefault(step, [0, 0])
        passed[0 if evaluation.passed else 1] += 1
        self.checks += 1
        if not evaluation.passed:
            self.failed_checks.append(evaluation)

    def _ended(self, step: str, kind: str, event: Any) -> None:
        seconds = time.perf_counter() - self._since.get(step, time.perf_counter())
        phase, text = _phase(step)
        self.seconds[phase] = self.seconds.get(phase, 0) + seconds
        notes = []
        if tables := self._tables.get(step):
            notes.append(f"{tables} tables" if phase != "publish" else "")
        if checks := self._checks.get(step):
            notes.append(f"{checks[0]} checks passed" + (f", {checks[1]} not" if checks[1] else ""))
        if since := self._unchanged.get(step):
            is_all = len(since) == tables
            notes.append(f"nothing new since {max(since)}" if is_all else f"{len(since)} of them stand")
        mark = {"STEP_SUCCESS": "✓", "STEP_FAILURE": "✗"}.get(kind, "↻")
        if kind == "STEP_FAILURE":
            self.failures[step] = _message(event.step_failure_data.error)
        elif kind == "STEP_UP_FOR_RETRY":
            notes.append("another process holds the file; trying again")
        self._say(mark, phase, text, seconds, ", ".join(note for note in notes if note))

    def finish(self) -> None:
        self._clear()


def _message(error: Any) -> str:
    """The message that a person needs: that of the innermost error, without Dagster's wrapping."""
    if error is None:
        return ""
    while error.cause is not None and error.cls_name not in ("Failure",):
        error = error.cause
    return redact(re.sub(r"^(dagster\.[\w.]+|Failure): ", "", error.message.strip()))
