"""Parties named in a free text: the whole name among its words, or a name that a bank cut, squeezed or mistyped.

Banks write "VIR ALPE LOGI LLC reglement", "URBANENER" or "SQ *RHEIN PHARMA S" for names of the other side. A row
gets a party only if exactly one of the other side fits; such links are marked as weak (see parties.py).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz, process

#: Rows beyond which texts are not searched for names, and how many words may be looked at.
ROW_LIMIT = 800_000
TEXT_WORK = 5_000_000
#: Distinct names, or texts without their common words and numbers, that are compared by spelling.
SPELLING_LIMIT = 30_000
#: A text of fewer letters names nobody by spelling; ALIKE and LEAD as in parties.py, a little stricter.
LETTERS = 6
ALIKE = 88.0
LEAD = 6.0


def whole_names(con, notes: list[dict]) -> None:
    """Rows that name no party get the one party of the other side whose whole name stands in their text."""
    rows = con.execute(
        "select count(*), count(*) filter (where party < 0 and text is not null), count(*) filter (where party >= 0) from item"
    ).fetchone()
    if not rows[1] or not rows[2]:
        return
    if rows[0] > ROW_LIMIT:
        notes.append(
            {
                "rec": -1,
                "code": "names_not_searched",
                "message": f"{rows[1]:,} texts were not searched for names of parties, because the files have more than {ROW_LIMIT:,} rows",
            }
        )
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


def mangled_names(con, notes: list[dict]) -> None:
    """Rows still without a party get the one of the other side that their text spells, cut or squeezed."""
    if con.execute("select count(*) > 0 from item where party >= 0").fetchone()[0] is False or (
        con.execute("select count(*) from item").fetchone()[0] > ROW_LIMIT
    ):
        return
    con.execute("""
        create or replace temp table text_core as
        with word as (
            select reconciliation, side, row, unnest(string_split(party_key(text), ' ')) as word,
                generate_subscripts(string_split(party_key(text), ' '), 1) as place
            from item where party < 0 and text is not null
        ),
        common as (
            select reconciliation, side, word from word
            group by all having count(*) > greatest(20, 0.04 * (select count(distinct row) from word))
        )
        select word.reconciliation, word.side, word.row, array_to_string(list(word.word order by word.place), ' ') as core
        from word anti join common
            on word.reconciliation = common.reconciliation and word.side = common.side and word.word = common.word
        where not regexp_matches(word.word, '[0-9]')
        group by all
    """)
    for reconciliation, side in con.execute(
        "select distinct reconciliation, side from text_core order by all"
    ).fetchall():
        cores = _column(
            con,
            "select distinct core from text_core where reconciliation = ? and side = ? and length(replace(core, ' ', '')) >= ? order by 1",
            [reconciliation, side, LETTERS],
        )
        names = con.execute(
            "select party_name, min(party) from item where reconciliation = ? and side <> ? and party >= 0 and length(party_name) >= 4 group by 1 order by 1",
            [reconciliation, side],
        ).fetchall()
        if not cores or not names:
            continue
        if max(len(cores), len(names)) > SPELLING_LIMIT:
            notes.append(
                {
                    "rec": -1,
                    "code": "names_not_compared",
                    "message": f"{len(cores):,} texts and {len(names):,} names are too many to compare their spelling (limit {SPELLING_LIMIT:,}): a mangled name in a text names no party",
                }
            )
            continue
        found = spelled_parties(cores, [name for name, _ in names], np.array([party for _, party in names]))
        con.register(
            "spelled_party",
            pa.table({"core": pa.array(cores, pa.string()), "party": pa.array(found.astype(np.int32))}),
        )
        con.execute(
            """update item set party = spelled_party.party, is_weak_party = true
            from text_core inner join spelled_party on text_core.core = spelled_party.core
            where item.row = text_core.row and text_core.reconciliation = ? and text_core.side = ? and spelled_party.party >= 0""",
            [reconciliation, side],
        )
        con.unregister("spelled_party")


def _column(con, sql: str, values: list) -> list[str]:
    return [row[0] for row in con.execute(sql, values).fetchall()]


def spelled_parties(texts: list[str], names: list[str], parties: np.ndarray, top: int = 8) -> np.ndarray:
    """The party that each text spells, -1 when none does or two do about as well."""
    from matching.parties import nearest

    near = nearest(texts, names, top)
    i = np.repeat(np.arange(len(texts)), [len(candidates) for candidates in near])
    k = np.array([candidate for candidates in near for candidate in candidates], dtype=np.int64)
    result = np.full(len(texts), -1, dtype=np.int64)
    if not len(k):
        return result
    text, name = np.array(texts, dtype=object)[i], np.array(names, dtype=object)[k]
    alike = likeness(text, name)
    squeezed_text, squeezed = _each(text, _squeezed), _each(name, _squeezed)
    is_whole = np.array([b in a for a, b in zip(squeezed_text, squeezed, strict=True)])
    letters = _lengths(squeezed)
    party = parties[k]
    # The most alike first; of names that stand there whole the longest, for ACME stands in ACME BERLIN.
    order = np.lexsort((party, -letters * is_whole, -alike, i))
    i, alike, party, squeezed, is_whole = (
        i[order],
        alike[order],
        party[order],
        squeezed[order],
        is_whole[order],
    )
    start = np.flatnonzero(np.r_[True, i[1:] != i[:-1]])
    first = np.repeat(start, np.diff(np.r_[start, len(i)]))
    is_part = np.array([a in b for a, b in zip(squeezed, squeezed[first], strict=True)]) & is_whole[first]
    # The next party must stay LEAD behind.
    rival = np.where((party != party[first]) & ~is_part, alike, 0.0)
    second = np.maximum.reduceat(rival, start)
    sure = (alike[start] >= ALIKE) & (alike[start] - second >= LEAD)
    result[i[start][sure]] = party[start][sure]
    return result


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """0 to 100: how well text and name agree when one is cut off, run together, or cut word by word."""
    squeezed_a, squeezed_b = _each(a, _squeezed), _each(b, _squeezed)
    letters = np.minimum(_lengths(squeezed_a), _lengths(squeezed_b))
    run_together = process.cpdist(squeezed_a, squeezed_b, scorer=fuzz.partial_ratio, workers=2)
    cut_a, cut_b = _each(a, _cut), _each(b, _cut)
    word_by_word = process.cpdist(cut_a, cut_b, scorer=fuzz.token_set_ratio, workers=2)
    cut_letters = np.minimum(_lengths(cut_a), _lengths(cut_b))
    return np.maximum(
        np.where(letters >= LETTERS, run_together, 0.0),
        np.where(cut_letters >= LETTERS, 0.97 * word_by_word, 0.0),
    )


def _each(texts: np.ndarray, change) -> np.ndarray:
    """`change` of each text, made once for texts that repeat."""
    # By hash: sorting them took half of the time of a large reconciliation.
    each = texts.tolist()
    changed = {text: change(text) for text in dict.fromkeys(each)}
    return np.array([changed[text] for text in each], dtype=object)


def _squeezed(text: str) -> str:
    return text.replace(" ", "")


def _cut(text: str) -> str:
    """The first four letters of each word, as narrow fields are filled; single letters are left over from forms."""
    return " ".join(word[:4] for word in text.split() if len(word) > 1)


def _lengths(texts: np.ndarray) -> np.ndarray:
    return np.array([len(text) for text in texts])
