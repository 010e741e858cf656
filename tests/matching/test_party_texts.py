"""Names as banks write them: cut word by word, run together, cut off, or one slip away."""

from __future__ import annotations

import numpy as np
import pytest
from matching.party_texts import spelled_parties
from matching_cases import item, links, match

NAMES = [
    "ALPEN LOGISTICS",
    "URBAN ENERGY",
    "GRANITE BAU",
    "GRANITE BAU BERLIN",
    "SUMMIT MEDIA",
    "SUMMIT METAL",
]


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("ALPE LOGI SOLDE", 0),
        ("URBANENER", 1),
        ("VIR GRANITEBAUBERLIN", 3),
        ("GRANITE BAU", -1),  # may be cut off before BERLIN
        ("SUMMITME", -1),
        ("REGLEMENT SOLDE", -1),
    ],
)
def test_a_text_names_the_one_party_that_it_spells(text, party):
    assert spelled_parties([text], NAMES, np.arange(len(NAMES))).tolist() == [party]


def test_a_payment_of_a_squeezed_name_pays_the_invoices_that_add_up():
    result = match(
        item("left", "p", "1434.88", reference_text="VIR ALPENMOTORSI reglement solde"),
        item("right", "a", "1149.43", "2026-05-01", party_name="Alpen Motors Inc."),
        item("right", "b", "285.45", "2026-05-02", party_name="Alpen Motors Inc."),
        item("right", "c", "285.45", "2026-05-02", party_name="Rhein Pharma"),
    )
    assert links(result) == {("p", "a"), ("p", "b")}
