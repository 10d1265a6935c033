"""The rows of sessions for studies: counts, mean levels, what measures say of the whole, and outcomes."""

from plugin.exports.study_session_rows import SESSION_COLUMNS, session_columns, session_row
from plugin.queue.statements import MOMENT
from stream.contracts.measures import MeasureFinding
from stream.contracts.vocabulary import Verdict
from tests.plugin.exports.study_samples import AGREED, given, measured, moment, plain, stored, turns_of


def test_a_session_has_means_over_replies_to_turns_that_resist() -> None:
    """Counts and the mean level of each mechanism stand in a row, without what was rejected."""
    labels = {MOMENT: AGREED}
    each = stored(moment(0, level=2, labels=labels), moment(2), moment(4, verdict=Verdict.REJECTED), messages="CKCKCK")
    row = session_row(each, plain)
    assert [row[name] for name in ("client_turns", "moments", "resisting", "reviewed")] == [3, 3, 2, 1]
    assert row["mean_stance_alignment"] == 1.5
    assert (row["client"], row["counsellor"]) == ("client sample/p_client", "counsellor sample/p_ana")


def test_outcomes_stand_in_their_columns() -> None:
    """A score stands under its instrument and occasion, and a column that no session has is left out."""
    row = session_row(stored(outcomes=(given(instrument="phq_9", score=11),)), plain)
    assert session_columns([row])[-1] == "phq_9_after"
    assert row["phq_9_after"] == 11
    assert row["mean_stance_alignment"] is None


def test_of_several_people_nobody_is_told() -> None:
    """Where several counsellors or clients wrote, neither has a pseudonym."""
    other = given(instrument="care", author="p_other", score=40)
    row = session_row(stored(counsellors=("sample/p_ana", "sample/p_ben"), outcomes=(other,)), plain)
    assert (row["client"], row["counsellor"]) == (None, None)


def test_measures_of_the_session_stand_before_outcomes() -> None:
    """The share of a technique stands in its column, and a share that no session has is left out."""
    view = measured(
        turns_of("CK"),
        MeasureFinding(quantity="main_technique", turn=2, labels=("minimal",)),
        MeasureFinding(quantity="share_minimal", number=0.25),
    )
    row = session_row(stored(measures=view, outcomes=(given(instrument="phq_9", score=11),)), plain)
    assert session_columns([row]) == (*SESSION_COLUMNS, "replies", "share_minimal", "phq_9_after")
    assert (row["replies"], row["share_minimal"]) == (1, 0.25)
