"""What each path of a camt document is: an entry's field, a statement's header, a batch's payment.

Belongs here: classifying the paths that `xml_shred` numbers, once per distinct path. Does not belong
here: the field table (`camt_fields`) or the values (`camt_entries`, `camt_header`).
"""

from typing import Any

import numpy as np

from pipelines.bank.camt_fields import CHARGES, CONTAINERS, ENTRY, TRANSACTION
from pipelines.bank.xml_shred import Paths

_DETAILS = ("NtryDtls/TxDtls", "TxDtls")  # from 001.02 on, and in 001.01

# Codes of fields; transaction fields follow entry fields.
ENTRY_CODE = {name: code for code, name in enumerate(dict.fromkeys(ENTRY.values()))}
TRANSACTION_CODE = {
    name: code + len(ENTRY_CODE) for code, name in enumerate(dict.fromkeys(TRANSACTION.values()))
}
NO_FIELD = -1


class PathKinds:
    """What the paths of a document mean, as arrays over their codes; grows as paths appear."""

    def __init__(self) -> None:
        self.paths = Paths()
        self.field = np.empty(0, np.int64)
        self.relative: list[str] = []  # below the entry, or below the statement
        self.is_entry = np.empty(0, bool)  # the Ntry element itself
        self.in_entry = np.empty(0, bool)
        self.is_statement = np.empty(0, bool)
        self.in_statement = np.empty(0, bool)
        self.is_balance = np.empty(0, bool)
        self.is_details = np.empty(0, bool)
        self.is_charge = np.empty(0, bool)
        self.in_header = np.empty(0, bool)
        self.containers: set[str] = set()

    def update(self) -> None:
        known = len(self.relative)
        rows = [self._classify(names) for names in self.paths.names[known:]]
        self.relative.extend(row[0] for row in rows)
        for index, name in enumerate(
            ("field", "is_entry", "in_entry", "is_statement", "in_statement", "is_balance", "is_details",
             "is_charge", "in_header"), 1
        ):  # fmt: skip
            added = np.array([row[index] for row in rows], dtype=getattr(self, name).dtype)
            setattr(self, name, np.concatenate([getattr(self, name), added]))

    def _classify(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        at = next((i for i, name in enumerate(names) if name in CONTAINERS), None)
        nothing = ("", NO_FIELD, False, False, False, False, False, False, False, False)
        if at is None:
            return nothing
        self.containers.add(names[at])
        inner = names[at + 1 :]
        if inner[:1] == ("GrpHdr",):
            return ("/".join(inner[1:]), NO_FIELD, False, False, False, False, False, False, False, True)
        if inner[:1] != (CONTAINERS[names[at]][0],):
            return nothing
        below = inner[1:]
        if below[:1] != ("Ntry",):
            return (
                "/".join(below), NO_FIELD, False, False, not below, bool(below), below == ("Bal",), False, False, False,
            )  # fmt: skip
        entry = "/".join(below[1:])
        below_details = next((name for name in _DETAILS if entry.startswith(f"{name}/")), None)
        details = entry.removeprefix(f"{below_details}/") if below_details else None
        code = NO_FIELD
        if details is not None:
            code = TRANSACTION_CODE.get(TRANSACTION.get(details, ""), NO_FIELD)
        else:
            code = ENTRY_CODE.get(ENTRY.get(entry, ""), NO_FIELD)
        is_charge = (details if details is not None else entry) in CHARGES
        return (
            entry,
            code,
            not entry,
            bool(entry),
            False,
            False,
            False,
            entry in _DETAILS,
            is_charge,
            False,
        )
