"""Guessing the dates: the pair of columns that lie closest where one amount occurs once in each file."""

from __future__ import annotations

from matching import parse
from matching.columns import Column, named, quoted
from matching.mapping import amount_expression


def choose_dates(con, profiles, mappings, given) -> None:
    """The pair of date columns that lie closest where unique amounts meet; names break ties."""
    choices = {}
    for side, columns in profiles.items():
        dated = [c for c in columns if c.date is not None and c.filled > 0.5 and c.name != mappings[side].id]
        for c in columns:
            if c.date is not None:
                mappings[side].formats[c.name] = c.date[0]
        dated.sort(
            key=lambda c: (
                named("due", c.name),
                not named("date", c.name),
                named("skip", c.name),
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
                if c.date is not None and c.name != mapping.date and named("due", c.name)
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
