"""The texts as they arrive, one of every kind, kept beside this file: `received/`.

After a change of wording look at the difference and keep the new texts: TIEOUT_KEEP_RECEIVED=1 pytest <this file>.
"""

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.alerts import channels, watch
from dagster_project.alerts.book import Letter, open_book
from dagster_project.alerts.conditions import CONDITIONS, Known
from dagster_project.alerts.observe import (
    Drift,
    Finding,
    Observations,
    Published,
    Rate,
    Rejects,
    RunOutcome,
)
from dagster_project.freshness.arrivals import Arrival
from dagster_project.freshness.source_status import SourceFailure
from dagster_project.operations import Operations
from expectations.before_publish import RateBound
from pipelines.config import Configuration, SourceInstance
from pipelines.settings import Settings
from tests.dagster_project.alerts.receivers import mail_server, web_server

KEPT = Path(__file__).with_name("received")
NOW = datetime(2026, 3, 5, 4, 12, tzinfo=UTC)

FINDING = Finding(
    "after_load",
    "declared_is_landed_or_rejected",
    "raw_stripe.control_totals",
    "1 rows",
    (
        {
            "source_name": "stripe_de",
            "stream": "charges",
            "currency": "EUR",
            "business_date": "2026-03-04",
            "declared_count": 412,
            "landed_count": 411,
            "rejected_count": 0,
            "declared_amount": "28114.2000",
            "landed_amount": "28045.3500",
            "rejected_amount": "0.0000",
        },
    ),
)


def everything_at_once(now: datetime) -> Known:
    """A night in which every condition holds."""
    rejects = Rejects(14, 6, date(2026, 2, 27), (("EUR", Decimal("2310.5000")),), (("DE01", 12), ("US01", 2)))
    rate = Rate("DE01", "payout_to_bank", "EUR", 62, Decimal("0.9032"), Decimal("18204.1100"))
    observed = Observations(
        now,
        run=RunOutcome(
            "4f1c2a9e-0000",
            False,
            now,
            {"checks__after_load": "The gate 'after_load' is closed: nothing was published."},
            (FINDING,),
        ),
        last_success_at=now - timedelta(hours=60),
        arrivals=(
            Arrival(
                "bank_uk",
                "UK01",
                now - timedelta(days=4, hours=10),
                date(2026, 2, 28),
                ("bank_transactions",),
            ),
        ),
        drifts=(Drift("erp_uk", "UK01", "bills", "Approved By", "S. Byrne", 3),),
        source_failures=(
            SourceFailure(
                "expenses_us",
                "US01",
                "expenses_us/expenses_2026-03-04.csv: the csv reader failed",
                date(2026, 3, 3),
            ),
        ),
        published=Published(
            date(2026, 3, 2),
            (rate,),
            rejects,
            {"bank_uk": (("GBP", Decimal("8120.0000")),), "expenses_us": (("USD", Decimal("310.0000")),)},
        ),
    )
    sources = (
        SourceInstance(name="bank_uk", kind="bank", entity_id="UK01", path="bank_uk/*"),
        SourceInstance(name="expenses_us", kind="bank", entity_id="US01", path="expenses_us/*"),
    )
    return Known(
        observed=observed,
        configuration=Configuration(sources=sources),
        operations=Operations(),
        bounds={"*": RateBound("*", Decimal(2), Decimal(25))},
        baselines={("DE01", "payout_to_bank"): Decimal("0.9677")},
        summary=(rate,),
        letters=(Letter(7, "chat", (), now, 3, now - timedelta(hours=2), "the address answered 404"),),
    )


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch):
    with mail_server() as mailbox, web_server() as chat, web_server() as pager:
        monkeypatch.setenv("TEST_CHAT", chat.url)
        monkeypatch.setenv("TEST_PAGER", pager.url)
        mail = {"type": "email", "host": "127.0.0.1", "port": mailbox.port, "security": "none"}
        found = Operations.model_validate(
            {
                "alerts": {
                    "channels": {
                        "mail": {**mail, "sender": "tieout@example.com", "to": ["close@example.com"]},
                        "slack": {"type": "slack", "url": "env:TEST_CHAT"},
                        "webhook": {"type": "webhook", "url": "env:TEST_PAGER"},
                    },
                    "routes": [{"to": ["mail", "slack", "webhook"]}],
                }
            }
        )
        yield found, mailbox, chat, pager


def test_the_texts_as_received(operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, mailbox, chat, pager = operations
    place = Settings(tmp_path, tmp_path / "sources.yml", tmp_path / "seeds")
    monkeypatch.setattr(watch, "place_name", lambda _: "finance-1:/srv/tieout")
    monkeypatch.setattr(channels, "_LONGEST_WAIT_SECONDS", 0.01)
    for at, is_over in ((NOW, False), (NOW + timedelta(hours=24), False), (NOW + timedelta(hours=26), True)):
        known = replace(everything_at_once(NOW), observed=replace(everything_at_once(NOW).observed, now=NOW))
        alerts = [] if is_over else [alert for one in CONDITIONS.values() for alert in one(known) or []]
        with open_book(place) as book:
            notices = book.record(alerts, list(CONDITIONS), found.alerts, at)
            watch._post(book, notices, found.alerts, at)
        watch._send_letters(place, found, at)
    assert {alert["kind"] for alert in pager.payloads[0]["alerts"]} == set(CONDITIONS)
    received = {
        "mail.txt": "\n".join(
            f"Subject: {message['Subject']}\nDate: {message['Date']}\n\n{message.get_content()}\n"
            for message in mailbox.messages
        ).replace("\r\n", "\n"),
        "slack.json": json.dumps(chat.payloads, indent=1, ensure_ascii=False) + "\n",
        "webhook.json": json.dumps(pager.payloads, indent=1, ensure_ascii=False) + "\n",
    }
    if os.environ.get("TIEOUT_KEEP_RECEIVED"):
        KEPT.mkdir(exist_ok=True)
        for name, text in received.items():
            (KEPT / name).write_text(text, encoding="utf-8")
    for name, text in received.items():
        assert text == (KEPT / name).read_text(encoding="utf-8"), name
