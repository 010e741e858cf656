"""The truth about a sample: which belongs to which, which fault is where, and what it must raise.

Belongs here: collecting and writing. The product never reads it; tests do.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.sample.books import BankLine

Reference = "str | BankLine"


@dataclass
class Match:
    reconciliation: str
    left_type: str
    left: "str | BankLine"
    right_type: str
    right: "str | BankLine"
    amount: str
    currency: str
    case: str


@dataclass
class Expected:
    fault_id: str
    fault_type: str
    exception_type: str
    document_type: str
    document: "str | BankLine"
    caused_by: str
    currency: str
    amount: str


@dataclass
class Truth:
    matches: list[Match] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    faults: list[tuple[str, str, str, str]] = field(default_factory=list)
    cases: list[tuple[str, str, "str | BankLine", str]] = field(default_factory=list)

    def fault(self, fault_type: str, where: str, description: str) -> str:
        """Register an injected fault; its id is stable: type and running number."""
        number = sum(1 for f in self.faults if f[1] == fault_type) + 1
        fault_id = f"{fault_type}-{number:02d}"
        self.faults.append((fault_id, fault_type, where, description))
        return fault_id

    def expect(
        self,
        fault_id: str,
        exception_type: str,
        document_type: str,
        document: "str | BankLine",
        currency: str = "",
        amount: str = "",
        caused_by: str = "",
    ) -> None:
        self.expected.append(
            Expected(
                fault_id,
                fault_id.rsplit("-", 1)[0],
                exception_type,
                document_type,
                document,
                caused_by,
                currency,
                amount,
            )
        )

    def case(self, name: str, document_type: str, document: "str | BankLine", note: str = "") -> None:
        """Register something difficult that is not a fault and must raise nothing."""
        self.cases.append((name, document_type, document, note))


def resolve(reference: "str | BankLine") -> str:
    return reference if isinstance(reference, str) else reference.canonical_id


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


MATCH_HEADER = (
    "reconciliation", "left_type", "left_id", "right_type", "right_id", "amount", "currency", "case",
)  # fmt: skip


def write_truth(truth: Truth, folder: Path) -> None:
    """Write expected_exceptions.csv, faults.csv, cases.csv and the head of true_matches.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(
        folder / "expected_exceptions.csv",
        (
            "fault_id",
            "fault_type",
            "exception_type",
            "document_type",
            "document_id",
            "caused_by",
            "currency",
            "amount",
        ),
        (
            (
                e.fault_id,
                e.fault_type,
                e.exception_type,
                e.document_type,
                resolve(e.document),
                e.caused_by,
                e.currency,
                e.amount,
            )
            for e in truth.expected
        ),
    )
    write_csv(folder / "faults.csv", ("fault_id", "fault_type", "where", "description"), truth.faults)
    write_csv(
        folder / "cases.csv",
        ("case", "document_type", "document_id", "note"),
        ((name, kind, resolve(document), note) for name, kind, document, note in truth.cases),
    )
    write_csv(
        folder / "true_matches.csv",
        MATCH_HEADER,
        (
            (
                m.reconciliation,
                m.left_type,
                resolve(m.left),
                m.right_type,
                resolve(m.right),
                m.amount,
                m.currency,
                m.case,
            )
            for m in truth.matches
        ),
    )
