"""What the engine is compared with, on the same files and with the columns given: exact amount and date, greedy
best-first, and Splink with an optimal one-to-one selection. Each returns links -> 'auto'; Splink several such
results, of which the best is shown (a threshold chosen with the truth at hand: more than any user of it has).
"""

from __future__ import annotations

from datetime import date

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching


def rows(table, mapping) -> list[dict]:
    """Id, cents, day and text of each row, by the engine's own column guess, so that all start equal."""
    import duckdb
    from matching import parse
    from matching.columns import quoted
    from matching.mapping import amount_expression

    con = duckdb.connect()
    con.register("source_file", table)
    texts = [mapping.party, *mapping.references, *mapping.texts]
    text = ", ".join(quoted(name) for name in texts if name) or "''"
    day = parse.date_sql(quoted(mapping.date), mapping.formats[mapping.date])
    return [
        {
            "id": i,
            "cents": int(abs(a or 0) * 100),
            "day": d.toordinal() if isinstance(d, date) else 0,
            "text": (t or "").upper(),
        }
        for i, a, d, t in con.execute(
            f"select {quoted(mapping.id)}, {amount_expression(mapping)}, {day}, concat_ws(' ', {text}) from source_file"
        ).fetchall()
    ]


def exact(left: list[dict], right: list[dict]) -> dict:
    """Equal amount on the same day, each row once, in file order."""
    waiting: dict = {}
    for row in right:
        waiting.setdefault((row["cents"], row["day"]), []).append(row["id"])
    found = {}
    for row in left:
        ids = waiting.get((row["cents"], row["day"]))
        if ids:
            found[row["id"], ids.pop(0)] = "auto"
    return found


def greedy(left: list[dict], right: list[dict], days: int = 31) -> dict:
    """Best pair first by amount, date and text; no groups: what most open matchers do."""
    from rapidfuzz import fuzz

    right = sorted(right, key=lambda row: row["cents"])
    cents = np.array([row["cents"] for row in right])
    scored = []
    for a in left:
        low, high = (
            np.searchsorted(cents, a["cents"] * 0.9),
            np.searchsorted(cents, a["cents"] * 1.12, side="right"),
        )
        for b in right[low:high]:
            if abs(a["day"] - b["day"]) <= days:
                off = abs(a["cents"] - b["cents"]) / max(a["cents"], 1)
                value = (
                    1
                    - 3 * off
                    - abs(a["day"] - b["day"]) / 60
                    + fuzz.token_set_ratio(a["text"], b["text"]) / 100
                )
                scored.append((-value, a["id"], b["id"]))
    used_left, used_right, found = set(), set(), {}
    for _, a, b in sorted(scored):
        if a not in used_left and b not in used_right:
            used_left.add(a)
            used_right.add(b)
            found[a, b] = "auto"
    return found


#: How likely each level is among true pairs and among strangers before training: what somebody who knows payments
#: would set. Training replaces them wherever the file has pairs to learn from, so that no file leaves Splink without.
_AMOUNT_LEVELS = (
    ("amount_l = amount_r", "equal", 0.80, 0.002),
    ("abs(amount_l - amount_r) <= 0.01 * greatest(amount_l, amount_r)", "1%", 0.06, 0.01),
    ("abs(amount_l - amount_r) <= 0.03 * greatest(amount_l, amount_r)", "3%", 0.06, 0.02),
    ("abs(amount_l - amount_r) <= 0.1 * greatest(amount_l, amount_r)", "10%", 0.05, 0.05),
    ("ELSE", "else", 0.03, 0.918),
)
_DAY_LEVELS = (
    ("abs(day_l - day_r) <= 0", "same day", 0.30, 0.01),
    ("abs(day_l - day_r) <= 1", "1 day", 0.25, 0.02),
    ("abs(day_l - day_r) <= 4", "4 days", 0.25, 0.05),
    ("abs(day_l - day_r) <= 10", "10 days", 0.10, 0.08),
    ("abs(day_l - day_r) <= 31", "31 days", 0.07, 0.20),
    ("ELSE", "else", 0.03, 0.64),
)
#: Match weights (bits) below which a pair is left out; the best one for a file is chosen with the truth at hand.
_CUTS = (-10.0, -4.0, 0.0, 4.0, 8.0)


