"""The access to the reader: what the canary says, when it is asked, and what /readyz says meanwhile."""

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from stream.feedback.models.base import RequestFailed
from stream.risk.access import CANARY_INTERVAL_S, ReaderAccess
from stream.runtime.health import Health, ReadinessPart
from tests.stream.risk.scripted import FELLS, Clock, ScriptedReader, access_to

PAIR = ("How was it?", "It rains.")
Opened = tuple[ReaderAccess, Health]


@pytest.fixture
def reader() -> ScriptedReader:
    """Return a reader that a test may take away."""
    return ScriptedReader()


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the access."""
    return Clock()


@pytest.fixture
def opened(reader: ScriptedReader, clock: Clock) -> Iterator[Opened]:
    """Yield the access to the reader, and the readiness that it reports."""
    with access_to(reader, clock) as opened:
        yield opened


def test_a_reader_is_there_once_a_canary_has_passed(reader: ScriptedReader, opened: Opened) -> None:
    """Nothing is asked before the canary has passed, and afterwards the stage is ready."""
    access, health = opened
    assert health.troubles() == {ReadinessPart.MODEL: "starting"}
    assert access.is_there()
    assert (reader.canaries, health.troubles()) == (1, {})
    assert len(access.read([PAIR])) == 1
    assert access.is_there()
    assert reader.canaries == 1


def test_a_reader_that_is_away_is_not_waited_for(reader: ScriptedReader, clock: Clock, opened: Opened) -> None:
    """A failed request is followed by the canary; while that fails nothing is asked, and later it is tried again."""
    access, health = opened
    assert access.is_there()
    reader.is_away = True
    with pytest.raises(RequestFailed):
        access.read([PAIR])
    assert not access.is_there()
    assert "by lexicon alone" in health.troubles()[ReadinessPart.MODEL]
    assert REGISTRY.get_sample_value("counterpoint_risk_reader_away") == 1
    reader.is_away = False
    assert not access.is_there()  # before the delay is over nobody is asked
    clock.now += 10
    assert access.is_there()
    assert health.troubles() == {}
    assert REGISTRY.get_sample_value("counterpoint_risk_reader_away") == 0


def test_an_input_at_fault_is_no_outage(opened: Opened) -> None:
    """Where a request fails and the canary passes, the reader is there: the words are at fault."""
    access, health = opened
    assert access.is_there()
    for _ in range(2):  # closes the breaker
        access.read([PAIR])
    with pytest.raises(RequestFailed):
        access.read([("", FELLS)])
    assert access.is_there()
    assert health.troubles() == {}


def test_a_reader_that_answers_the_canary_alone_is_away_too(reader: ScriptedReader, opened: Opened) -> None:
    """When request after request fails, the breaker opens although the canary passes."""
    access, health = opened
    reader.is_slow = True
    while access.is_there():
        with pytest.raises(RequestFailed, match="deadline_exceeded"):
            access.read([PAIR])
    assert "too many requests fail" in health.troubles()[ReadinessPart.MODEL]


def test_a_quiet_hour_is_looked_into(reader: ScriptedReader, clock: Clock, opened: Opened) -> None:
    """Without requests the canary is asked once a minute, so that /readyz tells of a reader that died."""
    access, health = opened
    assert access.is_there()
    access.read([PAIR])
    clock.now += CANARY_INTERVAL_S - 1
    assert access.is_there()
    assert reader.canaries == 1
    reader.is_away = True
    clock.now += 1
    assert not access.is_there()
    assert ReadinessPart.MODEL in health.troubles()


def test_the_reader_of_another_release_is_not_believed(reader: ScriptedReader, opened: Opened) -> None:
    """A reader with another fingerprint, whose numbers would be read wrongly, counts as away, and that is said."""
    reader.is_another = True
    access, health = opened
    assert not access.is_there()
    assert "another release" in health.troubles()[ReadinessPart.MODEL]
