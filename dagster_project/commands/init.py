"""`tieout init`: a folder for a company of one's own, with its seeds and a first `sources.yml`.

Belongs here: which seeds hold for anyone and are copied, and which are of one company and begin empty.
"""

import calendar
import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from dagster_project.commands.errors import CommandError
from pipelines.company import BUNDLED, header_of, seed_rows

# Whose content is the sample company's own. All other seeds are words and rules that anyone can use.
_OF_ONE_COMPANY = (
    "cost_centers",
    "default_accounts",
    "master_accounts",
    "master_bank_accounts",
    "master_customers",
    "master_employees",
    "master_entity_identifiers",
    "master_legal_entities",
    "master_vendors",
    "party_crosswalk",
    "periods",
    "source_policies",
    "tax_codes",
)
_FIRST_BANK_ACCOUNT = 1200
# Public data sets and archives of shops reach back decades; a month that is not there posts nothing.
_YEARS_BEFORE, _YEARS_AFTER = 30, 2

_SOURCES = """\
# Where the data of {entity} comes from: one entry per export. `path` is a pattern below {landing}.
# An entry without files is no error. The columns of a CSV file are found by their usual names; for other
# headers name them (pipelines/tabular/README.md). Look at a file before you load it: tieout inspect FILE

sources:
"""

_ENTRY = """\
  - name: {name}
    kind: {kind}
    entity_id: {entity}
    path: "{path}"
    time_zone: {time_zone}
    description: {description}
"""

_ENTRIES = (
    ("books", "invoices", "books/invoices*", "Sales invoices and credit notes"),
    ("books", "bills", "books/bills*", "Vendor bills"),
    ("books", "expenses", "books/expenses*", "Expenses of employees"),
    ("books", "gl_entries", "books/ledger*", "What the accounting tool posted"),
    ("webshop", "orders", "webshop/orders*", "Orders of the web shop"),
    ("webshop", "payments", "webshop/payments*", "Charges of the payment provider"),
    ("bank", None, "bank/*", "Bank statements, camt or MT940"),
    ("bank_csv", "bank_transactions", "bank_csv/*", "Bank accounts as CSV"),
    (
        "einvoices",
        None,
        "einvoices/*",
        "E-invoices sent and received (UBL, CII, Factur-X, ZUGFeRD, XRechnung)",
    ),
    ("payment_files", None, "payment_files/*", "Payment files sent and what banks answered (pain, NACHA)"),
    (
        "inbox",
        None,
        "inbox/*",
        "Any other export of a shop, provider, card, bank or ERP, each known by what it holds",
    ),
)
# Entries without a stream that are no bank statements.
_KINDS = {"einvoices": "einvoice", "payment_files": "payment_files", "inbox": "csv"}


def _table(header: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _months(entity: str) -> list[dict[str, str]]:
    this_year = date.today().year
    return [
        {
            "entity_id": entity,
            "period": f"{year}-{month:02}",
            "start_date": f"{year}-{month:02}-01",
            "end_date": f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}",
            "status": "open",
        }
        for year in range(this_year - _YEARS_BEFORE, this_year + _YEARS_AFTER + 1)
        for month in range(1, 13)
    ]


def _accounts(banks: Sequence[str]) -> list[dict[str, str]]:
    """The bundled chart, which the posting rules name, with this company's bank accounts."""
    own = [
        {
            "account_code": str(_FIRST_BANK_ACCOUNT + number),
            "account_name": f"Bank {bank}".strip(),
            "account_type": "asset",
            "control_type": "bank",
            "normal_side": "debit",
        }
        for number, bank in enumerate(banks or [""])
    ]
    bundled = seed_rows(BUNDLED / "master_accounts.csv")
    return [*own, *(row for row in bundled if row["control_type"] != "bank")]


