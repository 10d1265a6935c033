"""Our own word about a person, on each partition: it reaches what is still open and nowhere stored."""

from uuid import UUID

from stream.contracts.messages import Erasure, PersonErasure
from stream.contracts.vocabulary import Role
from stream.sessions.events import apply_person_erasure
from stream.sessions.rules import Arrival
from tests.stream.sessions.scenario import DAY, MINUTE, TENANT, Scenario, at_second, broker_ms

IDLE = 30 * MINUTE


def forget(scenario: Scenario, person: str, second: float, role: Role = Role.CLIENT) -> None:
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
    scenario.offset += 1
    scenario.published += list(
        apply_person_erasure(scenario.conversation, event, Arrival(scenario.offset, broker_ms(second)))
    )
    scenario.restart()


def test_of_a_client_the_open_conversation_goes_and_the_word_goes_on() -> None:
    """As an erasure of the conversation, for the stages after this one."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Ms Example"], 0)
    scenario.ordinary_session()
    forget(scenario, "client", 40)
    assert [type(each) for each in scenario.published] == [Erasure]
    assert scenario.conversation.segments == {}
    assert "Ms Example" not in scenario.stored_text
    scenario.tick(40 + 8 * DAY)
    assert scenario.conversation.is_empty


def test_a_closed_session_that_may_still_change_goes_too() -> None:
    """Its text waits here for what comes late."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    forget(scenario, "client", 50)
    scenario.tick(DAY)
    assert scenario.revisions == [(1, "closed")]
    assert "slept" not in scenario.stored_text


def test_of_a_counsellor_the_sessions_they_wrote_in_go() -> None:
    """Nothing is published; the client's next session, with somebody else, is as it was."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.client("hello again, I have slept badly", 2 * IDLE)
    forget(scenario, "counsellor", 2 * IDLE + 10, Role.COUNSELLOR)
    assert scenario.revisions == [(1, "closed")]
    assert len(scenario.published) == 1
    assert scenario.conversation.open_session == "m5"
    assert "at all" not in scenario.stored_text


def test_who_is_not_in_it_changes_nothing() -> None:
    """Somebody else, or the same name in the other role."""
    scenario = Scenario()
    scenario.ordinary_session()
    before = scenario.stored_text
    forget(scenario, "friend", 40)
    forget(scenario, "counsellor", 41)
    forget(scenario, "client", 42, Role.COUNSELLOR)
    assert (scenario.stored_text, scenario.published) == (before, [])


def test_repeated_after_a_crash_it_spares_what_has_begun_since() -> None:
    """It stands in the log before it."""
    scenario = Scenario()
    scenario.ordinary_session()
    forget(scenario, "client", 40)
    place = scenario.offset
    scenario.ordinary_session(50)
    end = scenario.offset
    scenario.offset = place - 1
    forget(scenario, "client", 40)
    scenario.offset = end
    scenario.end(100)
    assert scenario.last_record.counts.messages == 4
