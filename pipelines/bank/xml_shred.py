"""XML as columns: every leaf of a document with its path and its ordinals, at memory speed.

Belongs here: the safe and fast reading of well-formed XML, whatever it means. The gate is expat (no
document type, hence no entity and nothing external; well-formed; bounded depth). Then the text is cut
at `<` and `>` with numpy, and paths are found level by level: the cost is per byte and per level, not
a Python step per element. Does not belong here: what a path means (`camt`).

Text that would mislead the cutting (comments, CDATA, `>` inside a text) is first rewritten by lxml,
which is why there is only one reading of a document and not two.

Source: XML 1.0 (W3C, fifth edition); attacks: OWASP XML External Entity Prevention.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from pipelines.bank.pieces import Flags, Integers
from pipelines.decoding import decode_other

MAX_DEPTH = 64  # ISO 20022 statements need fewer than 20
MAX_NAMES = 4096  # distinct element names; the standard knows fewer than 700
_SEGMENT = 8 << 20

_NAME = re.compile(r"<([^\s/>]+)")
_ATTRIBUTE = re.compile(r"""([^\s=<>"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_CODECS = {
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "cp1252",
    "ibm850",
    "cp850",
}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class RefusedXml(ValueError):
    """The document is not well-formed or not safe; the message says what and where."""


class CutOff(RefusedXml):
    """The document ends before its end; `place` says where, in words."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(message)
        self.place = place


_AT_THE_END = {
    expat.errors.codes[text]
    for text in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


class Leaves(NamedTuple):
    """Leaf elements and attributes of one stretch of the document, in document order.

    path: code into `Paths`; text: content, unescaped. `opened` holds, for every element (leaf or not),
    path and position, so that callers number records and groups; `leaf_element` links leaf to element.
    """

    path: Integers
    text: pa.Array
    leaf_element: Integers
    element_path: Integers
    element_start: Integers


class Paths:
    """The distinct element paths of a document, numbered as they appear."""

    def __init__(self) -> None:
        self.names: list[tuple[str, ...]] = [()]
        self._codes: dict[tuple[int, str], int] = {}

    def code(self, parent: int, name: str) -> int:
        key = (parent, name)
        if key not in self._codes:
            if len(self.names) >= MAX_NAMES:
                raise RefusedXml(f"more than {MAX_NAMES} different element paths; not a bank statement")
            self._codes[key] = len(self.names)
            self.names.append((*self.names[parent], name))
        return self._codes[key]


def to_utf8(content: bytes) -> bytes:
    """The document as UTF-8: by byte-order mark, then by declaration, then UTF-8, then by what it spells.

    Banks declare one encoding and send another; a name with a broken umlaut is no reason to lose the
    money on the line.
    """
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return _stripped(content.decode(codec, errors="replace").encode())
    for codec, zeros in (("utf-16-le", slice(1, 4, 2)), ("utf-16-be", slice(0, 4, 2))):
        if content[:4][zeros] == b"\x00\x00" and len(content) > 4:
            return _stripped(content.decode(codec, errors="replace").encode())
    content = _stripped(content)
    declared = _DECLARED.match(content[:256])
    name = declared.group(1).decode("ascii").lower() if declared else "utf-8"
    for codec in (name if name in _CODECS else "utf-8", "utf-8"):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        return content if codec in ("utf-8", "utf8", "us-ascii", "ascii") else text.encode()
    return decode_other(content)[0].encode()


def _stripped(content: bytes) -> bytes:
    """Without what transfers and tapes leave at the end: padding, or text behind the last tag."""
    return content[: content.rfind(b">") + 1 or len(content)].lstrip(b" \t\r\n")


def check(content: bytes) -> None:
    """Raise RefusedXml unless the UTF-8 document is well-formed and without document type; CutOff when it is
    well-formed as far as it goes."""
    parser = expat.ParserCreate("utf-8")

    def refuse(*_: object) -> None:
        raise RefusedXml(
            "document type declaration (DTD): refused, it can hold entities that expand or fetch"
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        message = f"not well-formed XML: {expat.ErrorString(error.code)} at {place}"
        raise (CutOff(message, place) if error.code in _AT_THE_END else RefusedXml(message)) from error


_BARE_AMPERSAND = re.compile(rb"&(?!(?:[A-Za-z]{2,8}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DECLARATION = re.compile(rb"<\?xml[^>]*\?>")


def repaired(content: bytes) -> bytes | None:
    """A document that `check` refused, with what senders get wrong put right: a bare `&` in a name, control
    characters, several documents one after another. None when it has none of these: what is cut off or
    wrongly nested is not guessed at."""
    better = _CONTROL.sub(b" ", _BARE_AMPERSAND.sub(b"&amp;", content))
    if len(_DECLARATION.findall(better)) > 1:
        better = b"<Documents>" + _DECLARATION.sub(b"", better) + b"</Documents>"
    return better if better != content else None


def normalise(content: bytes) -> bytes:
    """The same document without comments, CDATA and bare `>`, rewritten by lxml."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
        strip_cdata=True, huge_tree=True, encoding="utf-8",
    )  # fmt: skip
    try:
        return etree.tostring(etree.fromstring(content, parser), encoding="utf-8")
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedXml(f"not well-formed XML: {error}") from error


