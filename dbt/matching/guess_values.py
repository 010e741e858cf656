"""Guessing by what both files share, under whatever names: parties, batches, references, original amounts.

Names of columns are written in every language; that the values of one file stand in the other one is not. A
column whose values are names or codes of the other file's column is the party; one whose values stand in the
other file's texts is a reference, or, where rows share it, a batch.
"""

from __future__ import annotations

from itertools import product

from matching import parse
from matching.columns import Column, named, quoted, snake
from matching.mapping import Mapping
from matching.normalise import MACROS

#: Share of the distinct values of the side with fewer that must stand in the other column (or, for names in texts,
#: of the names whose longest word must stand there).
SAME_PARTY = 0.3
#: Share of the other file's rows that must name a value, or of the values that must be named.
NAMED = 0.15
#: Fewer than this many distinct values are an attribute (a store, an account), no party.
FEW = 8


def choose_parties(con, profiles: dict[str, list[Column]], mappings: dict[str, Mapping], given: dict) -> None:
    """Columns of names, and of party codes, that both files share; else a column of names that the other's texts hold."""
    con.execute(MACROS)
    for role in ("party", "party_id"):
        if any(role in roles for roles in given.values()):
            continue
        options = {
            side: [
                c
                for c in columns
                if c.name == getattr(mappings[side], role)
                or _may_be_party(con, side, c, mappings[side], role)
            ]
            for side, columns in profiles.items()
        }
        if all(getattr(mapping, role) for mapping in mappings.values()):
            continue
        best: tuple[float, str, str] | None = None
        for a, b in product(options["left"], options["right"]):
            shared, fewest = _shared(con, a, b)
            by_name = sum(getattr(mappings[s], role) == c.name for s, c in (("left", a), ("right", b)))
            if (
                fewest < FEW
                and not by_name
                and not (named("party", snake(a.name)) and named("party", snake(b.name)))
            ):
                continue
            # Texts hold names among other words; they are searched for names later, and better as texts.
            of_text = named("text", snake(a.name)) or named("text", snake(b.name))
            least = 0.8 if of_text else SAME_PARTY if by_name else 0.5
            if shared >= max(3, least * fewest) or (shared == fewest and by_name and not of_text):
                key = (shared / fewest + 0.2 * by_name, b.name, a.name)
                best = max(best, key) if best else key
        if best:
            _take(mappings["left"], role, best[2])
            _take(mappings["right"], role, best[1])
        elif role == "party":
            for side, other in (("left", "right"), ("right", "left")):
                if mappings[side].party is None and mappings[other].party is None:
                    for c in options[side]:
                        is_text = named("text", snake(c.name))
                        if (
                            c.distinct >= 5
                            and not is_text
                            and _stands_in_texts(con, side, c, other, mappings[other])
                        ):
                            _take(mappings[side], role, c.name)
                            break


def _may_be_party(con, side: str, c: Column, mapping: Mapping, role: str) -> bool:
    others = {mapping.id, mapping.amount, mapping.debit, mapping.credit, mapping.direction, mapping.currency}
    others |= {mapping.date, mapping.due_date, mapping.party_account, mapping.group}
    if c.name in others or c.date is not None or c.distinct < 2 or not 3 <= c.average_length <= 45:
        return False
    if c.money_like > 0.3 or (c.amount_share > 0.8 and not c.is_number):
        return False
    digits = con.execute(
        f"select avg(cast(regexp_matches({quoted(c.name)}, '[0-9]') as integer)) from sample_{side}_file where {quoted(c.name)} is not null"
    ).fetchone()[0]
    if role == "party":
        return c.has_letters > 0.9 and digits < 0.3
    # A code that no two rows share is a reference.
    return digits > 0.9 and c.unique < 0.8 and c.average_length <= 20


def _shared(con, a: Column, b: Column) -> tuple[int, int]:
    """(distinct values that both columns hold, distinct values of the side with fewer)."""
    return con.execute(f"""
        with l as (select distinct party_key({quoted(a.name)}) as v from sample_left_file where {quoted(a.name)} is not null),
            r as (select distinct party_key({quoted(b.name)}) as v from sample_right_file where {quoted(b.name)} is not null)
        select (select count(*) from l inner join r using (v) where v <> ''), greatest(1, least((select count(*) from l), (select count(*) from r)))
    """).fetchone()


def _stands_in_texts(con, side: str, c: Column, other: str, mapping: Mapping) -> bool:
    """Whether the longest words of this column's values, each of few values, stand in the other file's texts."""
    texts = [*mapping.texts, *mapping.references]
    if not texts:
        return False
    joined = ", ".join(quoted(name) for name in texts)
    found, words, values = con.execute(f"""
        with value as (select distinct string_split(party_key({quoted(c.name)}), ' ') as words from sample_{side}_file where {quoted(c.name)} is not null),
            longest as (select distinct list_sort(list_transform(words, w -> {{'n': length(w), 'w': w}}), 'desc')[1].w as word from value),
            text as (select distinct unnest(string_split(party_key(concat_ws(' ', {joined})), ' ')) as word from sample_{other}_file)
        select count(*) filter (where word in (select word from text)), count(*), (select count(*) from value)
        from longest where length(word) >= 4
    """).fetchone()
    return words >= max(3, 0.3 * values) and found >= SAME_PARTY * words


