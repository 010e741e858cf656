"""Secrets are never written: known ones are taken out of every text before it is kept or shown.

Belongs here: which values are secret, and replacing them. Secret are environment variables whose name
says so, every credential in dlt's `secrets.toml`, and whatever stands in a text where a password stands
(`scheme://user:...@host`, `password=...`, `Authorization: Bearer ...`). It is applied where texts leave
the program: the log records of every library, Dagster's event storage, failure notes and the terminal.
A driver that cannot connect says what it tried, with the password in it; nobody can rule that out there.
"""

import base64
import json
import logging
import os
import re
import tomllib
import traceback
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(
    r"secret|passw(or)?d|passphrase|pwd|token|api_?key|access_?key|private|credential|_key$|^key$|webhook|"
    r"slack|dsn|connection_?string|authorization",
    re.IGNORECASE,
)
# Fields of a credential that are no secret and stand in many harmless texts.
_OPEN_NAME = re.compile(
    r"^(host|port|database|db|schema|user(name)?|driver(name)?|region(_name)?|bucket(_url)?|project_id|role|"
    r"warehouse|endpoint(_url)?|query|type|token_uri|auth_uri|client_email)$",
    re.IGNORECASE,
)
# Shorter values are words that stand in any text; nobody's password is shorter.
_SHORTEST = 6
# Switches and paths that bear a secret's name by accident (GIT_ASKPASS, TOKENIZERS_PARALLELISM).
_SWITCH = re.compile(r"^(false|enabled|disabled|default|\d{1,7})$", re.IGNORECASE)

# Each with words of which a text must hold one before the pattern is tried: trying it at
# every letter of every event took longer than writing the event.
_PATTERNS = (
    (
        ("://",),
        re.compile(
            r"(?P<keep>\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@'\"]{0,256}:)[^\s/@'\"]{1,512}(?=@)", re.IGNORECASE
        ),
    ),
    (
        ("password", "passwd", "pwd", "passphrase", "api", "access", "client", "secret"),
        re.compile(
            r"(?P<keep>\b(?:password|passwd|pwd|passphrase|api_?key|access_?token|client_?secret|secret_?key)"
            r"\\?[\"']?\s*[=:]\s*\\?[\"']?)(?!\[hidden\])[^\s\"'&;,\\]{3,512}",
            re.IGNORECASE,
        ),
    ),
    (
        ("authorization", "bearer"),
        re.compile(
            r"(?P<keep>\bauthorization\W{1,6}(?:(?:bearer|basic|token)\s+)?|\bbearer\s+(?=\S*\d))"
            r"(?!\[hidden\])[A-Za-z0-9._~+/=-]{8,4096}",
            re.IGNORECASE,
        ),
    ),
)


def _secrets_files() -> list[str]:
    """Where dlt looks for its secrets: beside the project and in the user's home. Asked for every record of
    a log: texts, because a Path for each of them took longer than the search for secrets."""
    roots = [os.environ.get("DLT_PROJECT_DIR"), os.environ.get("TIEOUT_HOME"), ".", os.path.expanduser("~")]  # noqa: PTH111
    return [os.path.join(root, ".dlt", "secrets.toml") for root in roots if root]  # noqa: PTH118


def _leaves(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(name, inner)
    elif isinstance(value, str) and (not _OPEN_NAME.match(name) or _SECRET_NAME.search(name)):
        yield value


@lru_cache(maxsize=16)
def _of_file(path: str, modified: int, size: int, inode: int) -> tuple[str, ...]:
    try:
        return tuple(_leaves("", tomllib.loads(Path(path).read_text(encoding="utf-8"))))
    except (OSError, ValueError):
        # dlt itself says what is wrong with the file; here it must not stop a run.
        return ()


@lru_cache(maxsize=1024)
def _is_harmless(value: str) -> bool:
    return bool(_SWITCH.match(value)) or (value.startswith("/") and os.path.exists(value[:4096]))  # noqa: PTH110


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


@lru_cache(maxsize=8)
def _of_environment(items: tuple[tuple[Any, Any], ...]) -> tuple[str, ...]:
    """Secret values of the environment, given as it is stored (bytes on POSIX): looked at anew when it changes."""
    named = ((os.fsdecode(name), os.fsdecode(value)) for name, value in items)
    return tuple(
        value
        for name, value in named
        if _is_secret_name(name) and len(value) >= _SHORTEST and not _is_harmless(value)
    )


def _environment() -> tuple[tuple[Any, Any], ...]:
    # The mapping behind os.environ, where there is one: a run asks some 4,000 times, and decoding every
    # variable each time took a tenth of a run without news.
    stored = getattr(os.environ, "_data", None)
    return tuple((os.environ if stored is None else stored).items())


def _values() -> tuple[str, ...]:
    found = list(_of_environment(_environment()))
    for path in _secrets_files():
        try:
            state = os.stat(path)  # noqa: PTH116
        except OSError:
            continue
        inner = _of_file(path, state.st_mtime_ns, state.st_size, state.st_ino)
        found += [value for value in inner if len(value) >= _SHORTEST]
    return tuple(sorted(set(found)))


def _spellings(value: str) -> Iterator[str]:
    """A secret as it stands in texts: as it is, in an address, in JSON (once and twice), in Base64, in repr."""
    in_json = json.dumps(value)[1:-1]
    yield from (value, quote(value, safe=""), quote_plus(value), in_json, json.dumps(in_json)[1:-1])
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield base64.b64encode(value.encode()).decode().rstrip("=")
    yield repr(value)[1:-1]
    yield from (line for line in value.splitlines() if len(line) >= 2 * _SHORTEST)


@lru_cache(maxsize=8)
def _known(values: tuple[str, ...]) -> re.Pattern[str] | None:
    spellings = {spelling for value in values for spelling in _spellings(value)}
    if not spellings:
        return None
    # The longest first: one secret may begin with another.
    return re.compile("|".join(re.escape(one) for one in sorted(spellings, key=lambda one: (-len(one), one))))


def redact(text: str) -> str:
    """The text without secrets; any other text as it is."""
    known = _known(_values())
    if known is not None:
        text = known.sub(HIDDEN, text)
    # Outside ASCII other letters count as these (the long s, the dotless i), so there every pattern is tried.
    lower = text.lower() if text.isascii() else None
    for words, pattern in _PATTERNS:
        if lower is None or any(word in lower for word in words):
            text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
    return text


# Names of steps, tables and classes: a password that is an ordinary word must not break what they hold.
_NAME = re.compile(r"^[A-Za-z_][A-Za-z_./]*$")


def redact_json(text: str) -> str:
    """A JSON text of which every value that is no mere name is redacted; keys and structure stay."""
    if redact(text) == text:
        return text

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return value if _NAME.match(value) else redact(value)
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        return value

    return json.dumps(walk(json.loads(text)))


class _RedactedRecord(logging.LogRecord):
    """A log record that cannot tell a secret, whoever formats it."""

    def getMessage(self) -> str:
        return redact(super().getMessage())

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.exc_info and self.exc_info[0] is not None:
            # Formatters use this text where it is there, instead of formatting the error themselves.
            self.exc_text = redact("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"))


def redact_logs() -> None:
    """From now on every log record of this process is redacted."""
    if logging.getLogRecordFactory() is not _RedactedRecord:
        logging.setLogRecordFactory(_RedactedRecord)
