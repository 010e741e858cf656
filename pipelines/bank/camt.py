"""camt.052, camt.053 and camt.054: bank statements, reports and notifications of ISO 20022 as XML.

Belongs here: how a checked document becomes statements, lines and details. Entries are columns from
the first step (`xml_shred`, `pieces`); Python sees single values only in statement headers.

An entry's sign is its CdtDbtInd, also when RvslInd is true: the indicator says where the money went,
the reversal only whose payment came back (so the counterparty is on the other side).

Source: ISO 20022, camt.053.001.02 to 001.13, and the banks' usage guides for balances: OPBD or PRCD
opens, CLBD closes, ITBD does either on the pages in between.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank.camt_cut import complete_part
from pipelines.bank.camt_entries import Entries
from pipelines.bank.camt_fields import CONTAINERS, known_names
from pipelines.bank.camt_header import Header
from pipelines.bank.camt_paths import NO_FIELD, PathKinds
from pipelines.bank.camt_scan import scan
from pipelines.bank.pieces import Integers, Pieces, join_by_owner, json_text
from pipelines.bank.reading import Drift, Lost, Reading, UnreadableFile
from pipelines.bank.xml_shred import CutOff, Leaves, RefusedXml, check, regular, repaired, shred, to_utf8

_CLOSING_TAG = re.compile(rb"</(?:[\w.-]+:)?Ntry\s*>")
_VERSION = re.compile(rb"camt\.05[234]\.00[0-9]\.[0-9]{2}")


def read(content: bytes) -> Reading:
    """Read one camt document. Raises UnreadableFile when it is not well-formed, safe or camt."""
    document = to_utf8(content)
    try:
        try:
            document, note = _checked(document)
        except CutOff as error:
            return _read_complete_part(document, error)
        return _Reader(regular(document), note).read()
    except RefusedXml as error:
        raise UnreadableFile(str(error)) from error


def _read_complete_part(document: bytes, error: CutOff) -> Reading:
    """A document that is cut off, as far as its entries are complete."""
    cut = complete_part(document)
    if cut is None:
        raise error
    whole, note = _checked(cut.document)
    reading = _Reader(regular(whole), f"{note}; cut off at {error.place}").read()
    if not reading.statements:
        raise error
    if cut.is_within:
        last = reading.statements[-1]
        last.is_cut_off = True
        last.control_problem = f"the file is cut off at {error.place}, within this statement"
    if cut.rest:
        reading.lost = Lost(
            f"the file is cut off at {error.place}: what stands behind its last complete entry or statement is "
            "not loaded",
            cut.rest,
        )
    return reading


def _checked(document: bytes) -> tuple[bytes, str]:
    """The document, well-formed, and what had to be put right for it."""
    try:
        check(document)
        return document, ""
    except RefusedXml:
        better = repaired(document)
        if better is None:
            raise
        check(better)
        return better, "; bare & or control characters, or several documents in one, put right"


class _Reader:
    def __init__(self, document: bytes, note: str = "") -> None:
        self.document = document
        self.note = note
        self.kind = PathKinds()
        self.statements: list[Header] = []
        self.message: dict[str, str] = {}
        self.lines: list[pa.Table] = []
        self.details: list[pa.Table] = []
        self.starts: list[Integers] = []
        self.entries = 0
        self.balances = 0
        self.unknown: dict[str, Drift] = {}

    def read(self) -> Reading:
        closing = _CLOSING_TAG.search(self.document)
        for leaves in shred(self.document, self.kind.paths, closing.group() if closing else b"</Ntry>"):
            self.kind.update()
            self._stretch(leaves)
        if not self.kind.containers:
            raise UnreadableFile(
                f"XML, but no camt statement: expected one of {', '.join(list(CONTAINERS)[:3])} below the root"
            )
        container = sorted(self.kind.containers)[0]
        version = _VERSION.search(self.document[:65536])
        format_ = version.group().decode() if version else CONTAINERS[container][1]
        starts = np.concatenate(self.starts) if self.starts else np.empty(0, np.int64)
        declared, statements = scan(self.document, [CONTAINERS[name][0] for name in self.kind.containers])
        return Reading(
            format=format_,
            recognised_by=f"XML element {container}"
            + (f", namespace {format_}" if version else ", no namespace")
            + self.note,
            statements=[header.statement(self.message) for header in self.statements],
            lines=pa.concat_tables(self.lines),
            details=pa.concat_tables(self.details),
            payload=lambda line: _entry_text(self.document, int(starts[line])),
            declared=declared,
            declared_statements=statements,
            drift=list(self.unknown.values()),
        )

    def _stretch(self, leaves: Leaves) -> None:
        kind = self.kind
        element = leaves.element_path
        is_entry = kind.is_entry[element]
        statement = np.cumsum(kind.is_statement[element]) - 1 + len(self.statements)
        entry = np.cumsum(is_entry) - 1
        balance = np.cumsum(kind.is_balance[element]) - 1 + self.balances
        self.statements.extend(Header() for _ in range(int(kind.is_statement[element].sum())))
        self.balances += int(kind.is_balance[element].sum())

        for leaf in np.flatnonzero(kind.in_statement[leaves.path] | kind.in_header[leaves.path]).tolist():
            at = leaves.leaf_element[leaf]
            path, text = kind.relative[leaves.path[leaf]], leaves.text[leaf].as_py().strip()
            if kind.in_header[leaves.path[leaf]]:
                self.message.setdefault(path, text)
            else:
                self.statements[statement[at]].add(path, text, int(balance[at]))

        entries = int(is_entry.sum())
        self.starts.append(leaves.element_start[is_entry])
        inside = np.flatnonzero(kind.in_entry[leaves.path])
        owner = entry[leaves.leaf_element[inside]]
        code = kind.field[leaves.path[inside]]
        text = leaves.text.take(pa.array(inside))
        stretch = Entries(
            count=entries,
            pieces=Pieces(owner, code, text),
            statement=statement[is_entry],
            details_of=entry[kind.is_details[element]],
            details_owner=(np.cumsum(kind.is_details[element]) - 1)[leaves.leaf_element[inside]],
            charge_of=(np.cumsum(kind.is_charge[element]) - 1)[leaves.leaf_element[inside]],
        )
        unmapped = np.flatnonzero(code == NO_FIELD)
        extra = self._extra(unmapped, owner, leaves.path[inside], text, entries)
        self.lines.append(stretch.lines(extra))
        self.details.append(stretch.detail_rows(self.entries))
        self.entries += entries

    def _extra(
        self, unmapped: Integers, owner: Integers, path: Integers, text: pa.Array, entries: int
    ) -> pa.Array:
        """The leaves that no column holds, as one JSON object per entry; unknown names become drift."""
        if not unmapped.size:
            return pa.nulls(entries, pa.string())
        width = len(self.kind.relative)
        # By name and not by first appearance: the same entry in another file gives the same text.
        by_name = np.argsort(np.array(self.kind.relative), kind="stable")
        rank = np.empty(width, np.int64)
        rank[by_name] = np.arange(width)
        key = owner[unmapped] * width + rank[path[unmapped]]
        order = np.argsort(key, kind="stable")
        key = key[order]
        leading = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        group = np.cumsum(np.r_[True, key[1:] != key[:-1]]) - 1
        content = join_by_owner(text.take(pa.array(unmapped[order])), group, leading.size, "; ")
        group_path = by_name[key[leading] % width]
        group_owner = key[leading] // width
        self._drift(group_path, content)
        names = pa.array(self.kind.relative).take(pa.array(group_path))
        pairs = pc.binary_join_element_wise('"', names, '": "', json_text(pc.fill_null(content, "")), '"', "")
        body = join_by_owner(pairs, group_owner, entries, ", ")
        return pc.binary_join_element_wise("{", body, "}", "")

    def _drift(self, path: Integers, content: pa.Array) -> None:
        codes, index, count = np.unique(path, return_index=True, return_counts=True)
        for code, at, occurrences in zip(codes.tolist(), index.tolist(), count.tolist(), strict=True):
            name = self.kind.relative[code]
            parts = name.split("/")
            if (
                any(not part.startswith("@") and part not in known_names() for part in parts)
                and "SplmtryData" not in parts
            ):
                before = self.unknown.get(name)
                self.unknown[name] = Drift(
                    f"Ntry/{name}",
                    before.example if before else content[at].as_py(),
                    occurrences + (before.occurrences if before else 0),
                )


def _entry_text(document: bytes, start: int) -> str:
    closing = _CLOSING_TAG.search(document, start)
    return document[start : closing.end() if closing else start + 65536].decode("utf-8", errors="replace")
