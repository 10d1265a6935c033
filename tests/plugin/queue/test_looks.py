"""Blind looks at the random sample, on a real database: what is listed, shown, stored and refused, and to whom."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole
from plugin.queue.look_views import Look, LookAnswer, LookOutcome, MachineOpinion, TurnAnswers
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.vocabulary import LeftOut, MarkKind, NeedsHuman
from tests.plugin.conftest import People
from tests.plugin.queue.sampled import ALL_NO, FURTHER, TURNS, sampled, sampled_and_left_out
from tests.plugin.samples import MODEL, REJECTED, SAID, add_person, answered, apply_records, mark, record

YES, NO, UNSURE = LookAnswer.YES, LookAnswer.NO, LookAnswer.UNSURE
ANSWERS = {0: TurnAnswers(YES, NO), 1: TurnAnswers(NO, UNSURE), 2: TurnAnswers(UNSURE, YES)}
SHOWN = MachineOpinion(shown=True, verdict="confirmed", needs_human=None, critical=False)
NOTHING = MachineOpinion(shown=False, verdict=None, needs_human=None, critical=False)


def opened(store: Store, people: People, session: object) -> Look:
    """Return the look of the supervisor at a session."""
    outcome, look = store.looks.open(people.supervisor, session)  # type: ignore[arg-type]
    assert outcome is LookOutcome.DONE
    assert look is not None
    return look


def trail(engine: Engine, purpose: str) -> list[str]:
    """Return the outcomes of the entries of the trail with a purpose."""
    with engine.connect() as connection:
        found = connection.scalars(text("SELECT outcome FROM audit WHERE purpose = :p ORDER BY seq"), {"p": purpose})
        return list(found)


def test_sampled_sessions_wait_with_and_without_moments(store: Store, engine: Engine, people: People) -> None:
    """The list holds the sessions of the sample, left out or not, the oldest first, and no session outside it."""
    first, second = sampled(), sampled_and_left_out(conversation="c_quiet")
    apply_records(engine, first, second, record(conversation="c_outside"))
    waiting = store.looks.waiting(people.supervisor)
    assert {row.session_id for row in waiting.rows} == {first.session_id, second.session_id}
    assert waiting.total == 2
    assert {(row.turns, row.is_seen) for row in waiting.rows} == {(3, False)}


def test_the_list_is_read_part_by_part(store: Store, engine: Engine, people: People) -> None:
    """The parts hold each session once, the oldest first; one that was looked at meanwhile loses nobody's place."""
    sent = [sampled(conversation=f"c_{number}") for number in range(5)]
    apply_records(engine, *sent)
    with engine.begin() as connection:
        for number, each in enumerate(sent[1:], start=1):
            moved = text("UPDATE sessions SET ended_at = ended_at + make_interval(hours => :n) WHERE session_id = :s")
            connection.execute(moved, {"n": number // 2, "s": each.session_id})
    looks, seen, after = store.looks, [], None
    while True:
        part = looks.waiting(people.supervisor, after, size=2)
        seen += [row.session_id for row in part.rows]
        if not part.goes_on:
            break
        after = part.rows[-1].session_id
        assert looks.answer(people.supervisor, after, 1, ANSWERS) is LookOutcome.DONE
    assert (len(seen), set(seen)) == (5, {each.session_id for each in sent})
    assert [row.session_id for row in looks.waiting(people.supervisor).rows] == [seen[0], seen[2], seen[4]]


def test_a_look_shows_the_conversation_and_nothing_of_the_machine(store: Store, engine: Engine, people: People) -> None:
    """Every message is shown in order, without the name of an author; no opinion and no model is said."""
    sent = sampled()
    apply_records(engine, sent)
    look = opened(store, people, sent.session_id)
    assert [each.text for each in look.messages] == [*SAID, *FURTHER]
    assert {each.author for each in look.messages} == {""}
    assert look.turns == dict(enumerate(TURNS))
    assert (look.answered, look.model) == (None, None)
    assert SAID[0] not in repr(look)
    assert trail(engine, "blind look") == ["done"]


def test_after_the_answers_the_machine_stands_beside_them(store: Store, engine: Engine, people: People) -> None:
    """Once they are stored, each answer is shown with what the machine said of the turn, and its model."""
    sent = sampled(marks=(mark(MarkKind.RISK_LANGUAGE, "abuse"),))
    apply_records(engine, sent)
    assert store.looks.answer(people.supervisor, sent.session_id, 1, ANSWERS) is LookOutcome.DONE
    look = opened(store, people, sent.session_id)
    assert look.answered is not None
    assert {position: each.answers for position, each in look.answered.items()} == ANSWERS
    assert {position: each.machine for position, each in look.answered.items()} == {
        0: replace(SHOWN, critical=True),
        1: NOTHING,
        2: NOTHING,
    }
    assert look.model == MODEL
    assert store.looks.waiting(people.supervisor).total == 0
    assert trail(engine, "blind answers") == ["done"]


@pytest.mark.parametrize("is_marked", [False, True], ids=["the model alone", "the lexicon too"])
def test_a_possible_sign_is_kept_apart_from_a_sure_one(
    store: Store, engine: Engine, people: People, is_marked: bool
) -> None:
    """What the model doubts is a possible sign, unless the lexicon marks the same turn."""
    reason = NeedsHuman.POSSIBLE_CRITICAL_CONTENT
    sent = sampled(abstain=reason, marks=(mark(MarkKind.RISK_LANGUAGE, "abuse"),) if is_marked else ())
    apply_records(engine, sent)
    assert store.looks.answer(people.supervisor, sent.session_id, 1, ANSWERS) is LookOutcome.DONE
    answered_look = opened(store, people, sent.session_id).answered
    assert answered_look is not None
    assert answered_look[0].machine == replace(
        NOTHING, needs_human=reason.value, critical=is_marked, possible_critical=not is_marked
    )


def test_a_session_in_which_every_turn_was_rejected_keeps_its_words(
    store: Store, engine: Engine, people: People
) -> None:
    """Its moments and answers go as ever; its messages stay for the look, after which nothing was shown of it."""
    sent = answered(sampled(), REJECTED)
    apply_records(engine, sent)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT left_out FROM sessions")) == LeftOut.NO_RESISTANCE
        assert connection.scalar(text("SELECT count(*) FROM answers")) == 0
        assert connection.scalar(text("SELECT count(*) FROM exchanges")) == 0
    assert len(opened(store, people, sent.session_id).messages) == 6
    assert store.looks.answer(people.supervisor, sent.session_id, 1, ALL_NO) is LookOutcome.DONE
    look = opened(store, people, sent.session_id)
    assert look.answered is not None
    assert {each.machine for each in look.answered.values()} == {NOTHING}


def test_answers_are_stored_once_and_never_changed(store: Store, engine: Engine, people: People) -> None:
    """A second set of answers is refused, by the same supervisor or another, and another is not shown the first."""
    sent = sampled()
    apply_records(engine, sent)
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    looks = store.looks
    assert looks.answer(people.supervisor, sent.session_id, 1, ANSWERS) is LookOutcome.DONE
    for viewer in (people.supervisor, second):
        assert looks.answer(viewer, sent.session_id, 1, ALL_NO) is LookOutcome.LOOKED_AT
    assert looks.open(second, sent.session_id) == (LookOutcome.LOOKED_AT, None)
    look = opened(store, people, sent.session_id)
    assert look.answered is not None
    assert look.answered[0].answers == ANSWERS[0]


@pytest.mark.parametrize("purpose", ["review", "digest", "agreement sample", "export reviews"])
def test_who_has_seen_the_moments_cannot_look(store: Store, engine: Engine, people: People, purpose: str) -> None:
    """A supervisor who has opened the session, in whatever way, is refused; another supervisor may look."""
    sent = sampled()
    apply_records(engine, sent)
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    store.open(people.supervisor, sent.session_id, purpose=purpose)
    looks = store.looks
    assert looks.open(people.supervisor, sent.session_id) == (LookOutcome.SEEN, None)
    assert looks.answer(people.supervisor, sent.session_id, 1, ANSWERS) is LookOutcome.SEEN
    assert [row.is_seen for row in looks.waiting(people.supervisor).rows] == [True]
    assert [row.is_seen for row in looks.waiting(second).rows] == [False]
    assert looks.answer(second, sent.session_id, 1, ANSWERS) is LookOutcome.DONE


def test_a_look_may_be_opened_often_before_it_is_answered(store: Store, engine: Engine, people: People) -> None:
    """Reading the conversation alone does not count as having seen the moments."""
    sent = sampled()
    apply_records(engine, sent)
    opened(store, people, sent.session_id)
    opened(store, people, sent.session_id)
    assert store.looks.answer(people.supervisor, sent.session_id, 1, ANSWERS) is LookOutcome.DONE


def test_an_answer_must_be_about_every_turn_that_is_there(store: Store, engine: Engine, people: People) -> None:
    """Answers that leave a turn out, name one that is not there, or are about another revision are not stored."""
    sent = sampled()
    apply_records(engine, sent)
    few: tuple[dict[int, TurnAnswers], ...] = ({}, {0: ANSWERS[0]})
    for answers in few:
        assert store.looks.answer(people.supervisor, sent.session_id, 1, answers) is LookOutcome.INCOMPLETE
    for revision, answers in ((1, {**ANSWERS, 3: ANSWERS[0]}), (2, ANSWERS), (2, {})):
        assert store.looks.answer(people.supervisor, sent.session_id, revision, answers) is LookOutcome.CHANGED
    assert store.looks.waiting(people.supervisor).total == 1


def test_nobody_else_looks(store: Store, engine: Engine, people: People) -> None:
    """A supervisor of another team, therapists and operators find nothing, released or not; so does nobody outside."""
    sent, outside = sampled(), record(conversation="c_outside")
    apply_records(engine, sent, outside)
    for viewer in (people.other_supervisor, people.ana, people.ben, people.operator):
        assert store.looks.waiting(viewer).rows == ()
        assert store.looks.open(viewer, sent.session_id) == (LookOutcome.NOT_FOUND, None)
        assert store.looks.answer(viewer, sent.session_id, 1, ANSWERS) is LookOutcome.NOT_FOUND
    assert store.looks.open(people.supervisor, outside.session_id) == (LookOutcome.NOT_FOUND, None)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert store.looks.open(people.ana, sent.session_id) == (LookOutcome.NOT_FOUND, None)


def test_a_therapist_sees_a_look_among_the_openings(store: Store, engine: Engine, people: People) -> None:
    """A blind look is a reading of the session, so its therapist sees it once the session is released."""
    sent = sampled()
    apply_records(engine, sent)
    opened(store, people, sent.session_id)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert [each.name for each in store.openings(people.ana, sent.session_id)] == ["Mara"]


def test_a_therapist_reads_no_message_that_the_sample_alone_needs(store: Store, engine: Engine, people: People) -> None:
    """A released session shows its therapist the words of his moments, whether it is in the sample or not."""
    sent = sampled()
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert FURTHER[3] not in {each.text for each in view.messages}


def test_a_session_whose_words_are_gone_waits_no_more(store: Store, engine: Engine, people: People) -> None:
    """After the retention of texts there is nothing to look at."""
    sent = sampled()
    apply_records(engine, sent)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM messages"))
    assert store.looks.waiting(people.supervisor).total == 0
    assert store.looks.open(people.supervisor, sent.session_id) == (LookOutcome.NOT_FOUND, None)


def test_answers_hold_codes_and_ids_alone(store: Store, engine: Engine, people: People) -> None:
    """No word of the conversation is in a row of an answer."""
    sent = sampled()
    apply_records(engine, sent)
    store.looks.answer(people.supervisor, sent.session_id, 1, ANSWERS)
    with engine.connect() as connection:
        rows = connection.scalars(text("SELECT row_to_json(l)::text FROM look_answers l")).all()
    assert len(rows) == 3
    assert not any(words in row for row in rows for words in (*SAID, *FURTHER))
