"""Items: the rows of both sides, in the engine's own form. Nothing about candidates or decisions.

An item row is one (reconciliation, side, item). The same thing (a bank line) may stand in several
reconciliations; its `node` is one number everywhere, so that the decision can spend it only once.

Amounts become integers of 1/10000 of the currency unit (`ticks`): exact, comparable and fast, and no
currency's minor unit is smaller. Left amounts are turned to the sign of the right side, because a bank says
+ where a ledger says - (see `align_signs`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import duckdb
import numpy as np
import pyarrow as pa

from matching import original_amounts, parties
from matching.limits import Limits
from matching.normalise import MACROS

#: Ticks in one unit of any currency (DECIMAL(18,4)).
TICKS = 10_000
NO_DATE = np.iinfo(np.int32).min

#: column -> SQL type of the items relation; absent columns are taken as null.
COLUMNS = {
    "reconciliation": "varchar",
    "side": "varchar",
    "item_type": "varchar",
    "item_id": "varchar",
    "entity_id": "varchar",
    "account_id": "varchar",
    "currency": "varchar",
    "amount": "decimal(18, 4)",
    "item_date": "date",
    "due_date": "date",
    "party_id": "varchar",
    "party_name": "varchar",
    "party_account": "varchar",
    "reference_text": "varchar",
    "reference_keys": "varchar[]",
    "group_key": "varchar",
    "discount_amount": "decimal(18, 4)",
    "discount_until_date": "date",
    "original_amount": "decimal(18, 4)",
    "original_currency": "varchar",
    "attributes": "varchar[]",
}


@dataclass
class Items:
    """Item rows as columns, ordered by (reconciliation, side, item_type, item_id): input order is gone."""

    reconciliations: list[str]
    rec: np.ndarray  # index into reconciliations
    is_left: np.ndarray
    node: np.ndarray
    amount: np.ndarray  # ticks, left turned to the right side's sign
    sign: np.ndarray  # +1 or -1: amount * sign is the amount as given
    date: np.ndarray  # days since 1970, NO_DATE when unknown
    currency: pa.Array
    item_type: pa.Array
    item_id: pa.Array
    entity: pa.Array
    account: pa.Array
    party: np.ndarray  # cluster of party identities, -1 when unknown
    is_weak_party: np.ndarray  # the party was guessed from spelling or text
    discount: np.ndarray  # ticks, 0 when none was agreed
    discount_until: np.ndarray  # days since 1970
    stratum: (
        np.ndarray
    )  # (reconciliation, entity, currency): partners share it, rows elsewhere change nothing
    strata: int
    left_pays: np.ndarray  # per reconciliation: the left side is the money, the right one the documents
    attribute_count: int = 0
    notes: list[dict] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits(0))

    def __len__(self) -> int:
        return len(self.rec)

    def take(self, rows: np.ndarray) -> Items:
        """Some of the rows (ascending) as items of their own: numbers of rows and nodes start at 0, their order stays."""
        place = pa.array(rows)
        _, node = np.unique(self.node[rows], return_inverse=True)
        limits = Limits(len(rows))
        limits.mask[:] = self.limits.mask[rows]
        return replace(
            self,
            **{
                name: getattr(self, name)[rows]
                for name in (
                    "rec",
                    "is_left",
                    "amount",
                    "sign",
                    "date",
                    "party",
                    "is_weak_party",
                    "discount",
                    "discount_until",
                    "stratum",
                )
            },
            **{
                name: getattr(self, name).take(place).cast(pa.string())
                for name in ("currency", "item_type", "item_id", "entity", "account")
            },
            node=node.astype(np.int64),
            notes=[],
            limits=limits,
        )


def load(con: duckdb.DuckDBPyConnection, source: pa.Table, same_sign: bool | None = None) -> Items:
    """Create the tables `item` (rows) and return the columns that decisions need.

    `con` is the engine's own connection; `source` has the columns of COLUMNS. Raises ValueError when a
    row has no side, id or amount type, because a row that cannot be told apart could be paid twice.
    """
    missing = {"reconciliation", "side", "item_type", "item_id", "currency", "amount"} - set(
        source.column_names
    )
    if missing:
        raise ValueError(f"items: columns {sorted(missing)} are missing; found {source.column_names}")
    con.execute(MACROS)
    numbered = source.append_column("position", pa.array(np.arange(source.num_rows)))
    # In pieces, because one batch is read by one thread only.
    con.register(
        "source_items", pa.Table.from_batches(numbered.to_batches(max_chunksize=60_000), numbered.schema)
    )
    present = set(source.column_names)
    columns = ", ".join(
        f"cast({name} as {kind}) as {name}" if name in present else f"cast(null as {kind}) as {name}"
        for name, kind in COLUMNS.items()
    )
    # Normalising a name costs more than anything else here, and names repeat.
    con.execute(f"""
        create or replace temp table party_form as
        select name, nullif(party_key(name), '') as party_name
        from (select distinct cast({"party_name" if "party_name" in present else "null"} as varchar) as name from source_items)
        where name is not null
    """)
    con.execute(f"""
        create or replace temp table item as
        with source as (select {columns}, position from source_items),
        -- Numbered in a narrow table: sorting whole rows costs ten times as much.
        numbered as (
            select position, cast(row_number() over (order by reconciliation, side, item_type, item_id) - 1 as integer) as row
            from source_items
        )
        select
            numbered.row, reconciliation, side, item_type, item_id, coalesce(entity_id, '') as entity, account_id as account,
            upper(trim(coalesce(currency, ''))) as currency,
            cast(cast(coalesce(amount, 0) as decimal(38, 4)) * {TICKS} as bigint) as amt,
            item_date as date, due_date as due, nullif(trim(party_id), '') as party_id,
            party_form.party_name,
            nullif(ref_key(party_account), '') as party_account,
            nullif(trim(reference_text), '') as text, reference_keys, nullif(trim(group_key), '') as group_key,
            cast(cast(abs(discount_amount) as decimal(38, 4)) * {TICKS} as bigint) as discount,
            discount_until_date as discount_until,
            -- Statements give it without the sign of the amount beside it.
            cast(cast(abs(original_amount) * (case when amount < 0 then -1 else 1 end) as decimal(38, 4)) * {TICKS} as bigint) as original_amt,
            upper(original_currency) as original_currency, attributes
        from source
        inner join numbered on source.position = numbered.position
        left join party_form on source.party_name = party_form.name
    """)
    con.unregister("source_items")
    problem = con.execute("""
        select
            count(*) filter (where item_id is null or side is null or reconciliation is null),
            count(*) filter (where side not in ('left', 'right'))
        from item
    """).fetchone()
    if problem[0] or problem[1]:
        raise ValueError(
            f"items: {problem[0]} rows without id, side or reconciliation; {problem[1]} with a side other than left or right"
        )
    duplicate = con.execute("""
        select reconciliation, side, item_type, item_id from item
        group by all having count(*) > 1 order by all limit 1
    """).fetchone()
    if duplicate:
        raise ValueError(
            f"items: {duplicate[2]} {duplicate[3]} appears twice on the {duplicate[1]} side of {duplicate[0]}"
        )
    signs = align_signs(con, same_sign)
    original_amounts.from_texts(con, TICKS)
    con.execute("alter table item add column node integer; alter table item add column rec integer")
    con.execute("""
        update item set rec = codes.rec
        from (select reconciliation, row_number() over (order by reconciliation) - 1 as rec
              from (select distinct reconciliation from item)) as codes
        where item.reconciliation = codes.reconciliation
    """)
    if con.execute(
        "select count(*) from (select 1 from item group by item_type, item_id having count(*) > 1 limit 1)"
    ).fetchone()[0]:
        con.execute("""
            update item set node = numbered.node
            from (select row, dense_rank() over (order by item_type, item_id) - 1 as node from item) as numbered
            where item.row = numbered.row
        """)
    else:
        con.execute("update item set node = row")
    notes = parties.cluster(con)
    items = _columns(con, signs)
    return replace(items, notes=notes, limits=Limits(len(items)))


def align_signs(con: duckdb.DuckDBPyConnection, same_sign: bool | None) -> dict[str, int]:
    """Turn left amounts to the right side's sign, per reconciliation, and return the sign used.

    Decided by how many left rows find their amount on the right, as it is or negated, alone or as the sum
    of a day; where hardly any does (one in twenty), such hits are accidents and the sides' signs decide.
    The bank's +100 and the ledger's -100 are the same money.
    """
    rows = con.execute("""
        with amounts as (
            select reconciliation, side, currency, amt, count(*) as n from item where amt <> 0 group by all
        ),
        day_sum as (
            select reconciliation, side, currency, sum(amt) as amt from item
            where date is not null group by reconciliation, side, currency, date having count(*) > 1
        ),
        sums as (
            select reconciliation, side, currency, amt, count(*) as n from day_sum where amt <> 0 group by all
        ),
        totals as (
            select
                reconciliation,
                sum(n) filter (where side = 'left' and amt > 0) as left_plus,
                sum(n) filter (where side = 'left' and amt < 0) as left_minus,
                sum(n) filter (where side = 'right' and amt > 0) as right_plus,
                sum(n) filter (where side = 'right' and amt < 0) as right_minus
            from amounts group by reconciliation
        ),
        shared as (
            select
                reconciliation,
                sum(n) filter (where is_same) as same,
                sum(n) filter (where not is_same) as opposite
            from (
                select l.reconciliation, l.amt = r.amt as is_same, least(l.n, r.n) as n
                from amounts as l inner join amounts as r
                    on l.reconciliation = r.reconciliation and l.currency = r.currency and abs(l.amt) = abs(r.amt)
                where l.side = 'left' and r.side = 'right'
                union all
                select l.reconciliation, l.amt = r.amt, least(l.n, r.n)
                from amounts as l inner join sums as r
                    on l.reconciliation = r.reconciliation and l.currency = r.currency and abs(l.amt) = abs(r.amt)
                where l.side <> r.side
            ) as hits
            group by reconciliation
        )
        select
            totals.reconciliation, coalesce(same, 0), coalesce(opposite, 0),
            coalesce(left_plus, 0), coalesce(left_minus, 0), coalesce(right_plus, 0), coalesce(right_minus, 0)
        from totals left join shared on totals.reconciliation = shared.reconciliation
        order by totals.reconciliation
    """).fetchall()
    signs = {}
    for name, same, opposite, left_plus, left_minus, right_plus, right_minus in rows:
        if same_sign is not None:
            sign = 1 if same_sign else -1
        else:
            agreeing = left_plus * right_plus + left_minus * right_minus
            opposing = left_plus * right_minus + left_minus * right_plus
            rows_of_smaller = min(left_plus + left_minus, right_plus + right_minus)
            if agreeing == opposing or 20 * max(same, opposite) >= rows_of_smaller:
                agreeing, opposing = (same, opposite) if same != opposite else (agreeing, opposing)
            sign = -1 if opposing > agreeing else 1
        signs[name] = sign
        if sign < 0:
            con.execute(
                "update item set amt = -amt, original_amt = -original_amt where reconciliation = ? and side = 'left'",
                [name],
            )
    return signs


def _columns(con: duckdb.DuckDBPyConnection, signs: dict[str, int]) -> Items:
    names = [row[0] for row in con.execute("select distinct reconciliation from item order by 1").fetchall()]
    count = con.execute("select count(*) from item").fetchone()[0]
    numbers = {
        name: np.empty(count, dtype=kind)
        for name, kind in (
            ("rec", np.int32),
            ("is_left", bool),
            ("node", np.int64),
            ("amt", np.int64),
            ("day", np.int64),
            ("party", np.int64),
            ("is_weak_party", bool),
            ("discount", np.int64),
            ("discount_until", np.int64),
        )
    }
    texts: dict[str, list[pa.Array]] = {
        name: [] for name in ("currency", "item_type", "item_id", "entity", "account")
    }
    reader = con.execute(f"""
        select {", ".join([*numbers, *texts])} from (
            select row, rec, side = 'left' as is_left, node, amt, coalesce(date - date '1970-01-01', {NO_DATE}) as day,
                currency, item_type, item_id, entity, account, party, is_weak_party, coalesce(discount, 0) as discount,
                coalesce(discount_until - date '1970-01-01', 2147483647) as discount_until
            from item
        ) order by row
    """).to_arrow_reader(500_000)
    at = 0
    # Piece by piece: as one Arrow table the words that every row repeats would take more than all the rest.
    for batch in reader:
        for name, column in numbers.items():
            column[at : at + batch.num_rows] = batch.column(name).to_numpy(zero_copy_only=False)
        for name, pieces in texts.items():
            piece = batch.column(name)
            pieces.append(piece if name == "item_id" else piece.dictionary_encode())
        at += batch.num_rows
    columns = {
        name: one_piece(pieces, pa.string() if name == "item_id" else pa.dictionary(pa.int32(), pa.string()))
        for name, pieces in texts.items()
    }
    rec, is_left = numbers["rec"], numbers["is_left"]
    sign = np.ones(count, dtype=np.int8)
    for code, name in enumerate(names):
        if signs.get(name, 1) < 0:
            sign[(rec == code) & is_left] = -1
    attributes = con.execute("select max(len(attributes)) from item").fetchone()[0] or 0
    stratum, strata = _strata([columns["entity"], columns["currency"]], rec)
    return Items(
        reconciliations=names,
        rec=rec,
        is_left=is_left,
        node=numbers["node"],
        amount=numbers["amt"],
        sign=sign,
        date=numbers["day"],
        currency=columns["currency"],
        item_type=columns["item_type"],
        item_id=columns["item_id"],
        entity=columns["entity"],
        account=columns["account"],
        party=numbers["party"],
        is_weak_party=numbers["is_weak_party"],
        discount=numbers["discount"],
        discount_until=numbers["discount_until"],
        stratum=stratum,
        strata=strata,
        left_pays=np.ones(len(names), dtype=bool),
        attribute_count=int(attributes),
    )


def one_piece(pieces: list[pa.Array], kind: pa.DataType) -> pa.Array:
    """Pieces of a column as one array, words by one list of words."""
    whole = pa.chunked_array(pieces, kind).unify_dictionaries().combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def codes_of(words: pa.Array) -> np.ndarray:
    """A number per row for a column of words, -1 where there is none; equal words have equal numbers."""
    return words.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


#: Strata are measured one by one; beyond this many, whole reconciliations are measured instead.
STRATA_LIMIT = 5_000


def _strata(columns: list[pa.Array], rec: np.ndarray) -> tuple[np.ndarray, int]:
    code = rec.astype(np.int64)
    for words in columns:
        part = codes_of(words)
        code = code * (part.max(initial=0) + 1) + part
    distinct, stratum = np.unique(code, return_inverse=True)
    if len(distinct) > STRATA_LIMIT:
        return rec.astype(np.int64), int(rec.max(initial=-1)) + 1
    return stratum.astype(np.int64), len(distinct)
