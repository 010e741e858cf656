"""The text comparison: shared words by their rarity, and spelling for words that were mangled.

Shared words count by how rare they are (their inverse frequency). Banks truncate, swap letters and run
words together, so that a true pair may share no word: then the spelling of the distinctive words is compared
(rapidfuzz: sorted tokens, and the best aligned part for truncated text), and how often unrelated rows look
that much alike is measured on unrelated rows of the same files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz, process
from scipy.sparse import csr_matrix

from matching.items import Items, one_piece
from matching.levels import TEXT_LABELS
from matching.party_texts import LETTERS, likeness
from matching.rarity import chance_of

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


@dataclass
class Words:
    """Which words stand on which row (the rows of a sparse matrix), what each says, and the texts themselves."""

    start: np.ndarray  # where the words of each row begin, one more than rows
    word: np.ndarray  # codes of words, ascending within a row
    weight: np.ndarray  # per word: how much it says that two rows share it
    text: pa.Array | None  # per row; None when no row has words
    common: list[str]  # words too common to be compared by their spelling

    def of(self, rows: np.ndarray) -> csr_matrix:
        """The words of some rows, one line each."""
        size = self.start[rows + 1] - self.start[rows]
        start = np.concatenate([[0], np.cumsum(size)])
        place = np.repeat(self.start[rows] - start[:-1], size) + np.arange(start[-1])
        return csr_matrix((np.ones(len(place)), self.word[place], start), shape=(len(rows), len(self.weight)))


@dataclass
class Spelling:
    """Probability of each level among unrelated rows; None: too many pairs, their spelling is not compared."""

    chance: np.ndarray | None


def words_of(con, items: Items) -> Words:
    """The words of all rows (table `word`), and how much each says: its inverse frequency on the side where it is commoner."""
    con.execute("""
        create or replace temp table word_code as
        select word, cast(row_number() over (order by word) - 1 as integer) as code,
            count(*) filter (where side = 'left') as left_n, count(*) filter (where side = 'right') as right_n
        from word group by word
    """)
    counted = con.execute("select word, left_n, right_n from word_code order by code").to_arrow_table()
    if not counted.num_rows:
        return Words(
            np.zeros(len(items) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0), None, []
        )
    names = counted.column("word").to_pylist()
    left, right = (counted.column(name).to_numpy().astype(float) for name in ("left_n", "right_n"))
    base = np.array([0.1 if word in COMMON_WORDS else (0.02 if len(word) <= 2 else 2e-3) for word in names])
    use = con.execute("""
        select word.row, word_code.code from word inner join word_code on word.word = word_code.word
        order by word.row, word_code.code
    """).fetchnumpy()
    row = use["row"]
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(items)))])
    has_words = np.flatnonzero(np.diff(start))
    left_rows = max(float(items.is_left[has_words].sum()), 1.0)
    right_rows = max(float(len(has_words)) - float(items.is_left[has_words].sum()), 1.0)
    chance = np.maximum(chance_of(right, right_rows, base, 5.0), chance_of(left, left_rows, base, 5.0))
    weight = np.clip(-np.log(np.minimum(chance, 1.0)), 0.05, 12.0)
    often = np.flatnonzero(left + right > max(20, 0.04 * len(has_words)))
    con.execute("drop table word_code")
    pieces = [
        batch.column(0).cast(pa.large_string())
        for batch in con.execute(
            "select concat_ws(' ', item.text, item.party_name) as text from item order by row"
        ).to_arrow_reader(500_000)
    ]
    return Words(
        start, use["code"], weight, one_piece(pieces, pa.large_string()), [names[k] for k in often.tolist()]
    )


def compare(
    con,
    words: Words,
    l: np.ndarray,  # noqa: E741
    r: np.ndarray,
    spelling: Spelling | None,
    scale: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, Spelling | None, np.ndarray]:
    """(level, log_u) of each pair; what is known of spelling after that; rows whose spelling was not compared.

    `con` is any connection with the macros of normalise.py. Without `spelling` it is learnt from these pairs.
    """
    level, log_u = np.zeros(len(l), dtype=np.int8), np.zeros(len(l))
    nobody = np.zeros(0, dtype=np.int64)
    if words.text is None or not len(l):
        return level, log_u, spelling, nobody
    share = _shared_words(words, l, r, level, log_u)
    open_ = np.flatnonzero((level >= 1) & (share < 0.6))
    if spelling is None and len(open_) * scale > FUZZY_LIMIT:
        spelling = Spelling(None)
    if spelling is not None and spelling.chance is None:
        log_u[open_] = np.where(level[open_] == 1, np.log(0.9), log_u[open_])
        return level, log_u, spelling, np.union1d(l[open_], r[open_])
    spelled, spelling = _spelling(con, words, l[open_], r[open_], spelling)
    better = spelled > level[open_]
    alike = np.log(spelling.chance[spelled])
    log_u[open_] = np.where(better | (level[open_] == 1), np.minimum(log_u[open_], alike), log_u[open_])
    level[open_] = np.maximum(level[open_], spelled)
    return level, log_u, spelling, nobody


def _shared_words(words: Words, l, r, level: np.ndarray, log_u: np.ndarray) -> np.ndarray:  # noqa: E741
    """Fill level and log_u by the words that both rows share; what part of the smaller text's weight these are."""
    share = np.zeros(len(l))
    for start in range(0, len(l), 500_000):
        part = slice(start, min(start + 500_000, len(l)))
        left, right = words.of(l[part]), words.of(r[part])
        both = left.multiply(right).tocsr()
        shared = np.asarray(both @ words.weight).ravel()
        strongest = np.zeros(both.shape[0])
        filled = np.flatnonzero(np.diff(both.indptr))
        if len(filled):
            strongest[filled] = np.maximum.reduceat(words.weight[both.indices], both.indptr[filled])
        smaller = np.minimum(left @ words.weight, right @ words.weight)
        share[part] = np.where(smaller > 0, shared / np.maximum(smaller, 1e-9), 0)
        step = np.array([3, 5, 6, 8])[np.searchsorted([0.3, 0.6, 0.9], share[part], side="right")]
        level[part] = np.where(smaller <= 0, 0, np.where(shared <= 0, 1, step))
        # Words of one name come together: the second says less than the first.
        log_u[part] = np.where(shared > 0, -np.minimum(strongest + 0.4 * (shared - strongest), 11.0), 0.0)
    return share


