"""Lines of an export that are no records: totals, balances, repeated headers, notes under the table.

Belongs here: blanking such lines before anything is counted, and saying which and why; and bringing the
records of reports into one table (`fill_down`, `heading`). Lines keep their numbers. A line is left out
only when it says itself what it is (a whole cell that reads `Total` or `Kontostand`, the header again, a
rule of the profile); every other odd line stays a record and becomes a reject.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.config import CsvMapping, LeaveOut
from pipelines.tabular.layout import Layout, UnusableFile, find
from pipelines.tabular.text import cells_of_line, lines_with

# A cell that is nothing but this names a total or a balance and no business.
_PHRASE = re.compile(
    r"""(?ix) ^\s*[#*]*\s*(?:
        (?:grand\s|sub\s?)?(?:totals?|totaal|totaux|totale|insgesamt|gesamt(?:summe|betrag)?|summen?|somme|suma|razem|sum)
            (?:\s(?:for|credits?|debits?|of|amount|per|der|des)\b.{0,80})?
      | (?:(?:beginning|opening|starting|closing|ending|current|final|new|old|previous)\s)balance (?:\s(?:as\sof|on|at|for)\b.{0,40})?
      | (?:letzter|neuer|alter|aktueller)?\s*kontostand (?:\s(?:am|vom|per)\b.{0,30})?
      | (?:anfangs|schluss|end|start|eröffnungs|abschluss|vortrags?|zwischen)saldo | saldo(?:vortrag)?
      | saldo\s(?:końcowe|początkowe|końcowy|początkowy|iniziale|finale|inicial|final) | (?:laatste|begin|eind)\s?saldo
      | solde(?:\s(?:initial|final|au|précédent|créditeur|débiteur)\b.{0,40})? | (?:ingående|utgående)\ssaldo.{0,20}
      | balance\s(?:brought|carried)\sforward | b/?fwd | c/?fwd
    )\s*:?\s*$"""
)
# One of these is in every such phrase. A search for plain words takes a fiftieth of the phrase's time.
_WORDS = (
    "total", "totaal", "totau", "gesamt", "sum", "somme", "razem", "balance", "kontostand", "saldo", "solde", "fwd",
)  # fmt: skip
_TAIL = 65536  # characters at the end in which notes under the table are looked for


class Noted(NamedTuple):
    """Lines that were left out: why, how many, the first of them."""

    reason: str
    count: int
    example: str


class _Notes:
    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def add(self, reason: str, line: str) -> None:
        self.found.setdefault(reason, []).append(line)

    def noted(self) -> list[Noted]:
        return [Noted(reason, len(lines), lines[0][:200]) for reason, lines in self.found.items()]


def prepare(text: str, mapping: CsvMapping) -> tuple[str, list[Noted]]:
    """The text with the rows of the mapping's rules blanked and reports brought into one table."""
    if not (mapping.leave_out or mapping.record_lines or mapping.fill_down or mapping.heading):
        return text, []
    notes = _Notes()
    if mapping.record_lines:
        text = _only_record_lines(text, mapping, notes)
    if mapping.leave_out or mapping.fill_down or mapping.heading:
        text = _rewritten(text, mapping, notes)
    return text, notes.noted()


def _only_record_lines(text: str, mapping: CsvMapping, notes: _Notes) -> str:
    wanted = re.compile(mapping.record_lines or "")
    lines = text.split("\n")
    for number in range(mapping.skip_rows + (0 if mapping.header else 1), len(lines)):
        if lines[number].strip() and not wanted.match(lines[number]):
            notes.add("a line of another type than the records", lines[number])
            lines[number] = ""
    return "\n".join(lines)


