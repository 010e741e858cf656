"""The text comparison: shared words by their rarity, and spelling for words that were mangled.

Shared words count by how rare they are (their inverse frequency). Banks truncate, swap letters and run
words together, so that a true pair may share no word: then the spelling of the distinctive words is compared
(rapidfuzz: sorted tokens, and the best aligned part for truncated text), and how often unrelated rows look
that much alike is measured on unrelated rows of the same files.
"""

from __future__ import annotations

import duckdb
import numpy as np
from rapidfuzz import fuzz, process
from scipy.sparse import csr_matrix

from matching.items import Items
from matching.party_texts import LETTERS, likeness

LABELS = [
    "no text to compare",
    "nothing alike",
    "spelled a little alike",
    "few words shared",
    "spelled alike",
    "some words shared",
    "most words shared",
    "spelled nearly the same",
    "all words shared",
    "same party, text not counted twice",
]
COVERED = 9
#: Level of the fuzzy comparison by similarity 0..100.
_FUZZY_EDGES = np.array([60.0, 74.0, 87.0])
_FUZZY_LEVELS = np.array([1, 2, 4, 7])
#: Pairs whose spelling is compared; beyond, words decide alone (a pair costs about two microseconds).
FUZZY_LIMIT = 3_000_000
UNRELATED = 40_000

#: Words of every second payment: they are shared without meaning anything.
COMMON_WORDS = frozenset(
    [
        "PAYMENT",
        "PAY",
        "PYMT",
        "PMT",
        "TRANSFER",
        "TRF",
        "INVOICE",
        "INV",
        "RECHNUNG",
        "RE",
        "NR",
        "NO",
        "REF",
        "REFERENCE",
        "DEPOSIT",
        "CREDIT",
        "DEBIT",
        "CARD",
        "CHECK",
        "CHEQUE",
        "CHK",
        "BANK",
        "ACH",
        "SEPA",
        "WIRE",
        "FROM",
        "TO",
        "FOR",
        "OF",
        "THE",
        "AND",
        "VON",
        "AN",
        "FUER",
        "FUR",
        "UEBERWEISUNG",
        "UBERWEISUNG",
        "ZAHLUNG",
        "GUTSCHRIFT",
        "LASTSCHRIFT",
        "CUSTOMER",
        "VENDOR",
        "SUPPLIER",
        "ORDER",
        "BATCH",
        "FEE",
        "FEES",
        "PURCHASE",
        "SALE",
        "SALES",
        "POS",
        "ONLINE",
        "DIRECT",
        "STANDING",
        "RECEIPT",
        "BILL",
        "ACCOUNT",
        "ACCT",
        "GMBH",
        "LTD",
        "INC",
        "LLC",
        "CO",
        "AG",
        "CORP",
        "COMPANY",
        "LIMITED",
        "DATE",
        "VALUE",
        "PAYOUT",
        "SETTLEMENT",
        "EUR",
        "USD",
        "GBP",
    ]
)


