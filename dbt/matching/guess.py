"""Guessing what the columns of two unknown files are: ids, amounts, dates, texts, parties, references.

Names give a first idea, the values decide: the two amount columns are those whose values meet most often,
the two date columns those that lie closest where unique amounts meet. The guess is shown to the user, who
can overrule any part of it (--map).
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from matching.columns import Column, named, profile, snake
from matching.guess_amounts import choose_amounts
from matching.guess_dates import choose_dates
from matching.guess_roles import other_roles, shared_attributes
from matching.guess_values import choose_currencies, choose_keys, choose_parties
from matching.mapping import Mapping


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
    remarks = choose_amounts(con, profiles, mappings, given)
    choose_dates(con, profiles, mappings, given)
    for side, columns in profiles.items():
        other_roles(columns, mappings[side], given.get(side, {}))
    choose_currencies(con, profiles, mappings, given)
    choose_parties(con, profiles, mappings, given)
    shared_attributes(con, profiles, mappings, given)
    choose_keys(con, profiles, mappings, given)
    return mappings["left"], mappings["right"], remarks


def _by_name(columns: list[Column]) -> Mapping:
    mapping = Mapping()
    identifiers = [
        c
        for c in columns
        if c.unique == 1.0
        and c.filled == 1.0
        and c.date is None
        and not (c.money_like > 0.3 and not named("id", snake(c.name)))
        and c.average_length <= 64
    ]
    ranked = sorted(
        (
            c
            for c in identifiers
            if named("id", snake(c.name))
            or named("reference", snake(c.name))
            or (
                c.position == 0
                and c.average_length <= 40
                and not named("text", c.name)
                and not named("party", c.name)
                and not named("amount", snake(c.name))
            )
        ),
        key=lambda c: (
            snake(c.name)
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
            not named("id", snake(c.name)) and c.position > 0,
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
        and not named("text", identifiers[0].name)
        and not named("amount", snake(identifiers[0].name))
    ):
        mapping.id = identifiers[0].name
    debit = [
        c for c in columns if c.amount_share > 0.9 and c.name != mapping.id and named("debit", snake(c.name))
    ]
    credit = [
        c for c in columns if c.amount_share > 0.9 and c.name != mapping.id and named("credit", snake(c.name))
    ]
    if debit and credit:
        mapping.debit, mapping.credit = debit[0].name, credit[0].name
    for c in columns:
        if c.is_text and 0 < c.distinct <= 60 and c.average_length == 3 and named("currency", snake(c.name)):
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
