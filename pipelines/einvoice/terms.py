"""Early-payment discounts that payment terms state in a way that machines can read.

Source: XRechnung 3.0, BT-20: lines such as `#SKONTO#TAGE=14#PROZENT=2.25#`, with an optional
`BASISBETRAG=…`. Free text is kept as it is and not interpreted.
"""

import re
from decimal import Decimal

_SKONTO = re.compile(r"#SKONTO#TAGE=(\d{1,4})#PROZENT=(\d{1,2}\.\d{2})#")


def discount_of(terms: str | None) -> tuple[Decimal | None, int | None]:
    """Percent and days of the first discount; the others remain in the text of the terms."""
    found = _SKONTO.search(terms or "")
    return (Decimal(found[2]), int(found[1])) if found else (None, None)