def compare(
    con: duckdb.DuckDBPyConnection,
    items: Items,
    l: np.ndarray,  # noqa: E741
    r: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(level, log_u) of each pair, from the tables `word` and `item`."""
    level, log_u = np.zeros(len(l), dtype=np.int8), np.zeros(len(l))
    matrix = _word_matrix(con, items)
    if matrix is None or not len(l):
        return level, log_u
    presence, weight = matrix
    total = np.asarray(presence @ weight).ravel()
    share = np.zeros(len(l))
    for start in range(0, len(l), 500_000):
        part = slice(start, min(start + 500_000, len(l)))
        both = presence[l[part]].multiply(presence[r[part]]).tocsr()
        shared = np.asarray(both @ weight).ravel()
        strongest = np.zeros(both.shape[0])
        filled = np.flatnonzero(np.diff(both.indptr))
        if len(filled):
            strongest[filled] = np.maximum.reduceat(weight[both.indices], both.indptr[filled])
        smaller = np.minimum(total[l[part]], total[r[part]])
        share[part] = np.where(smaller > 0, shared / np.maximum(smaller, 1e-9), 0)
        step = np.array([3, 5, 6, 8])[np.searchsorted([0.3, 0.6, 0.9], share[part], side="right")]
        level[part] = np.where(smaller <= 0, 0, np.where(shared <= 0, 1, step))
        # Words of one name come together: the second says less than the first.
        log_u[part] = np.where(shared > 0, -np.minimum(strongest + 0.4 * (shared - strongest), 11.0), 0.0)
    open_ = np.flatnonzero((level >= 1) & (share < 0.6))
    if len(open_) <= FUZZY_LIMIT:
        spelled, chance = _spelling(con, items, presence, weight, l[open_], r[open_])
        better = spelled > level[open_]
        alike = np.log(chance[spelled])
        here = np.where(better | (level[open_] == 1), np.minimum(log_u[open_], alike), log_u[open_])
        log_u[open_] = here
        level[open_] = np.maximum(level[open_], spelled)
    else:
        items.limits.mark("spelling_not_compared", np.concatenate([l[open_], r[open_]]))
        log_u[open_] = np.where(level[open_] == 1, np.log(0.9), log_u[open_])
    return level, log_u


def _word_matrix(con, items: Items):
    """Rows x words, and how much a shared word says (its inverse frequency on the side where it is commoner)."""
    from matching.features import chance_of

    table = con.execute("select row, word from word order by row, word").to_arrow_table()
    if not table.num_rows:
        return None
    row = table.column("row").combine_chunks().to_numpy(zero_copy_only=False)
    encoded = table.column("word").combine_chunks().dictionary_encode()
    code = encoded.indices.to_numpy(zero_copy_only=False)
    words = encoded.dictionary.to_pylist()
    is_left = items.is_left[row]
    left = np.bincount(code[is_left], minlength=len(words)).astype(float)
    right = np.bincount(code[~is_left], minlength=len(words)).astype(float)
    base = np.array([0.1 if word in COMMON_WORDS else (0.02 if len(word) <= 2 else 2e-3) for word in words])
    left_rows = max(float(len(np.unique(row[is_left]))), 1.0)
    right_rows = max(float(len(np.unique(row[~is_left]))), 1.0)
    chance = np.maximum(chance_of(right, right_rows, base, 5.0), chance_of(left, left_rows, base, 5.0))
    weight = np.clip(-np.log(np.minimum(chance, 1.0)), 0.05, 12.0)
    return csr_matrix((np.ones(len(row)), (row, code)), shape=(len(items), len(words))), weight


def _spelling(con, items: Items, presence, weight, l, r) -> tuple[np.ndarray, np.ndarray]:  # noqa: E741
    """(level of each pair, probability of each level among unrelated pairs) by the letters of rare words."""
    rows = np.unique(np.concatenate([l, r]))
    import pyarrow as pa

    con.register("rows_to_spell", pa.table({"row": rows.astype(np.int32)}))
    text = con.execute("""
        with common as (
            select list(word) as words from (
                select word from word group by word
                having count(*) > greatest(20, 0.04 * (select count(distinct row) from word))
            )
        )
        select trim(array_to_string(list_filter(
            string_split(folded(concat_ws(' ', item.text, item.party_name)), ' '), w -> not coalesce(list_contains(common.words, w), false)
        ), ' ')) as core
        from item cross join common
        where item.row in (select row from rows_to_spell) order by item.row
    """).fetchnumpy()["core"]
    con.unregister("rows_to_spell")
    core = np.array(["" if value is None else value for value in np.ma.filled(text, "")], dtype=object)
    place = np.zeros(len(items), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    level = _fuzzy_level(core[place[l]], core[place[r]])
    left_rows, right_rows = np.unique(l), np.unique(r)
    count = min(UNRELATED, len(left_rows) * len(right_rows))
    chance = np.full(len(LABELS), 1e-3)
    if count:
        # A fixed spread of unrelated pairs; the prior keeps a handful of rows from looking like a law.
        steps = np.arange(count)
        a, b = (
            left_rows[steps % len(left_rows)],
            right_rows[(steps * 7919 + steps // max(len(left_rows), 1)) % len(right_rows)],
        )
        seen = np.bincount(_fuzzy_level(core[place[a]], core[place[b]]), minlength=len(LABELS))
        prior = np.zeros(len(LABELS))
        prior[_FUZZY_LEVELS] = (0.9, 0.08, 0.015, 0.002)
        chance = np.maximum((seen + 300 * prior) / (count + 300), 2e-4)
    return level, chance


def _fuzzy_level(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if not len(a):
        return np.zeros(0, dtype=np.int64)
    whole = process.cpdist(a, b, scorer=fuzz.token_sort_ratio, workers=2)
    part = process.cpdist(a, b, scorer=fuzz.partial_ratio, workers=2)
    shorter = np.minimum([len(x) for x in a], [len(x) for x in b])
    similarity = np.maximum(whole, np.where(shorter >= 5, 0.94 * part, 0.0))
    # Names that were run together, cut off, or cut word by word: only asked where nothing else is alike.
    unlike = np.flatnonzero((similarity < _FUZZY_EDGES[-1]) & (shorter >= LETTERS))
    similarity[unlike] = np.maximum(similarity[unlike], 0.95 * likeness(a[unlike], b[unlike]))
    similarity = np.where(shorter == 0, 0.0, similarity)
    level = _FUZZY_LEVELS[np.searchsorted(_FUZZY_EDGES, similarity, side="right")]
    return np.where(shorter == 0, 0, level)
