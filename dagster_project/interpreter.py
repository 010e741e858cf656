"""How the Python interpreter shares its time, set once in every process that runs the job.

Belongs here: settings of CPython that change how long a run takes and nothing that it makes.
"""

import gc
import sys

# dbt's manifest and Dagster's definitions are some million objects that live until the process ends; with
# Python's own threshold (700) they are walked through again and again, a tenth of a run's CPU time.
_ALLOCATIONS_PER_COLLECTION = 100_000
# dbt has two workers, which wait for DuckDB and for files by turns. Whoever comes back waits this long for
# the interpreter, several thousand times a run; Python's own 5 ms made that a fifth of the time of a run.
_SWITCH_SECONDS = 0.0005


def tune() -> None:
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION, 50, 100)
    sys.setswitchinterval(_SWITCH_SECONDS)