def _segments(content: bytes, cut_after: bytes) -> Iterator[tuple[int, bytes]]:
    """Stretches of about 8 MB that end behind a closing tag, with their offset."""
    start = 0
    while start < len(content):
        end = len(content)
        if end - start > _SEGMENT:
            found = content.find(cut_after, start + _SEGMENT)
            close = content.find(b">", found) if found >= 0 else -1
            end = close + 1 if close >= 0 else end
        yield start, content[start:end]
        start = end


def shred(content: bytes, paths: Paths, cut_after: bytes) -> Iterator[Leaves]:
    """Leaves of a checked, `regular` document, in stretches. `cut_after` is the end of a record's tag.

    Raises RefusedXml for depth or variety that no statement has.
    """
    stack = [0]
    for offset, segment in _segments(content, cut_after):
        leaves, stack = _shred_segment(segment, offset, paths, stack)
        yield leaves


def regular(content: bytes) -> bytes:
    """The checked UTF-8 document in a form that can be cut at `<` and `>`."""
    return normalise(content) if b"<!" in content or not _is_regular(content) else content


def _is_regular(content: bytes) -> bool:
    for _, window in _segments(content, b">"):
        characters = np.frombuffer(window, np.uint8)
        marks = characters[(characters == 60) | (characters == 62)]
        if marks.size % 2 or (marks[::2] != 60).any() or (marks[1::2] != 62).any():
            return False
    return True


