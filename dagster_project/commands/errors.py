"""Errors that a person can act on, and how they are said: what, where, what to do."""

import sys
import traceback

from pipelines.redaction import redact


class CommandError(Exception):
    """A command could not do what was asked. The message says what, where and what to do."""

    exit_code = 1


def known_errors() -> tuple[type[BaseException], ...]:
    """Errors whose message is enough; any other is a defect and shows where it happened."""
    known: list[type[BaseException]] = [CommandError, PermissionError]
    # Only what has been imported can have been raised; importing it here would cost every start.
    for module, name in (
        ("pipelines.config", "ConfigurationError"),
        ("dagster_project.run_identity", "NothingLanded"),
        ("dagster_project.transform.manifest", "DbtError"),
    ):
        if module in sys.modules:
            known.append(getattr(sys.modules[module], name))
    return tuple(known)


def traceback_text(error: BaseException) -> str:
    return redact("".join(traceback.format_exception(error)).rstrip())


def message(error: BaseException) -> str:
    return redact(f"tieout: {error}")
