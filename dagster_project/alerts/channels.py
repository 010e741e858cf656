"""Sending: a mail server, a chat's incoming webhook, any address that takes JSON.

Belongs here: one message out of the house, with patience for what passes (a connection, a busy server)
and none for what does not (a wrong password, an address that is gone). An error names the channel and
what the other side said, never an address or a password: both may be secrets.
"""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from dagster_project.alerts.alert import Notice
from dagster_project.alerts.book import Letter
from dagster_project.alerts.wording import document, plain_text, slack, subject
from dagster_project.operations import Channel, Email, NotSet, Webhook, resolved

ATTEMPTS = 3
TIMEOUT_SECONDS = 5
_LONGEST_WAIT_SECONDS = 4


class SendingError(RuntimeError):
    """A message that was not taken; trying again within a run does not help."""


class _Passing(SendingError):
    """A message that was not taken now, for a reason that may pass."""


def missing_variables(channel: Channel) -> list[str]:
    """Environment variables that the channel names and that are not set; with any, it is off."""
    values = (
        [channel.host, str(channel.port), channel.user, channel.password, channel.sender, *channel.to]
        if isinstance(channel, Email)
        else [channel.url, channel.token]
    )
    missing = []
    for value in values:
        try:
            resolved(value or "")
        except NotSet as error:
            missing.append(str(error).strip("'"))
    return missing


def send(channel: Channel, letter: Letter, place: str) -> None:
    """Send one letter. Raises SendingError when it was not taken after ATTEMPTS tries."""
    message_id = f"tieout-{letter.channel}-{letter.id}-{letter.created_at:%Y%m%d%H%M%S}"
    try:
        for attempt in Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT_SECONDS),
        ):
            with attempt:
                if isinstance(channel, Email):
                    _mail(channel, letter, place, message_id)
                else:
                    _post(channel, letter.notices, place, message_id)
    except RetryError as error:
        raise SendingError(f"{error.last_attempt.exception()} (tried {ATTEMPTS} times)") from None


def _addresses(channel: Email) -> list[str]:
    """One address per entry, or several with commas in one environment variable."""
    found = [part.strip() for value in channel.to for part in resolved(value).split(",") if part.strip()]
    for address in found:
        if "@" not in parseaddr(address)[1] or any(character in address for character in "\r\n"):
            raise SendingError("a recipient of the channel is no mail address such as close@example.com")
    return found


def mail_message(channel: Email, letter: Letter, place: str, message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject(letter.notices)
    message["From"] = resolved(channel.sender)
    message["To"] = ", ".join(_addresses(channel))
    message["Date"] = format_datetime(letter.created_at)
    message["Message-ID"] = f"<{message_id}@tieout.invalid>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(plain_text(letter.notices, place))
    return message


def _mail(channel: Email, letter: Letter, place: str, message_id: str) -> None:
    try:
        message = mail_message(channel, letter, place, message_id)
    except ValueError as error:
        raise SendingError("sender or recipient hold characters that no mail header may hold") from error
    host, port = resolved(channel.host), int(resolved(str(channel.port)))
    try:
        if channel.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        with server:
            if channel.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if channel.user:
                server.login(resolved(channel.user), resolved(channel.password or ""))
            refused = server.send_message(message)
    except smtplib.SMTPResponseException as error:
        said = f"the mail server said {error.smtp_code}"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            raise SendingError(f"{said}: it does not take this user and password") from None
        # 4xx is "not now", 5xx "not at all" (RFC 5321, 4.2.1).
        raise (_Passing if 400 <= error.smtp_code < 500 else SendingError)(said) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        passing = all(400 <= code < 500 for code in codes)
        said = f"the mail server refused every recipient ({', '.join(map(str, sorted(codes)))})"
        raise (_Passing if passing else SendingError)(said) from None
    except ssl.SSLError as error:
        raise SendingError(f"the mail server's certificate was not accepted ({error.reason})") from None
    except smtplib.SMTPNotSupportedError:
        raise SendingError("the mail server offers no STARTTLS or no login; see `security`") from None
    except (OSError, smtplib.SMTPException) as error:
        raise _Passing(f"the mail server could not be reached ({type(error).__name__})") from None
    if refused:
        raise SendingError(f"the mail server refused {len(refused)} of the recipients")


def _post(channel: Webhook, notices: Sequence[Notice], place: str, message_id: str) -> None:
    import requests

    payload: dict[str, Any] = (
        slack(notices, place) if channel.type == "slack" else document(notices, place, message_id)
    )
    headers = {"Idempotency-Key": message_id}
    if channel.token:
        headers["Authorization"] = f"Bearer {resolved(channel.token)}"
    try:
        answer = requests.post(
            resolved(channel.url),
            json=payload,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except (requests.ConnectionError, requests.Timeout) as error:
        # Not the library's text: it holds the address, which for a chat is the secret.
        raise _Passing(f"the address could not be reached ({type(error).__name__})") from None
    except (requests.RequestException, ValueError) as error:
        raise SendingError(f"the address cannot be used ({type(error).__name__})") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise _Passing(f"the address answered {answer.status_code}")
    if not 200 <= answer.status_code < 300:
        raise SendingError(f"the address answered {answer.status_code}")
