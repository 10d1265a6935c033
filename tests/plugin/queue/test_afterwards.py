"""Tests of what is said of the client's next words: by a plain rule, and only where they are surely the next ones."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import Viewer
from plugin.queue.afterwards import BRIEF_WORDS, MAX_TURNS, StoredTalk, afterwards
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import VERDICT
from plugin.queue.store import Store
from plugin.queue.views import Afterwards, AfterwardsKind, DecisionKind, MessageView
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Deletion
from stream.contracts.sessions import Counts, Mark
from stream.contracts.vocabulary import MarkKind, ResistanceType, Role, Verdict
from tests.plugin.conftest import People
from tests.plugin.samples import CONVERSATION, MODEL, REJECTED, START, TENANT, answered, apply_records, message, record

NOT_KNOWN = Afterwards(AfterwardsKind.NOT_KNOWN)
LONG = "That is not how it was with my sister last summer."


def said(number: int, words: str, role: Role = Role.CLIENT, author: str = "") -> MessageView:
    """Return the message `m-<number>`, sent `number` minutes after the start."""
    name = author or ("Ana" if role is Role.COUNSELLOR else "")
    return MessageView(f"m-{number}", role, name, START + timedelta(minutes=number), words)


def counsellor(number: int, author: str = "Ana") -> MessageView:
    """Return a counsellor's message."""
    return said(number, "I see.", Role.COUNSELLOR, author)


def talk(
    *messages: MessageView,
    exchanges: Sequence[tuple[str, ...]] = (),
    moments: tuple[str, ...] = (),
    unstored: int = 0,
    ended_after_min: int = 45,
) -> StoredTalk:
    """Return a stored talk in which `unstored` client messages are missing."""
    return StoredTalk(
        messages=messages,
        exchanges=[frozenset(ids) for ids in exchanges],
        moments=frozenset(moments),
        client_messages=sum(each.role is Role.CLIENT for each in messages) + unstored,
        ended_at=START + timedelta(minutes=ended_after_min),
    )


OPENING = (said(1, "I don't see the point."), counsellor(2))
REPLY = ("m-2",)


# --- the rule ---


def test_a_next_turn_that_is_a_confirmed_moment_is_called_resisting_again() -> None:
    """A next turn that is a confirmed moment counts as resisting again, however short it is."""
    found = afterwards(talk(*OPENING, said(3, "No."), moments=("m-1", "m-3")), REPLY)
    assert found == Afterwards(AfterwardsKind.RESISTED_AGAIN, (("m-3",),))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("ok",), AfterwardsKind.ANSWERED_BRIEFLY),
        ((" ".join(["word"] * BRIEF_WORDS),), AfterwardsKind.ANSWERED_BRIEFLY),
        ((" ".join(["word"] * (BRIEF_WORDS + 1)),), AfterwardsKind.WENT_ON),
        (("yes", "sorry", "I did not mean to snap"), AfterwardsKind.WENT_ON),
        (("",), AfterwardsKind.ANSWERED_BRIEFLY),
        (("\U0001f644",), AfterwardsKind.ANSWERED_BRIEFLY),
    ],
)
def test_a_next_turn_is_brief_or_not_by_the_words_of_all_its_messages(
    words: tuple[str, ...], kind: AfterwardsKind
) -> None:
    """A turn of at most five words in all its messages is a brief answer; more is going on."""
    turn = [said(3 + at, each) for at, each in enumerate(words)]
    found = afterwards(talk(*OPENING, *turn), REPLY)
    assert found == Afterwards(kind, (tuple(each.message_id for each in turn),))


def test_no_client_message_after_the_reply_is_the_end() -> None:
    """Where every client message is stored and none follows the reply, the client wrote nothing more."""
    assert afterwards(talk(*OPENING), REPLY) == Afterwards(AfterwardsKind.ENDED)
    goodbye = (said(3, "The client has left.", Role.SYSTEM), counsellor(4))
    assert afterwards(talk(*OPENING, *goodbye), REPLY) == Afterwards(AfterwardsKind.ENDED)


def test_up_to_three_turns_are_named() -> None:
    """At most three client turns after the reply are named, each with its own messages."""
    turns = [each for at in range(3, 13, 2) for each in (said(at, LONG), counsellor(at + 1))]
    found = afterwards(talk(*OPENING, *turns), REPLY)
    assert found.turns == (("m-3",), ("m-5",), ("m-7",))
    assert len(found.turns) == MAX_TURNS


