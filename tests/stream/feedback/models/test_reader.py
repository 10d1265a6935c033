"""The contract of the reader, behind a real Triton and in this process; and failures without a word of the pairs."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from plugin.local.loopback import free_ports
from plugin.local.triton import TritonServer
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Concern
from stream.detection.lexicons import find_concerns
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.canary import run_reader_canary
from stream.feedback.models.reader import (
    MAX_PAIRS,
    READER,
    InProcessReader,
    Pair,
    Reader,
    TritonReader,
    load_reader,
    open_reader,
)
from stream.feedback.models.triton import TritonConnection
from stream.model_repository import CONFIG_FILE, MODEL_REPOSITORY, version_folder, write_parameter
from stream.runtime.settings import Settings
from stream.runtime.triton import TritonAccess
from tests.fixtures.waiting import DEADLOCK_S
from tests.stream.risk.scripted import CONTENT, INDIRECT

ORDINARY = ("How have you been?", "The garden is doing well, and my sister came to stay.")
PAIRS: list[Pair] = [
    ("", "It's no use."),
    ("It's no use.", "You sound worn out. Shall we stop? \u2026"),
    ("On Sunday it rained \u201ca bit\u201d \U0001f327.", "\u00f6" * 900),
]


def within(seconds: float = DEADLOCK_S) -> Deadline:
    """Return the deadline of one request."""
    return Deadline.after(seconds)


def behind(url: str, repository: Path = MODEL_REPOSITORY) -> TritonReader:
    """Return the reader behind a server."""
    return TritonReader(TritonConnection(TritonAccess(url)), repository)


@pytest.fixture
async def behind_triton(triton: TritonServer) -> AsyncIterator[TritonReader]:
    """Yield the reader behind the Triton of this run."""
    reader = behind(triton.grpc_url)
    yield reader
    await reader.close()


@pytest.fixture
def in_process() -> InProcessReader:
    """Return the reader in this process."""
    return InProcessReader()


@pytest.fixture(params=["behind_triton", "in_process"])
def reader(request: pytest.FixtureRequest) -> Reader:
    """Return each of the readers."""
    found: Reader = request.getfixturevalue(request.param)
    return found


async def test_it_is_the_reader_of_this_release(reader: Reader) -> None:
    """The canary passes, and the fingerprint is the hash of the files that ship."""
    await reader.canary(within())
    folder = version_folder(READER)
    assert reader.fingerprint == load_reader(folder)[0].fingerprint(folder)


async def test_every_logit_has_its_name(reader: Reader) -> None:
    """An opinion has as many logits of a turn and of a reply as the answers name."""
    (opinion,) = await reader.read(PAIRS[:1], within())
    for kind, logits in (("turn", opinion.turn), ("reply", opinion.reply)):
        assert len(logits) == max(end for _, end in reader.answers[kind].values())


async def test_it_hears_danger_without_its_words(reader: Reader) -> None:
    """A pair in which the word list hears nothing is surely heard as risk language, and an ordinary one is not."""
    assert find_concerns(INDIRECT[1]) == ()
    dangerous, ordinary = await reader.read([INDIRECT, ORDINARY], within())
    assert CONTENT.risk_heard([dangerous.turn], "sure") == {Concern.SUICIDE}
    assert CONTENT.risk_heard([ordinary.turn], "possible") == frozenset()


async def test_behind_triton_it_says_what_it_says_in_this_process(behind_triton: Reader, in_process: Reader) -> None:
    """Both readers give the same opinions, one for each pair, in order."""
    served, own = await behind_triton.read(PAIRS, within()), await in_process.read(PAIRS, within())
    for one, other in zip(served, own, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_allclose(part, same, atol=1e-4)


async def test_it_takes_a_whole_batch(behind_triton: Reader) -> None:
    """One request may hold 64 pairs and no more, as its configuration says."""
    assert len(await behind_triton.read(PAIRS[:1] * MAX_PAIRS, within())) == MAX_PAIRS
    with pytest.raises(RequestFailed) as refused:
        await behind_triton.read(PAIRS[:1] * (MAX_PAIRS + 1), within())
    assert "use" not in str(refused.value)


async def test_a_deadline_holds(behind_triton: Reader) -> None:
    """A request that takes too long fails, and later ones are answered."""
    with pytest.raises(RequestFailed, match="deadline_exceeded"):
        await behind_triton.read([INDIRECT] * MAX_PAIRS, within(0.001))
    assert len(await behind_triton.read([ORDINARY], within())) == 1


async def test_another_reader_than_this_releases_is_refused(triton: TritonServer, tmp_path: Path) -> None:
    """A server whose reader has another fingerprint is refused: its logits mean something else."""
    shutil.copytree(MODEL_REPOSITORY / READER, tmp_path / READER, ignore=shutil.ignore_patterns("*.onnx"))
    write_parameter(tmp_path / READER, "fingerprint", "another")
    served = behind(triton.grpc_url, tmp_path)
    with pytest.raises(Misconfigured, match="same release"):
        await served.canary(within())
    await served.close()


async def test_a_server_that_is_away_is_named_without_words() -> None:
    """A reader behind no server is away, under its own name; the failure has a code and no word of the pair."""
    (port,) = free_ports(1)
    nobody = behind(f"127.0.0.1:{port}")
    with pytest.raises(ModelUnavailable, match=r"the reader \((unavailable|deadline_exceeded)\)"):
        await nobody.canary(within(5))
    with pytest.raises(RequestFailed) as failure:
        await nobody.read([INDIRECT], within(5))
    assert failure.value.code in {"unavailable", "deadline_exceeded"}
    assert "Sunday" not in str(failure.value)
    await nobody.close()


def test_without_the_files_nothing_is_read(tmp_path: Path) -> None:
    """Where the reader's files are missing no stage starts, since nothing would name the logits."""
    (tmp_path / READER).mkdir()
    (tmp_path / READER / CONFIG_FILE).write_text("")
    with pytest.raises(Misconfigured, match="answers are not at"):
        behind("127.0.0.1:1", tmp_path)


