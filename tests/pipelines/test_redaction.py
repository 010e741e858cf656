"""Secrets are taken out of texts, and texts without secrets stay what they are."""

import base64
import io
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from pipelines import redaction
from pipelines.redaction import HIDDEN, redact

SECRET = 'ca"nary\\ßecret-7f3a/+x'


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SHOP_API_KEY", SECRET)
    return SECRET


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps({"key": SECRET}),
        json.dumps({"key": SECRET}, ensure_ascii=False),
        json.dumps(json.dumps({"key": SECRET})),
        base64.b64encode(SECRET.encode()).decode(),
        repr({"key": SECRET}),
    ],
)
def test_a_secret_is_found_however_it_is_spelled(secret: str, spelled: str) -> None:
    found = redact(f"connection refused for {spelled} at 10:00")
    assert "7f3a" not in found and base64.b64encode(SECRET.encode()).decode()[:12] not in found
    assert HIDDEN in found and found.startswith("connection refused") and found.endswith("10:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgresql://reader:hunter22@db:5432/erp refused",
            f"postgresql://reader:{HIDDEN}@db:5432/erp refused",
        ),
        ("host=db password=hunter22 dbname=erp", f"host=db password={HIDDEN} dbname=erp"),
        ('{"password": "hunter22", "x": 1}', f'{{"password": "{HIDDEN}", "x": 1}}'),
        ("GET /orders?api_key=hunter22&page=2", f"GET /orders?api_key={HIDDEN}&page=2"),
        ("Authorization: Bearer eyJhbGciOi.J9", f"Authorization: Bearer {HIDDEN}"),
    ],
)
def test_what_stands_where_a_password_stands_is_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "raw_bank: the load did not complete: line 12: amount '1.234,00'; expected 1234.00",
        "2026-06-30T05:00:00+00:00 https://example.invalid/orders?page=2 took 3 s",
        "the token ring of basic accounts: 5 keys, password rules",
        "select * from canonical.payments where reference = 'secret'",
        "",
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_credentials_of_dlt_are_secret_and_its_host_names_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(tmp_path))
    (tmp_path / ".dlt").mkdir()
    file = tmp_path / ".dlt" / "secrets.toml"
    file.write_text(
        '[sources.erp.credentials]\nhost = "erp-db.internal"\nuser = "reader"\npassword = "kohlrabi9"\n'
    )
    assert redact("reader@erp-db.internal kohlrabi9") == f"reader@erp-db.internal {HIDDEN}"
    file.write_text('[sources.erp]\napi_secret = "another1"\n')
    assert redact("kohlrabi9 another1") == f"kohlrabi9 {HIDDEN}"
    file.write_text("not toml [")
    assert redact("another1") == "another1"


def test_log_records_are_redacted_with_arguments_and_tracebacks(secret: str) -> None:
    before = logging.getLogRecordFactory()
    stream = io.StringIO()
    logger = logging.getLogger("tieout.test_redaction")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        redaction.redact_logs()
        logger.warning("could not open %s", secret)
        try:
            raise ValueError(f"bad key {secret}")
        except ValueError:
            logger.exception("reading")
    finally:
        logging.setLogRecordFactory(before)
        logger.removeHandler(handler)
    assert "7f3a" not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) == 2
    assert "Traceback" in stream.getvalue()


def test_short_values_and_paths_are_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, value in enumerate(["1", "false", "yes", "/usr/bin/env", "12345"]):
        monkeypatch.setenv(f"SOME_TOKEN_{number}", value)
    assert redact("12345 1 false yes /usr/bin/env") == "12345 1 false yes /usr/bin/env"


def test_json_keeps_its_keys_and_names_whatever_the_password_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "message")
    text = json.dumps({"message": "no message for message1", "__class__": "message_event", "n": [1, None]})
    assert json.loads(redaction.redact_json(text)) == {
        "message": f"no {HIDDEN} for {HIDDEN}1",
        "__class__": "message_event",
        "n": [1, None],
    }


def test_a_secret_that_is_set_or_changed_during_a_run_is_known_at_once(monkeypatch):
    text = "tried first-value-1 and second-value-2"
    assert redact(text) == text
    monkeypatch.setenv("BANK_PASSWORD", "first-value-1")
    assert redact(text) == "tried [hidden] and second-value-2"
    monkeypatch.setenv("BANK_PASSWORD", "second-value-2")
    assert redact(text) == "tried first-value-1 and [hidden]"


@pytest.mark.parametrize("word", ["ſecret_key", "apı_key", "paſſword"])
def test_letters_that_only_look_like_ascii_hide_no_password(word):
    assert redact(f"{word}=abcdef12") == f"{word}=[hidden]"