def test_a_later_turn_that_is_a_moment_does_not_change_the_next_one() -> None:
    """The next turn alone decides: a moment later in the talk answers another reply."""
    found = afterwards(talk(*OPENING, said(3, LONG), counsellor(4), said(5, "No."), moments=("m-5",)), REPLY)
    assert (found.kind, found.turns) == (AfterwardsKind.WENT_ON, (("m-3",), ("m-5",)))


def test_turns_after_another_counsellors_message_do_not_count() -> None:
    """Where another counsellor takes over, what the client writes then answers somebody else."""
    found = afterwards(talk(*OPENING, said(3, LONG), counsellor(4, "Ben"), said(5, LONG)), REPLY)
    assert found.turns == (("m-3",),)


def test_a_system_message_neither_splits_a_turn_nor_is_one() -> None:
    """A notice between two client messages leaves them one turn."""
    notice = said(4, "The client is typing.", Role.SYSTEM)
    assert afterwards(talk(*OPENING, said(3, "no"), notice, said(5, LONG)), REPLY).turns == (("m-3", "m-5"),)


# --- what is not known ---


@pytest.mark.parametrize("messages", [(), OPENING[:1], (said(3, LONG),)])
def test_nothing_is_known_without_the_reply(messages: tuple[MessageView, ...]) -> None:
    """Where the text of the session, or of the reply, is gone, nothing is said."""
    assert afterwards(talk(*messages), REPLY) == NOT_KNOWN
    assert afterwards(talk(*messages, unstored=3), REPLY) == NOT_KNOWN


def test_a_stored_message_after_a_gap_is_not_called_the_next_one() -> None:
    """A client message that may follow others that are not stored is not taken for the next one."""
    assert afterwards(talk(*OPENING, said(9, LONG), unstored=1), REPLY) == NOT_KNOWN


def test_an_exchange_that_holds_both_has_no_gap() -> None:
    """A stored message is the next one where an exchange holds it and the reply, whatever else is not stored."""
    stored = (*OPENING, said(3, LONG), counsellor(4), said(9, LONG))
    found = afterwards(talk(*stored, exchanges=[("m-1", "m-2", "m-3", "m-4")], unstored=2), REPLY)
    assert found == Afterwards(AfterwardsKind.WENT_ON, (("m-3",),))


def test_the_end_is_known_only_where_nothing_can_follow() -> None:
    """A reply that is the last stored message ends the session only if it was sent at the session's end."""
    assert afterwards(talk(*OPENING, unstored=1), REPLY) == NOT_KNOWN
    assert afterwards(talk(*OPENING, unstored=1, ended_after_min=2), REPLY).kind is AfterwardsKind.ENDED


def test_a_reply_by_the_system_that_a_counsellor_follows_says_nothing() -> None:
    """Where a counsellor takes over from the system's reply, what the client wrote then answers the counsellor."""
    system = said(2, "Somebody will be with you soon.", Role.SYSTEM)
    assert afterwards(talk(OPENING[0], system, counsellor(3), said(4, LONG)), REPLY) == NOT_KNOWN


def test_words_stay_out_of_the_repr() -> None:
    """The representation of a stored talk, and of what follows from it, shows no text."""
    stored = talk(*OPENING, said(3, LONG))
    assert LONG not in repr((stored, afterwards(stored, REPLY)))


# --- a stored session ---


def two_moments(**more: object) -> FeedbackRecord:
    """Return a session of two moments, all of whose messages are stored."""
    whole = record(moments=2, counts=Counts(messages=4, client_messages=2, counsellor_messages=2))
    return whole.model_copy(update=more)


def kinds(store: Store, sent: FeedbackRecord, viewer: Viewer) -> list[AfterwardsKind]:
    """Return what the client did after each moment that this person sees, with every turn's words at hand."""
    view = store.open(viewer, sent.session_id)
    assert view is not None
    shown = {each.message_id for each in view.messages}
    assert all(shown.issuperset(turn) for moment in view.moments for turn in moment.afterwards.turns)
    return [moment.afterwards.kind for moment in view.moments]


def test_a_supervisor_and_the_therapist_see_what_came_next(engine: Engine, store: Store, people: People) -> None:
    """A supervisor and, after the release, the therapist see that the next turn is a moment, and the end."""
    sent = two_moments()
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    for viewer in (people.supervisor, people.ana):
        assert kinds(store, sent, viewer) == [AfterwardsKind.RESISTED_AGAIN, AfterwardsKind.ENDED]


