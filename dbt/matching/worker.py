"""One worker process: `python -m matching.worker FOLDER`.

Reads one `task number` per line from its standard input, does it with what the store in FOLDER holds, and answers
with the same line. Ends when its standard input is closed, so that none outlives the run that started it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from matching import tasks
from matching.store import Store


def main(folder: Path) -> None:
    """Serve one run."""
    # What libraries print must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    store = Store(folder)
    con = tasks.connection()
    for line in sys.stdin:
        task, number = line.split()
        tasks.do(con, store, task, int(number))
        print(line.strip(), file=answers, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
