"""ERP exports of documents: invoices, bills and their lines, CSV files by day.

Belongs here: B2B documents from Python records, and the German store's invoices from SQL (they are as
many as its orders).
"""

import csv
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.sample.books import Books, Document, text
from pipelines.sample.erp_tables import EXPORTS, Export
from pipelines.sample.files import buffer, write_bytes
from pipelines.sample.store import Special
from pipelines.sample.timeline import Timeline

DRIFT_COLUMN = "Approved By"


def _csv(export: Export, rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=export.delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _head(export: Export, document: Document, day: date, status: str) -> list[str]:
    currency = document.currency
    amounts = [export.money(text(x, currency)) for x in (document.net, document.tax, document.total)]
    discount = (
        [export.money(text(document.discount_percent, "EUR")), str(document.discount_days)]
        if document.discount_days
        else ["", ""]
    )
    kind, state = export.types[document.kind], export.states[status]
    code = document.lines[0].tax_code
    dates = [export.day(document.day), export.day(document.due), export.stamp(day)]
    party = [document.party.native[document.entity.erp], document.party.name]
    if document.is_bill:
        return [
            document.native_id,
            document.number,
            kind,
            *dates,
            *party,
            document.party.account,
            currency,
            *amounts,
            "",
            *discount,
            state,
            code,
        ]
    reference = document.number if document.kind == "invoice" else document.original
    return [document.native_id, document.number, kind, *dates, *party, currency, *amounts, document.order_number, document.original, *discount, state, code, reference]  # fmt: skip


def _lines(export: Export, document: Document) -> list[list[str]]:
    c = document.currency
    return [
        [document.native_id, str(i), x.description, export.money(text(100 * x.quantity, "EUR")), export.money(text(x.unit, c)),
         export.money(text(x.net, c)), export.money(text(x.tax, c)), x.tax_code, x.account, x.cost_center, c, export.day(document.day)]
        for i, x in enumerate(document.lines, 1)
    ]  # fmt: skip


PREPARE_STORE = f"""
create or replace table store_invoices as
select o.store, o.n, o.fulfil_day as day,
    case when o.edit_day <= o.fulfil_day then o.add_total else 0 end + o.total as total,
    case when o.edit_day <= o.fulfil_day then o.add_tax else 0 end + o.tax as tax,
    o.shipping - o.shipping_discount - o.shipping_tax as shipping_net, o.shipping_tax, o.person, o.customer, o.edit_day
from orders o
where o.store = 0 and not o.is_cancelled and o.fulfil_day <= getvariable('last_day')
    and o.special not in ({Special.NOT_INVOICED}, {Special.TEST}, {Special.GHOST})
order by day, n;
create or replace macro euro(cents) as replace(cast(cast(cents as decimal(16, 0)) * 0.01 as varchar), '.', ',');
create or replace macro field(value, delimiter) as case when contains(value, delimiter) or contains(value, '"')
    then '"' || replace(value, '"', '""') || '"' else value end;
"""

_STORE_HEADS = """
select concat_ws(';', 9000000 + i.n, 'RS-2026-' || lpad(i.n::varchar, 7, '0'), 'Rechnung', $shown, $shown, $shown || ' 18:00:00', '19999',
    field(trim(p.first_name || ' ' || p.last_name), ';'), 'EUR', euro(i.total - i.tax), euro(i.tax), euro(i.total), '#DE' || i.n, '', '', '', 'bezahlt', 'DE19', '')
    || chr(13) || chr(10) as record
from store_invoices i join people p on p.store = 0 and p.person = i.person where i.day = $day order by i.n
"""

_STORE_LINES = """
select concat_ws(';', 9000000 + n, number, field(title, ';'), euro(100 * quantity), euro(net // greatest(quantity, 1)), euro(net), euro(tax), code,
    account, 'DE-200', 'EUR', $shown) || chr(13) || chr(10) as record
from (
    select l.n, l.line + 1 as number, p.title, l.quantity, l.price * l.quantity - l.discount - l.tax as net, l.tax,
        case l.rate when 700 then 'DE7' else 'DE19' end as code, '4000' as account
    from store_invoices i join lines l on l.store = 0 and l.n = i.n and (l.added_day <= i.day) join products p on p.product = l.product
    where i.day = $day
    union all
    select n, 99, 'Versand', 1, shipping_net, shipping_tax, 'DE19', '4020' from store_invoices where day = $day and shipping_net > 0
) order by n, number
"""


def write_documents(
    con: duckdb.DuckDBPyConnection, books: Books, out: Path, time: Timeline, drift_from: date | None
) -> None:
    """Write erp_*/{invoices,invoice_lines,bills,bill_lines}, one file a day; a changed document again."""
    con.execute(PREPARE_STORE)
    heads: dict[tuple[str, str, date], list[list[str]]] = {}
    lines: dict[tuple[str, str, date], list[list[str]]] = {}
    for document in books.documents:
        export = EXPORTS[document.entity.suffix]
        stream = "bill" if document.is_bill else "invoice"
        for i, (day, status) in enumerate(document.updates):
            key = (export.suffix, stream, day)
            heads.setdefault(key, []).append(_head(export, document, day, status))
            if i == 0:
                lines.setdefault(key, []).extend(_lines(export, document))
    for suffix, export in EXPORTS.items():
        for stream, header in (("invoice", export.invoices), ("bill", export.bills)):
            columns = header.split(export.delimiter)
            id_column, date_column = (
                export.first_line_columns[:2] if stream == "invoice" else export.first_line_columns[2:]
            )
            line_columns = [id_column, *export.lines.split(export.delimiter), date_column]
            for day in time.days():
                rows, more = heads.get((suffix, stream, day), []), lines.get((suffix, stream, day), [])
                store_heads = store_lines = b""
                if suffix == "de" and stream == "invoice":
                    parameters = {"day": time.index(day), "shown": export.day(day)}
                    store_heads, store_lines = (
                        _text(con, sql, parameters) for sql in (_STORE_HEADS, _STORE_LINES)
                    )
                names = columns
                if suffix == "uk" and stream == "bill" and drift_from and day >= drift_from:
                    names, rows = [*columns, DRIFT_COLUMN], [[*row, "S. Byrne"] for row in rows]
                for kind, head, body, bulk in (
                    (f"{stream}s", names, rows, store_heads), (f"{stream}_lines", line_columns, more, store_lines),
                ):  # fmt: skip
                    if body or bulk:
                        content = _csv(export, [head, *body]).encode(export.encoding) + bulk
                        write_bytes(out / f"erp_{suffix}" / kind / f"{kind}_{day.isoformat()}.csv", content)


def _text(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, object]) -> bytes:
    column: pa.ChunkedArray = con.execute(sql, parameters).arrow().read_all()["record"]
    # Turkish letters are not in the ERP's code page; it writes a question mark, as such systems do.
    return buffer(column).decode().encode("cp1252", errors="replace")
