"""What is tried again, and what is not.

Belongs here: telling the transient (another process holds the file, the network, a full pipe) from
the rest. A wrong file does not become right by waiting, and a night that retries it three times only
tells its owner later.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from dagster_project.warehouse import is_locked
from pipelines.redaction import redact

MAX_RETRIES = 4
FIRST_WAIT_SECONDS = 2  # then 4, 8, 16: half a minute together, longer than a publish holds the file


def is_transient(error: BaseException) -> bool:
    """Errors that waiting can cure, also when another error was raised from them."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionError | TimeoutError | InterruptedError | BlockingIOError):
            return True
        if isinstance(seen, duckdb.IOException) and is_locked(seen):
            return True
        if is_locked(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextmanager
def retrying(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Iterator[None]:
    """Ask Dagster to repeat the step after a transient error, and fail at once on any other."""
    try:
        yield
    except (dg.RetryRequested, dg.Failure):
        raise
    except Exception as error:
        if is_transient(error):
            attempt = context.op_execution_context.retry_number
            raise dg.RetryRequested(
                max_retries=MAX_RETRIES, seconds_to_wait=FIRST_WAIT_SECONDS * 2**attempt
            ) from error
        said = redact(f"{type(error).__name__}: {error}")
        raise dg.Failure(description=said, allow_retries=False) from error
