"""How the Python interpreter spends its time, set once in every process that runs the job.

Belongs here: settings of CPython that change how long a run takes and nothing that it makes.
"""

import gc

# dbt's manifest and Dagster's definitions are some million objects that live until the process ends; with
# Python's own threshold (700) they are walked through again and again, a tenth of a run's CPU time.
_ALLOCATIONS_PER_COLLECTION = 100_000


def tune() -> None:
    gc.set_threshold(_ALLOCATIONS_PER_COLLECTION, 50, 100)
