"""A path is a file or a folder of conversations; everything is read and checked before anything is sent."""

import json
from pathlib import Path

import pytest

from plugin.local.paths import ROOT
from plugin.replay.sources import Format, load
from stream.contracts.errors import Misconfigured

SAMPLES = ROOT / "plugin" / "local" / "samples"
LINE = {
    "type": "message",
    "conversation_id": "c",
    "message_id": "m",
    "role": "client",
    "author": "a",
    "text": "hello",
}
TRANSCRIPT = {"participant_id": "p", "utterances": [{"speaker": "client", "utterance_number": 1, "text": "hi"}]}
TABLE = "transcript_id,utterance_id,interlocutor,timestamp,utterance_text\n1,0,client,00:00:01,hi\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One file of each format, one of them further down, and a note."""
    (tmp_path / "a.jsonl").write_text(json.dumps(LINE))
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "b.json").write_text(json.dumps(TRANSCRIPT))
    (tmp_path / "c.csv").write_text(TABLE)
    (tmp_path / "README.md").write_text("a note")
    return tmp_path


def references(path: Path, source_format: Format = "auto") -> list[str]:
    """The conversations found."""
    return [conversation.reference for conversation in load(path, source_format).conversations]


def test_a_folder_gives_everything_below_it(folder: Path) -> None:
    """Each file by its own format; other files are left alone."""
    assert sorted(references(folder)) == ["annomi-1", "c", "mibot-p"]
    assert load(folder).formats == {"jsonl", "mibot", "annomi"}


@pytest.mark.parametrize(("name", "found"), [("a.jsonl", "c"), ("deeper/b.json", "mibot-p"), ("c.csv", "annomi-1")])
def test_a_file_is_recognised(folder: Path, name: str, found: str) -> None:
    """By its ending; the reader checks the rest."""
    assert references(folder / name) == [found]


@pytest.mark.parametrize(
    ("name", "source_format"), [("a.jsonl", "jsonl"), ("deeper/b.json", "mibot"), ("c.csv", "annomi")]
)
def test_a_named_format_reads_a_file_whatever_it_is_called(folder: Path, name: str, source_format: Format) -> None:
    """And of a folder only its own files."""
    other = folder / "renamed.txt"
    other.write_bytes((folder / name).read_bytes())
    assert references(other, source_format) == references(folder, source_format)


def test_a_path_without_conversations_is_a_sentence(folder: Path) -> None:
    """Missing, empty, or of an unknown kind."""
    with pytest.raises(Misconfigured, match="does not exist"):
        load(folder / "nowhere")
    with pytest.raises(Misconfigured, match="holds no conversation of the formats jsonl, mibot, annomi"):
        load(folder / "README.md")
    with pytest.raises(Misconfigured, match="holds no conversation of the formats annomi"):
        load(folder / "deeper", "annomi")
    (folder / "empty.jsonl").write_text("")
    with pytest.raises(Misconfigured, match="holds no conversation"):
        load(folder / "empty.jsonl")


def test_a_conversation_stands_in_one_file(folder: Path) -> None:
    """Two files with the same would be mixed up on the way."""
    (folder / "z.jsonl").write_text(json.dumps(LINE))
    with pytest.raises(Misconfigured, match=r"z\.jsonl: the conversation 'c' stands in a\.jsonl too"):
        load(folder)


def test_a_file_that_may_not_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own word for it."""

    def refuse(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.jsonl").write_text(json.dumps(LINE))
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(Misconfigured, match="cannot be read"):
        load(tmp_path)


class TestSamples:
    """The conversations that come with us."""

    def test_they_show_what_their_table_says(self) -> None:
        """Every file is listed, and nothing else."""
        table = (SAMPLES / "README.md").read_text()
        listed = {line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")} - {"file", "---"}
        assert listed == {file.stem for file in SAMPLES.glob("*.jsonl")}
        assert len(listed) >= 8

    def test_each_is_one_readable_session_of_one_of_two_counsellors(self) -> None:
        """So that the demo has two therapists."""
        source = load(SAMPLES)
        authors = {
            str(step.payload["author"])
            for conversation in source.conversations
            for step in conversation.steps
            if step.payload.get("role") == "counsellor"
        }
        assert authors == {"counsellor-mira", "counsellor-jonas"}
        assert len(source.conversations) == len(list(SAMPLES.glob("*.jsonl")))

    def test_edits_and_deletions_name_a_message_that_was_sent_before(self) -> None:
        """A deletion of something else would prove nothing."""
        changed = []
        for conversation in load(SAMPLES).conversations:
            seen = set()
            for step in conversation.steps:
                if step.payload["type"] == "message":
                    seen.add(step.payload["message_id"])
                elif step.payload["type"] in {"edit", "deletion"}:
                    changed.append(step.payload["type"])
                    assert step.payload["message_id"] in seen
        assert sorted(map(str, changed)) == ["deletion", "edit"]
