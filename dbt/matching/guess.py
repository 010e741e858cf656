"""Guessing what the columns of two unknown files are: ids, amounts, dates, texts, parties, references.

Names give a first idea, the values decide: the two amount columns are those whose values meet most often,
the two date columns those that lie closest where unique amounts meet. The guess is shown to the user, who
can overrule any part of it (--map).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

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
    "party": r"(customer|client|vendor|supplier|payee|payer|counterpart|merchant|company|party|debtor|creditor|beneficiary|kunde|lieferant|auftraggeber|empf[aä]nger|name|bill_?to|sold_?to|remitter|sender|from|account_?holder|purchaser|buyer|seller)",
    "group": r"(payout|batch|settlement|deposit[ _]?(id|no|number|slip)|transfer_?group|remittance_?(id|no|number)|payment_?run|bundle|lot)",
    "reference": r"(ref|reference|invoice|inv|doc|document|order|check|cheque|e2e|end_?to_?end|number|_no$|_nr$|^no$|^nr$|num$|beleg|rechnung|auftrag|po$|trace|auth|transaction_?id|txn|confirmation|mandate|code)",
    "direction": r"^(dr_?cr|cr_?dr|d_?c|c_?d|type|direction|sign|debit_?credit|credit_?debit|in_?out|transaction_?type|s_?h|soll_?haben|entry_?type|side)$",
    "text": r"(desc|memo|narrative|narration|text|detail|particular|note|comment|remark|remittance|purpose|verwendungszweck|buchungstext|information|label|libell|subject|message|payment_?info)",
    "skip": r"(balance|saldo|running|tax|vat|mwst|ust|rate|exchange|qty|quantity|discount|percent|days|fee|commission|subtotal|original|cumulative|year|month|hour|lat|lon)",
}
DEBITS = ("D", "DR", "DB", "DBIT", "DEBIT", "S", "SOLL", "OUT", "W", "WITHDRAWAL", "-")
CREDITS = ("C", "CR", "CRDT", "CREDIT", "H", "HABEN", "IN", "DEPOSIT", "+")
SAMPLE = 8_000
#: Rows whose blocks are summed up when the amount column is looked for.
BLOCK_ROWS = 200_000


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


@dataclass
class Mapping:
    """What each column of one file is. Names of columns, or None; `amount` may be a debit/credit pair."""

    id: str | None = None
    amount: str | None = None
    debit: str | None = None
    credit: str | None = None
    direction: str | None = None
    fee: str | None = None  # subtracted from the amount: the file gives gross and fee, the other one net
    currency: str | None = None
    date: str | None = None
    due_date: str | None = None
    party: str | None = None
    party_id: str | None = None
    party_account: str | None = None
    group: str | None = None
    references: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)  # date format or decimal mark per column
    sign: int = 1

    def words(self) -> list[tuple[str, str]]:
        """(role, column) lines to show a person."""
        rows = [("id", self.id or "row number")]
        rows.append(("amount", self.amount or f"{self.credit} minus {self.debit}"))
        if self.fee:
            rows[-1] = ("amount", f"{self.amount} minus {self.fee}")
        if self.direction:
            rows.append(("direction", self.direction))
        for role in ("currency", "date", "due_date", "party", "party_id", "party_account", "group"):
            if getattr(self, role):
                rows.append(
                    (role.replace("_", " "), f"{getattr(self, role)}{self._form(getattr(self, role))}")
                )
        for role in ("references", "texts", "attributes"):
            if getattr(self, role):
                rows.append((role, ", ".join(getattr(self, role))))
        return rows

    def _form(self, name: str) -> str:
        form = self.formats.get(name, "")
        return f" ({form})" if form.startswith("%") else ""


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


def guess(
    con: duckdb.DuckDBPyConnection, left: pa.Table, right: pa.Table, given: dict | None = None
) -> tuple[Mapping, Mapping, list[str]]:
    """Mappings of both files and remarks; `given` = {"left": {role: column}, "right": {...}} overrules.

    Raises ValueError when a file has no column that can be an amount, naming what was found.
    """
    con.register("left_file", left)
    con.register("right_file", right)
    profiles = {"left": profile(con, "left_file", left), "right": profile(con, "right_file", right)}
    mappings = {side: _by_name(columns) for side, columns in profiles.items()}
    given = given or {}
    for side, roles in given.items():
        for role, column in roles.items():
            if role not in Mapping.__dataclass_fields__:
                raise ValueError(
                    f"--map {side}.{role}: unknown role; use one of {', '.join(Mapping.__dataclass_fields__)}"
                )
            names = [c.name for c in profiles[side]]
            for name in column if isinstance(column, list) else [column]:
                if name not in names:
                    raise ValueError(
                        f"--map {side}.{role}: the file has no column {name!r}; it has {', '.join(names)}"
                    )
            setattr(mappings[side], role, column)
            if role == "amount":
                mappings[side].debit = mappings[side].credit = None
    remarks = _choose_amounts(con, profiles, mappings, given)
    _choose_dates(con, profiles, mappings, given)
    for side, columns in profiles.items():
        _rest(columns, mappings[side], given.get(side, {}))
    _attributes(con, profiles, mappings, given)
    return mappings["left"], mappings["right"], remarks


def _named(role: str, name: str) -> bool:
    return re.search(NAMES[role], name.strip(), re.I) is not None


def _snake(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z])([A-Z])", r"\1_\2", plain).lower()).strip("_")


def _amount_rank(column: Column) -> tuple:
    name = _snake(column.name)
    exact = name in (
        "amount",
        "amt",
        "betrag",
        "value",
        "total",
        "total_amount",
        "amount_eur",
        "amount_usd",
        "net_amount",
        "net",
        "transaction_amount",
    )
    return (not exact, _named("skip", name), not _named("amount", name), -column.money_like, column.position)


def _by_name(columns: list[Column]) -> Mapping:
    mapping = Mapping()
    identifiers = [
        c
        for c in columns
        if c.unique == 1.0
        and c.filled == 1.0
        and c.date is None
        and not (c.money_like > 0.3 and not _named("id", _snake(c.name)))
        and c.average_length <= 64
    ]
    ranked = sorted(
        (
            c
            for c in identifiers
            if _named("id", _snake(c.name))
            or _named("reference", _snake(c.name))
            or (
                c.position == 0
                and c.average_length <= 40
                and not _named("text", c.name)
                and not _named("party", c.name)
                and not _named("amount", _snake(c.name))
            )
        ),
        key=lambda c: (
            _snake(c.name)
            not in (
                "id",
                "uid",
                "uuid",
                "row_id",
                "record_id",
                "unique_id",
                "transaction_id",
                "txn_id",
                "left_id",
                "right_id",
            ),
            not _named("id", _snake(c.name)) and c.position > 0,
            c.position,
        ),
    )
    if ranked:
        mapping.id = ranked[0].name
    elif (
        identifiers
        and identifiers[0].position == 0
        and (identifiers[0].is_number or identifiers[0].is_text)
        and identifiers[0].average_length <= 40
        and not _named("text", identifiers[0].name)
        and not _named("amount", _snake(identifiers[0].name))
    ):
        mapping.id = identifiers[0].name
    debit = [
        c
        for c in columns
        if c.amount_share > 0.9 and c.name != mapping.id and _named("debit", _snake(c.name))
    ]
    credit = [
        c
        for c in columns
        if c.amount_share > 0.9 and c.name != mapping.id and _named("credit", _snake(c.name))
    ]
    if debit and credit:
        mapping.debit, mapping.credit = debit[0].name, credit[0].name
    for c in columns:
        if (
            c.is_text
            and 0 < c.distinct <= 60
            and c.average_length == 3
            and _named("currency", _snake(c.name))
        ):
            mapping.currency = mapping.currency or c.name
    if mapping.currency is None:
        mapping.currency = next(
            (
                c.name
                for c in columns
                if c.is_text
                and 0 < c.distinct <= 5
                and c.average_length == 3
                and c.filled > 0.9
                and c.name.lower().startswith(("cur", "ccy"))
            ),
            None,
        )
    return mapping


def _amount_candidates(columns: list[Column], mapping: Mapping) -> list[Column]:
    found = [
        c
        for c in columns
        if c.amount_share > 0.9
        and c.filled > 0.3
        and c.name != mapping.id
        and c.date is None
        and not (c.is_number and _named("reference", _snake(c.name)) and not _named("amount", _snake(c.name)))
        and not (_named("id", _snake(c.name)) and not _named("amount", _snake(c.name)))
    ]
    return sorted(found, key=_amount_rank)


def amount_expression(mapping: Mapping) -> str:
    """SQL for the signed amount of a file's row, as its columns say."""
    formats = mapping.formats
    if mapping.amount:
        value = parse.amount_sql(quoted(mapping.amount), formats.get(mapping.amount, "."))
    else:
        credit = parse.amount_sql(quoted(mapping.credit), formats.get(mapping.credit, "."))
        debit = parse.amount_sql(quoted(mapping.debit), formats.get(mapping.debit, "."))
        value = f"(coalesce({credit}, 0) - abs(coalesce({debit}, 0)))"
    if mapping.fee and mapping.amount:
        fee = parse.amount_sql(quoted(mapping.fee), formats.get(mapping.fee, "."))
        value = f"({value} - abs(coalesce({fee}, 0)))"
    if mapping.direction and mapping.amount:
        debits = ", ".join(f"'{word}'" for word in DEBITS)
        value = f"(case when upper(trim({quoted(mapping.direction)})) in ({debits}) then -abs({value}) else abs({value}) end)"
    return value


