"""What is wrong, told from what was observed: one function per kind of alert, each without side effects.

Belongs here: when something is an alert, and its words. An alert's key says what it is about and never
how bad it is, so that tomorrow's worse figure is the same alert.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from dagster_project.alerts.alert import Alert, Amounts, merged, moment
from dagster_project.alerts.book import Letter
from dagster_project.alerts.observe import Finding, Observations, Rate
from dagster_project.freshness.arrivals import Lateness, duration, late_sources
from dagster_project.operations import AlertKind, Operations
from expectations.before_publish import RateBound
from pipelines.config import Configuration

# In a small company one open item moves a rate by many points; the gate knows the same limit.
FEWEST_ITEMS = 30
_SHOWN = 10


@dataclass(frozen=True)
class Known:
    """What a condition may look at.

    baselines: match rates by (entity, reconciliation) before the fall that is open, else of the last
    published run that was looked at. letters: what could not be sent.
    """

    observed: Observations
    configuration: Configuration | None
    operations: Operations
    bounds: Mapping[str, RateBound]
    baselines: Mapping[tuple[str, str], Decimal]
    summary: tuple[Rate, ...]
    letters: tuple[Letter, ...] = ()
    published_path: str = ""


def _standing(known: Known) -> str:
    published = known.observed.published
    if published is None:
        return "Nothing has been published yet."
    return f"Readers still have the figures as of {published.as_of_date}."


def _listed(values: Iterable[str]) -> str:
    values = list(values)
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(values[:_SHOWN]) + more


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def run_failed(known: Known) -> list[Alert] | None:
    """The last run did not publish. One alert per step that failed, until a run succeeds."""
    run = known.observed.run
    if run is None:
        return None
    if run.is_success:
        return []
    return [
        Alert(
            kind="run_failed",
            key=f"run_failed:{step}",
            severity="critical",
            title=f"The nightly run failed in '{step}'; nothing was published",
            what=f"{_cut(message)}\n{_standing(known)}",
            action=_what_to_do(step),
            where=(
                *([f"tieout ui, run {run.run_id[:8]}"] if run.run_id else []),
                "tieout status (what readers have now)",
                "logs/run.log below TIEOUT_HOME",
            ),
            amounts=residual_amounts(run.findings),
            amount_label="Not accounted for",
            facts={"run_id": run.run_id, "step": step, "ended_at": moment(run.ended_at)},
        )
        for step, message in sorted(run.failures.items())
    ]


def _cut(message: str, limit: int = 1500) -> str:
    return message if len(message) <= limit else message[:limit] + " ..."


def _what_to_do(step: str) -> str:
    if step.startswith("checks__"):
        return "Look at the rows that break the rule (tieout ui, or reports/data_docs), clear the cause, run again: tieout run"
    if step.startswith("extract_"):
        return "Correct what the message names (a file, an entry of sources.yml), then: tieout run"
    return "Correct what the message names, then: tieout run. What had been loaded stays; nothing is loaded twice."


def residual_amounts(findings: Iterable[Finding]) -> Amounts:
    """What is not accounted for, per currency: the absolute residuals in the rows of the findings."""
    amounts: dict[str, Decimal] = {}
    for finding in findings:
        for row in finding.rows:
            value = row.get("amount_residual", row.get("residual_amount"))
            if value is None and "declared_amount" in row:
                parts = (row.get(name) or "0" for name in ("landed_amount", "rejected_amount"))
                value = Decimal(str(row["declared_amount"] or "0")) - sum(
                    Decimal(str(part)) for part in parts
                )
            if value is not None:
                currency = str(row.get("currency") or "XXX")
                amounts[currency] = amounts.get(currency, Decimal(0)) + abs(Decimal(str(value)))
    return merged(amounts)


def residual(known: Known) -> list[Alert] | None:
    """Records or money that a stage cannot account for: the law that stops publishing."""
    run = known.observed.run
    if run is None:
        return None
    broken = [finding for finding in run.findings if _is_residual(finding)]
    alerts = []
    for finding in broken:
        places = sorted({_cell(row) for row in finding.rows})
        amounts = residual_amounts([finding])
        records = sum(_record_residual(row) for row in finding.rows)
        alerts.append(
            Alert(
                kind="residual",
                key=f"residual:{finding.gate}:{finding.table}:{finding.rule}",
                severity="critical",
                title=f"Control totals do not tie in {finding.table}",
                what=(
                    f"Gate {finding.gate}, rule {finding.rule}: {finding.observed} do not tie"
                    + (f", {_counted(records, 'record')} in all" if records else "")
                    + (f".\n{_listed(places)}" if places else ".")
                    + f"\n{_standing(known)}"
                ),
                action=(
                    "Compare the source's own total of that day with the delivered file; ask for the file "
                    "again if it is short, and run again. Publish nothing by hand."
                ),
                where=("tieout ui, the gate's checks", f"reports/data_docs, suite of {finding.table}"),
                amounts=amounts,
                amount_label=f"Residual{_of_how_many(finding)}",
                # Across currencies, which says nothing but that it has become worse.
                measure=sum((abs(amount) for _, amount in amounts), Decimal(max(records, 1))),
                facts={"rule": finding.rule, "table": finding.table, "gate": finding.gate},
            )
        )
    return alerts


def _of_how_many(finding: Finding) -> str:
    """A gate keeps the first rows only; the money in the others is not in our sum."""
    count = finding.observed.split()[0] if finding.observed else ""
    is_cut = count.isdigit() and int(count) > len(finding.rows)
    return f", at least (of the first {len(finding.rows)} of {count} rows)" if is_cut else ""


def _is_residual(finding: Finding) -> bool:
    return any(
        name.endswith("_residual") or name == "declared_count" or name == "declared_amount"
        for row in finding.rows
        for name in row
    )


def _record_residual(row: Mapping[str, object]) -> int:
    if row.get("count_residual") is not None:
        return abs(int(str(row["count_residual"])))
    parts = [row.get(name) for name in ("declared_count", "landed_count", "rejected_count")]
    if parts[0] is None:
        return 0
    declared, landed, rejected = (int(str(part or 0)) for part in parts)
    return abs(declared - landed - rejected)


def _cell(row: Mapping[str, object]) -> str:
    names = ("source_name", "stream", "currency", "business_date")
    return " ".join(str(row[name]) for name in names if row.get(name) is not None)


def source_failed(known: Known) -> list[Alert] | None:
    """A source that could not be loaded while the others were."""
    failures = known.observed.source_failures
    if failures is None:
        return None
    usual = known.observed.published.usual if known.observed.published else {}
    return [
        Alert(
            kind="source_failed",
            key=f"source_failed:{failure.source_name}",
            severity="critical",
            title=f"{failure.source_name} could not be loaded; its figures are stale",
            what=(
                f"{_cut(failure.message)}\nThe other sources were loaded and published. What comes from "
                f"{failure.source_name} stands as of {failure.stale_since or 'never'}."
            ),
            since=moment(failure.stale_since),
            action="Correct what the message names, then: tieout run",
            where=("tieout status", f"landing/{failure.source_name} below TIEOUT_HOME"),
            amounts=usual.get(failure.source_name, ()),
            amount_label="Missing per usual day of this source",
            entity_id=failure.entity_id,
        )
        for failure in failures
    ]


def source_late(known: Known) -> list[Alert] | None:
    """A source that has been silent for longer than `freshness` in sources.yml allows."""
    if known.observed.arrivals is None or known.configuration is None:
        return None
    usual = known.observed.published.usual if known.observed.published else {}
    late = late_sources(known.observed.arrivals, known.configuration, known.observed.now)
    return [_late(item, usual.get(item.arrival.source_name, ())) for item in late]


def _late(late: Lateness, usual: Amounts) -> Alert:
    arrival = late.arrival
    days = max(1, late.silent_for // timedelta(days=1))
    touched = _listed(late.reconciliations) or "all of them"
    return Alert(
        kind="source_late",
        key=f"source_late:{arrival.source_name}",
        severity="critical" if late.is_stale else "warning",
        title=f"{arrival.source_name} has delivered nothing for {duration(late.silent_for)}",
        what=(
            f"Allowed are {duration(late.allowed)}. Its newest business date is {arrival.newest_date}. "
            f"Incomplete until it delivers, for {arrival.entity_id}: {touched}."
        ),
        since=moment(arrival.arrived_at),
        action="Ask the sender, or look at the transfer; the next run loads whatever has landed by then.",
        where=("tieout status", f"landing/{arrival.source_name} below TIEOUT_HOME"),
        amounts=tuple((currency, amount * days) for currency, amount in usual),
        amount_label=f"Not seen, about ({days} usual day{'s' if days > 1 else ''} of this source)",
        entity_id=arrival.entity_id,
        measure=Decimal(2 if late.is_stale else 1),
        facts={
            "newest_business_date": str(arrival.newest_date),
            "arrived_at": arrival.arrived_at.isoformat(),
        },
    )


def mart_late(known: Known) -> list[Alert] | None:
    """No run has succeeded for longer than `freshness` in operations.yml allows."""
    since = known.observed.last_success_at
    if since is None:
        return None
    silent = known.observed.now - since
    freshness = known.operations.freshness
    windows = {"every mart": freshness.marts, **freshness.tables}
    late = {
        name: hours for name, hours in windows.items() if silent > timedelta(hours=hours.warn_after_hours)
    }
    if not late:
        return []
    is_stale = any(silent > timedelta(hours=hours.error_after_hours) for hours in late.values())
    open_amounts = {
        currency: sum((rate.open_amount for rate in known.summary if rate.currency == currency), Decimal(0))
        for currency in {rate.currency for rate in known.summary}
    }
    return [
        Alert(
            kind="mart_late",
            key="mart_late",
            severity="critical" if is_stale else "warning",
            title=f"No run has succeeded for {duration(silent)}",
            what=f"Late: {_listed(sorted(late))}. {_standing(known)}",
            since=moment(since),
            action="See why the night did not run or did not end well (tieout ui; is the daemon up?), then: tieout run",
            where=("tieout ui", "tieout status"),
            amounts=merged(open_amounts),
            amount_label="Open items in the figures that stand",
            measure=Decimal(2 if is_stale else 1),
        )
    ]


def match_rate_drop(known: Known) -> list[Alert] | None:
    """A match rate that is further below its baseline than match_rate_bounds.csv allows.

    The baseline is the rate before the fall and stays so while the alert is open: tomorrow's rate is
    not good because it is as bad as today's.
    """
    if not known.summary:
        return None
    alerts = []
    for rate in known.summary:
        before = known.baselines.get((rate.entity_id, rate.reconciliation))
        if before is None or rate.items < FEWEST_ITEMS:
            continue
        bound = known.bounds.get(rate.reconciliation) or known.bounds["*"]
        drop = (before - rate.rate) * 100
        if drop <= bound.warning_drop:
            continue
        alerts.append(
            Alert(
                kind="match_rate_drop",
                key=f"match_rate_drop:{rate.entity_id}:{rate.reconciliation}",
                severity="critical" if drop > bound.critical_drop else "warning",
                title=f"{rate.entity_id}: the match rate of {rate.reconciliation} fell to {rate.rate * 100:.1f} %",
                what=(
                    f"It was {before * 100:.1f} %, so it fell by {drop:.1f} points; "
                    f"{bound.warning_drop} are allowed. {rate.items:,} items."
                ),
                action=(
                    "Look at what is open and new there; many of one type point to a file that did not come, "
                    "a changed format or a rule of match_rules.csv that no longer fits."
                ),
                where=(
                    f"tieout exceptions --entity {rate.entity_id} --reconciliation {rate.reconciliation}",
                ),
                amounts=merged({rate.currency: rate.open_amount}),
                amount_label="Open",
                entity_id=rate.entity_id,
                measure=drop,
                facts={"baseline": str(before), "rate": str(rate.rate)},
            )
        )
    return alerts


def reject_backlog(known: Known) -> list[Alert] | None:
    """Rejected records that nobody clears."""
    published = known.observed.published
    if published is None:
        return None
    rejects, limit = published.rejects, known.operations.alerts.reject_backlog
    is_old = rejects.records > 0 and rejects.oldest_days > limit.oldest_days
    if rejects.records < limit.records and not is_old:
        return []
    entities = ", ".join(f"{entity or 'no entity'} {count}" for entity, count in rejects.by_entity)
    return [
        Alert(
            kind="reject_backlog",
            key="reject_backlog",
            severity="warning",
            title=f"{rejects.records:,} rejected records and files wait to be corrected",
            what=f"By entity: {entities}. The oldest has waited {rejects.oldest_days} days.",
            since=moment(rejects.oldest_date),
            action="Ask the sender for corrected files (a file that comes again under its own name clears its rejects), or correct the entry in sources.yml.",
            where=("tieout exceptions --type rejected_record", "tieout exceptions --type rejected_file"),
            amounts=rejects.amounts,
            amount_label="Rejected, where the amount could be read",
            measure=Decimal(rejects.records),
        )
    ]


def schema_drift(known: Known) -> list[Alert] | None:
    """Fields that a source sends and no model reads: one alert per source and stream."""
    drifts = known.observed.drifts
    if drifts is None:
        return None
    together: dict[tuple[str, str, str], list[str]] = {}
    for drift in drifts:
        example = f" (such as '{drift.example[:40]}')" if drift.example else ""
        together.setdefault((drift.source_name, drift.entity_id, drift.stream), []).append(
            f"{drift.name}{example}"
        )
    return [
        Alert(
            kind="schema_drift",
            # By their names too: the next new field is another alert, told once.
            key=f"schema_drift:{source}:{stream}:{len(fields)}",
            severity="info",
            title=f"{source} sends {len(fields)} field{'s' if len(fields) > 1 else ''} in {stream} that no model reads",
            what=f"{_listed(fields)}. No money is concerned: the records were loaded, the fields are kept as they came.",
            action="If it matters, read it in a model or map it in sources.yml; if not, nothing.",
            where=("tieout sql \"from reconciliation.exceptions where exception_type = 'schema_drift'\"",),
            entity_id=entity,
            measure=Decimal(len(fields)),
        )
        for (source, entity, stream), fields in sorted(together.items())
    ]


def channel_failed(known: Known) -> list[Alert]:
    """A channel that does not take our messages; told through the others."""
    waiting: dict[str, list[Letter]] = {}
    for letter in known.letters:
        if letter.error:
            waiting.setdefault(letter.channel, []).append(letter)
    return [
        Alert(
            kind="channel_failed",
            key=f"channel_failed:{channel}",
            severity="warning",
            title=f"Alerts cannot be sent through '{channel}'",
            what=f"{_counted(len(letters), 'message')} waiting. The last error: {letters[-1].error}.",
            since=moment(min(letter.failing_since or letter.created_at for letter in letters)),
            action=f"Check the channel '{channel}' in operations.yml and its environment variables, then: tieout alerts --test",
            where=("tieout alerts",),
        )
        for channel, letters in sorted(waiting.items())
    ]


CONDITIONS: dict[AlertKind, Callable[[Known], list[Alert] | None]] = {
    "run_failed": run_failed,
    "source_failed": source_failed,
    "source_late": source_late,
    "mart_late": mart_late,
    "residual": residual,
    "match_rate_drop": match_rate_drop,
    "reject_backlog": reject_backlog,
    "schema_drift": schema_drift,
    "channel_failed": channel_failed,
}
