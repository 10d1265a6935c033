"""Tests of the practice box on a real database: who reads an attempt, what it is kept with, and what removes it."""

from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.database.account_removal import remove_account
from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.practice import Practice
from plugin.queue.practice_views import Attempt, Rated, Rewriting, Unrated
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit
from stream.contracts.vocabulary import NeedsHuman
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import CONVERSATION, KEK, MODEL, NOW, SAID, START, TENANT, add_person, apply_records, record

REPLY = "Talking has not helped so far.\nWhat would make today worth your time? \U0001f331"
DONE, CHANGED, NOT_FOUND = DecisionOutcome.DONE, DecisionOutcome.CHANGED, DecisionOutcome.NOT_FOUND
AWAY = Rated(unrated=Unrated.AWAY)


@pytest.fixture
def store(engine: Engine) -> Store:
    """Return the store at a time that goes on with each look at the clock, since attempts come in its order."""
    seconds = count()
    return Store(engine, KEK, now=lambda: NOW + timedelta(seconds=next(seconds)))


def released(store: Store, engine: Engine, people: People, **more: object) -> FeedbackRecord:
    """Return a session of Ana's that is stored and released."""
    sent = record(**more)  # type: ignore[arg-type]
    apply_records(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, sent.revision, DecisionKind.RELEASED) is DONE
    return sent


def found(store: Store, viewer: Viewer, sent: FeedbackRecord, moment: int = 0, words: str = REPLY) -> Rewriting:
    """Return what a model is asked about a reply that a therapist rewrote for a moment."""
    rewriting = store.practice.find(viewer, sent.session_id, sent.exchanges[moment].exchange_id, words)
    assert isinstance(rewriting, Rewriting)
    return rewriting


def practise(
    store: Store,
    viewer: Viewer,
    sent: FeedbackRecord,
    words: str = REPLY,
    *,
    moment: int = 0,
    rated: Rated | None = None,
) -> DecisionOutcome:
    """Keep an attempt with an answer, by default that to the original."""
    answer = rated or Rated(sent.assessments[moment])
    return store.practice.keep(viewer, found(store, viewer, sent, moment, words), answer)


def texts(store: Store, viewer: Viewer, sent: FeedbackRecord) -> list[str]:
    """Return the words of the attempts that this person reads."""
    return [attempt.text for attempt in store.practice.attempts(viewer, sent.session_id)]


def test_a_model_is_asked_about_the_moment_with_the_new_reply(store: Store, engine: Engine, people: People) -> None:
    """A model is asked about the stored client turn with the rewritten reply, and is told no name of the therapist."""
    sent = released(store, engine, people)
    rewriting = found(store, people.ana, sent)
    assert [message.text for message in rewriting.client_turn] == [SAID[0]]
    assert (rewriting.context, rewriting.reply, rewriting.revision) == ((), REPLY, 1)
    assert rewriting.therapist == "Ana"
    assert SAID[0] not in repr(rewriting)
    assert REPLY not in repr(rewriting)


def test_several_attempts_are_kept_in_order_with_their_answers(store: Store, engine: Engine, people: People) -> None:
    """Each attempt is kept with its levels, reasons and quotes; what the model would advise is not."""
    sent = released(store, engine, people, moments=2)
    abstention = Abstention(
        assessment_id=uuid4(),
        exchange_id=sent.exchanges[1].exchange_id,
        input_id=uuid4(),
        model=MODEL,
        reason=NeedsHuman.MODEL_ABSTAINED,
    )
    assert practise(store, people.ana, sent, "First.") is DONE
    assert practise(store, people.ana, sent, "Second.") is DONE
    assert practise(store, people.ana, sent, "Third.", moment=1, rated=Rated(abstention)) is DONE
    first, second, third = store.practice.attempts(people.ana, sent.session_id)
    assert [each.text for each in (first, second, third)] == ["First.", "Second.", "Third."]
    assert isinstance(first.rated.answer, Assessment)
    assert first.rated.answer.ratings == sent.assessments[0].ratings
    assert (first.rated.answer.strengths, first.rated.answer.alternatives) == ((), ())
    assert third.rated.answer == abstention
    assert third.exchange_id == sent.exchanges[1].exchange_id


