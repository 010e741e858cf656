"""Reference rates: a plausible year of ECB rates, and the base amounts that follow from them.

Belongs here: the one conversion that the ERP of the sample uses. Exact: a rate has at most eight
decimals, a cross rate goes through the euro and is rounded half up to eight.
"""

from bisect import bisect_right
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from pipelines.sample.days import is_banking_day

# Units of the currency for one euro, roughly mid 2026, and the decimals that the ECB publishes.
LEVELS: dict[str, tuple[float, int]] = {
    "USD": (1.1480, 4), "JPY": (171.20, 2), "CZK": (24.650, 3), "DKK": (7.4610, 4), "GBP": (0.86250, 5),
    "HUF": (389.40, 2), "PLN": (4.2510, 4), "RON": (5.0870, 4), "SEK": (11.0120, 4), "CHF": (0.9365, 4),
    "ISK": (143.10, 2), "NOK": (11.7240, 4), "TRY": (47.3120, 4), "AUD": (1.7610, 4), "BRL": (6.3240, 4),
    "CAD": (1.5890, 4), "CNY": (8.2310, 4), "HKD": (8.9870, 4), "IDR": (18742.30, 2), "ILS": (3.9120, 4),
    "INR": (99.4120, 4), "KRW": (1602.40, 2), "MXN": (21.4320, 4), "MYR": (4.8720, 4), "NZD": (1.9130, 4),
    "PHP": (66.210, 3), "SGD": (1.4780, 4), "THB": (37.480, 3), "ZAR": (20.4510, 4),
}  # fmt: skip
TREASURY: dict[str, tuple[float, int]] = {"KWD": (0.35240, 5)}


class Rates:
    """Rates by day; a day without a fixing carries the last one."""

    def __init__(self, seed: int, start: date, end: date) -> None:
        rng = np.random.default_rng([seed, 501])
        first = start - timedelta(30)
        self.dates = [
            first + timedelta(i)
            for i in range((end - first).days + 1)
            if is_banking_day("de", first + timedelta(i))
        ]
        self.published: dict[str, list[Decimal]] = {}
        for currency, (level, decimals) in {**LEVELS, **TREASURY}.items():
            steps = rng.normal(0, 0.0025, len(self.dates)).cumsum()
            unit = 10**decimals
            ticks = np.rint(level * np.exp(steps - steps.mean()) * unit).astype(np.int64)
            self.published[currency] = [Decimal(int(t)).scaleb(-decimals) for t in ticks]

    def per_euro(self, currency: str, day: date) -> Decimal:
        if currency == "EUR":
            return Decimal(1)
        return self.published[currency][bisect_right(self.dates, day) - 1]

    def rate(self, currency: str, base: str, day: date) -> Decimal:
        """amount in base = amount in currency x rate; eight decimals."""
        if currency == base:
            return Decimal(1)
        ratio = self.per_euro(base, day) / self.per_euro(currency, day)
        return ratio.quantize(Decimal("0.00000001"), ROUND_HALF_UP)

    def to_base(self, amount: Decimal, currency: str, base: str, day: date) -> Decimal:
        return (amount * self.rate(currency, base, day)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def history_csv(self, currencies: list[str]) -> str:
        """The ECB's eurofxref-hist.csv: newest first, N/A where nothing is quoted, a comma at the end.
        RUB has been suspended since 2022 and shows the gap."""
        lines = ["Date," + "".join(f"{c}," for c in currencies)]
        for i in range(len(self.dates) - 1, -1, -1):
            values = (str(self.published[c][i]) if c in self.published else "N/A" for c in currencies)
            lines.append(f"{self.dates[i].isoformat()}," + "".join(f"{v}," for v in values))
        return "\n".join(lines) + "\n"
