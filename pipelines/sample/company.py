"""Who the sample company is: the master data seeds and the constants of its systems.

Belongs here: reading the seeds, and where each entity keeps its money and its books. The generator
reads the seeds and never repeats them, so that a changed seed cannot contradict the sample.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True)
class Entity:
    """One legal entity with the names of its sources. `suffix` is de, uk or us."""

    entity_id: str
    suffix: str
    name: str
    currency: str
    country: str
    time_zone: str

    @property
    def erp(self) -> str:
        return f"erp_{self.suffix}"

    @property
    def bank(self) -> str:
        return f"bank_{self.suffix}"


@dataclass(frozen=True)
class BankAccount:
    bank_account_id: str
    entity_id: str
    number: str
    bic: str
    currency: str
    account_code: str
    source_name: str
    owner: str
    prefix: str  # of the bank's own references: two letters, unique per account


@dataclass(frozen=True)
class Party:
    """A customer, vendor or employee with its spellings: ERP number, bank name, other systems."""

    party_id: str
    entity_id: str
    name: str
    email: str
    country: str
    account: str
    native: dict[str, str]
    aliases: dict[str, str]
    detail: str = ""  # vendor: default account; employee: cost centre


@dataclass(frozen=True)
class Company:
    entities: dict[str, Entity]
    accounts: dict[str, BankAccount]
    customers: dict[str, list[Party]]
    vendors: dict[str, list[Party]]
    employees: dict[str, list[Party]]
    expense_accounts: dict[str, str]
    cost_centers: dict[str, list[str]]
    control_accounts: dict[str, str]
    shop_customers: list[tuple[str, Party]]

    def entity(self, suffix: str) -> Entity:
        return next(e for e in self.entities.values() if e.suffix == suffix)


def _rows(seeds: Path, name: str) -> list[Row]:
    with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_company(seeds: Path) -> Company:
    """Read the master data seeds of the sample group."""
    entities = {
        r["entity_id"]: Entity(
            r["entity_id"],
            r["entity_id"][:2].lower(),
            r["entity_name"],
            r["base_currency"],
            r["country_code"],
            r["time_zone"],
        )
        for r in _rows(seeds, "master_legal_entities")
    }
    prefixes = iter(("DM", "DS", "UG", "UE", "US", "XA", "XB", "XC", "XD", "XE"))
    accounts = {}
    for r in _rows(seeds, "master_bank_accounts"):
        accounts[r["bank_account_id"]] = BankAccount(
            r["bank_account_id"],
            r["entity_id"],
            r["account_number"],
            r["bic"],
            r["currency"],
            r["account_code"],
            r["statement_source_name"],
            entities[r["entity_id"]].name,
            next(prefixes),
        )
    crosswalk: dict[str, list[Row]] = {}
    for r in _rows(seeds, "party_crosswalk"):
        crosswalk.setdefault(r["party_id"], []).append(r)

    def parties(seed: str, key: str, name: str, detail: str) -> dict[str, list[Party]]:
        found: dict[str, list[Party]] = {entity: [] for entity in entities}
        for r in _rows(seeds, seed):
            if r.get("is_intercompany") == "true":
                continue
            names = crosswalk.get(r[key], [])
            found[r["entity_id"]].append(
                Party(
                    r[key],
                    r["entity_id"],
                    r[name],
                    r.get("email", ""),
                    r.get("country_code", ""),
                    r["account_number"],
                    {x["source_name"]: x["source_party_id"] for x in names},
                    {x["source_name"]: x["alias_name"] for x in names},
                    r.get(detail, ""),
                )
            )
        return found

    customers = parties("master_customers", "customer_id", "customer_name", "")
    cost_centers: dict[str, list[str]] = {entity: [] for entity in entities}
    for r in _rows(seeds, "cost_centers"):
        cost_centers[r["entity_id"]].append(r["cost_center"])
    return Company(
        entities,
        accounts,
        customers,
        parties("master_vendors", "vendor_id", "vendor_name", "default_account_code"),
        parties("master_employees", "employee_id", "employee_name", "cost_center"),
        {r["category"]: r["account_code"] for r in _rows(seeds, "expense_categories")},
        cost_centers,
        {r["account_code"]: r["control_type"] for r in _rows(seeds, "master_accounts") if r["control_type"]},
        [
            (source, party)
            for group in customers.values()
            for party in group
            for source in party.native
            if source.startswith("shopify_")
        ],
    )
