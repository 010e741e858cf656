"""What reaches people: through a real mail server, a real chat address and a real webhook, once."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.alerts import channels
from dagster_project.alerts.alert import Alert, Notice
from dagster_project.alerts.book import book_file, open_book
from dagster_project.alerts.channels import SendingError
from dagster_project.alerts.watch import _post, _send_letters, _tell_of_channels
from dagster_project.operations import AlertKind, Operations
from pipelines.settings import Settings
from tests.dagster_project.alerts.receivers import Address, Mailbox, mail_server, web_server

NIGHT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
KINDS: list[AlertKind] = ["residual", "source_late", "schema_drift"]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def chat() -> Iterator[Address]:
    with web_server() as address:
        yield address


@pytest.fixture
def pager() -> Iterator[Address]:
    with web_server() as address:
        yield address


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "_LONGEST_WAIT_SECONDS", 0.01)


@pytest.fixture
def operations(
    mailbox: Mailbox, chat: Address, pager: Address, monkeypatch: pytest.MonkeyPatch
) -> Operations:
    monkeypatch.setenv("TEST_MAIL", "close@example.com, audit@example.com")
    monkeypatch.setenv("TEST_CHAT", chat.url)
    monkeypatch.setenv("TEST_PAGER", pager.url)
    monkeypatch.setenv("TEST_TOKEN", "t0ken")
    return Operations.model_validate(
        {
            "alerts": {
                "remind_after_hours": 24,
                "again_when_grown_by_percent": 50,
                "channels": {
                    "mail": {
                        "type": "email",
                        "host": "127.0.0.1",
                        "port": mailbox.port,
                        "security": "none",
                        "sender": "tieout@example.com",
                        "to": ["env:TEST_MAIL"],
                    },
                    "chat": {"type": "slack", "url": "env:TEST_CHAT"},
                    "pager": {"type": "webhook", "url": "env:TEST_PAGER", "token": "env:TEST_TOKEN"},
                },
                "routes": [
                    {"to": ["mail", "chat"]},
                    {"to": ["pager"], "severity": "critical", "kinds": ["residual"]},
                ],
            }
        }
    )


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")


def residual(amount: str = "1250.00", **changes: object) -> Alert:
    values: dict[str, object] = {
        "kind": "residual",
        "key": "residual:after_load:raw_stripe.charges",
        "severity": "critical",
        "title": "Control totals do not tie in raw_stripe.charges",
        "what": "stripe_de charges EUR 2026-03-01: 3 records differ.",
        "action": "Ask for the file again.",
        "where": ("tieout ui",),
        "amounts": (("EUR", Decimal(amount)), ("JPY", Decimal("90"))),
        "amount_label": "Residual",
        "measure": Decimal(amount),
        "entity_id": "DE01",
    }
    return Alert(**{**values, **changes})


def night(place: Settings, operations: Operations, found: list[Alert], at: datetime) -> list[Notice]:
    """What `watch` does with alerts that were found at that time."""
    with open_book(place) as book:
        notices = book.record(found, KINDS, operations.alerts, at)
        _post(book, notices, operations.alerts, at)
    _send_letters(place, operations, at)
    _tell_of_channels(place, operations, at)
    _send_letters(place, operations, at)
    return notices


def test_a_message_says_what_since_when_how_much_and_what_to_do(
    place, operations, mailbox, chat, pager
) -> None:
    night(place, operations, [residual()], NIGHT)
    [mail] = mailbox.messages
    assert mail["Subject"] == "[Tieout] 1 new: Control totals do not tie in raw_stripe.charges"
    assert mail["To"] == "close@example.com, audit@example.com"
    for said in (
        "stripe_de charges EUR 2026-03-01: 3 records differ.",
        "Since:  2026-03-02 04:00 UTC",
        "Money:  Residual: EUR 1,250.00; JPY 90.00",
        "To do:  Ask for the file again.",
        "Look:   tieout ui",
    ):
        assert said in mail.get_content()
    [message] = chat.payloads
    assert message["text"] == mail["Subject"]
    assert "*Money:* Residual: EUR 1,250.00; JPY 90.00" in message["blocks"][0]["text"]["text"]
    [document] = pager.payloads
    [alert] = document["alerts"]
    assert (alert["event"], alert["kind"], alert["severity"]) == ("opened", "residual", "critical")
    assert alert["amounts"] == [
        {"currency": "EUR", "amount": "1250.00"},
        {"currency": "JPY", "amount": "90"},
    ]
    assert pager.headers[0]["Authorization"] == "Bearer t0ken"


def test_the_same_alert_is_told_once_then_daily_and_when_it_is_over(place, operations, mailbox) -> None:
    for hours in (0, 1, 12, 23):
        night(place, operations, [residual()], NIGHT + timedelta(hours=hours))
    assert len(mailbox.messages) == 1
    night(place, operations, [residual()], NIGHT + timedelta(hours=24))
    assert "STILL OPEN" in mailbox.texts[-1]
    assert "2026-03-02 04:00 UTC" in mailbox.texts[-1], "the reminder lost since when it is open"
    night(place, operations, [], NIGHT + timedelta(hours=25))
    assert "RESOLVED" in mailbox.texts[-1]
    night(place, operations, [], NIGHT + timedelta(hours=50))
    assert len(mailbox.messages) == 3


def test_a_quiet_night_sends_nothing(place, operations, mailbox, chat, pager) -> None:
    assert night(place, operations, [], NIGHT) == []
    assert mailbox.tries == chat.tries == pager.tries == 0


def test_an_alert_that_grows_by_more_than_allowed_is_told_before_its_reminder(
    place, operations, mailbox
) -> None:
    night(place, operations, [residual("1000")], NIGHT)
    night(place, operations, [residual("1500")], NIGHT + timedelta(hours=1))
    assert len(mailbox.messages) == 1
    night(place, operations, [residual("1501")], NIGHT + timedelta(hours=2))
    assert "WORSE" in mailbox.texts[-1]


def test_what_could_not_be_looked_at_is_neither_told_nor_over(place, operations, mailbox) -> None:
    night(place, operations, [residual()], NIGHT)
    with open_book(place) as book:
        assert book.record([], ["source_late"], operations.alerts, NIGHT + timedelta(hours=1)) == []
        assert [notice.alert.kind for notice in book.open_alerts()] == ["residual"]


def test_many_alerts_of_a_night_are_one_message(place, operations, mailbox, chat) -> None:
    alerts = [residual(key=f"residual:{place_}", title=f"Table {place_}") for place_ in range(60)]
    night(place, operations, alerts, NIGHT)
    [mail] = mailbox.texts
    told = {line.rpartition(": ")[2] for line in mail.splitlines() if line.startswith("NEW")}
    assert told == {f"Table {place_}" for place_ in range(60)}
    [message] = chat.payloads
    assert len(message["blocks"]) <= 50, "Slack refuses a message of more blocks"
    assert "15 more" in message["blocks"][-2]["text"]["text"]


def test_routes_choose_by_kind_and_severity(place, operations, mailbox, pager) -> None:
    night(place, operations, [residual(key="late", kind="source_late")], NIGHT)
    night(place, operations, [residual(key="mild", severity="warning")], NIGHT)
    assert len(mailbox.messages) == 2
    assert pager.payloads == []


def test_a_busy_receiver_is_asked_again(place, operations, mailbox, chat) -> None:
    mailbox.answers = ["451 come back later"]
    chat.statuses = [503, 429]
    night(place, operations, [residual()], NIGHT)
    assert (mailbox.tries, len(mailbox.messages)) == (2, 1)
    assert (chat.tries, len(chat.payloads)) == (3, 1)


def test_a_refusal_is_not_repeated_and_is_told_through_the_other_channels(
    place, operations, mailbox, chat
) -> None:
    chat.statuses = [404] * 9
    night(place, operations, [residual()], NIGHT)
    assert chat.tries == 1
    assert len(mailbox.messages) == 2
    assert "Alerts cannot be sent through 'chat'" in mailbox.texts[1]
    assert "answered 404" in mailbox.texts[1]
    assert "secret-part-of-the-address" not in "".join(mailbox.texts)


def test_what_was_not_sent_is_sent_later_and_the_channel_is_told_to_work_again(
    place, operations, mailbox, chat
) -> None:
    chat.statuses = [404]
    night(place, operations, [residual()], NIGHT)
    night(place, operations, [residual()], NIGHT + timedelta(minutes=2))
    assert chat.tries == 1, "a broken channel was tried again before its pause was over"
    night(place, operations, [residual()], NIGHT + timedelta(minutes=6))
    assert "Control totals do not tie" in chat.payloads[0]["text"]
    assert "RESOLVED (warning): Alerts cannot be sent through 'chat'" in mailbox.texts[-1]


def test_a_channel_that_is_gone_fails_no_run(place, operations, monkeypatch) -> None:
    monkeypatch.setenv("TEST_CHAT", "http://127.0.0.1:9/hooks/secret")
    night(place, operations, [residual()], NIGHT)
    with open_book(place) as book:
        [letter] = [letter for letter in book.letters() if letter.error]
    assert letter.channel == "chat"
    assert "secret" not in letter.error


def test_a_channel_without_its_variables_is_off_and_gathers_nothing(
    place, operations, monkeypatch, chat
) -> None:
    monkeypatch.delenv("TEST_CHAT")
    night(place, operations, [residual()], NIGHT)
    with open_book(place) as book:
        assert book.letters() == []


def test_a_crash_before_sending_loses_nothing(place, operations, mailbox) -> None:
    with open_book(place) as book:
        notices = book.record([residual()], KINDS, operations.alerts, NIGHT)
        _post(book, notices, operations.alerts, NIGHT)
    # The process dies here. The next look finds nothing new, and sends what was written down.
    night(place, operations, [residual()], NIGHT + timedelta(minutes=5))
    assert len(mailbox.messages) == 1
    assert "NEW (critical)" in mailbox.texts[0]


def test_a_crash_while_noting_leaves_the_book_as_it_was(place, operations, mailbox) -> None:
    with pytest.raises(KeyboardInterrupt), open_book(place) as book:
        book.record([residual()], KINDS, operations.alerts, NIGHT)
        raise KeyboardInterrupt
    night(place, operations, [residual()], NIGHT)
    assert "NEW (critical)" in mailbox.texts[0]


def test_a_damaged_book_is_begun_anew(place, operations, mailbox) -> None:
    night(place, operations, [residual()], NIGHT)
    book_file(place).write_bytes(b"this is no database, but it is long enough to be looked at" * 50)
    night(place, operations, [residual()], NIGHT + timedelta(hours=1))
    assert len(mailbox.messages) == 2
    assert sqlite3.connect(book_file(place)).execute("pragma integrity_check").fetchone() == ("ok",)


def test_text_from_a_file_is_harmless_where_it_arrives(place, operations, mailbox, chat) -> None:
    night(
        place,
        operations,
        [residual(title="evil\r\nBcc: all@example.com", what="<!channel> <http://phish|click> & more")],
        NIGHT,
    )
    [mail] = mailbox.messages
    assert mail["Bcc"] is None
    text = chat.payloads[0]["blocks"][0]["text"]["text"]
    assert "<!channel>" not in text
    assert "&lt;!channel&gt;" in text


def test_a_recipient_that_is_no_address_is_said_without_it(place, operations, monkeypatch) -> None:
    monkeypatch.setenv("TEST_MAIL", "nobody")
    with pytest.raises(SendingError, match="no mail address"):
        channels._addresses(operations.alerts.channels["mail"])


def test_a_book_that_was_cut_off_is_begun_anew(place, operations, mailbox) -> None:
    night(place, operations, [residual(key=f"residual:{number}") for number in range(200)], NIGHT)
    path = book_file(place)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    night(place, operations, [residual()], NIGHT + timedelta(hours=1))
    assert len(mailbox.messages) == 2
