"""Where a run keeps what it does not need at once: in memory when it is small, else in files that are mapped, not read.

Objects go in and come out whole: numpy arrays and Arrow tables inside them are written once and mapped when they
are asked for, so that a process sees only the pages that it touches and processes share them. Nothing here knows
what the objects mean.
"""

from __future__ import annotations

import mmap
import pickle
from pathlib import Path
from typing import Any

#: Arrow and numpy want their buffers aligned.
_ALIGNED = 64


class Store:
    """Objects by name. folder None: in memory, for one process."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._held: dict[str, Any] = {}

    def put(self, name: str, value: Any) -> None:
        """Keep `value` until it is dropped."""
        if self.folder is None:
            self._held[name] = value
        else:
            write(self.folder / name, value)

    def get(self, name: str) -> Any:
        """The value of that name. Its arrays cannot be changed when it comes from a file."""
        return self._held[name] if self.folder is None else read(self.folder / name)

    def drop(self, name: str) -> None:
        """Forget it; what was read from it stays valid."""
        if self.folder is None:
            self._held.pop(name, None)
        else:
            (self.folder / name).unlink(missing_ok=True)


def write(path: Path, value: Any) -> None:
    """Pickle with the large buffers beside it (PEP 574): lengths, the pickle, then each buffer at its place."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = [len(head), *(len(view) for view in views)]
    with path.open("wb") as file:
        file.write(len(sizes).to_bytes(8, "little"))
        for size in sizes:
            file.write(size.to_bytes(8, "little"))
        for part in (head, *views):
            file.write(b"\0" * (-file.tell() % _ALIGNED))
            file.write(part)


def read(path: Path) -> Any:
    """What `write` wrote; its buffers are the mapped file."""
    with path.open("rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    count = int.from_bytes(content[:8], "little")
    sizes = [int.from_bytes(content[8 * k : 8 * k + 8], "little") for k in range(1, count + 1)]
    place = 8 * (count + 1)
    parts = []
    for size in sizes:
        place += -place % _ALIGNED
        parts.append(content[place : place + size])
        place += size
    return pickle.loads(parts[0], buffers=parts[1:])
