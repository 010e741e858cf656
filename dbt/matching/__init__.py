"""The matching engine: which money belongs to which document, and why.

Pure Python on Arrow, DuckDB and numpy: it is handed items, rules and tolerances, and hands back matches,
allocations and notes. It knows nothing of dbt, files (but for `files.py`, which serves `tieout match`) or
of how its result is published.
"""

from matching.reconcile import explain_sql, reconcile
from matching.result import MatchResult

__all__ = ["MatchResult", "explain_sql", "reconcile"]