def _rows(text: str, mapping: CsvMapping) -> Iterator[tuple[int, list[str]]]:
    """Every row with the number of lines that it takes, blank ones too."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=mapping.delimiter or ",", quotechar=mapping.quote
    )
    before = 0
    for row in reader:
        yield reader.line_num - before, row
        before = reader.line_num


def _rewritten(text: str, mapping: CsvMapping, notes: _Notes) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mapping.delimiter or ",", quotechar=mapping.quote, lineterminator="\n")
    for _ in range(mapping.skip_rows):
        line, _, text = text.partition("\n")
        out.write(line + "\n")
    headers = list(mapping.header)
    fill: dict[int, str] = {}
    rules: list[tuple[LeaveOut, tuple[int, ...]]] = []
    heading = ""
    for lines, row in _rows(text, mapping):
        is_header = False
        if not headers and "".join(row).strip():
            headers, is_header = [cell.strip().lstrip("\ufeff") for cell in row], True
        if headers and not rules and not fill:
            rules = [(rule, _places(rule, headers)) for rule in mapping.leave_out]
            fill = {_place(name, headers): "" for name in mapping.fill_down}
        if is_header:
            writer.writerow([*row, mapping.heading] if mapping.heading else row)
            continue
        # A row with any of them begins a group: what it leaves empty is empty for all of the group.
        begins = any(index < len(row) and row[index].strip() for index in fill)
        reason, heading = _left_out(row, rules, heading, mapping)
        if reason is not None:
            if reason:
                notes.add(reason, (mapping.delimiter or ",").join(row))
                # A heading that is no record itself still says what its group shares.
                fill = {i: row[i] if i < len(row) else "" for i in fill} if begins else fill
            out.write("\n" * lines)
            continue
        for index in fill:
            if index < len(row):
                fill[index] = row[index] = row[index] if begins else fill[index]
        if mapping.heading:
            row = [*row, *[""] * (len(headers) - len(row)), heading][: max(len(headers), len(row)) + 1]
        writer.writerow(row)
    return out.getvalue()


def _left_out(
    row: list[str], rules: Sequence[tuple[LeaveOut, tuple[int, ...]]], heading: str, mapping: CsvMapping
) -> tuple[str | None, str]:
    """Why a row is no record (None when it is one, empty when it is blank), and the heading that holds."""
    filled = [cell.strip() for cell in row if cell.strip()]
    if not filled:
        return "", heading
    if mapping.heading and len(filled) == 1 and row[0].strip():
        return "a heading of the report", heading if _PHRASE.match(filled[0]) else filled[0]
    if mapping.heading and (
        _PHRASE.match(filled[0]) or filled[0] in (f"Total {heading}", f"Total for {heading}")
    ):
        return "a total or balance", heading
    for rule, places in rules:
        cells = [row[place].strip() if place < len(row) else "" for place in places]
        if rule.header is None:
            if not any(cells):
                return rule.reason, heading
        elif (rule.values and cells[0].casefold() in {v.casefold() for v in rule.values}) or (
            rule.other_than and cells[0].casefold() not in {v.casefold() for v in rule.other_than}
        ):
            return rule.reason, heading
    return None, heading


def _places(rule: LeaveOut, headers: list[str]) -> tuple[int, ...]:
    return tuple(_place(name, headers) for name in ((rule.header,) if rule.header else rule.empty))


def _place(name: str, headers: list[str]) -> int:
    index = find(name, tuple(headers))
    if index is None:
        raise UnusableFile(
            f"no column '{name}' for a rule of the mapping; the file has: {', '.join(headers[:60])}"
        )
    return index


def without_totals(text: str, layout: Layout, mapping: CsvMapping) -> tuple[str, list[Noted]]:
    """The text with totals, balances, repeated headers and notes under the table blanked."""
    notes = _Notes()
    lines: dict[int, str] = {}  # start of the line -> reason
    start = _offset(text, layout.header_line)
    header = text[_offset(text, layout.header_line - 1) : start].strip()
    position = text.find(header, start) if header and not mapping.header else -1
    while position >= 0:
        if _line_at(text, position).strip() == header:
            lines[text.rfind("\n", 0, position) + 1] = "the header again"
        position = text.find(header, position + len(header))
    money = [layout.at[name] for name in ("amount", "debit", "credit", "total_amount") if name in layout.at]
    money += [index for terms in layout.sums.values() for _, index in terms]
    dates = [layout.at[name] for name in layout.at if name.endswith(("_date", "_at"))]
    for at in lines_with(_WORDS, text, start):
        if at not in lines and _is_total(_line_at(text, at), layout, mapping, dates, money):
            lines[at] = "a total or balance"
    lines |= dict.fromkeys(_notes_below(text, start, layout, mapping), "a note under the table")
    if not lines:
        return text, []
    parts, end = [], 0
    quote = mapping.quote
    counted, quotes = 0, 0
    for at in sorted(lines):
        quotes += text.count(quote, counted, at)
        counted = at
        if quotes % 2:  # within a quoted cell: part of a record
            continue
        line = _line_at(text, at)
        notes.add(lines[at], line)
        parts.append(text[end:at])
        end = at + len(line)
    parts.append(text[end:])
    return "".join(parts), notes.noted()


def _offset(text: str, line: int) -> int:
    """Where the line after `line` lines begins."""
    at = 0
    for _ in range(line):
        found = text.find("\n", at)
        if found < 0:
            return len(text)
        at = found + 1
    return at


def _line_at(text: str, at: int) -> str:
    at = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[at:] if end < 0 else text[at:end]


def _is_total(
    line: str, layout: Layout, mapping: CsvMapping, dates: Sequence[int], money: Sequence[int]
) -> bool:
    """A line with a cell that names a total, and without the date or the amount that a record has."""
    if line.count(mapping.quote) % 2:
        return False
    cells = [cell.strip() for cell in cells_of_line(line, layout.delimiter, mapping.quote)]
    if not any(_PHRASE.match(cell) for cell in cells):
        return False

    def has(places: Sequence[int], digits: int) -> bool:
        return any(
            place < len(cells)
            and sum(c.isdigit() for c in cells[place]) >= digits
            and not _PHRASE.match(cells[place])
            for place in places
        )

    return not has(dates, 3) or not has(money, 1)


def _notes_below(text: str, start: int, layout: Layout, mapping: CsvMapping) -> Iterator[int]:
    """Lines of one text alone at the end, under a blank line (disclaimers)."""
    if layout.width < 3:
        return
    at = max(start, len(text) - _TAIL)
    lines, places = text[at:].split("\n"), []
    for line in lines:
        places.append(at)
        at += len(line) + 1
    last_record = 0
    for number in range(len(lines) - 1, -1, -1):
        filled = [
            cell for cell in cells_of_line(lines[number], layout.delimiter, mapping.quote) if cell.strip()
        ]
        if len(filled) > 1 or (filled and not any(c.isalpha() for c in filled[0])):
            last_record = number
            break
    is_below = False
    for number in range(last_record + 1, len(lines)):
        is_blank = not lines[number].strip(layout.delimiter + ' "\r')
        if is_below and not is_blank:
            yield places[number]
        is_below = is_below or is_blank
