"""What the two stores sell and to whom: products, prices in minor units, tax, names.

Belongs here: constants of the stores. Prices of the German store include VAT.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Store:
    """One web store with its systems. `fee_bps` and `fee_fixed` are Stripe's price for a charge."""

    number: int
    suffix: str
    source_name: str
    stripe: str
    currency: str
    prefix: str
    name: str
    domain: str
    tax_included: bool
    share: float
    order_id_base: int
    shipping: int
    free_shipping_from: int
    fee_bps: int
    fee_fixed: int
    dispute_fee: int
    available_after: int  # banking days until a charge can be paid out
    arrival_after: int  # banking days from payout to bank
    descriptor: str


DE = Store(
    0, "de", "shopify_de", "stripe_de", "EUR", "#DE", "Nordlicht Handel", "nordlicht-handel.example", True,
    0.55, 5_400_000_000_000, 490, 6000, 150, 25, 2000, 3, 1, "NORDLICHT",
)  # fmt: skip
US = Store(
    1, "us", "shopify_us", "stripe_us", "USD", "#US", "Prairie Goods", "prairie-goods.example", False,
    0.45, 4_700_000_000_000, 599, 7500, 290, 30, 1500, 2, 2, "PRAIRIE GOODS",
)  # fmt: skip
STORES = (DE, US)

# title, price in the German store (cents, with VAT), price in the US store, German VAT (1/10000)
PRODUCTS: list[tuple[str, int, int, int]] = [
    ("Teekanne Sturmfest", 3490, 3800, 1900), ("Becher Nordwind, 2 Stück", 1990, 2200, 1900),
    ("Leinentischtuch 140 × 250", 5990, 6450, 1900), ("Bienenwachskerze", 1290, 1400, 1900),
    ("Ostfriesentee 500 g", 1149, 1295, 700), ("Kochbuch \"Küste & Küche\"", 2900, 3150, 700),
    ("Wolldecke Hygge", 8900, 9600, 1900), ("Schneidebrett Eiche", 4450, 4800, 1900),
    ("Salzmühle", 2795, 2999, 1900), ("Honig aus der Lüneburger Heide", 799, 895, 700),
    ("Seife Lavendel", 549, 600, 1900), ("Emaille-Schüssel 24 cm", 1890, 2050, 1900),
    ("Geschirrtuch, 3er-Set", 1695, 1850, 1900), ("Vase Düne", 3995, 4299, 1900),
    ("Windlicht Fjord", 2249, 2450, 1900), ("Filzpantoffeln", 3290, 3595, 1900),
    ("Kaffee Fair 1 kg", 1899, 2049, 700), ("Bilderbuch Möwe", 1495, 1650, 700),
    ("Brotkasten", 5499, 5950, 1900), ("Gartenschere", 2349, 2575, 1900),
    ("Pflanztopf Terrakotta", 1199, 1325, 1900), ("Regenschirm O'Hara", 4590, 4975, 1900),
    ("Postkarten <Nordsee>", 390, 425, 1900), ("Marmelade Sanddorn", 649, 725, 700),
]  # fmt: skip
TITLES = [p[0] for p in PRODUCTS]
PRICES = np.array([[p[1] for p in PRODUCTS], [p[2] for p in PRODUCTS]], np.int64)
VAT = np.array([p[3] for p in PRODUCTS], np.int64)

# State, city, ZIP, sales tax in 1/100000
STATES: list[tuple[str, str, str, int]] = [
    ("NY", "New York", "10001", 8875), ("CA", "Oakland", "94601", 10250), ("TX", "Austin", "73301", 8250),
    ("OR", "Portland", "97201", 0), ("KS", "Wichita", "67202", 7500), ("IL", "Chicago", "60601", 10250),
    ("WA", "Seattle", "98101", 10350), ("MT", "Missoula", "59801", 0), ("OH", "Dayton", "45402", 7500),
]  # fmt: skip
CITIES = [("Hamburg", "20095"), ("Köln", "50667"), ("München", "80331"), ("Görlitz", "02826"),
          ("Lübeck", "23552"), ("Würzburg", "97070"), ("Leipzig", "04103"), ("Aachen", "52062")]  # fmt: skip

FIRST = [
    ["Jürgen", "Änne", "Björn", "Zoë", "Lukas", "Mia", "François", "Käthe", "Emre", "Sophie", "Max", "Renée",
     "Ole", "Paula", "Søren", "Hanna"],
    ["José", "Emily", "Noah", "Chloé", "Liam", "Ava", "Zuri", "Ethan", "Núria", "Mason", "Olivia", "D'Andre",
     "Grace", "Renée", "Wei", "Hannah"],
]  # fmt: skip
LAST = [
    ["Müller", "Schäfer", "Groß", "Petersen", "von der Heide", "Yılmaz", "Krüger", "Weiß", "Jäger", "Lindström",
     "Nowak", "Österreicher", "Böhm", "D'Angelo", "Möller", "Schmidt"],
    ["O'Neil", "García", "Smith", "Nguyen", "Johnson", "Peña", "McAllister", "Kowalski", "Brown", "Muñoz",
     "St. Clair", "Williams", "Lee", "Thibodeaux", "Davis", "Rose & Sons"],
]  # fmt: skip


def _mail(text: str) -> str:
    for old, new in (
        ("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ø", "oe"), ("é", "e"), ("ë", "e"), ("ç", "c"),
        ("í", "i"), ("ñ", "n"), ("ú", "u"), ("ı", "i"), ("Ä", "ae"), ("Ö", "oe"), ("'", ""), (" & ", "."),
        (". ", "."), (" ", "."),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text.lower()


def reference_tables() -> dict[str, pa.Table]:
    """products(product, title), people(store, person, first_name, last_name, mail), places(store, place, ...)."""
    people = [
        (
            s.number,
            i * 16 + j,
            FIRST[s.number][i],
            LAST[s.number][j],
            _mail(FIRST[s.number][i] + "." + LAST[s.number][j]),
        )
        for s in STORES
        for i in range(16)
        for j in range(16)
    ]
    places = [(0, i, city, zip_code, "", "DE", "Germany") for i, (city, zip_code) in enumerate(CITIES)]
    places += [
        (1, i, city, code, state, "US", "United States") for i, (state, city, code, _) in enumerate(STATES)
    ]
    return {
        "products": pa.table({"product": range(len(TITLES)), "title": TITLES}),
        "people": pa.table(dict(zip(("store", "person", "first_name", "last_name", "mail"), zip(*people, strict=True), strict=True))),
        "places": pa.table(dict(zip(("store", "place", "city", "zip", "state", "country_code", "country"), zip(*places, strict=True), strict=True))),
    }  # fmt: skip
