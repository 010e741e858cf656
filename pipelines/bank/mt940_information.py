"""Field 86 of MT940: what the banks write about a line, in their dialects, as columns.

Belongs here: the three families of field 86.
- structured: a code and numbered subfields (`166?00GUTSCHRIFT?20EREF+...?32NAME`), with any mark;
  German, Austrian, Polish and Scandinavian banks; SEPA tags (`EREF+`, `SVWZ+`) inside ?20 to ?29
- slashed: `/EREF/.../REMI/...`, `/CNTP/account/bic/name/city/`; Dutch banks, SWIFT's own rule
- free text
Does not belong here: field 61 and the statement (`mt940`).

Source: DFÜ-Abkommen Anlage 3, chapter 8 (subfields 00, 10, 20-29, 30-34, 60-63); SWIFT MT940 usage
rules; format guides of ING, Rabobank and ABN AMRO.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank import values
from pipelines.bank.cutting import HEAD, Bytes, is_digit, json_of, word_code
from pipelines.bank.pieces import Pieces, first, join_by_owner, tidy

_STRUCTURED = r"^[0-9]{0,3}(?P<mark>[?<>~^|#!@])[0-9]{2}"
_SLASHED = r"/(EREF|REMI|NAME|CNTP|IBAN|TRTP|TRCD|MARF|ORDP|BENM|PREF|RTRN|KREF|OCMT)/"
# A full subfield was cut by its width; a shorter one was ended by its writer, or lost a blank on the way.
_FULL_SUBFIELD = 27
_LINE_WIDTH = 65

_REMITTANCE_SUBFIELDS = [*range(20, 30), *range(60, 64)]
_SEPA = (
    "EREF",
    "KREF",
    "MREF",
    "CRED",
    "DEBT",
    "COAM",
    "OAMT",
    "SVWZ",
    "ABWA",
    "ABWE",
    "IBAN",
    "PURP",
    "BREF",
    "RREF",
)
_SLASH = (
    "EREF", "REMI", "NAME", "IBAN", "CNTP", "MARF", "CSID", "ORDP", "BENM", "TRTP", "TRCD", "PREF", "RTRN",
    "PURP", "ULTD", "ULTB", "ULTC", "ADDR", "KREF", "ISDT", "SVCL", "OCMT", "EXCH", "CHGS", "INFO", "CHG1",
)  # fmt: skip
_EXTRA_SUBFIELDS = {10: "prima_nota", 34: "text_key_addition", 35: "35", 36: "36"}
_EXTRA_SEPA = {
    word_code(name): name for name in ("CRED", "DEBT", "COAM", "OAMT", "ABWA", "ABWE", "BREF", "RREF")
}
_EXTRA_SLASH = {
    word_code(name): name
    for name in (
        "CSID",
        "TRTP",
        "PREF",
        "RTRN",
        "ULTD",
        "ULTB",
        "ULTC",
        "ADDR",
        "ISDT",
        "SVCL",
        "CHGS",
        "INFO",
        "CHG1",
    )
}

COLUMNS = (
    "end_to_end_id", "mandate_id", "key_reference", "counterparty_name", "counterparty_account",
    "counterparty_bank", "remittance_text", "structured_reference", "additional_info", "purpose_code",
    "proprietary_code", "original_text", "rate_text", "charges_text", "extra_json",
)  # fmt: skip


def columns_of(texts: pa.Array) -> dict[str, pa.Array]:
    """`COLUMNS` for the field 86 of each line; the rows of every dialect are read together."""
    texts = tidy(texts)
    flat = pc.replace_substring(pc.fill_null(texts, ""), "\n", "")
    structured = pc.match_substring_regex(flat, _STRUCTURED).to_numpy(zero_copy_only=False)
    slashed = pc.match_substring_regex(flat, _SLASHED).to_numpy(zero_copy_only=False) & ~structured
    free = ~structured & ~slashed & pc.is_valid(texts).to_numpy(zero_copy_only=False)
    parts: list[tuple[np.ndarray, dict[str, pa.Array]]] = []
    if structured.any():
        marks = pc.struct_field(pc.extract_regex(flat, _STRUCTURED), "mark")
        for mark in pc.unique(marks.filter(pa.array(structured))).to_pylist():
            is_mark = pc.fill_null(pc.equal(marks, mark), False).to_numpy(zero_copy_only=False)
            rows = np.flatnonzero(structured & is_mark)
            parts.append((rows, _structured(flat.take(pa.array(rows)), mark)))
    if slashed.any():
        rows = np.flatnonzero(slashed)
        parts.append((rows, _slashed(flat.take(pa.array(rows)))))
    if free.any():
        rows = np.flatnonzero(free)
        parts.append((rows, {"remittance_text": _unwrapped(texts.take(pa.array(rows)))}))
    return {name: _scattered(parts, name, len(texts)) for name in COLUMNS}


def _scattered(parts: list[tuple[np.ndarray, dict[str, pa.Array]]], name: str, rows: int) -> pa.Array:
    present = [(at, columns[name]) for at, columns in parts if name in columns]
    if not present:
        return pa.nulls(rows, pa.string())
    position = np.full(rows, -1, np.int64)
    start = 0
    for at, column in present:
        position[at] = start + np.arange(at.size)
        start += len(column)
    return pa.concat_arrays([column for _, column in present]).take(pa.array(position, mask=position < 0))


def _unwrapped(texts: pa.Array) -> pa.Array:
    """Lines put together: a full line was broken by width, a shorter one by its writer."""
    joined = pc.replace_substring_regex(texts, rf"([^\n]{{{_LINE_WIDTH}}})\n", r"\1")
    return single_spaced(pc.replace_substring(joined, "\n", " "))


def single_spaced(text: pa.Array) -> pa.Array:
    return tidy(pc.replace_substring_regex(text, r"\s{2,}", " "))


def _structured(texts: pa.Array, mark: str) -> dict[str, pa.Array]:
    """`166?00...?20...`: numbered subfields, with SEPA tags in the remittance subfields."""
    rows = len(texts)
    source = Bytes(texts)
    content = source.content
    at = np.flatnonzero(content[:-8] == ord(mark))
    at = at[is_digit(content[at + 1]) & is_digit(content[at + 2])]
    number = (content[at + 1].astype(np.int64) - 48) * 10 + content[at + 2] - 48
    pieces = source.cut(at, number, np.full(at.size, 3))

    def wrapped(codes: list[int]) -> pa.Array:
        """A full subfield goes on without a blank, a shorter one was ended by its writer."""
        chosen = pieces.where(*codes)
        full = pc.greater_equal(pc.utf8_length(chosen.text), _FULL_SUBFIELD)
        spaced = pc.if_else(full, chosen.text, pc.binary_join_element_wise(chosen.text, " ", ""))
        return single_spaced(join_by_owner(spaced, chosen.owner, rows, ""))

    remittance = wrapped(_REMITTANCE_SUBFIELDS)
    tags = _sepa(remittance)

    def tagged(*names: str) -> pa.Array:
        return first(tags, [word_code(name) for name in names], rows)

    account = first(pieces, [38, 31], rows)
    return {
        "end_to_end_id": values.provided(tagged("EREF")),
        "mandate_id": values.provided(tagged("MREF")),
        "key_reference": values.provided(tagged("KREF")),
        "counterparty_name": wrapped([32, 33]),
        "counterparty_account": values.account_numbers(pc.coalesce(account, tagged("IBAN"))),
        "counterparty_bank": pc.coalesce(first(pieces, [30], rows), tagged("BIC")),
        "remittance_text": pc.coalesce(tagged("SVWZ"), first(tags, [HEAD], rows)),
        "additional_info": first(pieces, [0], rows),
        "purpose_code": tagged("PURP"),
        "proprietary_code": first(pieces, [HEAD], rows),
        "extra_json": merged_json(json_of(pieces, _EXTRA_SUBFIELDS, rows), json_of(tags, _EXTRA_SEPA, rows)),
    }


def _sepa(texts: pa.Array) -> Pieces:
    """`EREF+...MREF+...SVWZ+...`, and BIC+."""
    source = Bytes(texts)
    content = source.content
    plus = np.flatnonzero(content[:-8] == ord("+"))
    plus = plus[plus >= 3]
    four = plus[plus >= 4]
    four = four[np.isin(source.word(four - 4), [word_code(name) for name in _SEPA])]
    three = plus[(content[plus - 3] == 66) & (content[plus - 2] == 73) & (content[plus - 1] == 67)]
    marks = np.concatenate([four - 4, three - 3])
    codes = np.concatenate([source.word(four - 4), np.full(three.size, word_code("BIC"))])
    skip = np.concatenate([np.full(four.size, 5), np.full(three.size, 4)])
    order = np.argsort(marks, kind="stable")
    return source.cut(marks[order], codes[order], skip[order])


def _slashed(texts: pa.Array) -> dict[str, pa.Array]:
    """`/EREF/.../REMI/...`: named parts between slashes."""
    rows = len(texts)
    source = Bytes(texts)
    content = source.content
    slash = np.flatnonzero(content[:-8] == ord("/"))
    four = slash[content[slash + 5] == ord("/")]
    four = four[np.isin(source.word(four + 1), [word_code(name) for name in _SLASH])]
    three = slash[
        (content[slash + 1] == 66)
        & (content[slash + 2] == 73)
        & (content[slash + 3] == 67)
        & (content[slash + 4] == 47)
    ]
    marks = np.concatenate([four, three])
    codes = np.concatenate([source.word(four + 1), np.full(three.size, word_code("BIC"))])
    skip = np.concatenate([np.full(four.size, 6), np.full(three.size, 5)])
    order = np.argsort(marks, kind="stable")
    pieces = source.cut(marks[order], codes[order], skip[order])
    pieces = pieces._replace(text=pc.utf8_trim(pieces.text, " /"))

    def part(*names: str) -> pa.Array:
        return first(pieces, [word_code(name) for name in names], rows)

    party = pc.extract_regex(
        pc.fill_null(part("CNTP"), ""), r"^(?P<account>[^/]*)/?(?P<bank>[^/]*)/?(?P<name>[^/]*)"
    )
    remittance = part("REMI")
    is_reference = pc.fill_null(pc.starts_with(remittance, "STRD"), False)
    reference = pc.replace_substring_regex(remittance, r"^STRD/(CUR/|ISO/)?", "")
    none = pa.scalar(None, pa.string())
    return {
        "end_to_end_id": values.provided(part("EREF")),
        "mandate_id": values.provided(part("MARF")),
        "key_reference": values.provided(part("KREF")),
        "counterparty_name": single_spaced(pc.coalesce(part("NAME"), tidy(pc.struct_field(party, "name")))),
        "counterparty_account": values.account_numbers(
            pc.coalesce(part("IBAN"), tidy(pc.struct_field(party, "account")))
        ),
        "counterparty_bank": pc.coalesce(part("BIC"), tidy(pc.struct_field(party, "bank"))),
        "remittance_text": pc.coalesce(
            single_spaced(
                pc.if_else(
                    is_reference, none, pc.replace_substring_regex(remittance, r"^(USTD//?|UNST/)", "")
                )
            ),
            first(pieces, [HEAD], rows),
        ),
        "structured_reference": tidy(pc.if_else(is_reference, reference, none)),
        "purpose_code": part("PURP"),
        "proprietary_code": part("TRCD"),
        "original_text": part("OCMT"),
        "charges_text": part("CHGS"),
        "rate_text": part("EXCH"),
        "extra_json": json_of(pieces, _EXTRA_SLASH, rows),
    }


def merged_json(left: pa.Array, right: pa.Array) -> pa.Array:
    """Two columns of JSON objects as one."""
    both = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(left, 0, -1), pc.utf8_slice_codeunits(right, 1), ", "
    )
    return pc.coalesce(both, left, right)