def test_an_attempt_is_read_by_its_author_alone(store: Store, engine: Engine, people: People) -> None:
    """Neither the supervisor, nor an operator, nor a colleague in the same session reads or removes an attempt."""
    sent = record(moments=2)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(update={"exchanges": (sent.exchanges[0], theirs), "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    store.decide(people.supervisor, both.session_id, 1, DecisionKind.RELEASED)
    practise(store, people.ana, both)
    (attempt,) = store.practice.attempts(people.ana, both.session_id)
    assert store.open(people.ben, both.session_id) is not None
    for viewer in (people.supervisor, people.other_supervisor, people.ben, people.operator):
        assert texts(store, viewer, both) == []
        assert store.practice.remove(viewer, both.session_id, attempt.attempt_id) in {NOT_FOUND, CHANGED}
    assert texts(store, people.ana, both) == [REPLY]
    opened = store.open(people.supervisor, both.session_id)
    assert opened is not None
    assert REPLY not in str(vars(opened))


def test_only_an_own_moment_that_is_passed_on_can_be_practised(store: Store, engine: Engine, people: People) -> None:
    """Nobody practises at a colleague's moment, at one that was kept back, at an unknown one, or before the release."""
    sent = record(moments=3)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    exchanges = (sent.exchanges[0], theirs, sent.exchanges[2])
    both = sent.model_copy(update={"exchanges": exchanges, "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    ask = [(people.ana, exchange.exchange_id) for exchange in exchanges]
    assert [store.practice.find(who, both.session_id, moment, REPLY) for who, moment in ask] == [NOT_FOUND] * 3
    unclear = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
    store.reviews.judge(people.supervisor, both.session_id, 1, both.assessments[2].assessment_id, MOMENT, unclear)
    store.decide(people.supervisor, both.session_id, 1, DecisionKind.RELEASED)
    assert isinstance(store.practice.find(*ask[0][:1], both.session_id, ask[0][1], REPLY), Rewriting)
    for moment in (ask[1][1], ask[2][1], uuid4()):
        assert store.practice.find(people.ana, both.session_id, moment, REPLY) is CHANGED
    for viewer in (people.supervisor, people.operator):
        assert store.practice.find(viewer, both.session_id, ask[0][1], REPLY) is NOT_FOUND


def test_words_without_an_answer_are_a_draft_that_the_next_attempt_replaces(
    store: Store, engine: Engine, people: People
) -> None:
    """Words that no model answered are kept with the reason, until the next attempt at the same moment."""
    sent = released(store, engine, people, moments=2)
    practise(store, people.ana, sent, "At another moment.", moment=1, rated=AWAY)
    practise(store, people.ana, sent, "A draft.", rated=AWAY)
    drafts = store.practice.attempts(people.ana, sent.session_id)
    assert [each.rated for each in drafts] == [AWAY, AWAY]
    practise(store, people.ana, sent, "Another draft.", rated=Rated(unrated=Unrated.TOO_MANY))
    assert texts(store, people.ana, sent) == ["At another moment.", "Another draft."]
    practise(store, people.ana, sent, "With an answer.")
    practise(store, people.ana, sent, "With another answer.")
    assert texts(store, people.ana, sent) == ["At another moment.", "With an answer.", "With another answer."]


def test_an_attempt_is_removed_alone(store: Store, engine: Engine, people: People) -> None:
    """A therapist removes one attempt; what is gone already is no other's."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent, "First.")
    practise(store, people.ana, sent, "Second.")
    first: Attempt = store.practice.attempts(people.ana, sent.session_id)[0]
    assert store.practice.remove(people.ana, uuid4(), first.attempt_id) is NOT_FOUND
    assert store.practice.remove(people.ana, sent.session_id, first.attempt_id) is DONE
    assert store.practice.remove(people.ana, sent.session_id, first.attempt_id) is CHANGED
    assert texts(store, people.ana, sent) == ["Second."]


def test_each_step_is_on_the_trail_without_a_word(store: Store, engine: Engine, people: People) -> None:
    """The trail says that a therapist practised, kept and removed an attempt, and never what they wrote."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent)
    (attempt,) = store.practice.attempts(people.ana, sent.session_id)
    store.practice.remove(people.ana, sent.session_id, attempt.attempt_id)
    store.practice.find(people.supervisor, sent.session_id, sent.exchanges[0].exchange_id, REPLY)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT purpose, outcome, to_jsonb(audit)::text FROM audit ORDER BY seq")).all()
    steps = [(purpose, outcome) for purpose, outcome, _ in rows if purpose != "released"]
    assert steps == [
        ("practise", "done"),
        ("keep attempt", "done"),
        ("remove attempt", "done"),
        ("practise", "not_found"),
    ]
    assert not any("Talking" in whole for _, _, whole in rows)


def test_an_attempt_is_encrypted_and_bound_to_its_row(store: Store, engine: Engine, people: People) -> None:
    """The row shows neither the words nor a level, and another key does not open it."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent)
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT to_jsonb(p)::text, words FROM practice_attempts p")).all()
    assert "Talking" not in row[0]
    assert b"Talking" not in bytes(row[1])
    assert "autonomy" not in row[0]
    with pytest.raises(WrongKey):
        Practice(engine, KeyEncryptionKey(bytes(32)), now=lambda: NOW).attempts(people.ana, sent.session_id)


def test_nothing_is_kept_of_a_session_that_changed_meanwhile(store: Store, engine: Engine, people: People) -> None:
    """An answer to words that were changed, withheld or reopened while the model read is not kept."""
    sent = released(store, engine, people)
    rewriting = found(store, people.ana, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert store.practice.keep(people.ana, rewriting, AWAY) is NOT_FOUND
    apply_records(engine, record(revision=2))
    store.decide(people.supervisor, sent.session_id, 2, DecisionKind.RELEASED)
    assert store.practice.keep(people.ana, rewriting, AWAY) is CHANGED
    assert count_rows(engine, "practice_attempts") == {"practice_attempts": 0}


def test_a_withheld_session_shows_no_attempt_until_it_is_released_again(
    store: Store, engine: Engine, people: People
) -> None:
    """While a session is withheld its therapist reads nothing of it, the own attempts neither."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert texts(store, people.ana, sent) == []
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert texts(store, people.ana, sent) == [REPLY]


@pytest.mark.parametrize(
    "change",
    [
        Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW),
        Edit(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", text="Other words.", edited_at=NOW),
    ],
)
def test_a_deletion_or_an_edit_removes_the_attempts_that_may_quote_it(
    store: Store, engine: Engine, people: People, change: Deletion | Edit
) -> None:
    """After a deletion or an edit, attempts at the moments with that message are gone, and others stay."""
    sent = released(store, engine, people, moments=2)
    for moment in (0, 1):
        practise(store, people.ana, sent, f"At {moment}.", moment=moment)
    apply_records(engine, change)
    assert texts(store, people.ana, sent) == ["At 1."]


def test_a_withdrawal_takes_the_attempts_and_the_key(store: Store, engine: Engine, people: People) -> None:
    """Of a session that was withdrawn neither an attempt nor the key of its conversation is left."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent)
    apply_records(engine, ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW))
    assert count_rows(engine, "practice_attempts", "conversation_keys") == {
        "practice_attempts": 0,
        "conversation_keys": 0,
    }


def test_attempts_go_with_the_sessions_text(store: Store, engine: Engine, people: People) -> None:
    """Retention removes the attempts with the messages of their session, and nobody practises there any more."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent)
    now = START + timedelta(days=100)
    RetentionRunner(engine, RetentionCutoffs.at(now, RetentionSettings()), now=lambda: now).run()
    assert count_rows(engine, "practice_attempts", "messages", "answers") == {
        "practice_attempts": 0,
        "messages": 0,
        "answers": 1,
    }
    exchange: UUID = sent.exchanges[0].exchange_id
    assert store.practice.find(people.ana, sent.session_id, exchange, REPLY) is CHANGED


def test_a_removed_account_leaves_no_attempt(store: Store, engine: Engine, people: People) -> None:
    """The database removes what a therapist practised with their account, and nobody else's."""
    sent = released(store, engine, people)
    practise(store, people.ana, sent)
    second = add_person(engine, "carl", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_carl")
    with transaction(engine) as session:
        remove_account(session, second.user_id, NOW)
    assert count_rows(engine, "practice_attempts") == {"practice_attempts": 1}
    with transaction(engine) as session:
        remove_account(session, people.ana.user_id, NOW)
    assert count_rows(engine, "practice_attempts") == {"practice_attempts": 0}
