"""The transcript of a closed session: which sessions have one, and what it holds."""

import pytest

from stream.contracts.sessions import KnownName
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import LeftOut, Role
from stream.sessions.size import record_size
from tests.stream.sessions.scenario import MINUTE, Scenario, at_second, rules


def measured(**changes: object) -> Scenario:
    """Return a scenario with measures on."""
    return Scenario(rules(transcripts=True, **changes))


def transcripts(scenario: Scenario) -> list[Transcript]:
    """Return the transcripts among the published outputs."""
    return [record for record in scenario.published if isinstance(record, Transcript)]


def test_without_measures_no_session_has_a_transcript() -> None:
    """Where measures are off, no more is published than the session record."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    assert len(scenario.published) == 1


def test_each_close_publishes_the_whole_talk_after_its_record() -> None:
    """The transcript follows the session record of its revision, and holds each message in order, names beside it."""
    scenario = measured()
    scenario.participants(Role.CLIENT, ["Lena"], 0)
    scenario.ordinary_session()
    scenario.system("the counsellor is typing", 35)
    scenario.client("thank you", 40)
    scenario.end(50)
    record, whole = scenario.published
    assert record == scenario.last_record
    assert isinstance(whole, Transcript)
    assert (whole.session_id, whole.revision) == (scenario.last_record.session_id, 1)
    assert [m.message_id for m in whole.messages] == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert [m.role for m in whole.messages[3:]] == [Role.COUNSELLOR, Role.SYSTEM, Role.CLIENT]
    assert whole.messages[5].text == "thank you"
    assert whole.known_names == (KnownName(role=Role.CLIENT, name="Lena"),)
    assert whole.names_told
    assert (whole.clients, whole.counsellors) == (("client",), ("counsellor",))
    assert (whole.first_appended_at, whole.last_appended_at) == (at_second(0), at_second(40))


def test_nothing_leaves_while_a_session_is_open() -> None:
    """No transcript exists before the close, and a reopened session has its next one at its next close."""
    scenario = measured()
    scenario.ordinary_session()
    assert transcripts(scenario) == []
    scenario.end(40)
    scenario.client("one more thing", 60)
    assert [record.revision for record in transcripts(scenario)] == [1]
    scenario.tick(60 + 30 * MINUTE)
    first, second = transcripts(scenario)
    assert (first.revision, second.revision) == (1, scenario.last_record.revision) == (1, 2)
    assert [m.text for m in second.messages][-1] == "one more thing"


def test_it_holds_the_words_as_they_are_at_the_close() -> None:
    """An edit counts, and a deleted message is not in it."""
    scenario = measured()
    scenario.ordinary_session()
    scenario.edit("m1", "hello I slept well", 32)
    scenario.delete("m2", 33)
    scenario.end(40)
    (whole,) = transcripts(scenario)
    assert [m.message_id for m in whole.messages] == ["m1", "m3", "m4"]
    assert whole.messages[0].text == "hello I slept well"


def test_a_session_without_resistance_is_read_too() -> None:
    """Whether a session resists says nothing of what else can be said of it."""
    scenario = measured()
    scenario.client("hello I have slept very well this whole week", 0)
    scenario.counsellor("so the evenings without the news were good", 10)
    scenario.client("they were and I am glad of it", 20)
    scenario.end(30)
    assert scenario.last_record.left_out is LeftOut.NO_RESISTANCE
    assert len(transcripts(scenario)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"min_words": 1_000}, LeftOut.TOO_SHORT),
        ({"languages": ("de",)}, LeftOut.LANGUAGE_NOT_SUPPORTED),
    ],
)
def test_what_is_left_out_otherwise_is_not_read(changes: dict[str, object], reason: LeftOut) -> None:
    """A session that is left out for another reason has no transcript: nobody could be shown what is said of it."""
    scenario = measured(**changes)
    scenario.participants(Role.CLIENT, ["Lena"], 0)
    scenario.client("hello I have slept badly again this week", 0, language="en")
    scenario.counsellor("shall we look at what keeps you awake", 10)
    scenario.client("no that will not help at all", 20)
    scenario.end(40)
    assert scenario.last_record.left_out is reason
    assert transcripts(scenario) == []


def test_a_withdrawn_session_has_none() -> None:
    """A session whose consent is withdrawn while it is open is never published whole."""
    scenario = measured()
    scenario.ordinary_session()
    scenario.withdraw(40)
    scenario.end(50)
    assert transcripts(scenario) == []


def test_a_session_that_fits_into_no_record_says_so() -> None:
    """A session with more text than a record holds has a transcript without messages and without names."""
    scenario = measured()
    scenario.participants(Role.CLIENT, ["Lena"], 0)
    scenario.ordinary_session()
    for number in range(50):
        scenario.client("no " * 6_600, 40 + number)
    scenario.end(100)
    (whole,) = transcripts(scenario)
    assert (whole.too_large, whole.messages, whole.known_names) == (True, (), ())
    assert record_size(whole) < MAX_RECORD_BYTES
