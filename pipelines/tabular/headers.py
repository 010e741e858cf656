"""Names of columns: when two spellings are the same header.

Belongs here: comparing headers. What a header means is in `synonyms.csv` and the profiles.
"""

import re
from functools import lru_cache


@lru_cache(maxsize=1 << 16)
def key_of(header: str) -> str:
    """A header without case, blanks and punctuation: `Invoice No.` is `invoice_no`."""
    return re.sub(r"[\W_]+", "", header.casefold())


@lru_cache(maxsize=1 << 16)
def spellings(header: str) -> tuple[str, ...]:
    """`Date | Datum`: the ways in which a product writes one header."""
    return tuple(name.strip() for name in header.split(" | "))
