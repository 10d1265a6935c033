"""The steps of raters on a real database: what may be said, changed and settled, when, and by whom."""

import threading

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.queue import calibration_reading
from plugin.queue.calibration_views import CalibratedWords, CalibrationOutcome
from stream.contracts.vocabulary import Mechanism
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.queue.calibrated import NONE, STRONG, WEAK, Team, crew, said, store_sessions, trail
from tests.plugin.samples import SAID

__all__ = ["crew"]
AUTONOMY, STANCE, RESONANCE, ORIENTATION = Mechanism
DONE, ENDED = CalibrationOutcome.DONE, CalibrationOutcome.ENDED
NOTE = "She is asked, and yet told what to do."


def opened(crew: Team, viewer: object, calibration_id: object, number: int = 1) -> CalibratedWords:
    """Return a moment as a rater opens it."""
    outcome, words = crew.store.calibrations.moment(viewer, calibration_id, number)  # type: ignore[arg-type]
    assert outcome is DONE
    assert words is not None
    return words


def far_apart(crew: Team, engine: Engine) -> object:
    """Return a calibration that is over: two raters are two levels apart on autonomy in its first moment."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    crew.rate_all(crew.mara, calibration_id, but={1: said(NONE, WEAK, WEAK, None)})
    crew.rate_all(crew.nele, calibration_id, but={1: said(STRONG, WEAK, NONE, WEAK)})
    return calibration_id


def test_a_rating_is_kept_at_once_and_can_be_changed(crew: Team, engine: Engine) -> None:
    """What a rater says is there when she comes back, and what she says later takes its place, the note too."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    steps = crew.store.calibration_steps
    assert steps.rate(crew.nele, calibration_id, 1, said(NONE, WEAK, STRONG, None), NOTE) is DONE
    own = opened(crew, crew.nele, calibration_id).own
    assert own is not None
    assert (own.said, own.note, own.is_blind) == (said(NONE, WEAK, STRONG, None), NOTE, True)
    assert NOTE not in repr(own)
    assert steps.rate(crew.nele, calibration_id, 1, said(WEAK)) is DONE
    own = opened(crew, crew.nele, calibration_id).own
    assert own is not None
    assert (own.said, own.note) == (said(WEAK), "")
    assert trail(engine, "calibration rating") == ["done", "done"]


def test_a_note_is_encrypted_and_for_raters_alone(crew: Team, engine: Engine) -> None:
    """No row holds the words of a note; a peer reads them once she compares."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    crew.store.calibration_steps.rate(crew.mara, calibration_id, 1, said(WEAK), NOTE)
    crew.store.calibration_steps.finish(crew.mara, calibration_id)
    with engine.connect() as connection:
        (row,) = connection.scalars(text("SELECT row_to_json(r)::text FROM calibration_ratings r"))
    assert NOTE not in row
    assert opened(crew, crew.nele, calibration_id).compared is None
    crew.rate_all(crew.nele, calibration_id)
    compared = opened(crew, crew.nele, calibration_id).compared
    assert compared is not None
    assert [(each.name, each.note) for each in compared.ratings.values()] == [("Mara", NOTE), ("Nele", "")]


def test_who_is_done_changes_nothing_more(crew: Team, engine: Engine) -> None:
    """After she has said that she is done, a rater's ratings stay, and a second word of it is refused."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    crew.rate_all(crew.nele, calibration_id)
    assert crew.store.calibration_steps.rate(crew.nele, calibration_id, 1, said(STRONG)) is ENDED
    assert crew.store.calibration_steps.finish(crew.nele, calibration_id) is ENDED
    own = opened(crew, crew.nele, calibration_id).own
    assert own is not None
    assert own.said == said(WEAK)


