"""The seed that says where bank, branch and account stand in an IBAN is what the library says."""

import csv

from schwifty import IBAN

from pipelines.bank.iban_structures import structures
from pipelines.settings import settings


def test_the_seed_is_that_of_the_library():
    seed = (settings().seeds / "iban_structures.csv").read_text(encoding="utf-8")
    assert seed == structures(), "write it anew: python -m pipelines.bank.iban_structures"


def test_positions_cut_an_iban_as_the_library_does():
    rows = {row["country_code"]: row for row in csv.DictReader(structures().splitlines())}
    for text in (
        "DE89370400440532013000", "GB41BARC20325363112345", "NL91ABNA0417164300", "CH9300762011623852957",
        "AT611904300234573201", "BE68539007547034", "PL61109010140000071219812874", "IT60X0542811101000000123456",
    ):  # fmt: skip
        row, iban = rows[text[:2]], IBAN(text)
        at = int(row["account_position"]) - 1
        assert text[at : at + int(row["account_length"])] == iban.account_code
        assert len(text) == int(row["iban_length"])
