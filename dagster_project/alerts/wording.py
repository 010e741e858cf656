"""Alerts as text: for a mail, for a chat, and as JSON for machines.

Belongs here: the look of a message. Everything in it may come from a file that somebody sent, so it is
escaped for where it goes.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dagster_project.alerts.alert import Alert, Event, Notice, moment

_HEADINGS: dict[Event, str] = {
    "opened": "New",
    "grown": "Worse",
    "reminder": "Still open",
    "resolved": "Resolved",
}
_SIGNS = {"critical": "🔴", "warning": "🟠", "info": "🔵"}

_SUBJECT_CHARACTERS = 150
# Slack takes 3,000 characters in a section and 50 blocks in a message.
_SECTION_CHARACTERS = 2900
_SECTIONS = 45


def amount_text(alert: Alert) -> str:
    """`Residual: EUR 1,234.50; USD -20.00`; empty without money."""
    if not alert.amounts:
        return ""
    shown = "; ".join(f"{currency} {_amount(amount)}" for currency, amount in alert.amounts)
    return f"{alert.amount_label or 'Amount'}: {shown}"


def _amount(amount: Decimal) -> str:
    """To the cent, and further only where there is something."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount.normalize():,f}"


def since_text(notice: Notice) -> str:
    first = moment(notice.first_seen)
    if notice.alert.since and notice.alert.since != first:
        return f"{notice.alert.since} (first seen {first})"
    return f"{first}"


def subject(notices: Sequence[Notice]) -> str:
    """One line without control characters."""
    counts = Counter(notice.event for notice in notices)
    first = next((notice for notice in notices if notice.event != "resolved"), notices[0])
    told = ", ".join(
        f"{counts[event]} {heading.lower()}" for event, heading in _HEADINGS.items() if counts[event]
    )
    text = f"[Tieout] {told}: {first.alert.title}"
    return "".join(character if character.isprintable() else " " for character in text)[:_SUBJECT_CHARACTERS]


def _ordered(notices: Sequence[Notice]) -> list[Notice]:
    order = list(_HEADINGS)
    ranks = {"critical": 0, "warning": 1, "info": 2}
    return sorted(
        notices,
        key=lambda notice: (order.index(notice.event), ranks[notice.alert.severity], notice.alert.key),
    )


def plain_text(notices: Sequence[Notice], place: str) -> str:
    """The whole message for a mail. place: which installation speaks."""
    parts: list[str] = []
    for notice in _ordered(notices):
        alert = notice.alert
        heading = f"{_HEADINGS[notice.event].upper()} ({alert.severity}): {alert.title}"
        if notice.event == "resolved":
            parts.append(f"{heading}\n  It was open since {since_text(notice)}.")
            continue
        lines = [heading, *(f"  {line}" for line in alert.what.splitlines())]
        lines.append(f"  Since:  {since_text(notice)}")
        if money := amount_text(alert):
            lines.append(f"  Money:  {money}")
        lines.append(f"  To do:  {alert.action}")
        lines += [
            f"  {'Look:' if not place_ else '     '}   {where}" for place_, where in enumerate(alert.where)
        ]
        parts.append("\n".join(lines))
    return (
        "\n\n".join(parts)
        + f"\n\n-- \nTieout, {place}\nWho is told what: operations.yml. All that is open: tieout alerts\n"
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack(notices: Sequence[Notice], place: str) -> dict[str, Any]:
    """The payload of an incoming webhook: `text` for notifications, `blocks` for the message."""
    blocks: list[dict[str, Any]] = []
    ordered = _ordered(notices)
    for notice in ordered[:_SECTIONS]:
        alert = notice.alert
        sign = "✅" if notice.event == "resolved" else _SIGNS[alert.severity]
        lines = [f"{sign} *{_HEADINGS[notice.event]}: {_escaped(alert.title)}*"]
        if notice.event == "resolved":
            lines.append(f"It was open since {_escaped(since_text(notice))}.")
        else:
            lines.append(_escaped(alert.what))
            lines.append(f"*Since:* {_escaped(since_text(notice))}")
            if money := amount_text(alert):
                lines.append(f"*Money:* {_escaped(money)}")
            lines.append(f"*To do:* {_escaped(alert.action)}")
            if alert.where:
                lines.append("*Look:* " + _escaped("; ".join(alert.where)))
        text = "\n".join(lines)
        if len(text) > _SECTION_CHARACTERS:
            text = text[:_SECTION_CHARACTERS] + " …"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    if len(ordered) > _SECTIONS:
        more = f"... and {len(ordered) - _SECTIONS} more: tieout alerts"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": more}})
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(f"Tieout, {place}")}]})
    return {"text": _escaped(subject(notices)), "blocks": blocks}


def document(notices: Sequence[Notice], place: str, message_id: str) -> dict[str, Any]:
    """The JSON of the generic webhook; amounts as strings, times in ISO 8601 UTC."""
    return {
        "message_id": message_id,
        "installation": place,
        "subject": subject(notices),
        "alerts": [
            {
                "event": notice.event,
                "key": notice.alert.key,
                "kind": notice.alert.kind,
                "severity": notice.alert.severity,
                "entity_id": notice.alert.entity_id or None,
                "title": notice.alert.title,
                "what": notice.alert.what,
                "since": notice.alert.since,
                "first_seen": notice.first_seen.isoformat(),
                "amounts": [
                    {"currency": currency, "amount": str(amount)} for currency, amount in notice.alert.amounts
                ],
                "amount_label": notice.alert.amount_label or None,
                "action": notice.alert.action,
                "where": list(notice.alert.where),
                "facts": notice.alert.to_json()["facts"],
            }
            for notice in _ordered(notices)
        ],
    }
