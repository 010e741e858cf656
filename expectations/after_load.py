"""Gate after load: what a source declared is what landed or was rejected, to the record and the cent.

Belongs here: comparing the declared control totals with the raw tables. They were measured on
different paths, so a record that the load lost has no way to hide. Rejected files and records, and
new fields, are warnings: their money is accounted for, and a person should look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from expectations import decision_log
from expectations.rules import Rule


@dataclass(frozen=True)
class Landed:
    """How the records of one stream are counted in their raw table; SQL on `landed` and its `instance`."""

    stream: str
    table: str
    business_date: str
    amount: str = "cast(0 as decimal(18, 4))"
    currency: str = "landed.currency"


def _local(column: str) -> str:
    """The day on which a UTC timestamp falls where the source is."""
    return f"cast(timezone(instance.time_zone, landed.{column}) as date)"


def _major(column: str) -> str:
    """An integer in minor units as an exact amount; `scale` holds 10 ^ (4 - exponent) per currency."""
    return (
        f"cast(landed.{column} * coalesce(scale.factor, 100) as decimal(18, 0)) "
        "* cast(0.0001 as decimal(18, 4))"
    )


LANDED: dict[str, tuple[Landed, ...]] = {
    "shopify": (Landed("orders", "orders", _local("created_at"), "landed.total_price"),),
    "stripe": (
        Landed("charges", "charges", _local("created_at"), _major("amount_minor")),
        Landed("refunds", "refunds", _local("created_at"), _major("amount_minor")),
        Landed("disputes", "disputes", _local("created_at"), _major("amount_minor")),
        Landed("balance_transactions", "balance_transactions", _local("created_at"), _major("amount_minor")),
        Landed("payouts", "payouts", _local("created_at"), _major("amount_minor")),
        Landed("invoices", "invoices", _local("created_at"), _major("total_minor")),
    ),
    "bank": (Landed("bank_transactions", "transactions", "landed.booking_date", "landed.amount"),),
    "csv": (
        Landed("orders", "orders", "landed.order_date", "coalesce(landed.total_amount, 0)"),
        Landed("order_lines", "order_lines", "landed.order_date", "landed.total_amount"),
        Landed("payments", "payments", "landed.payment_date", "landed.amount"),
        Landed("invoices", "invoices", "landed.invoice_date", "landed.total_amount"),
        Landed("invoice_lines", "invoice_lines", "landed.invoice_date", "coalesce(landed.net_amount, 0)"),
        Landed("bills", "bills", "landed.bill_date", "landed.total_amount"),
        Landed("bill_lines", "bill_lines", "landed.invoice_date", "coalesce(landed.net_amount, 0)"),
        Landed("expenses", "expenses", "landed.expense_date", "landed.amount"),
        Landed("card_transactions", "card_transactions", "landed.transaction_date", "landed.amount"),
        Landed("bank_transactions", "bank_transactions", "landed.booking_date", "landed.amount"),
        Landed("balance_transactions", "balance_transactions", "landed.created_date", "landed.amount"),
        Landed("payouts", "payouts", "landed.created_date", "landed.amount"),
        Landed(
            "gl_entries",
            "gl_entries",
            "landed.posting_date",
            "coalesce(landed.debit_amount, 0) - coalesce(landed.credit_amount, 0)",
        ),
    ),
    "ecb": (Landed("fx_rates", "fx_rates", "landed.rate_date"),),
    "payment_files": (
        Landed("payment_instructions", "instructions", "landed.execution_date", "landed.amount"),
        Landed("payment_statuses", "statuses", "cast(null as date)"),
    ),
    "einvoice": (Landed("einvoices", "documents", "landed.issue_date", "landed.total_amount"),),
    "decisions": (
        Landed(
            "decisions",
            "decisions",
            "landed.effective_date",
            "coalesce(landed.amount, 0)",
            "coalesce(landed.currency, 'XXX')",
        ),
    ),
}


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _values(rows: Iterable[tuple[str, ...]], empty: str) -> str:
    """Rows as a VALUES list; `empty` is the one row that stands for none."""
    return ", ".join(f"({', '.join(row)})" for row in rows) or empty


def _landed(kind: str, landed: Landed) -> str:
    # The same position of the same delivery again is a load that was cut off and repeated, not a record.
    return f"""
        select
            landed.source_name, landed.entity_id, {_literal(landed.stream)} as stream,
            {landed.currency} as currency, {landed.business_date} as business_date,
            0 as declared_count, 1 as landed_count, 0 as rejected_count,
            cast(0 as decimal(18, 4)) as declared_amount,
            cast({landed.amount} as decimal(18, 4)) as landed_amount,
            cast(0 as decimal(18, 4)) as rejected_amount
        from (
            select distinct on (load_id, source_position) * from raw_{kind}.{landed.table}
        ) as landed
        left join instances as instance
            on landed.source_name = instance.source_name and instance.stream = {_literal(landed.stream)}
        left join scale on landed.currency = scale.currency"""


def stages(kind: str, time_zones: Mapping[tuple[str, str], str], exponents: Mapping[str, int]) -> str:
    """Per source, entity, stream, currency and day: what was declared, what landed, what was rejected."""
    streams = LANDED[kind]
    instances = _values(
        (
            (_literal(source), _literal(stream), _literal(zone))
            for (source, stream), zone in sorted(time_zones.items())
        ),
        "('', '', 'UTC')",
    )
    factors = _values(
        ((_literal(currency), str(10 ** (4 - exponent))) for currency, exponent in sorted(exponents.items())),
        "('', 100)",
    )
    names = ", ".join(_literal(landed.stream) for landed in streams)
    return f"""