def _take(mapping: Mapping, role: str, name: str) -> None:
    before = getattr(mapping, role)
    if before and before != name:
        mapping.texts.append(before)
    setattr(mapping, role, name)
    mapping.texts = [text for text in mapping.texts if text != name]
    mapping.references = [text for text in mapping.references if text != name]


def choose_keys(con, profiles: dict[str, list[Column]], mappings: dict[str, Mapping], given: dict) -> None:
    """Columns whose values stand among the other file's references or texts: a reference, or a batch of several rows."""
    for side, other in (("left", "right"), ("right", "left")):
        mapping, there = mappings[side], mappings[other]
        if {"references", "group"} & set(given.get(side, {})):
            continue
        of_name = {c.name: c for c in profiles[side]}
        texts = [
            *there.texts,
            *there.references,
            *([there.id] if there.id else []),
            *([there.group] if there.group else []),
        ]
        if not texts:
            continue
        for name in list(mapping.texts):
            c = of_name[name]
            if (
                c.distinct < 5
                or not 3 <= c.average_length <= 30
                or c.money_like > 0.3
                or not _are_numbers(con, side, name)
            ):
                continue
            rows, named_rows, values, named_values = _mentions(con, side, name, other, texts)
            if named_values < 5 or max(named_rows / max(rows, 1), named_values / max(values, 1)) < NAMED:
                continue
            mapping.texts.remove(name)
            if mapping.group is None and c.unique < 0.8 and named_rows <= 1.3 * named_values:
                mapping.group = name
            else:
                mapping.references.append(name)


def _are_numbers(con, side: str, name: str) -> bool:
    """Whether a column holds one number or code per row, not words of a text."""
    column = quoted(name)
    return bool(
        con.execute(f"""
            select coalesce(avg(cast(not contains(trim({column}), ' ') and regexp_matches({column}, '[0-9]|^[^ ]{{8,}}$') as integer)), 0) > 0.9
            from sample_{side}_file where {column} is not null
        """).fetchone()[0]
    )


def _mentions(con, side: str, name: str, other: str, texts: list[str]) -> tuple[int, int, int, int]:
    """(rows of the other file asked, those that name a value, distinct values, those that are named)."""
    joined = ", ".join(f"upper({quoted(text)})" for text in texts)
    return con.execute(f"""
        with value as (
            select distinct regexp_replace(upper({quoted(name)}), '[^A-Z0-9]', '', 'g') as v from {side}_file
            where {quoted(name)} is not null and not regexp_matches({quoted(name)}, ' [^ ]+ ')
        ),
        asked as (select row_number() over () as row, concat_ws(' ', {joined}) as text from sample_{other}_file),
        token as (select distinct row, unnest(list_transform(string_split_regex(text, '[\\s,;:+]+'), t -> regexp_replace(t, '[^A-Z0-9]', '', 'g'))) as v from asked),
        hit as (select distinct row, v from token semi join value using (v) where length(v) >= 4 and regexp_matches(v, '[0-9]{{3}}|^[A-Z0-9]{{8,}}$'))
        select (select count(*) from asked), (select count(distinct row) from hit), (select count(*) from value), (select count(distinct v) from hit)
    """).fetchone()


def choose_currencies(
    con, profiles: dict[str, list[Column]], mappings: dict[str, Mapping], given: dict
) -> None:
    """The column of currency codes, and the amount in another currency that a card statement gives beside the booked one."""
    for side, columns in profiles.items():
        if {"currency", "original_amount", "original_currency"} & set(given.get(side, {})):
            continue
        mapping = mappings[side]
        codes = [c for c in columns if c.is_text and c.average_length == 3 and _are_codes(con, side, c.name)]
        amounts = [
            c
            for c in columns
            if c.amount_share > 0.9
            and c.date is None
            and c.name not in (mapping.amount, mapping.debit, mapping.credit, mapping.fee, mapping.id)
        ]
        if mapping.currency is None:
            own = [c for c in codes if c.filled > 0.9 and not named("original", snake(c.name))]
            if own:
                mapping.currency = own[0].name
                mapping.texts = [text for text in mapping.texts if text != own[0].name]
        of_original = [c for c in codes if named("original", snake(c.name))]
        foreign = [c for c in amounts if named("original", snake(c.name))]
        if not codes or not amounts:
            continue
        if foreign and (of_original or len(codes) > 1):
            code = (of_original or [c for c in codes if c.name != mapping.currency])[0]
        elif of_original and (len(codes) > 1 or named("foreign", snake(of_original[0].name))):
            code = of_original[0]
            foreign = [c for c in amounts if abs(c.position - code.position) == 1]
        else:
            continue
        if not foreign:
            continue
        mapping.original_amount, mapping.original_currency = foreign[0].name, code.name
        mapping.texts = [text for text in mapping.texts if text != code.name]
        if mapping.currency == code.name:
            rest = [c for c in codes if c.name != code.name]
            mapping.currency = rest[0].name if rest else None
            if mapping.currency:
                mapping.texts = [text for text in mapping.texts if text != mapping.currency]


def _are_codes(con, side: str, name: str) -> bool:
    codes = ", ".join(f"'{code}'" for code in parse.CODES.split("|"))
    return bool(
        con.execute(
            f"select coalesce(avg(cast(upper(trim({quoted(name)})) in ({codes}) as integer)), 0) > 0.9 from sample_{side}_file where {quoted(name)} is not null"
        ).fetchone()[0]
    )
