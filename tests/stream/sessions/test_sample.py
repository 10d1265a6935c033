"""The random sample: which sessions are chosen, and what the record of a chosen session holds."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import LeftOut, Role
from stream.sessions.sample import MAX_BYTES, MAX_TURNS, SampleRule
from stream.sessions.size import record_size
from tests.stream.sessions.scenario import Scenario, rules

KEY = bytes(range(32))
EVERY = SampleRule(1, KEY)
shares = st.floats(0, 1)


def closed(scenario: Scenario) -> SessionRecord:
    """End the session of a scenario and return its record."""
    scenario.end(100_000)
    return scenario.last_record


def sampled_scenario() -> Scenario:
    """Return a scenario in which every session is in the sample."""
    return Scenario(rules(sample=EVERY))


@given(session=st.uuids(), share=shares)
def test_a_session_is_chosen_again_when_it_comes_again(session: UUID, share: float) -> None:
    """The choice depends on the session, the share and the key alone."""
    assert SampleRule(share, KEY).chooses(session) == SampleRule(share, bytes(KEY)).chooses(session)


@given(session=st.uuids(), one=shares, other=shares)
def test_a_larger_share_keeps_what_a_smaller_one_chose(session: UUID, one: float, other: float) -> None:
    """A session that a share chooses is chosen by every larger share."""
    low, high = sorted((one, other))
    assert SampleRule(low, KEY).chooses(session) <= SampleRule(high, KEY).chooses(session)


@given(session=st.uuids())
def test_all_or_none_can_be_chosen(session: UUID) -> None:
    """A share of 0 chooses no session, and a share of 1 every session."""
    assert not SampleRule(0, KEY).chooses(session)
    assert SampleRule(1, KEY).chooses(session)


def test_about_the_share_is_chosen() -> None:
    """Of 4000 sessions about one in twenty is chosen; five standard deviations are 69 sessions."""
    chosen = sum(SampleRule(0.05, KEY).chooses(UUID(int=number)) for number in range(4_000))
    assert abs(chosen - 200) < 69


def test_another_key_chooses_others() -> None:
    """Without the key nobody can tell which sessions are chosen: another key chooses about independently."""
    sessions = [uuid4() for _ in range(1_000)]
    one, other = SampleRule(0.5, KEY), SampleRule(0.5, b"\x01" * 32)
    assert 350 < sum(one.chooses(session) == other.chooses(session) for session in sessions) < 650


def test_the_key_is_in_no_representation() -> None:
    """The key does not appear where a rule is printed or logged."""
    assert "key" not in repr(EVERY)


def test_a_sampled_session_holds_every_message_and_names_its_client_turns() -> None:
    """The record holds what no exchange needs too, in order, and the ids of each client turn."""
    scenario = sampled_scenario()
    scenario.ordinary_session()
    scenario.client("thank you", 40)
    scenario.client("bye", 41)
    scenario.counsellor("see you next week", 50)
    record = closed(scenario)
    assert [m.message_id for m in record.messages] == ["m1", "m2", "m3", "m4", "m5", "m6", "m7"]
    assert record.sampled_turns == (("m1",), ("m3",), ("m5", "m6"))


def test_the_rest_of_the_record_is_the_same_with_and_without_the_sample() -> None:
    """Exchanges, marks, counts and reasons do not depend on whether a session is in the sample."""
    records = []
    for rule in (EVERY, None):
        scenario = Scenario(rules(sample=rule))
        scenario.ordinary_session()
        scenario.client("thank you", 40)
        records.append(closed(scenario).model_dump(exclude={"messages", "sampled_turns"}))
    assert records[0] == records[1]


def test_a_session_without_a_moment_and_one_that_is_left_out_are_in_the_sample_too() -> None:
    """What the machine found nothing in is where it may have missed something."""
    scenario = sampled_scenario()
    scenario.client("all good this week and I have slept well", 0)
    scenario.counsellor("what do you think has helped you", 10)
    scenario.client("going for a walk", 20)
    unflagged = closed(scenario)
    assert (unflagged.left_out, len(unflagged.messages)) == (LeftOut.NO_RESISTANCE, 3)
    assert unflagged.sampled_turns == (("m1",), ("m3",))

    scenario = sampled_scenario()
    scenario.client("hello", 0)
    scenario.counsellor("hello", 10)
    short = closed(scenario)
    assert (short.left_out, short.sampled_turns) == (LeftOut.TOO_SHORT, (("m1",),))


def test_a_deleted_message_is_in_no_sample() -> None:
    """A deleted message is neither among the messages nor in a turn."""
    scenario = sampled_scenario()
    scenario.ordinary_session()
    scenario.delete("m1", 40)
    record = closed(scenario)
    assert "m1" not in {m.message_id for m in record.messages}
    assert record.sampled_turns == (("m3",),)


def test_a_session_without_a_word_of_the_client_is_not_sampled() -> None:
    """There is nothing to say about a session in which no client wrote."""
    scenario = sampled_scenario()
    scenario.say(Role.COUNSELLOR, "is anybody there", 0)
    assert closed(scenario).sampled_turns == ()


def test_a_session_that_nobody_could_read_at_once_is_not_sampled() -> None:
    """A session with more client turns than the bound is not in the sample; one with just as many is."""
    for turns, expected in ((MAX_TURNS, MAX_TURNS), (MAX_TURNS + 1, 0)):
        scenario = sampled_scenario()
        for turn in range(turns):
            scenario.client("well", turn * 10)
            scenario.counsellor("yes", turn * 10 + 5)
        assert len(closed(scenario).sampled_turns) == expected


def test_the_whole_conversation_never_pushes_out_what_the_model_rates() -> None:
    """A conversation that needs half of a record is not sampled, so that no exchange or answer is dropped for it."""
    scenario = sampled_scenario()
    for turn in range(8):
        scenario.client("well " + "\U0001f600" * 19_000, turn * 10)
        scenario.counsellor("go on", turn * 10 + 5)
    record = closed(scenario)
    assert record.sampled_turns == ()
    assert record_size(record) <= MAX_BYTES
