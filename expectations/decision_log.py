"""The log of decisions is whole: nothing in it was changed, taken out, put in or moved, and no end is missing.

Belongs here: comparing the log as it lies in the landing folder with everything of it that was ever loaded.
Each delivery is the whole log, so a delivery that broke the chain, or that has another line at a place that was
known before, is refused: staging takes none of its lines (stg_decisions__decisions), and the run stops until
the file is what it was. Half of a log is a state of the books that nobody decided.
"""

from expectations.rules import Rule

_QUERY = """
with lines as (select source_file, load_id, sequence, hash, _dlt_load_id from {batch}),
judged as (
    select
        source_file, load_id, sequence, hash,
        first_value(hash) over (partition by sequence order by _dlt_load_id, load_id) as first_hash
    from lines
),
broken as (
    select source_file, load_id, source_position as line, message
    from raw_decisions.rejects
    where reason_code = 'broken_chain'
),
refused as (
    select load_id from broken
    union
    select load_id from judged where hash <> first_hash
)
select source_file, line, message from broken where load_id = $current
union
select
    source_file, sequence,
    'line ' || sequence || ' has the hash ' || left(hash, 12) || ', but ' || left(first_hash, 12) || ' was loaded before: it was written anew'
from judged
where load_id = $current and hash <> first_hash
union
select
    source_file, sequence,
    'line ' || sequence || ' with the hash ' || left(hash, 12) || ' was loaded before and is no longer in the log: it was cut'
from judged
where load_id not in (select load_id from refused)
    and sequence not in (select sequence from lines where load_id = $current)
order by all
"""


def rule(current: str | None) -> Rule:
    """current: load_id of the log as it lies in the landing folder; None when there is none."""
    name = "null" if current is None else "'" + current.replace("'", "''") + "'"
    return Rule(
        name="decision_log_is_whole",
        suite="conservation",
        table="raw_decisions.decisions",
        description=(
            "No line of the log of decisions was changed, taken out, put in or moved, and none that was loaded "
            "before is missing. Put the copy of your backup back and run again."
        ),
        query=_QUERY.replace("$current", f"coalesce({name}, '')"),
    )
