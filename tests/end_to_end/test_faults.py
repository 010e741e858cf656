"""Every fault of the sample is reported under its type, and nothing that is no fault is reported."""

from decimal import Decimal

import pytest

from tests.end_to_end.scoring import Reported, read_expected, score_faults, table

pytestmark = pytest.mark.slow


@pytest.fixture
def reported(published) -> list[Reported]:
    rows = published.execute(
        "select exception_type, document_id, explanation from reconciliation.exceptions order by exception_id"
    ).fetchall()
    return [Reported(*row) for row in rows]


def test_precision_and_recall_are_one_for_every_fault_type(sample_truth, reported, capsys):
    scores = score_faults(read_expected(sample_truth), reported)
    report = table(scores)
    with capsys.disabled():
        print(f"\n{report}\n")
    assert scores, "the sample has no faults"
    assert all(score.precision == 1.0 and score.recall == 1.0 for score in scores.values()), report


def test_faults_of_a_missing_statement_name_it_as_their_cause(sample_truth, published):
    caused = {
        (kind, wanted.document_id)
        for wanted in read_expected(sample_truth)
        if wanted.caused_by and "payout_not_received" in wanted.exception_types
        for kind in wanted.exception_types
    }
    rows = published.execute(
        """
        select exceptions.exception_type, exceptions.document_id
        from reconciliation.exceptions
        inner join reconciliation.exceptions as causes
            on exceptions.caused_by_exception_id = causes.exception_id and causes.exception_type = 'statement_gap'
        """
    ).fetchall()
    assert caused <= set(rows)


def test_matches_that_count_are_right_and_complete(sample_truth, published):
    """Pairs of the truth against the allocations of all automatic matches, per reconciliation."""
    rows = published.execute(
        """
        with truth as (
            select distinct reconciliation, left_type, left_id, right_type, right_id
            from read_csv($truth, all_varchar = true)
        ),
        ours as (
            select distinct
                matches.reconciliation,
                allocations.left_type, allocations.left_id, allocations.right_type, allocations.right_id
            from reconciliation.match_allocations as allocations
            inner join reconciliation.matches as matches using (match_id)
            where matches.status = 'auto'
        )
        select
            coalesce(truth.reconciliation, ours.reconciliation) as reconciliation,
            count(*) filter (where truth.left_id is not null and ours.left_id is not null) as right_pairs,
            count(*) filter (where truth.left_id is null) as wrong_pairs,
            count(*) filter (where ours.left_id is null) as missing_pairs,
            min(case when truth.left_id is null or ours.left_id is null then
                coalesce(truth.left_id, ours.left_id) || ' - ' || coalesce(truth.right_id, ours.right_id) end) as example
        from truth
        full outer join ours using (reconciliation, left_type, left_id, right_type, right_id)
        group by all
        order by all
        """,
        {"truth": str(sample_truth / "true_matches.csv")},
    ).fetchall()
    report = "\n".join(str(row) for row in rows)
    assert rows, "no matches"
    for reconciliation, right, wrong, missing, _ in rows:
        assert wrong == 0, f"{reconciliation}: wrong pairs\n{report}"
        assert Decimal(right) / (right + missing) >= Decimal("0.97"), (
            f"{reconciliation}: missing pairs\n{report}"
        )


def test_every_exception_says_what_happened_and_what_to_do(published):
    incomplete = published.execute(
        """
        select exception_type, document_id, explanation
        from reconciliation.exceptions
        where explanation is null or suggested_action is null or owner is null or severity is null
            or length(explanation) < 20 or position('unknown' in explanation) > 0 or position('{' in explanation) > 0
        """
    ).fetchall()
    assert incomplete == []
