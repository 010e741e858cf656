"""Bytes to text for files that do not say their encoding: tables, and every text format of the banks.

Belongs here: UTF-8 and UTF-16 by their marks or their shape, the one-byte encodings by what their bytes
spell, and mixtures. Does not belong here: XML, which declares its encoding (`bank.xml_shred`).

A wrong guess costs an umlaut in a name, never money: amounts, dates and marks are ASCII in all of them.
"""

import codecs
import re
from collections.abc import Callable

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
MARKS = tuple(mark for mark, _ in _BOMS)
_LOOKED_AT = 1 << 20
_ASCII = bytes(range(128))
_UTF8 = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")
# Letters that people and places in bank statements are spelled with.
_USUAL = frozenset("äöüßÄÖÜéèêëàâáåãçîïíìôóòõøûúùñæÅÆØÉÀÇÑœłżśćńąęčšžřýůěď")


def decode(content: bytes) -> tuple[str, str]:
    """The text and the encoding that was taken. Never raises; what no encoding can spell is U+FFFD."""
    for mark, codec in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(codec), codec
            except UnicodeDecodeError:
                damaged = decode_other(content[3:])[0] if codec == "utf-8-sig" else None
                return damaged or content.decode(codec, errors="replace"), codec
    head = content[:200]
    if head.count(b"\x00") > len(head) // 4:
        codec = "utf-16-le" if head[1:2] == b"\x00" else "utf-16-be"
        return content.decode(codec, errors="replace"), codec
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and error.start > 0:  # cut within a character
            return content.decode("utf-8", errors="replace"), "utf-8"
        return decode_other(content)


def decode_other(content: bytes) -> tuple[str, str]:
    """Text that is not UTF-8 from end to end: one of the one-byte encodings; or UTF-8 with pieces of one, where
    most of what is not ASCII does spell UTF-8 (exports put together, names passed on as they came)."""
    spelled = sum(map(len, _UTF8.findall(content)))
    if 2 * spelled > len(content.translate(None, _ASCII)):
        codec = one_byte_encoding(_UTF8.sub(b"", content))
        return content.decode("utf-8", errors=f"tieout_{codec}"), "utf-8"
    codec = one_byte_encoding(content)
    return content.decode(codec, errors="replace"), codec


def _piecewise(codec: str) -> Callable[[UnicodeError], tuple[str, int]]:
    """What `bytes.decode` asks where the bytes are no UTF-8."""

    def decoded(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        return error.object[error.start : error.end].decode(codec, errors="replace"), error.end

    return decoded


for _codec in ("cp850", "cp1252", "latin-1"):
    codecs.register_error(f"tieout_{_codec}", _piecewise(_codec))


def one_byte_encoding(content: bytes) -> str:
    """CP1252, IBM850 (DOS and mainframe exports) or Latin-1: the one whose high bytes are usual letters."""
    high = content[:_LOOKED_AT].translate(None, _ASCII)
    as_850 = _letters(high, "cp850")
    as_1252 = _letters(high, "cp1252")
    if as_850 > as_1252:
        return "cp850"
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _letters(high: bytes, codec: str) -> int:
    return sum(character in _USUAL for character in high.decode(codec, errors="ignore"))
