"""Bytes to text for files that do not say their encoding, which is every text format of the banks.

Belongs here: UTF-8 and UTF-16 by their marks or their shape, and the one-byte encodings by what their
bytes spell. Does not belong here: XML, which declares its encoding (`xml_shred`).

A wrong guess costs an umlaut in a name, never money: amounts, dates and marks are ASCII in all of them.
"""

import re

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LOOKED_AT = 1 << 20
_HIGH_RUN = re.compile(rb"[\x80-\xff]")
# Letters that people and places in bank statements are spelled with.
_USUAL = frozenset("äöüßÄÖÜéèêëàâáåãçîïíìôóòõøûúùñæÅÆØÉÀÇÑœłżśćńąęčšžřýůěď")


def decode(content: bytes) -> tuple[str, str]:
    """The text and the encoding that was taken. Never raises; what no encoding can spell is U+FFFD."""
    for mark, codec in _BOMS:
        if content.startswith(mark):
            return content.decode(codec, errors="replace"), codec
    head = content[:200]
    if head.count(b"\x00") > len(head) // 4:
        codec = "utf-16-le" if head[1:2] == b"\x00" else "utf-16-be"
        return content.decode(codec, errors="replace"), codec
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and error.start > 0:  # cut within a character
            return content.decode("utf-8", errors="replace"), "utf-8"
        codec = one_byte_encoding(content)
        return content.decode(codec, errors="replace"), codec


def one_byte_encoding(content: bytes) -> str:
    """CP1252, IBM850 (DOS and mainframe exports) or Latin-1: the one whose high bytes are usual letters."""
    high = b"".join(_HIGH_RUN.findall(content[:_LOOKED_AT]))
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