def _shred_segment(segment: bytes, offset: int, paths: Paths, stack: list[int]) -> tuple[Leaves, list[int]]:
    characters = np.frombuffer(segment, np.uint8)
    starts = np.flatnonzero(characters == 60)
    ends = np.flatnonzero(characters == 62) + 1
    if not starts.size:
        empty = np.empty(0, np.int64)
        return Leaves(empty, pa.array([], pa.string()), empty, empty, empty), stack
    second = characters[starts + 1]
    is_close = second == ord("/")
    is_instruction = second == ord("?")
    is_single = (characters[ends - 2] == ord("/")) & ~is_close & ~is_instruction
    is_open = ~(is_close | is_instruction | is_single)
    depth_after = len(stack) - 1 + np.cumsum(is_open.astype(np.int64) - is_close)
    token = np.flatnonzero(is_open | is_single)
    depth = depth_after[token] + is_single[token]
    deepest = int(depth.max(initial=0))
    if deepest > MAX_DEPTH:
        raise RefusedXml(f"elements nested deeper than {MAX_DEPTH} levels; not a bank statement")

    # Text and tags alternate over the whole segment: one string array without copying a byte.
    bounds = np.empty(2 * starts.size + 2, np.int32)
    bounds[0] = 0
    bounds[1:-1:2] = starts
    bounds[2:-1:2] = ends
    bounds[-1] = len(segment)
    alternating = pa.StringArray.from_buffers(
        bounds.size - 1, pa.py_buffer(bounds.tobytes()), pa.py_buffer(segment)
    )
    tags = alternating.take(pa.array(2 * token + 1)).dictionary_encode()
    tag_texts = tags.dictionary.to_pylist()
    if len(tag_texts) > 16 * MAX_NAMES:
        raise RefusedXml(f"more than {16 * MAX_NAMES} different tags; not a bank statement")
    local_names: dict[str, int] = {}
    name_of_tag = np.array(
        [
            local_names.setdefault(_NAME.match(text)[1].rpartition(":")[2], len(local_names))
            for text in tag_texts
        ],  # type: ignore[index]
        dtype=np.int64,
    )
    names = list(local_names)
    tag_code = tags.indices.to_numpy()
    name_code = name_of_tag[tag_code]

    path = np.zeros(token.size, np.int64)
    opening = is_open[token]
    parents = np.empty(0, np.int64)
    for level in range(1, deepest + 1):
        here = np.flatnonzero(depth == level)
        if not here.size:
            parents = here
            continue
        before = np.searchsorted(parents, here) - 1
        carried = stack[level - 1] if level - 1 < len(stack) else 0
        parent = (
            np.where(before >= 0, path[parents[before]], carried)
            if parents.size
            else np.full(here.size, carried)
        )
        key = parent * len(names) + name_code[here]
        table = np.zeros(len(paths.names) * len(names), np.int64)
        present = np.zeros(table.size, bool)
        present[key] = True
        for value in np.flatnonzero(present).tolist():
            table[value] = paths.code(value // len(names), names[value % len(names)])
        path[here] = table[key]
        parents = here[opening[here]]
    new_stack = _open_stack(stack, depth, opening, path, depth_after)

    following = np.minimum(token + 1, starts.size - 1)
    is_leaf = (opening & is_close[following] & (token + 1 < starts.size)) | ~opening
    leaf = np.flatnonzero(is_leaf)
    text_index = np.where(opening[leaf], 2 * (token[leaf] + 1), -1)
    text = pc.fill_null(alternating.take(pa.array(text_index, mask=text_index < 0)), "")
    leaves_path, leaf_element, text = _with_attributes(path, leaf, text, tag_code, tag_texts, paths)
    return (
        Leaves(leaves_path, _unescape(text), leaf_element, path, starts[token] + offset),
        new_stack,
    )


def _open_stack(
    stack: list[int], depth: Integers, opening: Flags, path: Integers, depth_after: Integers
) -> list[int]:
    """Paths of the elements that are still open at the end of the segment."""
    remaining = int(depth_after[-1])
    lowest = int(depth_after.min(initial=len(stack) - 1))
    kept = stack[: min(lowest, remaining) + 1]
    for level in range(len(kept), remaining + 1):
        candidates = np.flatnonzero((depth == level) & opening)
        kept.append(int(path[candidates[-1]]) if candidates.size else stack[level])
    return kept


def _with_attributes(
    path: Integers, leaf: Integers, text: pa.Array, tag_code: Integers, tag_texts: list[str], paths: Paths
) -> tuple[Integers, Integers, pa.Array]:
    """Leaves plus one leaf per attribute (`@Ccy`), in document order."""
    chunks_element, chunks_path, chunks_text = [leaf], [path[leaf]], [text]
    with_attributes = [code for code, tag in enumerate(tag_texts) if "=" in tag]
    if with_attributes:
        order = np.argsort(tag_code, kind="stable")
        sorted_codes = tag_code[order]
        for code in with_attributes:
            low, high = np.searchsorted(sorted_codes, [code, code + 1])
            element = order[low:high]
            for name, double, single in _ATTRIBUTE.findall(tag_texts[code]):
                if name.startswith("xmlns") or ":" in name:
                    continue
                at = {parent: paths.code(parent, f"@{name}") for parent in np.unique(path[element]).tolist()}
                chunks_element.append(element)
                chunks_path.append(np.array([at[parent] for parent in path[element].tolist()], np.int64))
                chunks_text.append(pa.repeat(double or single, element.size))
    if len(chunks_element) == 1:
        return chunks_path[0], leaf, text
    element = np.concatenate(chunks_element)
    order = np.argsort(element, kind="stable")
    return (
        np.concatenate(chunks_path)[order],
        element[order],
        pa.concat_arrays(chunks_text).take(pa.array(order)),
    )


def _unescape(text: pa.Array) -> pa.Array:
    """Predefined and numeric character references resolved; only texts that hold one are touched."""
    escaped = np.flatnonzero(pc.match_substring(text, "&").to_numpy(zero_copy_only=False))
    if not escaped.size:
        return text
    plain = pa.array(
        [html.unescape(value) for value in text.take(pa.array(escaped)).to_pylist()], pa.string()
    )
    position = np.arange(len(text))
    position[escaped] = len(text) + np.arange(escaped.size)
    return pa.concat_arrays([text, plain]).take(pa.array(position))
