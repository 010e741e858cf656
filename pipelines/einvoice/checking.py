"""Asking the worker processes: the rules for a document, the invoice of a PDF. Never raises for a file.

Belongs here: starting, bounding and ending the workers (`worker` says why they are processes).
"""

import base64
import json
import os
import queue
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from pipelines.einvoice.rulesets import artefact

# Compiling the largest ruleset takes 3 s on an idle core; an invoice of 4,000 lines 2 s (8 ms for ten lines).
SECONDS = 120
_MOST_WORKERS = 2


class Finding(NamedTuple):
    """A broken rule; severity: fatal, warning, information."""

    rule_id: str
    severity: str
    location: str
    message: str


class NotChecked(RuntimeError):
    """The worker did not answer; the message says why."""


class _Worker:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            result: dict[str, Any] = json.loads(self._line(process))
        except (OSError, ValueError, EOFError) as error:
            self.end()
            raise NotChecked(f"the checking process ended: {type(error).__name__}") from error
        if "failed" in result:
            raise NotChecked(result["failed"])
        return result

    def _start(self) -> subprocess.Popen[bytes]:
        root = Path(__file__).resolve().parents[2]
        paths = [str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        self._rest = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.einvoice.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )  # fmt: skip
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """The next answer; TimeoutError (an OSError) when it does not come."""
        assert process.stdout
        end = time.monotonic() + SECONDS
        parts = [self._rest]
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in parts[-1]:
                if not waiting.select(max(0.0, end - time.monotonic())):
                    raise TimeoutError
                part = os.read(process.stdout.fileno(), 1 << 20)
                if not part:
                    raise EOFError
                parts.append(part)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except OSError:
                        continue
            self._process = None


class Checker:
    """Workers that live as long as the `with` block; safe to ask from several threads."""

    def __init__(self) -> None:
        self.width = max(1, min(_MOST_WORKERS, os.cpu_count() or 1))
        self._workers = [_Worker() for _ in range(self.width)]
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()  # the warm one first
        for worker in self._workers:
            self._free.put(worker)

    def __enter__(self) -> "Checker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    @contextmanager
    def _worker(self) -> Iterator[_Worker]:
        worker = self._free.get()
        try:
            yield worker
        finally:
            self._free.put(worker)

    def findings(self, ruleset: str, xml: bytes) -> list[Finding]:
        """Rules that the document breaks, as the published artefact says; none for `totals`.
        Raises NotChecked."""
        if artefact(ruleset) is None:
            return []
        with self._worker() as worker:
            result = worker.ask({"do": "check", "ruleset": ruleset, "xml": xml.decode()})
        return [Finding(*finding) for finding in result["findings"]]

    def invoice_of(self, pdf: Path) -> tuple[str, bytes]:
        """Name and content of the invoice in a PDF. Raises NotChecked with the reason when there is none."""
        with self._worker() as worker:
            result = worker.ask({"do": "extract", "path": str(pdf)})
        if "refused" in result:
            raise NotChecked(result["refused"])
        return result["name"], base64.b64decode(result["content"])
