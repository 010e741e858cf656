"""Moves the clock of a Python process and its children: put this folder on PYTHONPATH.

Python imports a module of this name when it starts. TIEOUT_TEST_CLOCK: seconds to add to the real time;
the clock goes on, and waiting (time.monotonic) is not touched.
"""

import os

if os.environ.get("TIEOUT_TEST_CLOCK"):
    from datetime import UTC, datetime, timedelta

    import time_machine

    _shift = timedelta(seconds=int(os.environ["TIEOUT_TEST_CLOCK"]))
    time_machine.travel(datetime.now(UTC) + _shift, tick=True).start()