def _choose_amounts(con, profiles, mappings, given) -> list[str]:
    """The pair of amount columns whose values meet most; names decide when values do not."""
    remarks: list[str] = []
    options: dict[str, list[Mapping]] = {}
    for side, columns in profiles.items():
        mapping = mappings[side]
        for c in columns:
            if c.amount_share > 0.8:
                mapping.formats[c.name] = c.mark
        direction = next(
            (
                c
                for c in columns
                if c.is_text
                and 1 <= c.distinct <= 4
                and c.filled > 0.9
                and _named("direction", _snake(c.name))
                and _is_direction(con, side, c.name)
            ),
            None,
        )
        choices = []
        if given.get(side, {}).get("amount"):
            choices = [Mapping(amount=mapping.amount)]
        else:
            if mapping.debit and mapping.credit:
                choices.append(Mapping(debit=mapping.debit, credit=mapping.credit))
            choices += [
                Mapping(amount=c.name)
                for c in _amount_candidates(columns, mapping)[:6]
                if c.name not in (mapping.debit, mapping.credit)
            ]
            fee = next(
                (
                    c
                    for c in columns
                    if c.amount_share > 0.9
                    and re.search(r"(^|_)(fee|fees|commission|charge|charges|gebuehr)", _snake(c.name))
                ),
                None,
            )
            if fee is not None:
                choices += [
                    Mapping(amount=choice.amount, fee=fee.name)
                    for choice in choices[:4]
                    if choice.amount and choice.amount != fee.name
                ]
        if not choices and not con.execute(f"select count(*) from {side}_file").fetchone()[0]:
            named = sorted(columns, key=_amount_rank)
            choices = [Mapping(amount=named[0].name)]
            remarks.append(f"the {side} file has no rows: every row of the other file stays open")
        if not choices:
            raise ValueError(
                f"the {side} file has no column of amounts; columns: {', '.join(c.name for c in columns)}. Name it with --map {side}.amount=COLUMN"
            )
        for choice in choices:
            choice.formats = mapping.formats
            if direction and choice.amount and _never_negative(con, side, choice):
                choice.direction = direction.name
        options[side] = choices
    blocks = {side: _blocks(columns, mappings[side]) for side, columns in profiles.items()}
    best = None
    for i, a in enumerate(options["left"]):
        for j, b in enumerate(options["right"]):
            shared = _shared_amounts(con, a, b)
            if shared < 0.3:
                shared = max(shared, 0.9 * _shared_sums(con, a, b, blocks))
            key = (shared * (0.97 ** (i + j)), -i - j)
            if best is None or key > best[0]:
                best = (key, a, b, shared)
    _, a, b, shared = best
    if shared < 0.02:
        a, b = options["left"][0], options["right"][0]
        remarks.append(
            "hardly any amount occurs in both files: the amount columns were chosen by their names"
        )
    for side, choice in (("left", a), ("right", b)):
        mapping = mappings[side]
        mapping.amount, mapping.debit, mapping.credit = choice.amount, choice.debit, choice.credit
        mapping.direction, mapping.fee = choice.direction, choice.fee
    return remarks


