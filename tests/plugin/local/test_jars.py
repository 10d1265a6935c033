"""The broker runs only from jars whose every byte is pinned."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from plugin.local.jars import LOCK, Jar, class_path, fetch_missing, read_lock
from plugin.local.process import MissingRequirement

CONTENT = b"not really a jar"


@pytest.fixture
def jar() -> Jar:
    """Return a made-up artifact."""
    return Jar("org.example.deep", "thing", "1.2", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def lock(tmp_path: Path, jar: Jar) -> Path:
    """A lock file that pins it."""
    path = tmp_path / "jars.lock"
    path.write_text(f"# a comment\n{jar.line}\n")
    return path


def _put(cache: Path, jar: Jar, content: bytes) -> Path:
    path = cache / jar.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_lock_file_pins_kafka_and_everything_under_it() -> None:
    """Each line of the lock file holds coordinates and a sha256, and no line names a place to download from."""
    jars = read_lock(LOCK)
    assert ("org.apache.kafka", "kafka_2.13", "4.3.1") in [(jar.group, jar.artifact, jar.version) for jar in jars]
    assert len({jar.path for jar in jars}) == len(jars) > 40
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert "//" not in LOCK.read_text()


def test_a_line_of_the_lock_file_is_read_as_it_was_written(lock: Path, jar: Jar) -> None:
    """Writing and reading agree; comments are passed over."""
    assert read_lock(lock) == [jar]


def test_a_jar_has_the_path_of_a_maven_repository(jar: Jar) -> None:
    """The cache has the common layout: group folders, artifact, version."""
    assert jar.path == Path("org/example/deep/thing/1.2/thing-1.2.jar")


def test_the_class_path_names_the_pinned_jars(tmp_path: Path, lock: Path, jar: Jar) -> None:
    """Present and unchanged: usable."""
    path = _put(tmp_path, jar, CONTENT)
    assert class_path(lock, tmp_path) == str(path)


def test_an_absent_jar_is_missing_with_its_remedy(tmp_path: Path, lock: Path) -> None:
    """The broker is not started half; the sentence says what to run."""
    with pytest.raises(MissingRequirement, match=r"1 of the broker's 1 jars .* `make setup-local`"):
        class_path(lock, tmp_path)


def test_a_changed_jar_is_refused_and_removed(tmp_path: Path, lock: Path, jar: Jar) -> None:
    """A jar with one wrong byte is refused and removed, so that the next setup downloads it again."""
    path = _put(tmp_path, jar, CONTENT + b"!")
    with pytest.raises(MissingRequirement, match=r"thing-1\.2\.jar was not the pinned file"):
        class_path(lock, tmp_path)
    assert not path.exists()


def test_fetching_when_all_is_there_fetches_nothing(tmp_path: Path, lock: Path, jar: Jar) -> None:
    """The second setup needs no network."""
    _put(tmp_path, jar, CONTENT)
    assert fetch_missing(lock, tmp_path) == 0


def test_the_jars_of_this_checkout_are_the_pinned_ones() -> None:
    """The jars from which the broker of the other tests runs are the pinned ones."""
    assert len(class_path().split(":")) == len(read_lock())


def test_a_network_that_is_away_is_said_in_a_sentence(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unreachable network is reported in one sentence that says what to look at, not in a traceback."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(MissingRequirement, match=r"could not be fetched \(ProxyError\): .* HTTPS_PROXY"):
        fetch_missing(lock, tmp_path / "cache")
