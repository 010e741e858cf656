"""Personal data: every column says whether it holds some, and a masked export holds none."""

import csv
import hashlib
import hmac
import re
from pathlib import Path

import duckdb
import pytest

from dagster_project.commands.export import column_types
from dagster_project.publish.personal_data import (
    KINDS,
    LOOKS_PERSONAL,
    MaskingError,
    masked_columns,
    masked_select,
    pads,
    tags,
    undeclared,
)
from tests.conftest import Installation, SampleRun

SECRET = "a secret of the test, long enough"


def test_every_column_that_looks_personal_says_what_it_holds() -> None:
    import yaml

    from dagster_project.run_identity import PROJECT

    missing = []
    for schema, table in tags():
        [model] = yaml.safe_load((PROJECT / "models" / schema / f"{table}.yml").read_text())["models"]
        types = {column["name"]: column["data_type"] for column in model["columns"]}
        missing += [f"{schema}.{table}.{name}" for name in undeclared(tags()[schema, table], types)]
    assert missing == [], "add `config: {meta: {personal_data: ...}}` (name, email, account, ... or none)"


def test_only_known_kinds_are_declared() -> None:
    declared = {kind for columns in tags().values() for kind in columns.values() if kind is not None}
    assert declared <= KINDS


@pytest.mark.parametrize(
    "name", ["customer_name", "email", "iban", "vendor_account", "remittance_text", "ship_to_address", "note"]
)
def test_what_looks_personal(name: str) -> None:
    assert LOOKS_PERSONAL.search(name)
    assert undeclared({}, {name: "VARCHAR"}) == [name]
    assert undeclared({name: "none"}, {name: "VARCHAR"}) == []


def test_a_pseudonym_is_an_hmac_and_the_same_in_every_table() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema canonical")
        connection.execute(
            "create table canonical.customers as select 'c1' as customer_id, 'Zoë Õun' as customer_name, "
            "null::varchar as email, '' as account_number, 'EUR' as country_code"
        )
        types = column_types_of(connection)
        row = connection.execute(masked_select(("canonical", "customers"), types), pads(SECRET)).fetchone()
    expected = hmac.new(SECRET.encode(), "Zoë Õun".encode(), hashlib.sha256).hexdigest()[:24]
    assert row[1:] == (f"name_{expected}", None, "", "EUR")
    assert row[0].startswith("identifier_")
    long_secret = "x" * 100
    assert pads(long_secret) != pads(long_secret + "x")


def column_types_of(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return column_types(connection, ("canonical", "customers"))


def test_a_table_or_column_that_nobody_declared_is_not_exported() -> None:
    with pytest.raises(MaskingError, match="no model"):
        masked_columns(("checks", "expectation_results"), {"details": "VARCHAR"})
    with pytest.raises(MaskingError, match="home_address"):
        masked_columns(("canonical", "customers"), {"home_address": "VARCHAR"})


def test_without_a_secret_nothing_is_written(sample_run: SampleRun, tmp_path: Path) -> None:
    for secret in ("", "short"):
        done = sample_run.installation.tieout(
            "export", "--masked", "-o", str(tmp_path / "out"), TIEOUT_MASKING_KEY=secret
        )
        assert done.code == 1
        assert "TIEOUT_MASKING_KEY" in done.err
    assert not list((tmp_path / "out").glob("*"))


@pytest.fixture(scope="module")
def masked(sample_run: SampleRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("masked")
    done = export(sample_run.installation, out, SECRET)
    assert done.code == 0, done.err
    return out


def export(installation: Installation, out: Path, secret: str):
    return installation.tieout("export", "--masked", "-o", str(out), TIEOUT_MASKING_KEY=secret)


def originals(published) -> set[str]:
    """Names, mail addresses, accounts and remittance texts, long enough to be nobody's accident. Those of
    our own companies are public, and words that a bank puts on every line are no one's."""
    rows = published.execute(
        """
        with held as (
            select unnest([customer_name, email, account_number]) as value from canonical.customers
            union select unnest([vendor_name, account_number]) from canonical.vendors
            union select unnest([employee_name, email, account_number]) from canonical.employees
            union select account_number from canonical.bank_accounts
            union select unnest([counterparty_name, counterparty_account, remittance_text])
            from canonical.bank_transactions
            union select customer_name from canonical.orders
            union select merchant from canonical.card_transactions
        )
        select value from held
        where length(value) > 7
            and value not in (select entity_name from canonical.legal_entities)
            and value not in (select bank_transaction_code from canonical.bank_transactions where bank_transaction_code is not null)
            and value not in (select bank_name from canonical.bank_accounts where bank_name is not null)
        """
    ).fetchall()
    return {value for (value,) in rows}


def test_no_original_value_is_anywhere_in_a_masked_export(masked: Path, published) -> None:
    values = originals(published)
    assert len(values) > 1000
    kept: set[str] = set()
    for path in masked.iterdir():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                kept.update(row)
    # A pseudonym or a plain amount cannot hold a name; every other cell is searched.
    text = "\n".join(cell for cell in kept if not re.fullmatch(r"[a-z_]+_[0-9a-f]{24}|-?[\d.]+", cell))
    assert [value for value in values if value in text] == []


def test_joins_still_work_and_amounts_are_untouched(sample_run: SampleRun, masked: Path, published) -> None:
    query = """
        select count(*), sum(invoice_to_payment.open_amount::decimal(18, 4))
        from {0} as invoice_to_payment
        inner join {1} as customers using (customer_id)
        inner join {2} as invoices using (invoice_id)
        where invoices.customer_name is not null
    """
    names = ("reconciliation.invoice_to_payment", "canonical.customers", "canonical.invoices")
    expected = published.execute(query.format(*names)).fetchall()
    with duckdb.connect() as connection:
        files = [f"read_csv('{masked / name}.csv', all_varchar = true)" for name in names]
        assert connection.execute(query.format(*files)).fetchall() == expected
        # A polymorphic key meets the key that it names.
        [(found,)] = connection.execute(
            f"select count(*) from read_csv('{masked}/reconciliation.exceptions.csv', all_varchar = true) as e "
            f"inner join read_csv('{masked}/canonical.bank_transactions.csv', all_varchar = true) as b "
            "on e.document_id = b.bank_transaction_id"
        ).fetchall()
    [(wanted,)] = published.execute(
        "select count(*) from reconciliation.exceptions as e "
        "inner join canonical.bank_transactions as b on e.document_id = b.bank_transaction_id"
    ).fetchall()
    assert found == wanted > 0


def test_another_secret_gives_other_pseudonyms(sample_run: SampleRun, masked: Path, tmp_path: Path) -> None:
    name = "canonical.customers.csv"
    done = sample_run.installation.tieout(
        "export",
        "--masked",
        "-o",
        str(tmp_path),
        "-t",
        "canonical.customers",
        TIEOUT_MASKING_KEY=SECRET + "!",
    )
    assert done.code == 0, done.err
    assert (tmp_path / name).read_bytes() != (masked / name).read_bytes()