def test_nobody_is_done_before_everything_is_rated(crew: Team, engine: Engine) -> None:
    """A rater with a moment left is not done; "cannot say" is an answer."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    steps = crew.store.calibration_steps
    assert steps.rate(crew.nele, calibration_id, 1, said(None)) is DONE
    assert steps.finish(crew.nele, calibration_id) is CalibrationOutcome.INCOMPLETE
    assert steps.rate(crew.nele, calibration_id, 2, said(None)) is DONE
    assert steps.finish(crew.nele, calibration_id) is DONE
    assert trail(engine, "calibration done") == ["incomplete", "done"]


def test_after_the_deadline_nothing_is_rated(crew: Team, engine: Engine) -> None:
    """At the deadline ratings stay as they are, whoever is done or not."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    crew.let_time_pass()
    assert crew.store.calibration_steps.rate(crew.nele, calibration_id, 1, said(WEAK)) is ENDED
    assert crew.store.calibration_steps.finish(crew.nele, calibration_id) is ENDED


def test_another_rubric_ends_the_rating(crew: Team, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ratings by two versions of the rubric are never mixed: with a new one nobody rates any more."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    monkeypatch.setattr(calibration_reading, "RUBRIC_VERSION", "9.9")
    assert crew.store.calibration_steps.rate(crew.nele, calibration_id, 1, said(WEAK)) is ENDED
    calibration = crew.store.calibrations.read(crew.nele, calibration_id)
    assert calibration is not None
    assert (calibration.head.is_open, calibration.head.is_compared, calibration.head.is_over) == (False, False, False)
    assert crew.store.calibrations.waiting(crew.nele) == ()
    crew.let_time_pass()
    calibration = crew.store.calibrations.read(crew.nele, calibration_id)
    assert calibration is not None
    assert (calibration.head.is_compared, calibration.head.is_over) == (True, True)


def test_a_rating_after_the_sessions_page_is_not_blind(crew: Team, engine: Engine) -> None:
    """Who has opened the session has seen the model's levels, so her rating is marked; a mere note changes nothing."""
    (sent,) = store_sessions(engine, 1)
    calibration_id = crew.open()
    steps = crew.store.calibration_steps
    steps.rate(crew.nele, calibration_id, 1, said(WEAK))
    crew.store.open(crew.nele, sent.session_id)
    found = []
    for levels, note in ((said(WEAK), NOTE), (said(STRONG), NOTE)):
        steps.rate(crew.nele, calibration_id, 1, levels, note)
        own = opened(crew, crew.nele, calibration_id).own
        assert own is not None
        found.append(own.is_blind)
    assert found == [True, False]


def test_raters_settle_where_they_are_far_apart(crew: Team, engine: Engine) -> None:
    """One of them writes the level and the reason down for all; it stands beside what each had said."""
    calibration_id = far_apart(crew, engine)
    steps = crew.store.calibration_steps
    assert opened(crew, crew.mara, calibration_id).to_settle == (AUTONOMY,)
    assert steps.settle(crew.nele, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)}) is DONE  # type: ignore[arg-type]
    words = opened(crew, crew.mara, calibration_id)
    assert words.compared is not None
    final = words.compared.final[AUTONOMY]
    assert (final.level, final.by, final.reason) == (WEAK, "Nele", NOTE)
    assert [each.said[AUTONOMY] for each in words.compared.ratings.values()] == [NONE, STRONG]
    assert (words.to_settle, words.shows_machine) == ((), True)
    assert NOTE not in repr(words)
    with engine.connect() as connection:
        (row,) = connection.scalars(text("SELECT row_to_json(f)::text FROM final_levels f"))
    assert NOTE not in row


def test_what_was_settled_stays(crew: Team, engine: Engine) -> None:
    """A final level is not changed, and none is set where the raters are near each other."""
    calibration_id = far_apart(crew, engine)
    steps = crew.store.calibration_steps
    refused = CalibrationOutcome.NOT_TO_SETTLE
    for wanted in ({STANCE: (WEAK, NOTE)}, {AUTONOMY: (WEAK, NOTE), RESONANCE: (WEAK, NOTE)}, {}):
        assert steps.settle(crew.mara, calibration_id, 1, wanted) is refused  # type: ignore[arg-type]
    assert steps.settle(crew.mara, calibration_id, 1, {AUTONOMY: (None, NOTE)}) is DONE  # type: ignore[arg-type]
    assert steps.settle(crew.nele, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)}) is refused  # type: ignore[arg-type]
    compared = opened(crew, crew.nele, calibration_id).compared
    assert compared is not None
    assert compared.final[AUTONOMY].level is None


