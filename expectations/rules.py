"""What a rule is, and what comes of it.

Belongs here: the two shapes that gates, runner and orchestration share.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
Gate = Literal["after_load", "after_canonical", "before_publish"]


@dataclass(frozen=True)
class Rule:
    """One expectation: it holds when its query finds no row.

    table: `schema.table` that the rule is about; in the query it is written `{batch}`.
    query: selects the rows that break the rule, with the columns that a person needs to see why.
        Money is compared in SQL on DECIMAL, because Great Expectations returns sums as floats.
    severity: a broken critical rule stops publishing, a broken warning is shown.
    """

    name: str
    suite: str
    table: str
    description: str
    query: str
    severity: Severity = "critical"

    @property
    def schema_name(self) -> str:
        return self.table.split(".")[0]

    @property
    def table_name(self) -> str:
        return self.table.split(".")[1]


@dataclass(frozen=True)
class Result:
    """What one rule found. `error` is set when the rule could not be evaluated: that is no pass."""

    rule: Rule
    success: bool
    error: str | None
    observed: str | None
    details: str | None

    @property
    def stops(self) -> bool:
        """A rule that could not be evaluated stops the run whatever its severity: nobody knows."""
        return self.error is not None or (not self.success and self.rule.severity == "critical")
