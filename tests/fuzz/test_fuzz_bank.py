"""A second of fuzzing for each bank format; `python -m tests.fuzz.bank` runs for as long as one likes."""

import pytest

from tests.fuzz.bank import check, fuzz, tables_of
from tests.fuzz.bank_seeds import SEEDS


@pytest.mark.parametrize("format_", SEEDS)
def test_mangled_statements_break_no_rule(format_):
    assert fuzz(format_, seconds=1, seed=20260630).inputs > 0


@pytest.mark.parametrize("format_", SEEDS)
def test_the_seeds_are_read(tmp_path, format_):
    for seed in SEEDS[format_]:
        tables = tables_of(seed, tmp_path.resolve())
        check(tables)
        assert tables["transactions"], tables["rejects"]
