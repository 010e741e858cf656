"""Raw table of the decisions: one row per line of the log, as it was written."""

import pyarrow as pa

from pipelines.provenance import MONEY, PROVENANCE, TIMESTAMP

STREAM = "decisions"

#: What a person can decide. unmatch undoes links, split moves items out of a group.
ACTIONS = ("accept", "reject", "unmatch", "split", "write_off", "assign", "comment")

DECISIONS = pa.schema(
    [
        *PROVENANCE,
        pa.field("sequence", pa.int64()),  # place in the chain, from 1
        pa.field("recorded_at", TIMESTAMP),  # when it was written down
        pa.field("previous_hash", pa.string()),
        pa.field("hash", pa.string()),
        pa.field("action", pa.string()),
        pa.field("decided_by", pa.string()),
        pa.field("os_user", pa.string()),  # the login, whoever `decided_by` names
        pa.field("reason", pa.string()),
        pa.field("effective_date", pa.date32()),  # day of the books in which it was decided
        pa.field("run_id", pa.string()),  # the published state that the person saw
        pa.field("reconciliation", pa.string()),
        pa.field("match_id", pa.string()),
        pa.field("match_rule_id", pa.string()),
        pa.field("exception_id", pa.string()),
        pa.field("document_type", pa.string()),
        pa.field("document_id", pa.string()),
        pa.field("undoes", pa.int64()),  # sequence of the write-off that is taken back
        pa.field("currency", pa.string()),
        pa.field("amount", MONEY),
        pa.field("difference_reason", pa.string()),
        pa.field("owner", pa.string()),
        pa.field("changes_postings", pa.bool_()),
        # JSON: facts of the items as they were when it was decided; links that hold; pairs that do not.
        pa.field("items", pa.string()),
        pa.field("links", pa.string()),
        pa.field("removed", pa.string()),
        pa.field("payload", pa.string()),  # the whole line
    ]
)

TABLES = {"decisions": DECISIONS}
