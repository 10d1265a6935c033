"""A file of exported data is whole or absent, its owner's alone, and never takes the place of another."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from plugin.exports.new_file import check_is_new, new_private_file
from stream.contracts.errors import Misconfigured
from tests.plugin.exports.samples import files_in


def write(path: Path, then: Callable[[], object]) -> None:
    """Write a few words to a new file, and then do something else before it is done."""
    with new_private_file(path) as file:
        file.write("words")
        file.flush()
        then()


def broken_off(error: type[BaseException]) -> None:
    """Raise the error that breaks an export off."""
    raise error


def test_the_file_appears_once_it_is_whole(tmp_path: Path) -> None:
    """While it is written only an unfinished file is there; afterwards only the file itself, for its owner alone."""
    path = tmp_path / "out.csv"
    with new_private_file(path) as file:
        file.write("a\r\n")
        file.flush()
        (unfinished,) = tmp_path.iterdir()
        assert unfinished != path
        assert unfinished.stat().st_mode & 0o777 == 0o600
    assert files_in(tmp_path) == ["out.csv"]
    assert path.read_bytes() == b"a\r\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_mode_does_not_hang_on_the_umask(tmp_path: Path) -> None:
    """A generous umask gives nobody else a right to read the file."""
    before = os.umask(0)
    try:
        with new_private_file(tmp_path / "out.csv") as file:
            file.write("a")
    finally:
        os.umask(before)
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_export_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """When the block ends early neither the file nor a part of it stays."""
    with pytest.raises(error):
        write(tmp_path / "out.csv", then=lambda: broken_off(error))
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_process_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """A stop and a lost connection end the block in order, and the handlers are as before afterwards."""
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended:
        write(tmp_path / "out.csv", then=lambda: os.kill(os.getpid(), number))
    assert ended.value.code == 128 + number
    assert files_in(tmp_path) == []
    assert signal.getsignal(number) is before


def test_a_file_that_exists_is_not_replaced(tmp_path: Path) -> None:
    """An existing file, and a link that leads nowhere, are refused before anything is written."""
    (tmp_path / "out.csv").write_text("kept")
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere")
    for name in ("out.csv", "link.csv"):
        with pytest.raises(Misconfigured, match="exists already"):
            check_is_new(tmp_path / name)
        with pytest.raises(Misconfigured, match="exists already"), new_private_file(tmp_path / name):
            pytest.fail("the block runs")
    assert (tmp_path / "out.csv").read_text() == "kept"
    assert files_in(tmp_path) == ["link.csv", "out.csv"]


def test_a_file_that_was_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """A file that somebody else makes during the export stays, and the exported one is removed."""
    path = tmp_path / "out.csv"
    with pytest.raises(Misconfigured, match="exists already"):
        write(path, then=lambda: path.write_text("theirs"))
    assert files_in(tmp_path) == ["out.csv"]
    assert path.read_text() == "theirs"


def test_a_folder_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    """A path in a folder that does not exist is refused with the folder's name."""
    with pytest.raises(Misconfigured, match="no folder"):
        check_is_new(tmp_path / "missing" / "out.csv")
