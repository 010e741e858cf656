"""Gate after canonical: nothing was lost or invented between landing and the canonical tables.

Belongs here: every version of a record is current, superseded or a duplicate, and the current ones
are the canonical rows; a document is the sum of its lines. What the world got wrong (a statement whose
balance does not tie) is a warning, because it is an exception for a person and no defect of the run.
"""

from dataclasses import dataclass

from expectations.rules import Rule


@dataclass(frozen=True)
class Canonical:
    """Current rows of the staging tables are the rows of one canonical table, per source."""

    table: str
    staging: tuple[str, ...]
    where: str = "true"
    staging_where: str = "true"


OBJECTS = (
    # Orders that only rows of items tell are counted by these rows.
    Canonical("orders", ("stg_shopify__orders", "stg_csv__orders"), "source_object = 'orders'"),
    Canonical("disputes", ("stg_stripe__disputes",)),
    Canonical("balance_transactions", ("stg_stripe__balance_transactions", "stg_csv__balance_transactions")),
    Canonical("payouts", ("stg_stripe__payouts", "stg_csv__payouts")),
    Canonical("invoices", ("stg_stripe__invoices", "stg_csv__invoices"), "source_object <> 'einvoices'"),
    Canonical("bills", ("stg_csv__bills",), "source_object <> 'einvoices'"),
    Canonical("bank_transactions", ("stg_bank__transactions", "stg_csv__bank_transactions")),
    Canonical("card_transactions", ("stg_csv__card_transactions",)),
    Canonical("payment_instructions", ("stg_payment_files__instructions",)),
    Canonical("expense_lines", ("stg_csv__expenses",)),
    Canonical("gl_entries", ("stg_csv__gl_entries",)),
)


def _conservation(canonical: Canonical) -> Rule:
    staged = "\n        union all\n".join(
        f"        select source_name, -1 as difference from staging.{table}\n"
        f"        where record_state = 'current' and {canonical.staging_where}"
        for table in canonical.staging
    )
    return Rule(
        name="every_current_record_is_canonical",
        suite="conservation",
        table=f"canonical.{canonical.table}",
        description="Per source, the current records of staging are the rows of the table: none lost, none added.",
        query=f"""
with moved as (
        select source_name, 1 as difference from {{batch}} where {canonical.where}
        union all
{staged}
)
select source_name, sum(difference) as rows_too_many
from moved
group by source_name
having sum(difference) <> 0
order by all
""",
    )


# Rows of item exports: each current one is one line, and no order is there twice for having a header as well.
_ITEM_ROWS = Rule(
    name="every_item_row_is_an_order_line",
    suite="conservation",
    table="canonical.order_lines",
    description="Per source, the current rows of item exports are lines of orders, with what each adds to its order.",
    query="""
with moved as (
        select lines.source_name, 1 as difference, lines.stated_amount as amount
        from {batch} as lines
        inner join staging.stg_csv__order_lines as rows
            on lines.load_id = rows.load_id and lines.source_position = rows.source_position
        where lines.line_type = 'item'
        union all
        select source_name, -1, -total_amount from staging.stg_csv__order_lines where record_state = 'current'
)
select source_name, sum(difference) as rows_too_many, sum(amount) as amount_too_much
from moved
group by source_name
having sum(difference) <> 0 or sum(amount) <> 0
order by all
""",
)

# An e-invoice is a sales invoice or a vendor bill, and exactly one of them.
_EINVOICES = Rule(
    name="every_einvoice_is_an_invoice_or_a_bill",
    suite="conservation",
    table="canonical.bills",
    description="Each current e-invoice is one row of canonical.invoices or of canonical.bills.",
    query="""
with moved as (
        select source_name, source_id, 1 as difference from {batch} where source_object = 'einvoices'
        union all
        select source_name, source_id, 1 from canonical.invoices where source_object = 'einvoices'
        union all
        select source_name, document_key, -1 from staging.stg_einvoice__documents where record_state = 'current'
)
select source_name, source_id, sum(difference) as rows_too_many
from moved
group by source_name, source_id
having sum(difference) <> 0
order by all
""",
)


def _sums(table: str, key: str, total: str, lines: str, line_total: str, description: str) -> Rule:
    """A document is the sum of its lines, also when one side is missing altogether."""
    return Rule(
        name=f"{total}_is_the_sum_of_{lines.split('.')[-1]}",
        suite="documents",
        table=f"canonical.{table}",
        description=description,
        query=f"""
with moved as (
        select {key}, {total} as document_amount, cast(0 as decimal(18, 4)) as line_amount from {{batch}}
        union all
        select {key}, 0, {line_total} from {lines}
)
select {key}, sum(document_amount) as document_amount, sum(line_amount) as line_amount
from moved
group by {key}
having sum(document_amount) is distinct from sum(line_amount)
    or count(*) <> count(document_amount + line_amount)
order by all
""",
    )


def _order_lines() -> Rule:
    return Rule(
        name="total_amount_is_the_sum_of_lines_and_adjustments",
        suite="documents",
        table="canonical.orders",
        description="An order is the sum of its lines and adjustments, to the minor unit.",
        query="""
with moved as (
        select order_id, total_amount as document_amount, cast(0 as decimal(18, 4)) as line_amount from {batch}
        union all
        select order_id, 0, total_amount from canonical.order_lines
        union all
        select order_id, 0, total_amount from canonical.order_adjustments where not is_included_in_lines
)
select order_id, sum(document_amount) as document_amount, sum(line_amount) as line_amount
from moved
group by order_id
having sum(document_amount) is distinct from sum(line_amount)
    or count(*) <> count(document_amount + line_amount)
order by all
""",
    )


def rules() -> list[Rule]:
    """Rules of the gate, conservation first."""
    return [
        *map(_conservation, OBJECTS),
        _EINVOICES,
        _ITEM_ROWS,
        _order_lines(),
        _sums(
            "invoices",
            "invoice_id",
            "total_amount",
            "canonical.invoice_lines",
            "total_amount",
            "An invoice is the sum of its lines.",
        ),
        _sums(
            "bills",
            "bill_id",
            "total_amount",
            "canonical.bill_lines",
            "total_amount",
            "A bill is the sum of its lines.",
        ),
        _sums(
            "expense_reports",
            "expense_report_id",
            "total_amount",
            "canonical.expense_lines",
            "amount",
            "An expense report is the sum of its lines.",
        ),
        Rule(
            name="net_is_gross_less_fee",
            suite="documents",
            table="canonical.balance_transactions",
            description="What the payment provider keeps and what it pays add up to the gross amount.",
            query="""
select balance_transaction_id, currency, gross_amount, fee_amount, net_amount
from {batch}
where net_amount is distinct from gross_amount - fee_amount
order by all
""",
        ),
        Rule(
            name="statement_ties",
            suite="statements",
            table="canonical.bank_statements",
            description="Opening balance plus movements is the closing balance; otherwise it is an exception.",
            query="""
select statement_id, currency, opening_balance_amount, movement_amount, closing_balance_amount,
    balance_residual_amount
from {batch}
where balance_residual_amount <> 0
order by all
""",
            severity="warning",
        ),
        Rule(
            name="rates_cover_every_day",
            suite="rates",
            table="canonical.fx_rates",
            description="There is exactly one rate per day and pair of currencies, and it is positive.",
            query="""
select rate_date, base_currency, quote_currency, count(*) as rates, min(rate) as smallest
from {batch}
group by rate_date, base_currency, quote_currency
having count(*) <> 1 or not coalesce(min(rate) > 0, false)
order by all
""",
        ),
    ]
