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
from rapidfuzz.distance import OSA
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from matching import party_texts

#: Names spelled at least this alike (0..100) may be one party, if the next best is LEAD points behind.
ALIKE = 84.0
LEAD = 7.0
#: Distinct names beyond which spelling is not compared.
NAME_LIMIT = 30_000


def cluster(con: duckdb.DuckDBPyConnection) -> list[dict]:
    """Add the columns `party` (cluster number, -1 unknown) and `is_weak_party` to the table `item`; what was left out.

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
        return []
    notes: list[dict] = []
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
    set_parties(con, names.column(0), label.astype(np.int32), None)
    weak = _by_spelling(con, notes)
    if weak:
        set_parties(
            con,
            pa.array([identity for identity, _ in weak], pa.string()),
            np.array([party for _, party in weak], dtype=np.int32),
            True,
        )
    party_texts.whole_names(con, notes)
    party_texts.mangled_names(con, notes)
    for name in ("party_names", "party_edges"):
        con.unregister(name)
    return notes


def set_parties(con, identities, parties: np.ndarray, is_weak: bool | None) -> None:
    con.register("party_labels", pa.table({"identity": identities, "party": pa.array(parties)}))
    con.execute(f"""
        update item set party = found.party{", is_weak_party = true" if is_weak else ""}
        from (select identity.row, min(party_labels.party) as party from identity
              inner join party_labels on identity.identity = party_labels.identity group by identity.row) as found
        where item.row = found.row
    """)
    con.unregister("party_labels")


def _by_spelling(con, notes: list[dict]) -> list[tuple[str, int]]:
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
    if not alone or not known or not parties_left:
        return []
    if len(alone) > NAME_LIMIT or len(known) > NAME_LIMIT:
        notes.append(
            {
                "rec": -1,
                "code": "names_not_compared",
                "message": f"{max(len(alone), len(known)):,} different names are too many to compare their spelling (limit {NAME_LIMIT:,}): a name written in two ways is taken for two parties",
            }
        )
        return []
    found = []
    for i, candidates in enumerate(nearest([name for name, _ in alone], [name for name, _ in known])):
        name = alone[i][0]
        scored: dict[int, float] = {}
        for k in candidates:
            other, party = known[k]
            alike = max(
                fuzz.token_sort_ratio(name, other), fuzz.ratio(name.replace(" ", ""), other.replace(" ", ""))
            )
            shorter, longer = sorted((name, other), key=len)
            if len(shorter) >= 4 and longer.startswith(shorter):
                alike = max(alike, 92.0)  # cut off by a field of fixed width
            if len(shorter) >= 5 and OSA.distance(name, other, score_cutoff=1) <= 1:
                alike = max(alike, 92.0)  # one slip of the keys: a letter too many, too few, or two swapped
            if len(name) >= 6 and len(name) < len(other):
                # Cut off and mistyped: compared with as much of the other name as there is.
                alike = max(alike, 0.97 * fuzz.ratio(name, other[: len(name)]))
            scored[party] = max(scored.get(party, 0.0), alike)
        best = sorted(scored.items(), key=lambda pair: (-pair[1], pair[0]))
        if best and best[0][1] >= ALIKE and (len(best) == 1 or best[0][1] - best[1][1] >= LEAD):
            found.append(("N" + name, best[0][0]))
    return found


def nearest(names: list[str], others: list[str], top: int = 5) -> list[list[int]]:
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
