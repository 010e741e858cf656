"""Guessing the rest by the names of columns: parties, accounts, batches, references, texts, shared attributes."""

from __future__ import annotations

import re

from matching.columns import Column, named, quoted, snake
from matching.mapping import Mapping


def other_roles(columns: list[Column], mapping: Mapping, given: dict) -> None:
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
        name = snake(c.name)
        if c.amount_share > 0.8 and not c.is_number:
            continue
        if (
            "party" not in given
            and mapping.party is None
            and c.is_text
            and c.has_letters > 0.8
            and named("party", name)
            and not named("text", name)
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
            and named("group", name)
            and c.unique < 0.95
            and c.average_length >= 3
            and c.distinct >= 2
        ):
            mapping.group = c.name
        elif c.is_number and c.unique == 1.0 and not named("reference", name):
            continue
        elif (
            (named("reference", name) or named("group", name))
            and not named("text", name)
            and c.average_length <= 40
        ):
            references.append(c.name)
        elif c.is_number and (named("skip", name) or c.average_length <= 2):
            continue
        else:
            texts.append(c.name)
    if "references" not in given:
        mapping.references = references
    if "texts" not in given:
        mapping.texts = texts


def shared_attributes(con, profiles, mappings, given) -> None:
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
            same_name = snake(a.name) == snake(b.name)
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
        mapping.party_id,
        mapping.original_currency,
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
