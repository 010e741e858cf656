"""Parties: which rows name the same customer, vendor or employee, however it is written.

Rows that share a party id, an account or a normalised name are one party. What banks mangle is linked in
two weaker ways, both only when exactly one party fits: a name spelled nearly the same (or cut off), and a
party's name found among the words of a free text. Weak links are marked, so that they weigh less.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

#: Names spelled at least this alike (0..100) may be one party, if the next best is LEAD points behind.
ALIKE = 84.0
LEAD = 7.0
#: Distinct names beyond which spelling is not compared, and rows beyond which texts are not searched.
NAME_LIMIT = 30_000
ROW_LIMIT = 800_000
#: Texts looked at while searching names in them.
TEXT_WORK = 5_000_000


def cluster(con: duckdb.DuckDBPyConnection) -> None:
    """Add the columns `party` (cluster number, -1 unknown) and `is_weak_party` to the table `item`.

    An identity that joins more than three party ids (a payment provider's account, "DIVERSE") names no
    party and joins nothing: else one customer's receipt could pay another's invoice.
    """
    con.execute("alter table item add column party integer default -1")
    con.execute("alter table item add column is_weak_party boolean default false")
    con.execute("""
        create or replace temp table identity as
        select row, 'I' || party_id as identity from item where party_id is not null
        union all select row, 'N' || party_name from item where party_name is not null
        union all select row, 'A' || party_account from item where party_account is not null;
        create or replace temp table no_identity as
        select identity.identity
        from identity inner join item on identity.row = item.row
        where item.party_id is not null and identity.identity not like 'I%'
        group by identity.identity having count(distinct item.party_id) > 3
    """)
    names = con.execute(
        "select distinct identity from identity where identity not in (select identity from no_identity) order by 1"
    ).to_arrow_table()
    if not names.num_rows:
        return
    edges = con.execute("""
        select distinct a.identity as a, b.identity as b
        from identity as a inner join identity as b on a.row = b.row and a.identity < b.identity
        where a.identity not in (select identity from no_identity) and b.identity not in (select identity from no_identity)
    """).to_arrow_table()
    con.register(
        "party_names", names.append_column("position", pa.array(np.arange(names.num_rows, dtype=np.int32)))
    )
    con.register("party_edges", edges)
    pairs = con.execute("""
        select x.position as a, y.position as b from party_edges
        inner join party_names as x on party_edges.a = x.identity
        inner join party_names as y on party_edges.b = y.identity
    """).fetchnumpy()
    _, label = connected_components(
        coo_matrix(
            (np.ones(len(pairs["a"]), dtype=np.int8), (pairs["a"], pairs["b"])), shape=(names.num_rows,) * 2
        ),
        directed=False,
    )
    _set(con, names.column(0), label.astype(np.int32), None)
    weak = _by_spelling(con)
    if weak:
        _set(
            con,
            pa.array([identity for identity, _ in weak], pa.string()),
            np.array([party for _, party in weak], dtype=np.int32),
            True,
        )
    _in_text(con)
    for name in ("party_names", "party_edges"):
        con.unregister(name)


def _set(con, identities, parties: np.ndarray, is_weak: bool | None) -> None:
    con.register("party_labels", pa.table({"identity": identities, "party": pa.array(parties)}))
    con.execute(f"""
        update item set party = found.party{", is_weak_party = true" if is_weak else ""}
        from (select identity.row, min(party_labels.party) as party from identity
              inner join party_labels on identity.identity = party_labels.identity group by identity.row) as found
        where item.row = found.row
    """)
    con.unregister("party_labels")


def _by_spelling(con) -> list[tuple[str, int]]:
    """(name of one side, party of the other side) for names that only one party is spelled like."""
    rows = con.execute("""
        select party_name, min(party) as party, bool_or(side = 'left') as on_left, bool_or(side = 'right') as on_right
        from item where party_name is not null and party >= 0 group by party_name order by party_name
    """).fetchall()
    parties_left = {party for _, party, on_left, _ in rows if on_left}
    parties_right = {party for _, party, _, on_right in rows if on_right}
    # Names that stand alone on one side look for a party among the names of the other side.
    alone = [
        (name, party)
        for name, party, on_left, on_right in rows
        if on_left and party not in parties_right and len(name) >= 4
    ]
    known = [(name, party) for name, party, _, on_right in rows if on_right]
    if len(alone) > NAME_LIMIT or len(known) > NAME_LIMIT or not alone or not known or not parties_left:
        return []
    found = []
    for i, candidates in enumerate(_nearest([name for name, _ in alone], [name for name, _ in known])):
        name = alone[i][0]
        scored: dict[int, float] = {}
        for k in candidates:
            other, party = known[k]
            alike = max(
                fuzz.token_sort_ratio(name, other), fuzz.ratio(name.replace(" ", ""), other.replace(" ", ""))
            )
            shorter, longer = sorted((name, other), key=len)
            if len(shorter) >= 5 and longer.startswith(shorter):
                alike = max(alike, 92.0)  # cut off by a field of fixed width
            if len(name) >= 6 and len(name) < len(other):
                # Cut off and mistyped: compared with as much of the other name as there is.
                alike = max(alike, 0.97 * fuzz.ratio(name, other[: len(name)]))
            scored[party] = max(scored.get(party, 0.0), alike)
        best = sorted(scored.items(), key=lambda pair: (-pair[1], pair[0]))
        if best and best[0][1] >= ALIKE and (len(best) == 1 or best[0][1] - best[1][1] >= LEAD):
            found.append(("N" + name, best[0][0]))
    return found


def _nearest(names: list[str], others: list[str], top: int = 5) -> list[list[int]]:
    """For each name the positions of the others that share most of its rare letter triples."""
    grams: dict[str, int] = {}

    def matrix(texts: list[str], grow: bool):
        rows, columns = [], []
        for i, text in enumerate(texts):
            squeezed = f"#{text.replace(' ', '')}#"
            for j in range(len(squeezed) - 2):
                gram = squeezed[j : j + 3]
                if grow:
                    grams.setdefault(gram, len(grams))
                if gram in grams:
                    rows.append(i)
                    columns.append(grams[gram])
        return rows, columns

    other_rows, other_columns = matrix(others, True)
    rows, columns = matrix(names, False)
    count = np.bincount(other_columns, minlength=len(grams)).astype(float)
    weight = np.log(1 + len(others) / np.maximum(count, 1))
    left = csr_matrix(
        (weight[columns] if columns else np.zeros(0), (rows, columns)), shape=(len(names), len(grams))
    )
    right = csr_matrix(
        (np.ones(len(other_rows)), (other_rows, other_columns)), shape=(len(others), len(grams))
    ).T.tocsr()
    result: list[list[int]] = []
    for start in range(0, len(names), 1000):
        product = (left[start : start + 1000] @ right).tocsr()
        for i in range(product.shape[0]):
            part = slice(product.indptr[i], product.indptr[i + 1])
            order = np.lexsort((product.indices[part], -product.data[part]))[:top]
            result.append(product.indices[part][order].tolist())
    return result


def _in_text(con) -> None:
    """Rows that name no party get the one party of the other side whose whole name stands in their text."""
    rows = con.execute(
        "select count(*), count(*) filter (where party < 0 and text is not null), count(*) filter (where party >= 0) from item"
    ).fetchone()
    if rows[0] > ROW_LIMIT or not rows[1] or not rows[2]:
        return
    # Each name is looked for by its rarest word only: "CUSTOMER" stands in every text.
    con.execute(f"""
        create or replace temp table text_words as
        select reconciliation, side, row, list_distinct(string_split(party_key(text), ' ')) as words
        from item where party < 0 and text is not null;
        create or replace temp table text_word as
        select reconciliation, side, row, unnest(words) as word from text_words;
        create or replace temp table found_party as
        with name as (
            select distinct reconciliation, side, party, party_name, list_distinct(string_split(party_name, ' ')) as words
            from item where party >= 0 and party_name is not null and length(party_name) >= 4
        ),
        used as (select reconciliation, side, word, count(*) as n from text_word group by all),
        name_word as (select reconciliation, side, party, party_name, words, unnest(words) as word from name),
        rarest as (
            select w.reconciliation, w.side, w.party, w.party_name, w.words, min_by(w.word, (used.n, w.word)) as word, min(used.n) as n
            from name_word as w inner join used on w.reconciliation = used.reconciliation and w.side <> used.side and w.word = used.word
            group by all
        ),
        bounded as (select * from rarest qualify sum(n) over (order by n, reconciliation, side, party, party_name) <= {TEXT_WORK}),
        whole as (
            select t.row, b.party, max(length(b.party_name)) as letters
            from bounded as b
            inner join text_word as w on b.reconciliation = w.reconciliation and b.side <> w.side and b.word = w.word
            inner join text_words as t on w.row = t.row
            where list_has_all(t.words, b.words)
            group by t.row, b.party
        )
        select row, party from whole
        -- The longest name wins (ACME BERLIN over ACME); two of equal length decide nothing.
        qualify letters = max(letters) over (partition by row) and count(*) over (partition by row, letters) = 1
    """)
    con.execute(
        "update item set party = found_party.party, is_weak_party = true from found_party where item.row = found_party.row"
    )
