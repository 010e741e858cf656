"""Gate before publishing: what readers are promised holds in the tables that they would get.

Belongs here: the contract, the residuals, the journal, states, and match rates against the previous
published run. A rate that falls is no proof of a defect, but nobody should find it in the report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from expectations.contract import contract_tables
from expectations.rules import Rule

Rates = Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True)
class RateBound:
    """How far the match rate of a reconciliation may fall from one published run to the next.

    reconciliation: its name, or `*` for all others. warning_drop and critical_drop in percentage points.
    """

    reconciliation: str
    warning_drop: Decimal
    critical_drop: Decimal


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _contract() -> list[Rule]:
    """One rule per schema: a validation of its own for each of fifty tables takes seven seconds."""
    promised = contract_tables()
    rules = []
    for schema in sorted({table.split(".")[0] for table in promised}):
        rows = ", ".join(
            f"({_literal(table.split('.')[1])}, {_literal(column)})"
            for table, columns in promised.items()
            if table.split(".")[0] == schema
            for column in columns
        )
        rules.append(
            Rule(
                name=f"{schema}_has_its_tables_and_columns",
                suite="contract",
                table="information_schema.columns",
                description=(
                    f"Every table of {schema} that the contract names is there, with the columns that "
                    "notebooks, BI and scripts rely on."
                ),
                query=f"""
with promised(table_name, column_name) as (values {rows}),
present as (
        select table_name, column_name from {{batch}}
        where table_schema = '{schema}' and table_catalog = current_database()
)
select promised.table_name, promised.column_name
from promised
left join present using (table_name, column_name)
where present.column_name is null
order by all
""",
            )
        )
    return rules


def _residuals() -> list[Rule]:
    return [
        Rule(
            name="nothing_lost_or_invented",
            suite="conservation",
            table="reconciliation.control_totals",
            description="Declared = canonical + rejected + superseded + duplicate, in records and amounts, exactly.",
            query="""
select source_name, stream, entity_id, currency, business_date, declared_count, canonical_count,
    rejected_count, superseded_count, duplicate_count, count_residual, declared_amount, canonical_amount,
    rejected_amount, superseded_amount, duplicate_amount, amount_residual
from {batch}
where count_residual is distinct from 0
    or amount_residual is distinct from 0
    or declared_count is distinct from
        canonical_count + rejected_count + superseded_count + duplicate_count + count_residual
    or declared_amount is distinct from
        canonical_amount + rejected_amount + superseded_amount + duplicate_amount + amount_residual
order by all
""",
        ),
        Rule(
            name="every_source_is_controlled",
            suite="conservation",
            table="reconciliation.control_totals",
            description="Every source that delivered a file has control totals.",
            query="""
select distinct source_name
from staging.stg_landing__files
where status = 'loaded' and record_count > 0 and source_name not in (select source_name from {batch})
order by all
""",
        ),
    ]


def _journal() -> list[Rule]:
    return [
        Rule(
            name="entry_balances",
            suite="journal",
            table="ledger.journal_lines",
            description="The debits and credits of every entry are equal in base currency.",
            query="""
select journal_entry_id, sum(base_debit_amount) as base_debit_amount, sum(base_credit_amount) as base_credit_amount
from {batch}
group by journal_entry_id
having sum(base_debit_amount) is distinct from sum(base_credit_amount)
    or sum(base_debit_amount) is null
order by all
""",
        ),
        Rule(
            name="entry_has_lines",
            suite="journal",
            table="ledger.journal_entries",
            description="Every entry has lines, and every line an entry.",
            query="""
select journal_entry_id, 'without lines' as problem from {batch}
where journal_entry_id not in (select journal_entry_id from ledger.journal_lines)
union all
select distinct journal_entry_id, 'without entry' from ledger.journal_lines
where journal_entry_id not in (select journal_entry_id from {batch})
order by all
""",
        ),
        Rule(
            name="subledger_is_journal",
            suite="journal",
            table="reconciliation.subledger_to_ledger",
            description="Per control account, entity, currency and period the subledger is what the journal says "
            "and what is listed as unposted, each an exception of its own.",
            query="""
select entity_id, account_code, currency, period, subledger_amount, journal_amount, unposted_amount
from {batch}
where subledger_amount is distinct from journal_amount + unposted_amount
order by all
""",
        ),
        _books_are_complete(),
    ]


# Documents that are booked one by one, with the order whose booking may stand for theirs. Receipts of the
# ERP are missing: their bank lines are booked. Orders are missing: their policy says what is the sale.
_BOOKED = """
        select 'invoice' as document_type, invoice_id as document_id, status, total_amount as amount,
            order_id as booked_with
        from canonical.invoices
        union all select 'bill', bill_id, status, total_amount, null from canonical.bills
        union all select 'payment', payment_id, status, coalesce(captured_amount, amount), null
        from canonical.payments where payment_type = 'charge'
        union all select 'refund', refund_id, refunds.status, amount, credit_notes.invoice_id
        from canonical.refunds
        -- A credit note reverses the sale in place of the store's refund.
        left join canonical.invoices as credit_notes
            on refunds.refund_source = 'shop' and credit_notes.document_type = 'credit_note'
            and refunds.order_id = credit_notes.order_id
        where refunds.order_id is null
            or refunds.order_id not in (select order_id from canonical.orders where is_test)
        union all select 'payout', payout_id, status, amount, null from canonical.payouts
        union all select 'card_transaction', card_transaction_id, status, amount, null
        from canonical.card_transactions where transaction_type <> 'payment'
        union all select 'expense_report', expense_report_id, status, reimbursable_amount + card_amount, null
        from canonical.expense_reports
        union all select 'bank_transaction', bank_transaction_id, entry_status, amount, null
        from canonical.bank_transactions
