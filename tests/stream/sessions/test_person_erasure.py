"""Our own word about a person, on each partition: it reaches what is still open and nowhere stored."""

from uuid import UUID

from stream.contracts.messages import Erasure, PersonErasure
from stream.contracts.vocabulary import Role
from stream.sessions.events import forget_person
from stream.sessions.rules import Arrival
from tests.stream.sessions.talk import DAY, MINUTE, TENANT, Talk, at_second, ms

IDLE = 30 * MINUTE


def forget(talk: Talk, person: str, second: float, role: Role = Role.CLIENT) -> None:
    """Put it on the conversation's partition."""
    event = PersonErasure.model_validate(
        {
            "tenant": TENANT,
            "person": person,
            "role": role,
            "erasure_id": str(UUID(int=7)),
            "requested_at": at_second(second),
            "partition": 0,
        }
    )
    talk.offset += 1
    talk.published += list(forget_person(talk.conversation, event, Arrival(talk.offset, ms(second))))
    talk.restart()


def test_of_a_client_the_open_conversation_goes_and_the_word_goes_on() -> None:
    """As an erasure of the conversation, for the stages after this one."""
    talk = Talk()
    talk.meet(Role.CLIENT, ["Ms Example"], 0)
    talk.session()
    forget(talk, "client", 40)
    assert [type(each) for each in talk.published] == [Erasure]
    assert talk.conversation.segments == {}
    assert "Ms Example" not in talk.kept
    talk.tick(40 + 8 * DAY)
    assert talk.conversation.is_empty


def test_a_closed_session_that_may_still_change_goes_too() -> None:
    """Its text waits here for what comes late."""
    talk = Talk()
    talk.session()
    talk.end(40)
    forget(talk, "client", 50)
    talk.tick(DAY)
    assert talk.story == [(1, "closed")]
    assert "slept" not in talk.kept


def test_of_a_counsellor_the_sessions_they_wrote_in_go() -> None:
    """Nothing is published; the client's next session, with somebody else, is as it was."""
    talk = Talk()
    talk.session()
    talk.end(40)
    talk.client("hello again, I have slept badly", 2 * IDLE)
    forget(talk, "counsellor", 2 * IDLE + 10, Role.COUNSELLOR)
    assert talk.story == [(1, "closed")]
    assert len(talk.published) == 1
    assert talk.conversation.open_session == "m5"
    assert "at all" not in talk.kept


def test_who_is_not_in_it_changes_nothing() -> None:
    """Somebody else, or the same name in the other role."""
    talk = Talk()
    talk.session()
    before = talk.kept
    forget(talk, "friend", 40)
    forget(talk, "counsellor", 41)
    forget(talk, "client", 42, Role.COUNSELLOR)
    assert (talk.kept, talk.published) == (before, [])


def test_repeated_after_a_crash_it_spares_what_has_begun_since() -> None:
    """It stands in the log before it."""
    talk = Talk()
    talk.session()
    forget(talk, "client", 40)
    place = talk.offset
    talk.session(50)
    end = talk.offset
    talk.offset = place - 1
    forget(talk, "client", 40)
    talk.offset = end
    talk.end(100)
    assert talk.last.counts.messages == 4