def _spelling(con, words: Words, l, r, spelling: Spelling | None) -> tuple[np.ndarray, Spelling]:  # noqa: E741
    """(level of each pair by the letters of rare words, probability of each level among unrelated pairs)."""
    rows = np.unique(np.concatenate([l, r]))
    core = _cores(con, words, rows)
    level = _fuzzy_level(core[np.searchsorted(rows, l)], core[np.searchsorted(rows, r)])
    if spelling is not None:
        return level, spelling
    left_rows, right_rows = np.searchsorted(rows, np.unique(l)), np.searchsorted(rows, np.unique(r))
    count = min(UNRELATED, len(left_rows) * len(right_rows))
    chance = np.full(len(TEXT_LABELS), 1e-3)
    if count:
        # A fixed spread of unrelated pairs; the prior keeps a handful of rows from looking like a law.
        steps = np.arange(count)
        a, b = (
            left_rows[steps % len(left_rows)],
            right_rows[(steps * 7919 + steps // max(len(left_rows), 1)) % len(right_rows)],
        )
        seen = np.bincount(_fuzzy_level(core[a], core[b]), minlength=len(TEXT_LABELS))
        prior = np.zeros(len(TEXT_LABELS))
        prior[_FUZZY_LEVELS] = (0.9, 0.08, 0.015, 0.002)
        chance = np.maximum((seen + 300 * prior) / (count + 300), 2e-4)
    return level, Spelling(chance)


def _cores(con, words: Words, rows: np.ndarray) -> np.ndarray:
    """The texts of some rows without their common words."""
    con.register(
        "text_to_spell", pa.table({"place": np.arange(len(rows)), "text": words.text.take(pa.array(rows))})
    )
    con.register("common_words", pa.table({"words": pa.array([words.common], pa.list_(pa.string()))}))
    core = con.execute("""
        select trim(array_to_string(list_filter(
            string_split(folded(text), ' '), w -> not coalesce(list_contains(common_words.words, w), false)
        ), ' ')) as core
        from text_to_spell cross join common_words order by place
    """).fetchnumpy()["core"]
    con.unregister("text_to_spell")
    con.unregister("common_words")
    return np.array(["" if value is None else value for value in np.ma.filled(core, "")], dtype=object)


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