def test_nothing_is_settled_before_all_are_done(crew: Team, engine: Engine) -> None:
    """While a rater may still rate, nobody settles and nobody asks to; at the deadline they may."""
    store_sessions(engine, 1)
    calibration_id = crew.open(crew.nele, crew.pia)
    crew.rate_all(crew.mara, calibration_id, NONE)
    crew.rate_all(crew.nele, calibration_id, STRONG)
    steps = crew.store.calibration_steps
    assert steps.settle(crew.mara, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)}) is CalibrationOutcome.NOT_OVER
    assert steps.ask(crew.mara, calibration_id, 1) is CalibrationOutcome.NOT_OVER
    crew.let_time_pass()
    assert steps.settle(crew.mara, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)}) is DONE


def test_the_opener_may_ask_to_settle_any_moment(crew: Team, engine: Engine) -> None:
    """She asks once, for a moment on which nobody is far apart; then it is to be settled where they differ at all."""
    store_sessions(engine, 2)
    calibration_id = crew.open()
    crew.rate_all(crew.mara, calibration_id)
    crew.rate_all(crew.nele, calibration_id, but={1: said(WEAK, STRONG, WEAK, None)})
    steps = crew.store.calibration_steps
    assert steps.ask(crew.nele, calibration_id, 1) is CalibrationOutcome.NOT_FOUND
    assert [steps.ask(crew.mara, calibration_id, number) for number in (1, 1, 2)] == [
        *(DONE, CalibrationOutcome.NOT_TO_SETTLE, DONE)
    ]
    assert opened(crew, crew.nele, calibration_id, 1).to_settle == (STANCE, ORIENTATION)
    assert opened(crew, crew.nele, calibration_id, 2).to_settle == tuple(Mechanism)
    assert trail(engine, "calibration ask") == ["not_found", "done", "not_to_settle", "done"]


def test_a_reason_needs_words_that_are_kept(crew: Team, engine: Engine) -> None:
    """Once nothing of the conversation is kept there is no key for a reason, so nothing is settled."""
    calibration_id = far_apart(crew, engine)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM conversation_keys"))
    outcome = crew.store.calibration_steps.settle(crew.mara, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)})  # type: ignore[arg-type]
    assert outcome is CalibrationOutcome.GONE


def test_two_who_settle_at_once_store_one_level(crew: Team, engine: Engine) -> None:
    """Of two who settle the same mechanism at once, one is told that it was settled."""
    calibration_id, outcomes = far_apart(crew, engine), []

    def settle(viewer: object) -> None:
        steps = crew.store.calibration_steps
        outcomes.append(steps.settle(viewer, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)}))  # type: ignore[arg-type]

    threads = [threading.Thread(target=settle, args=(viewer,)) for viewer in (crew.mara, crew.nele)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLOCK_S)
    assert sorted(outcomes) == [DONE, CalibrationOutcome.NOT_TO_SETTLE]


def test_no_word_of_a_session_is_in_the_trail(crew: Team, engine: Engine) -> None:
    """The trail names calibrations, numbers and outcomes, never what was said."""
    calibration_id = far_apart(crew, engine)
    crew.store.calibration_steps.settle(crew.mara, calibration_id, 1, {AUTONOMY: (WEAK, NOTE)})  # type: ignore[arg-type]
    with engine.connect() as connection:
        rows = connection.scalars(text("SELECT row_to_json(a)::text FROM audit a WHERE object_type = 'calibration'"))
        assert not any(words in row for row in rows for words in (NOTE, *SAID))
