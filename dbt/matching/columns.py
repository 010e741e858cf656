"""Columns of an unknown file: what their names and their values look like. No decision what a column is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from matching import parse

NAMES = {
    "id": r"^(id|uid|uuid|guid|key|pk|row_?id|record_?id|line_?id|entry_?id|item_?id|(trans|transaction|txn|trx|tx|bank|ledger|gl|left|right|payment|receipt|invoice|charge|payout|unique|statement_?line|journal|expense|order|card)[ _-]?(line[ _-]?)?(id|key|uid|number|no|nr|num)|.*[ _-]id)$",
    "amount": r"(amount|amt|betrag|montant|importe|importo|valor|value|total|sum|net|gross|price|paid|balance_?due|umsatz|summe|bedrag|totaal|kwota|monto|cantidad|suma|belopp|belob|ttc)",
    "debit": r"^(debit|debits|dr|soll|withdrawal|withdrawals|paid[ _]?out|money[ _]?out|out|outflow|lastschrift|debe|cargos?|dare|addebit[oi]|uscite|af|charges?|spend|.*debit[ _]?(amount|amt)?|debit.*|withdrawal.*)$",
    "credit": r"^(credit|credits|cr|haben|deposit|deposits|paid[ _]?in|money[ _]?in|in|inflow|gutschrift|haber|abonos?|avere|accredit[oi]|entrate|bij|.*credit[ _]?(amount|amt)?|credit.*|deposit.*)$",
    "date": r"(date|datum|fecha|data|day|valuta|booked|posted|created|time|when|on$|_at$)",
    "due": r"(due|f[aä]llig|maturity|echeance|scadenza|vencimiento|vervaldatum)",
    "currency": r"(curr|ccy|w[aä]hrung|devise|moneda|divisa|valuta)",
    "party": r"(customer|client|vendor|supplier|payee|payer|counterpart|merchant|company|party|debtor|creditor|beneficiary|kunde|lieferant|auftraggeber|empf[aä]nger|name|bill_?to|sold_?to|remitter|sender|from|account_?holder|purchaser|buyer|seller|debitor|kreditor|kontrahent|nadawca|odbiorca|tiers|fournisseur|proveedor|fornitore|controparte|relatie|leverancier|klant|zahlungspflichtig|zahler|haendler|handler|tienda|ordenante|emisor|mitglied|member|kund|leverantor)",
    "group": r"(payout|batch|settlement|deposit[ _]?(id|no|number|slip)|transfer_?group|remittance_?(id|no|number)|payment_?run|bundle|lot)",
    "reference": r"(ref|reference|invoice|inv|doc|document|order|check|cheque|e2e|end_?to_?end|number|_no$|_nr$|^no$|^nr$|num$|beleg|rechnung|auftrag|po$|trace|auth|transaction_?id|txn|confirmation|mandate|code)",
    "direction": r"^(dr_?cr|cr_?dr|d_?c|c_?d|type|direction|sign|debit_?credit|credit_?debit|in_?out|transaction_?type|s_?h|soll_?haben|entry_?type|side)$",
    "original": r"(orig|foreign|fremdw|ausland|local|lokal|devise_orig|transaction_(amount|currency|amt|ccy)|txn_(amount|currency|amt|ccy))",
    "foreign": r"(orig|foreign|fremdw|ausland)",
    "text": r"(desc|memo|narrative|narration|text|detail|particular|note|comment|remark|remittance|purpose|verwendungszweck|buchungstext|information|label|libell|subject|message|payment_?info)",
    "skip": r"(balance|saldo|running|tax|vat|mwst|ust|rate|exchange|qty|quantity|discount|percent|days|fee|commission|subtotal|original|cumulative|year|month|hour|lat|lon)",
}


SAMPLE = 8_000


@dataclass
class Column:
    name: str
    position: int
    filled: float
    distinct: int
    unique: float  # distinct / filled
    amount_share: float
    mark: str
    date: tuple[str, bool] | None
    is_text: bool
    average_length: float
    is_number: bool
    has_letters: float
    money_like: float = 0.0  # share of values with exactly two decimals


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def profile(con: duckdb.DuckDBPyConnection, relation: str, table: pa.Table) -> list[Column]:
    """What the values of each column look like, from the first rows."""
    con.execute(f"""create or replace temp table sample_{relation} as
        select * from {relation}
        qualify {table.num_rows} <= {SAMPLE} or row_number() over (order by hash({", ".join(quoted(n) for n in table.column_names)})) <= {SAMPLE}""")
    sample = f"sample_{relation}"
    columns = []
    for position, name in enumerate(table.column_names):
        c = quoted(name)
        total, filled, distinct, length, letters, cents, whole, dated = con.execute(rf"""
            select count(*), count({c}), count(distinct {c}), coalesce(avg(length({c})), 0),
                coalesce(avg(cast(regexp_matches({c}, '[A-Za-z]') as integer)), 0),
                coalesce(avg(cast(regexp_matches({c}, '[.,][0-9]{{2}}\D*$') as integer)), 0),
                coalesce(avg(cast(regexp_matches({c}, '^[0-9]+$') as integer)), 0),
                coalesce(avg(cast(regexp_matches({c}, '^[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-][0-9]{{2}}$') as integer)), 0)
            from {sample}
        """).fetchone()
        share = parse.amount_share(con, sample, c) if filled else 0.0
        form = None
        if filled and length >= 6 and (share < 0.95 or whole > 0.95 or cents < 0.5 or dated > 0.95):
            form = parse.date_format(con, sample, c)
            if form and whole > 0.95 and not re.search(NAMES["date"], name, re.I):
                form = None
        columns.append(
            Column(
                name,
                position,
                filled / max(total, 1),
                distinct,
                distinct / max(filled, 1),
                share if form is None else 0.0,
                parse.decimal_mark(con, sample, c) if share > 0.8 else ".",
                form,
                share < 0.8 and form is None,
                float(length),
                whole > 0.95,
                float(letters),
                float(cents),
            )
        )
    return columns


def named(role: str, name: str) -> bool:
    return re.search(NAMES[role], name.strip(), re.I) is not None


def snake(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", plain).lower()).strip("_")
