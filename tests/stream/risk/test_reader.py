"""The reader behind a real Triton and in this process: the same numbers, and failures without a word."""

from collections.abc import Iterator

import pytest

from plugin.local.loopback import free_ports
from plugin.local.triton import TritonServer
from stream.contracts.errors import Unavailable
from stream.contracts.vocabulary import Concern
from stream.detection.lexicons import find_concerns
from stream.feedback.models.base import RequestFailed
from stream.risk.access import canary_pair, try_reader
from stream.risk.reader import BATCH, InProcessReader, Reader, TritonReader, open_reader
from stream.runtime.settings import IN_PROCESS, FeedbackSettings
from stream.runtime.triton import TritonAccess
from tests.fixtures.waiting import DEADLOCK_S
from tests.stream.risk.scripted import CONTENT

INDIRECT = (
    "How have you been?",
    "I have written letters to everyone, and given away the cat. After Sunday nobody has to worry about me any more.",
)
"""A pair in which the reader that ships is sure to hear danger, and the word list hears none; written by us."""
ORDINARY = ("How have you been?", "The garden is doing well, and my sister came to stay.")


@pytest.fixture(scope="module")
def behind_triton(triton: TritonServer) -> Iterator[Reader]:
    """Yield the reader behind the Triton of this run."""
    reader = open_reader(FeedbackSettings(triton_url=triton.grpc_url))
    assert isinstance(reader, TritonReader)
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def in_process() -> Reader:
    """Return the reader in this process."""
    reader = open_reader(FeedbackSettings(triton_url=IN_PROCESS))
    assert isinstance(reader, InProcessReader)
    return reader


@pytest.fixture(params=["behind_triton", "in_process"])
def reader(request: pytest.FixtureRequest) -> Reader:
    """Return each of the readers."""
    found: Reader = request.getfixturevalue(request.param)
    return found


def test_it_is_the_reader_of_this_release(reader: Reader) -> None:
    """The reader that is served has the fingerprint of this release, and as many numbers as are expected."""
    reader.check(DEADLOCK_S)
    (logits,) = reader.read([canary_pair()], DEADLOCK_S)
    assert len(logits) == CONTENT.width


def test_it_hears_danger_without_its_words(reader: Reader) -> None:
    """A pair in which the word list hears nothing is surely heard as risk language, and an ordinary one is not."""
    assert find_concerns(INDIRECT[1]) == ()
    dangerous, ordinary = reader.read([INDIRECT, ORDINARY], DEADLOCK_S)
    assert CONTENT.risk_heard([dangerous], "sure") == {Concern.SUICIDE}
    assert CONTENT.risk_heard([ordinary], "possible") == frozenset()


def test_a_full_request_is_answered_in_order(behind_triton: Reader, in_process: Reader) -> None:
    """As many pairs as fit are answered at once, in order, with the numbers that the reader gives in this process."""
    pairs = [("", f"On day {number} it rained “a bit” \U0001f327.") for number in range(BATCH)]
    found = behind_triton.read(pairs, DEADLOCK_S)
    assert len(found) == BATCH
    for place in (0, BATCH - 1):
        (own,) = in_process.read([pairs[place]], DEADLOCK_S)
        assert found[place] == pytest.approx(own, abs=1e-3)


def test_a_server_that_is_away_is_a_failure_without_words() -> None:
    """Where nobody answers, the failure has a code and no word of the pair."""
    (port,) = free_ports(1)
    nobody = TritonReader(TritonAccess(f"127.0.0.1:{port}"))
    for ask in (lambda: nobody.read([INDIRECT], 0.5), lambda: nobody.check(0.5)):
        with pytest.raises(RequestFailed) as failure:
            ask()
        assert failure.value.code in {"unavailable", "deadline_exceeded"}
        assert "Sunday" not in str(failure.value)
    nobody.close()


def test_a_time_limit_holds(behind_triton: Reader) -> None:
    """A request that takes too long fails, and later ones are answered."""
    with pytest.raises(RequestFailed, match="deadline_exceeded"):
        behind_triton.read([INDIRECT] * BATCH, 0.001)
    assert len(behind_triton.read([ORDINARY], DEADLOCK_S)) == 1


def test_another_reader_is_refused(triton: TritonServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose reader has another fingerprint than ours is refused."""
    monkeypatch.setattr("stream.risk.reader.read_parameters", lambda _folder: {"fingerprint": "another"})
    other = TritonReader(TritonAccess(triton.grpc_url))
    with pytest.raises(RequestFailed, match="another_reader"):
        other.check(DEADLOCK_S)
    other.close()


def test_check_asks_it_once(triton: TritonServer) -> None:
    """`counterpoint check` is told nothing of a reader that answers, and the code of one that does not."""
    try_reader(FeedbackSettings(triton_url=triton.grpc_url))
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match=rf"the reader at 127\.0\.0\.1:{port} \((unavailable|deadline_exceeded)\)"):
        try_reader(FeedbackSettings(triton_url=f"127.0.0.1:{port}"))