def splink(left: list[dict], right: list[dict]) -> list[dict]:
    """Splink, then the assignment of highest total match weight: one result for each threshold in _CUTS.

    Amount and day in levels, the text as a whole (Jaro-Winkler) and by its words. u from random pairs, m by
    expectation maximisation over three blockings, starting from sensible values; blocked for prediction as loosely
    as the engine itself compares: near amounts within a month, equal amounts, equal texts.
    """
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    frames = [
        pd.DataFrame(
            {
                "unique_id": [r["id"] for r in side],
                "amount": [r["cents"] / 100 for r in side],
                "day": [r["day"] for r in side],
                "memo": [r["text"] or None for r in side],
                "words": [sorted(set(r["text"].split())) or None for r in side],
            }
        )
        for side in (left, right)
    ]

    def levels(given) -> list[dict]:
        return [
            {"sql_condition": sql, "label_for_charts": label, "m_probability": m, "u_probability": u}
            for sql, label, m, u in given
        ]

    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            "abs(l.amount - r.amount) <= 0.12 * greatest(l.amount, r.amount) and abs(l.day - r.day) <= 31",
            block_on("amount"),
            block_on("memo"),
        ],
        comparisons=[
            cl.CustomComparison(output_column_name="amount", comparison_levels=levels(_AMOUNT_LEVELS)),
            cl.CustomComparison(output_column_name="day", comparison_levels=levels(_DAY_LEVELS)),
            cl.JaroWinklerAtThresholds("memo", [0.95, 0.9, 0.8, 0.7]),
            cl.ArrayIntersectAtSizes("words", [3, 2, 1]),
        ],
        probability_two_random_records_match=1 / max(len(left), len(right)),
    )
    api = DuckDBAPI()
    inputs = [
        api.register(frame, dataset_display_name=name) for frame, name in zip(frames, ("l", "r"), strict=True)
    ]
    linker = Linker(inputs, settings, log_level="ERROR")
    linker.training.estimate_u_using_random_sampling(3e5)
    for rule in ("l.amount = r.amount", block_on("memo"), block_on("day")):
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, estimate_without_term_frequencies=True
            )
        except Exception as problem:  # a rule without pairs in this file cannot train; the others do
            if "no record pairs" not in str(problem):
                raise
    pairs = linker.inference.predict(threshold_match_weight=_CUTS[0]).as_pandas_dataframe()
    if not len(pairs):
        return [{}]
    first = pairs["source_dataset_l"] == "l"
    a = np.where(first, pairs["unique_id_l"], pairs["unique_id_r"])
    b = np.where(first, pairs["unique_id_r"], pairs["unique_id_l"])
    weight = pairs["match_weight"].to_numpy()
    results = []
    for cut in _CUTS:
        kept = weight > cut
        results.append(_assign(a[kept], b[kept], weight[kept] - cut) if kept.any() else {})
    return results


def _assign(a, b, weight) -> dict:
    names_a, row = np.unique(a, return_inverse=True)
    names_b, column = np.unique(b, return_inverse=True)
    n, m = len(names_a), len(names_b)
    top = weight.max() + 1
    graph = csr_matrix(
        (np.r_[top - weight, np.full(n, top)], (np.r_[row, np.arange(n)], np.r_[column, m + np.arange(n)])),
        shape=(n, m + n),
    )
    rows_, columns = min_weight_full_bipartite_matching(graph)
    return {(names_a[i], names_b[j]): "auto" for i, j in zip(rows_, columns, strict=True) if j < m}
