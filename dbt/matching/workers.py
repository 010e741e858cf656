"""Workers: the pieces of a large run in processes of their own. Knows the processes, not the work (see tasks.py).

Each is a `worker.py` that is told its tasks by a line and answers by one; all else goes through the store. Not
`multiprocessing`: forked from Dagster's process, with its threads, a child could inherit a lock that nobody opens
again, and a spawned one would run the caller's script.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from matching.store import Store


class Workers:
    """Some processes that share the store of this run. count 1: none, the work is done here."""

    def __init__(self, store: Store, count: int) -> None:
        self.store = store
        self.count = count if store.folder else 1
        self._running: list[subprocess.Popen] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_) -> None:
        for process in self._running:
            process.stdin.close()
            process.kill()
            process.wait()
            process.stdout.close()

    def run(self, task: str, numbers: Iterable[int], here) -> Iterator[str]:
        """Do `task` for each number, and give the name of each result in the store as soon as it is there.

        numbers may put into the store what the task needs just before each is taken. here: (con, task, number) does
        the work in this process.
        """
        if self.count < 2:
            for number in numbers:
                yield here(task, number)
            return
        if not self._running:
            self._start()
        with selectors.DefaultSelector() as selector:
            idle = list(self._running)
            for process in self._running:
                selector.register(process.stdout, selectors.EVENT_READ, process)
            for number in numbers:
                while not idle:
                    yield from self._finished(selector, idle)
                process = idle.pop(0)
                try:
                    process.stdin.write(f"{task} {number}\n".encode())
                    process.stdin.flush()
                except BrokenPipeError:
                    self._fail(process)
            while len(idle) < len(self._running):
                yield from self._finished(selector, idle)

    def _finished(self, selector, idle: list) -> Iterator[str]:
        for key, _ in selector.select():
            process = key.data
            answer = process.stdout.readline().decode().split()
            if not answer:
                self._fail(process)
            idle.append(process)
            yield "-".join(["result", *answer])

    def _start(self) -> None:
        folder = self.store.folder
        package = str(Path(__file__).parents[1])
        paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        # One thread each: the processes are as many as the cores.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        for number in range(self.count):
            with (folder / f"worker-{number}.log").open("wb") as log:
                self._running.append(
                    subprocess.Popen(
                        # -P: a file of the caller's folder must not stand in for a library.
                        [sys.executable, "-P", "-m", "matching.worker", str(folder)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=log,
                        env=os.environ | threads | {"PYTHONPATH": paths},
                    )
                )

    def _fail(self, process: subprocess.Popen) -> None:
        number = self._running.index(process)
        said = (self.store.folder / f"worker-{number}.log").read_text(errors="replace").strip()
        code = process.wait()
        raise RuntimeError(
            f"matching: process {number + 1} of {self.count} ended with {code} in the middle of its work"
            f" ({'killed, perhaps for want of memory' if code < 0 else said or 'it said nothing'})"
        )
