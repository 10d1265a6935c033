"""An erasure of a person drops the sessions of which the stream still keeps text."""

from uuid import UUID

from stream.contracts.messages import Erasure, PersonErasure
from stream.contracts.vocabulary import Role
from stream.sessions.events import apply_person_erasure
from stream.sessions.rules import Arrival
from tests.stream.sessions.scenario import DAY, MINUTE, TENANT, Scenario, at_second, broker_ms

IDLE = 30 * MINUTE


def erase_person(scenario: Scenario, person: str, second: float, role: Role = Role.CLIENT) -> None:
    """Append an erasure of a person to the conversation's partition and apply it."""
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


def test_the_erasure_of_a_client_drops_the_conversation_and_is_passed_on() -> None:
    """The erasure of a client drops the conversation and is published as an erasure of the conversation."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Ms Example"], 0)
    scenario.ordinary_session()
    erase_person(scenario, "client", 40)
    assert [type(each) for each in scenario.published] == [Erasure]
    assert scenario.conversation.segments == {}
    assert "Ms Example" not in scenario.stored_text
    scenario.tick(40 + 8 * DAY)
    assert scenario.conversation.is_empty


def test_the_erasure_of_a_client_drops_a_closed_session_too() -> None:
    """The erasure of a client also drops the text of a closed session that late messages could still change."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    erase_person(scenario, "client", 50)
    scenario.tick(DAY)
    assert scenario.revisions == [(1, "closed")]
    assert "slept" not in scenario.stored_text


def test_the_erasure_of_a_counsellor_drops_the_sessions_in_which_they_wrote() -> None:
    """The erasure of a counsellor drops the sessions in which they wrote, and publishes nothing."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.client("hello again, I have slept badly", 2 * IDLE)
    erase_person(scenario, "counsellor", 2 * IDLE + 10, Role.COUNSELLOR)
    assert scenario.revisions == [(1, "closed")]
    assert len(scenario.published) == 1
    assert scenario.conversation.open_session == "m5"
    assert "at all" not in scenario.stored_text


def test_the_erasure_of_another_person_changes_nothing() -> None:
    """The erasure of a person who did not write, or wrote in the other role only, changes nothing."""
    scenario = Scenario()
    scenario.ordinary_session()
    before = scenario.stored_text
    erase_person(scenario, "friend", 40)
    erase_person(scenario, "counsellor", 41)
    erase_person(scenario, "client", 42, Role.COUNSELLOR)
    assert (scenario.stored_text, scenario.published) == (before, [])


def test_a_redelivered_person_erasure_keeps_what_has_begun_since() -> None:
    """An erasure of a person that is redelivered after a crash does not touch messages with a higher offset."""
    scenario = Scenario()
    scenario.ordinary_session()
    erase_person(scenario, "client", 40)
    place = scenario.offset
    scenario.ordinary_session(50)
    end = scenario.offset
    scenario.offset = place - 1
    erase_person(scenario, "client", 40)
    scenario.offset = end
    scenario.end(100)
    assert scenario.last_record.counts.messages == 4
