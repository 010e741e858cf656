"""What people decided about matches, exceptions and remainders: an append-only, hash-chained log.

File: `decisions/decisions.jsonl` below the landing folder, written by `tieout match accept` and its
siblings (`log`), read by every run like any other source. The source is always there; it needs no entry
in `sources.yml`. Belongs here: the log and its raw table. Does not belong here: what a decision does to
matches (dbt/matching/decisions.py) or to the books (dbt).
"""

from pipelines.decisions.read import read
from pipelines.decisions.schema import TABLES
from pipelines.kinds import KindSpec

KIND = KindSpec(kind="decisions", tables=TABLES, read=read)
