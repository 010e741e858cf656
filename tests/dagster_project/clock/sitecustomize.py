"""Moves the clock of a Python process and its children: put this folder on PYTHONPATH.

Python imports a module of this name when it starts. TIEOUT_TEST_CLOCK names a file that holds the seconds
to add to the real time; when it changes, the clocks of all processes follow within a second. The clock
goes on, and waiting (time.monotonic) is not touched.
"""

import os

if os.environ.get("TIEOUT_TEST_CLOCK"):
    import threading
    import time
    from datetime import UTC, datetime, timedelta
    from pathlib import Path
    from time import sleep

    import time_machine

    _file = Path(os.environ["TIEOUT_TEST_CLOCK"])

    def _shift() -> int:
        return int(_file.read_text() or 0)

    _now = _shift()
    _traveller = time_machine.travel(datetime.now(UTC) + timedelta(seconds=_now), tick=True)
    _clock = _traveller.start()

    def _follow() -> None:
        now = _now
        while True:
            sleep(0.5)
            try:
                wanted = _shift()
            except (OSError, ValueError):
                continue
            if wanted != now:
                _clock.shift(timedelta(seconds=wanted - now))
                now = wanted

    # gRPC turns a timeout into a moment of the real clock; in ours it would be over before it began.
    import grpc._channel

    class _Real:
        time = staticmethod(time_machine.escape_hatch.time.time)

        def __getattr__(self, name: str) -> object:
            return getattr(time, name)

    grpc._channel.time = _Real()

    threading.Thread(target=_follow, daemon=True).start()
