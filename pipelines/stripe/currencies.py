"""How many decimals the integers of a currency have at Stripe.

Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal and special cases: HUF, TWD, UGX
and ISK are sent with two). Used only for the declared totals, which are stated in units of the currency;
raw rows keep the integers, and dbt scales them by the seed `currencies`. A test holds the two together.
"""

ZERO_DECIMALS = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")


def exponent(currency: str) -> int:
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2