def test_libraries_that_are_not_installed_are_named(tmp_path: Path) -> None:
    """Where the libraries that run the reader are missing the sentence says how to get them."""
    (tmp_path / "reader.py").write_text("import no_such_library")
    with pytest.raises(Misconfigured, match="no_such_library is needed: `make setup-local`"):
        load_reader(tmp_path)


def test_it_is_loaded_once() -> None:
    """The reader is loaded once in a process, because it takes some 100 MB."""
    folder = version_folder(READER)
    assert load_reader(folder)[1] is load_reader(folder)[1]


@pytest.mark.parametrize(
    ("reader", "feedback", "kind"),
    [
        ({}, {"triton_url": "in-process"}, InProcessReader),
        ({"triton_url": "triton-reader:8001"}, {"triton_url": "in-process"}, TritonReader),
        ({"triton_url": "in-process"}, {"triton_url": "triton:8001", "model": "llm"}, InProcessReader),
    ],
)
def test_the_settings_say_where_it_is(reader: dict[str, str], feedback: dict[str, str], kind: type[object]) -> None:
    """Its own address counts, and without one that of the feedback model."""
    assert type(open_reader(Settings.model_validate({"reader": reader, "feedback": feedback}))) is kind


def test_the_check_asks_it_once(triton: TritonServer) -> None:
    """The check's canary passes where the reader is, and names what is away."""
    for url in ("in-process", triton.grpc_url):
        run_reader_canary(Settings.model_validate({"feedback": {"triton_url": url}}))
    with pytest.raises(ModelUnavailable, match="the reader"):
        run_reader_canary(Settings.model_validate({"feedback": {"triton_url": "127.0.0.1:1", "deadline_s": 5}}))
