"""`tieout alerts`: what is open, what waits to be sent, and whether the channels work."""

import sys
from datetime import UTC, datetime

from dagster_project.alerts.alert import Alert, Notice, moment
from dagster_project.alerts.book import Letter, open_book
from dagster_project.alerts.wording import amount_text, since_text
from dagster_project.operations import Operations, operations_file, read_operations
from pipelines.settings import Settings, settings

_TEST = Alert(
    kind="channel_failed",
    key="test",
    severity="info",
    title="A test: this channel works",
    what="Somebody ran `tieout alerts --test`.",
    action="Nothing.",
)


def show_alerts(*, test: bool, check: bool) -> int:
    """Exit code 0, or 1 when a test message could not be sent."""
    place = settings()
    operations = read_operations(place)
    if check:
        _check(place)
    code = _test(place, operations) if test else 0
    with open_book(place) as book:
        opened, waiting = book.open_alerts(), [letter for letter in book.letters() if letter.error]
    for notice in opened:
        _print_alert(notice)
    if not opened:
        print("No alert is open.")
    _print_channels(place, operations, waiting)
    return code


def _check(place: Settings) -> None:
    from dagster_project.alerts.watch import watch
    from dagster_project.instance import prepare_environment

    prepare_environment(place)
    import dagster as dg

    with dg.DagsterInstance.from_config(str(place.dagster)) as instance:
        watch(place, instance)


def _test(place: Settings, operations: Operations) -> int:
    from dagster_project.alerts.channels import SendingError, missing_variables, send
    from dagster_project.alerts.watch import place_name

    now = datetime.now(UTC)
    code = 0
    for name, channel in operations.alerts.channels.items():
        if missing_variables(channel):
            continue
        letter = Letter(0, name, (Notice("opened", _TEST, now),), now, 0, None, None)
        try:
            send(channel, letter, place_name(place))
            print(f"{name}: sent")
        except SendingError as error:
            print(f"tieout: {name}: {error}", file=sys.stderr)
            code = 1
    return code


def _print_alert(notice: Notice) -> None:
    alert = notice.alert
    print(f"{alert.severity}: {alert.title}")
    for line in alert.what.splitlines():
        print(f"  {line}")
    print(f"  Since: {since_text(notice)}")
    if money := amount_text(alert):
        print(f"  Money: {money}")
    print(f"  To do: {alert.action}\n")


def _print_channels(place: Settings, operations: Operations, waiting: list[Letter]) -> None:
    from dagster_project.alerts.channels import missing_variables

    for name, channel in operations.alerts.channels.items():
        missing = missing_variables(channel)
        stuck = [letter for letter in waiting if letter.channel == name]
        if missing:
            state = f"off, not set: {', '.join(missing)}"
        elif stuck:
            since = moment(min(letter.failing_since or letter.created_at for letter in stuck))
            state = f"failing since {since}, {len(stuck)} wait: {stuck[-1].error}"
        else:
            state = "on"
        print(f"Channel {name} ({channel.type}): {state}")
    print(f"Who is told what: {operations_file(place)}")