with instances(source_name, stream, time_zone) as (values {instances}),
scale(currency, factor) as (values {factors}),
moved as (
        select
            source_name, entity_id, stream, currency, business_date,
            declared_count, 0 as landed_count, 0 as rejected_count,
            declared_amount, cast(0 as decimal(18, 4)) as landed_amount,
            cast(0 as decimal(18, 4)) as rejected_amount
        from (
            select distinct
                source_name, entity_id, load_id, source_file, stream, currency, business_date,
                declared_count, declared_amount, declared_by
            from {{batch}}
        )
        where stream in ({names})
    union all
        select
            source_name, entity_id, stream, currency, business_date,
            0, 0, 1, 0, 0, coalesce(amount, 0)
        from (select distinct on (load_id, source_position, stream) * from raw_{kind}.rejects)
        where stream in ({names})
    union all
    {" union all ".join(_landed(kind, landed) for landed in streams)}
)
select
    source_name, entity_id, stream, currency, business_date,
    sum(declared_count) as declared_count, sum(landed_count) as landed_count,
    sum(rejected_count) as rejected_count, sum(declared_amount) as declared_amount,
    sum(landed_amount) as landed_amount, sum(rejected_amount) as rejected_amount
from moved
group by source_name, entity_id, stream, currency, business_date
"""


def conservation(kind: str, time_zones: Mapping[tuple[str, str], str], exponents: Mapping[str, int]) -> str:
    """Cells of which the declared records or amounts are not the landed and the rejected ones."""
    return f"""{stages(kind, time_zones, exponents).rstrip()}
having sum(declared_count) <> sum(landed_count) + sum(rejected_count)
    or sum(declared_amount) <> sum(landed_amount) + sum(rejected_amount)
order by all
"""


def rules(
    time_zones: Mapping[str, Mapping[tuple[str, str], str]],
    exponents: Mapping[str, int],
    log_load_id: str | None = None,
) -> list[Rule]:
    """Rules of the gate.

    time_zones: per kind, (source_name, stream) to the time zone of its business dates.
    exponents: decimal places of the integers of a currency, as Stripe sends them.
    log_load_id: the log of decisions as it lies in the landing folder; None when nobody decided anything.
    """
    found: list[Rule] = [decision_log.rule(log_load_id)]
    for kind in LANDED:
        found += [
            Rule(
                name="declared_is_landed_or_rejected",
                suite="conservation",
                table=f"raw_{kind}.control_totals",
                description=(
                    "Per source, stream, currency and business date, the declared records and amounts are "
                    "those that landed and those that were rejected, exactly."
                ),
                query=conservation(kind, time_zones.get(kind, {}), exponents),
            ),
            Rule(
                name="declarations_belong_to_a_file",
                suite="conservation",
                table=f"raw_{kind}.control_totals",
                description="Every declaration and every reject belongs to a file that is listed as delivered.",
                query=f"""
select load_id, source_file from {{batch}}
where load_id not in (select load_id from raw_{kind}.files)
union all
select load_id, source_file from raw_{kind}.rejects
where load_id not in (select load_id from raw_{kind}.files)
order by all
""",
            ),
            Rule(
                name="no_file_is_rejected",
                suite="deliveries",
                table=f"raw_{kind}.files",
                description="Every delivered file could be read.",
                query="select distinct source_name, source_file, status from {batch} where status <> 'loaded' order by all",
                severity="warning",
            ),
            Rule(
                name="no_record_is_rejected",
                suite="deliveries",
                table=f"raw_{kind}.rejects",
                description="Every record could be landed; a reject is shown as an exception with its payload.",
                query="""
select distinct source_name, source_file, source_position, stream, reason_code, message, currency, amount
from {batch}
order by all
""",
                severity="warning",
            ),
            Rule(
                name="no_unknown_field",
                suite="deliveries",
                table=f"raw_{kind}.schema_drift",
                description="The sources send no field that is unknown to us; a new one may carry money.",
                query="select distinct source_name, stream, field, example from {batch} order by all",
                severity="warning",
            ),
        ]
    return found
