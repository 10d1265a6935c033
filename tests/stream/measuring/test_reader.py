"""The reader behind Triton and in this process: the same opinions, of the files of this release and no others."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from plugin.local.triton import TritonServer
from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.baseline import READER, load_reader
from stream.feedback.models.triton import TritonConnection
from stream.measures.hearing import Pair
from stream.measuring.canary import run_reader_canary
from stream.measuring.reader import MAX_PAIRS, InProcessReader, TritonReader, open_reader
from stream.model_repository import CONFIG_FILE, MODEL_REPOSITORY, version_folder, write_parameter
from stream.runtime.settings import Settings
from stream.runtime.triton import TritonAccess

PAIRS: list[Pair] = [
    ("", "It's no use."),
    ("It's no use.", "You sound worn out. Shall we stop? \u2026"),
    ("a", "ö" * 900),
]


def behind(url: str) -> TritonReader:
    """Return the reader behind a server."""
    return TritonReader(TritonConnection(TritonAccess(url)))


def within() -> Deadline:
    """Return the deadline of one request."""
    return Deadline.after(30)


async def test_behind_triton_it_says_what_it_says_in_this_process(triton: TritonServer) -> None:
    """Both readers give the same opinions, one for each pair, in order."""
    served, own = behind(triton.grpc_url), InProcessReader()
    await served.canary(within())
    for one, other in zip(await served.read(PAIRS, within()), await own.read(PAIRS, within()), strict=True):
        for part in ("turn", "reply", "vector"):
            np.testing.assert_allclose(getattr(one, part), getattr(other, part), atol=1e-4)
    await served.close()


async def test_it_takes_a_whole_batch(triton: TritonServer) -> None:
    """One request may hold 64 pairs and no more, as its configuration says."""
    served = behind(triton.grpc_url)
    assert len(await served.read(PAIRS[:1] * MAX_PAIRS, within())) == MAX_PAIRS
    with pytest.raises(RequestFailed) as refused:
        await served.read(PAIRS[:1] * (MAX_PAIRS + 1), within())
    assert "use" not in str(refused.value)
    await served.close()


async def test_another_reader_than_this_releases_is_refused(triton: TritonServer, tmp_path: Path) -> None:
    """A server whose reader has another fingerprint stops the stage: its logits mean something else."""
    shutil.copytree(MODEL_REPOSITORY / READER, tmp_path / READER, ignore=shutil.ignore_patterns("*.onnx"))
    write_parameter(tmp_path / READER, "fingerprint", "another")
    served = TritonReader(TritonConnection(TritonAccess(triton.grpc_url)), tmp_path)
    with pytest.raises(Misconfigured, match="same release"):
        await served.canary(within())
    await served.close()


async def test_a_server_that_is_away_is_named() -> None:
    """A reader behind no server is away, under its own name."""
    served = behind("127.0.0.1:1")
    with pytest.raises(ModelUnavailable, match=r"the reader \(unavailable\)"):
        await served.canary(within())
    await served.close()


def test_the_fingerprint_is_that_of_the_files() -> None:
    """The fingerprint that records carry is the hash of the files that ship."""
    folder = version_folder(READER)
    assert InProcessReader().fingerprint == load_reader(folder)[0].fingerprint(folder)


def test_without_the_files_nothing_is_measured(tmp_path: Path) -> None:
    """Where the reader's files are missing the stage does not start, since nothing would name the logits."""
    (tmp_path / READER).mkdir()
    (tmp_path / READER / CONFIG_FILE).write_text("")
    with pytest.raises(Misconfigured, match="files are not at"):
        TritonReader(TritonConnection(TritonAccess("127.0.0.1:1")), tmp_path)


@pytest.mark.parametrize(
    ("measures", "feedback", "kind"),
    [
        ({}, {"triton_url": "in-process"}, InProcessReader),
        ({"triton_url": "triton-cpu:8001"}, {"triton_url": "triton:8001", "model": "llm"}, TritonReader),
        ({"triton_url": "in-process"}, {"triton_url": "triton:8001"}, InProcessReader),
    ],
)
def test_the_settings_say_where_it_is(measures: dict[str, str], feedback: dict[str, str], kind: type[object]) -> None:
    """Its own address counts, and without one that of the feedback model."""
    assert type(open_reader(Settings.model_validate({"measures": measures, "feedback": feedback}))) is kind


def test_the_check_asks_it_once() -> None:
    """The check's canary passes where the reader is, and names what is away."""
    run_reader_canary(Settings.model_validate({"feedback": {"triton_url": "in-process"}}))
    with pytest.raises(ModelUnavailable, match="the reader"):
        run_reader_canary(Settings.model_validate({"feedback": {"triton_url": "127.0.0.1:1", "deadline_s": 5}}))