"""


def _books_are_complete() -> Rule:
    """The subledger reads some of the models that the journal reads: what falls out there, falls out of both."""
    return Rule(
        name="every_document_is_posted",
        suite="journal",
        table="ledger.journal_entries",
        description=(
            "Every document is in the journal, or listed as unposted with a reason, or its status moves no money "
            "(seeds/unposted_statuses.csv), or the document that stands for it is booked in its place."
        ),
        query=f"""
with documents as ({_BOOKED}),
accounted as (
        select document_id from {{batch}} where document_id is not null
        union
        select document_id from intermediate.int_unposted_events where document_id is not null
)
select document_type, document_id, documents.status, max(amount) as amount
from documents
left join seeds.unposted_statuses as statuses using (document_type, status)
-- An exception of its own says which word is not mapped.
where amount <> 0 and statuses.status is null and documents.status is distinct from 'unmapped'
group by document_type, document_id, documents.status
having not bool_or(
    document_id in (select document_id from accounted)
    or coalesce(booked_with in (select document_id from accounted), false)
)
order by all
""",
    )


def _one_row_each(mart: str, key: str, source: str, condition: str = "true") -> Rule:
    return Rule(
        name=f"one_row_per_{key.removesuffix('_id')}",
        suite="states",
        table=f"reconciliation.{mart}",
        description=f"Every row of {source} is in exactly one state: none is missing, none counts twice.",
        query=f"""
with moved as (
        select {key}, 1 as rows from {{batch}}
        union all
        select {key}, 0 from {source} where {condition}
)
select {key}, sum(rows) as rows
from moved
group by {key}
having sum(rows) <> 1
order by all
""",
    )


def _states() -> list[Rule]:
    return [
        _one_row_each("bank_to_documents", "bank_transaction_id", "canonical.bank_transactions"),
        _one_row_each("invoice_to_payment", "invoice_id", "canonical.invoices"),
        _one_row_each("bill_to_bank", "bill_id", "canonical.bills"),
        _one_row_each("payout_to_bank", "payout_id", "canonical.payouts"),
        Rule(
            name="no_bank_line_is_used_twice",
            suite="states",
            table="reconciliation.match_allocations",
            description="No bank line pays for more than its own amount.",
            query="""
with used as (
        select left_id as bank_transaction_id, currency, allocated_amount
        from {batch} where left_type = 'bank_transaction'
        union all
        select right_id, currency, allocated_amount from {batch} where right_type = 'bank_transaction'
)
select used.bank_transaction_id, lines.currency, lines.amount, sum(used.allocated_amount) as allocated_amount
from used
-- An allocation in the document's currency is not comparable with the line's amount.
inner join canonical.bank_transactions as lines using (bank_transaction_id, currency)
group by all
having sum(used.allocated_amount) > abs(lines.amount)
order by all
""",
        ),
    ]


def _match_rates(previous: Rates, bounds: Mapping[str, RateBound]) -> list[Rule]:
    """One rule per severity, with the rates and allowed falls written into the query."""
    rules = []
    for severity in ("warning", "critical"):
        allowed = []
        for (entity, reconciliation), rate in sorted(previous.items()):
            bound = bounds.get(reconciliation) or bounds["*"]
            drop = bound.warning_drop if severity == "warning" else bound.critical_drop
            allowed.append(
                f"({_literal(entity)}, {_literal(reconciliation)}, cast({rate} as decimal(18, 8)), "
                f"cast({drop} as decimal(18, 4)))"
            )
        rows = ", ".join(allowed) or "('', '', cast(null as decimal(18, 8)), cast(0 as decimal(18, 4)))"
        rules.append(
            Rule(
                name=f"match_rate_within_{severity}_bound",
                suite="match_rates",
                table="reconciliation.summary",
                description=(
                    "No match rate has fallen further below that of the previous published run than "
                    "seeds/match_rate_bounds.csv allows."
                ),
                query=f"""
with previous(entity_id, reconciliation, previous_rate, allowed_drop) as (values {rows})
select previous.entity_id, previous.reconciliation, current.match_rate, previous.previous_rate, previous.allowed_drop
from previous
-- Left: a reconciliation that is gone altogether has fallen furthest of all.
left join {{batch}} as current
    on previous.entity_id = current.entity_id and previous.reconciliation = current.reconciliation
where 100 * case when current.entity_id is null then 0 else current.match_rate end
    < 100 * previous.previous_rate - previous.allowed_drop
order by all
""",
                severity="critical" if severity == "critical" else "warning",
            )
        )
    return rules


def rules(previous: Rates, bounds: Mapping[str, RateBound]) -> list[Rule]:
    """Rules of the gate.

    previous: match rates (0 to 1) of the published file by (entity_id, reconciliation); empty before
        the first publication. bounds: by reconciliation, with `*` for those not named.
    """
    return [*_contract(), *_residuals(), *_journal(), *_states(), *_match_rates(previous, bounds)]
