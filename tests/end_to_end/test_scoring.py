"""The scorer itself: a test that measures everything else must not be generous."""

from tests.end_to_end.scoring import Expected, Reported, score_faults


def test_a_fault_that_nothing_reports_lowers_recall():
    score = score_faults([Expected("unpaid", ("invoice_overdue",), "i1")], [])["unpaid"]
    assert (score.precision, score.recall) == (1.0, 0.0)


def test_the_right_document_under_the_wrong_type_is_missed_and_extra():
    scores = score_faults(
        [Expected("unpaid", ("invoice_overdue",), "i1")], [Reported("invoice_short_paid", "i1")]
    )
    assert scores["unpaid"].recall == 0.0
    assert len(scores["no fault: invoice_short_paid"].extra) == 1


def test_a_report_without_a_fault_lowers_the_precision_of_its_type():
    score = score_faults(
        [Expected("unpaid", ("invoice_overdue",), "i1")],
        [Reported("invoice_overdue", "i1"), Reported("invoice_overdue", "i2")],
    )["unpaid"]
    assert (score.precision, score.recall) == (0.5, 1.0)


def test_either_of_two_right_answers_counts_once():
    score = score_faults(
        [Expected("ambiguous", ("match_to_review", "bank_line_unmatched"), "b1")],
        [Reported("bank_line_unmatched", "b1")],
    )["ambiguous"]
    assert (score.precision, score.recall) == (1.0, 1.0)
