"""Names that several folders of the orchestration share."""

JOB = "nightly_close"

# Everything that opens the warehouse file runs in this pool, whose limit is one: DuckDB lets one
# process at a time hold a file that is written.
WAREHOUSE_POOL = "warehouse"

PUBLISHED_SCHEMAS = ("canonical", "ledger", "reconciliation", "checks")

# Owners as Dagster wants them. Who is asked when an asset of this schema is late or wrong.
OWNERS = {
    "seeds": "team:finance-systems",
    "staging": "team:data-platform",
    "intermediate": "team:data-platform",
    "canonical": "team:data-platform",
    "ledger": "team:accounting",
    "reconciliation": "team:finance-operations",
}