def test_a_moment_that_is_called_no_resistance_is_none(engine: Engine, store: Store, people: People) -> None:
    """Where a supervisor says that the next moment is no resistance, nobody reads that the client resisted again."""
    sent = two_moments()
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    opinion = Opinion(Judgement.WITHHELD, reason=WithholdReason.NOT_RESISTANCE)
    store.reviews.judge(people.supervisor, sent.session_id, 1, sent.assessments[1].assessment_id, VERDICT, opinion)
    assert kinds(store, sent, people.supervisor)[0] is AfterwardsKind.WENT_ON


def test_a_therapist_does_not_learn_of_a_moment_that_is_kept_back(engine: Engine, store: Store, people: People) -> None:
    """A next moment that a supervisor keeps back is, to the therapist, a turn like any other."""
    sent = two_moments()
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    opinion = Opinion(Judgement.WITHHELD, reason=WithholdReason.UNCLEAR)
    store.reviews.judge(people.supervisor, sent.session_id, 1, sent.assessments[1].assessment_id, VERDICT, opinion)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert kinds(store, sent, people.supervisor)[0] is AfterwardsKind.RESISTED_AGAIN
    assert kinds(store, sent, people.ana) == [AfterwardsKind.WENT_ON]


def test_a_rejected_moment_is_a_turn_like_any_other(engine: Engine, store: Store, people: People) -> None:
    """A next turn that was flagged and rejected is no moment."""
    sent = answered(two_moments(), {"verdict": Verdict.CONFIRMED}, REJECTED)
    apply_records(engine, sent)
    assert kinds(store, sent, people.supervisor) == [AfterwardsKind.WENT_ON]


def test_an_unanswered_moment_is_a_moment_to_the_supervisor_alone(engine: Engine, store: Store, people: People) -> None:
    """A confirmed turn without a reply counts as resisting again for the supervisor; the therapist sees no marks."""
    mark = Mark(
        kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m-3",), resistance_type=ResistanceType.BLAMING, model=MODEL
    )
    last = message(3, "No.", role=Role.CLIENT, author="p_client")
    whole = record(counts=Counts(messages=3, client_messages=2, counsellor_messages=1), marks=(mark,))
    sent = whole.model_copy(update={"messages": (*whole.messages, last)})
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert kinds(store, sent, people.supervisor) == [AfterwardsKind.RESISTED_AGAIN]
    assert kinds(store, sent, people.ana) == [AfterwardsKind.ANSWERED_BRIEFLY]


def test_a_therapist_gets_no_more_of_the_session_than_what_came_next(
    engine: Engine, store: Store, people: People
) -> None:
    """A therapist gets the client's next turns and none of the counsellors' messages between them."""
    sent = answered(two_moments(), {"verdict": Verdict.CONFIRMED}, REJECTED)
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert [each.message_id for each in view.messages] == ["m-1", "m-2", "m-3"]


@pytest.mark.parametrize("gone", ["DELETE FROM conversation_keys", "DELETE FROM messages"])
def test_nothing_is_said_once_the_words_are_gone(engine: Engine, store: Store, people: People, gone: str) -> None:
    """After the retention or the erasure of the words, what the client did next is not known."""
    sent = two_moments()
    apply_records(engine, sent)
    with engine.begin() as connection:
        connection.execute(text(gone))
    assert kinds(store, sent, people.supervisor) == [AfterwardsKind.NOT_KNOWN] * 2


def test_nothing_is_said_over_a_message_that_was_deleted(engine: Engine, store: Store, people: People) -> None:
    """After the next message was deleted, a later one is not taken for it."""
    whole = record(moments=3, counts=Counts(messages=6, client_messages=3, counsellor_messages=3))
    exchanges = [
        exchange.model_copy(update={"context": tuple(each.message_id for each in whole.messages[: 2 * at])})
        for at, exchange in enumerate(whole.exchanges)
    ]
    sent = whole.model_copy(update={"exchanges": tuple(exchanges)})
    deleted = Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-3", deleted_at=START)
    apply_records(engine, sent)
    assert kinds(store, sent, people.supervisor)[0] is AfterwardsKind.RESISTED_AGAIN
    apply_records(engine, deleted)
    assert kinds(store, sent, people.supervisor) == [AfterwardsKind.NOT_KNOWN] * 2
