"""The rows of sessions for studies: counts, mean levels, what measures say of the whole, and outcomes."""

from plugin.exports.study_session_rows import SESSION_COLUMNS, session_columns, session_row
from plugin.queue.statements import MOMENT
from stream.contracts.measures import MeasureFinding
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import MarkKind, Verdict
from tests.plugin.exports.study_samples import AGREED, given, measured, moment, plain, stored, turns_of
from tests.plugin.samples import MODEL


def test_a_session_has_means_over_replies_to_turns_that_resist() -> None:
    """Counts and the mean level of each mechanism stand in a row, without what was rejected."""
    labels = {MOMENT: AGREED}
    each = stored(moment(0, level=2, labels=labels), moment(2), moment(4, verdict=Verdict.REJECTED), messages="CKCKCK")
    row = session_row(each, plain)
    assert [row[name] for name in ("client_turns", "moments", "resisting", "reviewed")] == [3, 3, 2, 1]
    assert row["mean_stance_alignment"] == 1.5
    assert (row["client"], row["counsellor"]) == ("client sample/p_client", "counsellor sample/p_ana")


def test_a_session_says_which_versions_made_its_numbers() -> None:
    """Detector, model with its rubric, and measure stand in the row; a session without moments names no model."""
    finding = MeasureFinding(quantity="main_technique", turn=2, labels=("minimal",))
    row = session_row(stored(moment(0), moment(2), measures=measured(turns_of("CKCK"), finding)), plain)
    assert row["detector_version"] == "linear 0.1 (alone)"
    assert row["model_version"] == "CPU baseline (weights 0.1, prompt none, rubric 0.1, schema 1)"
    assert row["technique_version"] == "2 (reader r1)"
    assert session_row(stored(), plain)["model_version"] is None


def test_models_of_one_session_stand_side_by_side() -> None:
    """A turn that nobody answered names the model that confirmed it, which may be another than that of the moments."""
    later = MODEL.model_copy(update={"weights": "0.2"})
    mark = Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m3",), model=later)
    said = session_row(stored(moment(0), marks=(mark,)), plain)["model_version"]
    assert str(said).split("; ") == [
        f"CPU baseline (weights {weights}, prompt none, rubric 0.1, schema 1)" for weights in ("0.1", "0.2")
    ]


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
    assert session_columns([row]) == (*SESSION_COLUMNS, "replies", "share_minimal", "technique_version", "phq_9_after")
    assert (row["replies"], row["share_minimal"]) == (1, 0.25)
