"""Tests of what is counted in the files of a published corpus, on files that were made up for them."""

import json
from pathlib import Path

import pytest

from plugin.replay.corpora import contents
from stream.contracts.errors import Misconfigured
from stream.published.formats import FORMATS
from tests.plugin.replay.test_sources import TABLE, TRANSCRIPT
from tests.stream.published.samples import CANARY, GOOD, write

SAID = {
    "thousand-voices": ["1 conversations: 2 messages of clients, 2 of counsellors."],
    "failed-esconv": ["2 conversations: 3 messages of clients, 2 of counsellors."],
    "annomi-full": [
        "1 transcripts of 1 videos: 4 utterances, 1 of them by several annotators.",
        "By code: question/open 1, reflection/complex 1, reflection/simple 1, other 1.",
    ],
    "oncoco": [
        "4 messages: 3 in en, 1 in de; 3 of counsellors.",
        "By code: CO-IF-AC-RE-RCR 1, CL-IF-ACP-Rej 1, CO-FA 1, CO-IF-AC-RF-RC 1.",
    ],
    "psychocounsel": ["2 pairs of replies to 1 statements."],
}


@pytest.mark.parametrize("name", SAID)
def test_a_corpus_is_counted_without_its_words(tmp_path: Path, name: str) -> None:
    """What is in a file is said in numbers and codes alone."""
    said = contents(name, write(tmp_path, name))
    assert said == SAID[name]
    assert CANARY not in " ".join(said)


def test_every_known_corpus_can_be_counted(tmp_path: Path) -> None:
    """There is no corpus in the list that cannot be checked."""
    (tmp_path / "annomi").write_text(TABLE)
    (tmp_path / "mibot").write_text(json.dumps(TRANSCRIPT))
    for each in FORMATS:
        assert contents(each.name, write(tmp_path, each.name) if each.name in GOOD else tmp_path / each.name)


@pytest.mark.parametrize("name", ["annomi-full", "oncoco", "psychocounsel"])
def test_a_folder_in_place_of_a_file_is_a_sentence(tmp_path: Path, name: str) -> None:
    """A folder, and a file that is not there, are named where a corpus is one file."""
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Misconfigured, match=rf"{path} cannot be read \("):
            contents(name, path)