def _blocks(columns: list[Column], mapping: Mapping) -> list[str]:
    """SQL of columns by which rows may have been bundled: a batch or payout id, a day."""
    found = [
        quoted(c.name)
        for c in columns
        if _named("group", _snake(c.name)) and c.distinct > 1 and c.unique < 0.8
    ]
    found += [parse.date_sql(quoted(c.name), c.date[0]) for c in columns if c.date is not None][:2]
    return found[:3]


def _shared_sums(con, a: Mapping, b: Mapping, blocks: dict[str, list[str]]) -> float:
    """Like _shared_amounts, when the rows of one file are sums of blocks of the other one's."""
    best = 0.0
    for single, many, single_side, many_side in ((a, b, "left", "right"), (b, a, "right", "left")):
        for block in blocks[many_side]:
            # Whole blocks, of whole files: a sample of rows would leave every block without a part of its sum.
            rows = con.execute(f"select count(*) from {many_side}_file").fetchone()[0]
            every = max(1, rows // BLOCK_ROWS)
            value = con.execute(f"""
                with one as (select abs({amount_expression(single)}) as amount, count(*) as n from {single_side}_file group by 1),
                    sums as (
                        select abs(sum({amount_expression(many)})) as amount from {many_side}_file
                        where {block} is not null and hash({block}) % {every} = 0 group by {block} having count(*) > 1
                    ),
                    s as (select amount, count(*) as n from sums group by 1)
                select coalesce(sum(least(one.n, s.n)), 0) / greatest(1, least((select sum(n) from one), (select sum(n) from s)))
                from one inner join s on one.amount = s.amount where one.amount <> 0
            """).fetchone()[0]
            best = max(best, float(value))
    return best


def _is_direction(con, side: str, name: str) -> bool:
    words = ", ".join(f"'{word}'" for word in (*DEBITS, *CREDITS))
    return bool(
        con.execute(
            f"select bool_and(upper(trim({quoted(name)})) in ({words})) from sample_{side}_file where {quoted(name)} is not null"
        ).fetchone()[0]
    )


def _never_negative(con, side: str, choice: Mapping) -> bool:
    return not con.execute(
        f"select count(*) from sample_{side}_file where {amount_expression(choice)} < 0"
    ).fetchone()[0]


def _shared_amounts(con, a: Mapping, b: Mapping) -> float:
    """Share of the smaller file's rows whose absolute amount occurs in the other file, each used once."""
    return float(
        con.execute(f"""
        with l as (select abs({amount_expression(a)}) as amount, count(*) as n from sample_left_file group by 1),
            r as (select abs({amount_expression(b)}) as amount, count(*) as n from sample_right_file group by 1)
        select coalesce(sum(least(l.n, r.n)), 0) / greatest(1, least((select sum(n) from l), (select sum(n) from r)))
        from l inner join r on l.amount = r.amount where l.amount <> 0
    """).fetchone()[0]
    )


def _choose_dates(con, profiles, mappings, given) -> None:
    """The pair of date columns that lie closest where unique amounts meet; names break ties."""
    choices = {}
    for side, columns in profiles.items():
        dated = [c for c in columns if c.date is not None and c.filled > 0.5 and c.name != mappings[side].id]
        for c in columns:
            if c.date is not None:
                mappings[side].formats[c.name] = c.date[0]
        dated.sort(
            key=lambda c: (
                _named("due", c.name),
                not _named("date", c.name),
                _named("skip", c.name),
                c.position,
            )
        )
        if given.get(side, {}).get("date"):
            dated = [c for c in columns if c.name == mappings[side].date]
            if dated and dated[0].date is None:
                raise ValueError(
                    f"--map {side}.date={dated[0].name}: its values are not dates that can be read"
                )
        choices[side] = dated[:4]
    if not choices["left"] or not choices["right"]:
        for side in choices:
            mappings[side].date = choices[side][0].name if choices[side] else None
    else:
        best = None
        for i, a in enumerate(choices["left"]):
            for j, b in enumerate(choices["right"]):
                for form_a, form_b in _date_forms(a, b):
                    lag, count = _lag(con, mappings, a.name, form_a, b.name, form_b)
                    key = (
                        round(lag, 1) if count >= 8 else 0.0,
                        i + j,
                        form_a != a.date[0],
                        form_b != b.date[0],
                    )
                    if best is None or key < best[0]:
                        best = (key, a, form_a, b, form_b)
        _, a, form_a, b, form_b = best
        mappings["left"].date, mappings["right"].date = a.name, b.name
        mappings["left"].formats[a.name], mappings["right"].formats[b.name] = form_a, form_b
    for side, columns in profiles.items():
        mapping = mappings[side]
        mapping.due_date = mapping.due_date or next(
            (
                c.name
                for c in columns
                if c.date is not None and c.name != mapping.date and _named("due", c.name)
            ),
            None,
        )


def _date_forms(a: Column, b: Column):
    """Readings to try: a column whose day and month are ambiguous is tried in both orders."""

    def both(column: Column) -> list[str]:
        form, ambiguous = column.date
        other = {
            "%d/%m/%Y": "%m/%d/%Y",
            "%m/%d/%Y": "%d/%m/%Y",
            "%d-%m-%Y": "%m-%d-%Y",
            "%m-%d-%Y": "%d-%m-%Y",
            "%d/%m/%y": "%m/%d/%y",
            "%m/%d/%y": "%d/%m/%y",
        }.get(form)
        return [form, other] if ambiguous and other else [form]

    return [(x, y) for x in both(a) for y in both(b)]


def _lag(con, mappings, a: str, form_a: str, b: str, form_b: str) -> tuple[float, int]:
    """(average days apart, pairs) where one amount occurs once in each file."""
    row = con.execute(f"""
        with l as (select abs({amount_expression(mappings["left"])}) as amount, min({parse.date_sql(quoted(a), form_a)}) as day from sample_left_file group by 1 having count(*) = 1),
            r as (select abs({amount_expression(mappings["right"])}) as amount, min({parse.date_sql(quoted(b), form_b)}) as day from sample_right_file group by 1 having count(*) = 1)
        select coalesce(avg(least(abs(l.day - r.day), 120)), 0), count(*) from l inner join r on l.amount = r.amount where l.amount <> 0 and l.day is not null and r.day is not null
    """).fetchone()
    return float(row[0]), int(row[1])


def _rest(columns: list[Column], mapping: Mapping, given: dict) -> None:
    used = {
        mapping.id,
        mapping.amount,
        mapping.debit,
        mapping.credit,
        mapping.direction,
        mapping.currency,
        mapping.date,
        mapping.due_date,
    }
    texts, references = [], []
    for c in columns:
        if c.name in used or c.filled == 0 or c.date is not None:
            continue
        name = _snake(c.name)
        if c.amount_share > 0.8 and not c.is_number:
            continue
        if (
            "party" not in given
            and mapping.party is None
            and c.is_text
            and c.has_letters > 0.8
            and _named("party", name)
            and not _named("text", name)
            and not name.endswith(("id", "no", "number", "type", "email", "iban", "account"))
        ):
            mapping.party = c.name
        elif (
            "party_account" not in given
            and mapping.party_account is None
            and re.search(r"(iban|counter.*account|account_?(no|number)|party_account)", name)
            and c.distinct > 3
            and not c.is_number
        ):
            mapping.party_account = c.name
        elif (
            "group" not in given
            and mapping.group is None
            and _named("group", name)
            and c.unique < 0.95
            and c.average_length >= 3
            and c.distinct >= 2
        ):
            mapping.group = c.name
        elif c.is_number and c.unique == 1.0 and not _named("reference", name):
            continue
        elif (
            (_named("reference", name) or _named("group", name))
            and not _named("text", name)
            and c.average_length <= 40
        ):
            references.append(c.name)
        elif c.is_number and (_named("skip", name) or c.average_length <= 2):
            continue
        else:
            texts.append(c.name)
    if "references" not in given:
        mapping.references = references
    if "texts" not in given:
        mapping.texts = texts


def _attributes(con, profiles, mappings, given) -> None:
    """Columns of few values that occur in both files (store, terminal, account): compared as they are."""
    if any("attributes" in roles for roles in given.values()):
        return
    pairs = []
    for a in profiles["left"]:
        for b in profiles["right"]:
            if not (_comparable(a, mappings["left"]) and _comparable(b, mappings["right"])):
                continue
            shared, left_n, right_n = con.execute(f"""
                with l as (select distinct upper(trim({quoted(a.name)})) as v from sample_left_file where {quoted(a.name)} is not null),
                    r as (select distinct upper(trim({quoted(b.name)})) as v from sample_right_file where {quoted(b.name)} is not null)
                select (select count(*) from l inner join r using (v)), (select count(*) from l), (select count(*) from r)
            """).fetchone()
            same_name = _snake(a.name) == _snake(b.name)
            if shared >= 2 and shared >= 0.5 * min(left_n, right_n):
                pairs.append(
                    (-(shared / max(left_n, right_n)) - same_name, a.position, b.position, a.name, b.name)
                )
    taken: set[tuple[str, str]] = set()
    for _, _, _, a, b in sorted(pairs):
        if ("l", a) in taken or ("r", b) in taken or len(mappings["left"].attributes) >= 4:
            continue
        taken.update({("l", a), ("r", b)})
        mappings["left"].attributes.append(a)
        mappings["right"].attributes.append(b)
        # Compared as a column, it must not count again as words.
        for side, name in (("left", a), ("right", b)):
            mappings[side].texts = [t for t in mappings[side].texts if t != name]
            mappings[side].references = [t for t in mappings[side].references if t != name]


def _comparable(column: Column, mapping: Mapping) -> bool:
    roles = {
        mapping.id,
        mapping.amount,
        mapping.debit,
        mapping.credit,
        mapping.date,
        mapping.due_date,
        mapping.party,
        mapping.party_account,
        mapping.group,
        mapping.currency,
        mapping.direction,
    }
    return (
        column.name not in roles
        and column.date is None
        and column.filled > 0.3
        and 2 <= column.distinct <= 400
        and column.unique < 0.5
        and column.average_length <= 30
        and not (column.amount_share > 0.8 and not column.is_number)
    )