def _company_rows(
    entity: str, name: str, country: str, currency: str, time_zone: str, banks: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    """Rows of the seeds that are not empty from the start."""
    return {
        "master_legal_entities": [
            {
                "entity_id": entity,
                "entity_name": name,
                "country_code": country,
                "base_currency": currency,
                "time_zone": time_zone,
                "fiscal_year_start_month": "1",
            }
        ],
        "periods": _months(entity),
        "master_accounts": _accounts(banks),
        "master_bank_accounts": [
            {
                "bank_account_id": f"{entity}-BANK-{number + 1}",
                "entity_id": entity,
                "account_number": bank,
                "currency": currency,
                "account_code": str(_FIRST_BANK_ACCOUNT + number),
                "account_type": "current",
                "statement_source_name": "bank",
            }
            for number, bank in enumerate(banks)
        ],
        "source_policies": [
            {
                "source_name": "webshop",
                "invoice_required": "false",
                "payment_source_name": "webshop",
                "description": "The order is the sales document; its charge is expected among webshop/payments",
            },
            {
                "source_name": "inbox",
                "invoice_required": "false",
                "payment_source_name": "inbox",
                "description": "The order is the sales document; its charge is expected among the exports beside it",
            },
        ],
        "default_accounts": [
            {
                "source_name": "books",
                "document_type": document_type,
                "account_code": account,
                "description": "Lines without an account of their own",
            }
            for document_type, account in (("invoice", "4000"), ("bill", "6190"))
        ],
    }


def _sources(entity: str, time_zone: str, landing: Path) -> str:
    entries = []
    for name, stream, path, description in _ENTRIES:
        kind = "csv" if stream else _KINDS.get(name, "bank")
        entry = _ENTRY.format(
            name=name, kind=kind, entity=entity, path=path, time_zone=time_zone, description=description
        )
        charge = ", constants: { payment_type: charge }" if stream == "payments" else ""
        entries.append(entry + (f"    csv: {{ stream: {stream}{charge} }}\n" if stream else ""))
    return _SOURCES.format(entity=entity, landing=landing) + "\n".join(entries)


def _checked(entity: str, currency: str, time_zone: str) -> None:
    if not entity.isalnum():
        raise CommandError(f"--entity {entity} is not a code of letters and digits such as NL01.")
    known = {row["currency"] for row in seed_rows(BUNDLED / "currencies.csv")}
    if currency not in known:
        raise CommandError(f"--currency {currency} is not an ISO 4217 code such as EUR.")
    try:
        ZoneInfo(time_zone)
    except Exception as error:
        raise CommandError(
            f"--time-zone {time_zone} is not an IANA time zone such as Europe/Amsterdam."
        ) from error


def create_company(
    folder: Path,
    *,
    entity: str,
    name: str,
    country: str,
    currency: str,
    time_zone: str,
    banks: Sequence[str],
) -> None:
    """Write `sources.yml`, `seeds/` and the empty `landing/`. Never overwrites a company."""
    _checked(entity, currency, time_zone)
    folder = folder.expanduser().resolve()
    for taken in (folder / "sources.yml", folder / "seeds"):
        if taken.exists():
            raise CommandError(f"{taken} is there already; edit it, or give another folder.")
    seeds, landing = folder / "seeds", folder / "landing"
    accounts = ["".join(bank.split()).upper() for bank in banks]
    own = _company_rows(entity, name or entity, country, currency, time_zone, accounts)
    seeds.mkdir(parents=True)
    for seed in sorted(BUNDLED.glob("*.csv")):
        content = (
            _table(header_of(seed), own.get(seed.stem, []))
            if seed.stem in _OF_ONE_COMPANY
            else seed.read_text(encoding="utf-8")
        )
        (seeds / seed.name).write_text(content, encoding="utf-8")
    (folder / "sources.yml").write_text(_sources(entity, time_zone, landing), encoding="utf-8")
    for path in sorted({path.partition("/")[0] for _, _, path, _ in _ENTRIES}):
        (landing / path).mkdir(parents=True, exist_ok=True)
    _say(folder, has_banks=bool(accounts))


def _say(folder: Path, *, has_banks: bool) -> None:
    print(f"Written: {folder / 'sources.yml'}   what is read from where")
    print(f"         {folder / 'seeds'}   your company; accounts and rules to start with")
    print(f"         {folder / 'landing'}   put your files into its folders")
    if not has_banks:
        print(f"Add your bank accounts to {folder / 'seeds' / 'master_bank_accounts.csv'}.")
    print(f"\nNext:  export TIEOUT_HOME={folder}\n       tieout run")
