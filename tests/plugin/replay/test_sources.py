"""Tests of sources: a path is a file or a folder, and everything in it is read and checked before anything is sent."""

import gzip
import json
from pathlib import Path

import pytest

from plugin.local.paths import ROOT
from plugin.replay.sources import Format, load_source
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


VOICES = {"full_conversation": ["Therapist: Shall we begin?", "Client: yes"]}
ESCONV = [{"dialog": [{"speaker": "listener", "content": "hi"}, {"speaker": "speaker", "content": "hello"}]}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one file of each format, one of them in a subfolder, and a note."""
    (tmp_path / "a.jsonl").write_text(json.dumps(LINE))
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "b.json").write_text(json.dumps(TRANSCRIPT))
    (tmp_path / "c.csv").write_text(TABLE)
    (tmp_path / "README.md").write_text("a note")
    return tmp_path


def references(path: Path, source_format: Format = "auto") -> list[str]:
    """Return the references of the conversations found."""
    return [conversation.reference for conversation in load_source(path, source_format).conversations]


def test_a_folder_gives_everything_below_it(folder: Path) -> None:
    """A folder gives the conversations of all files below it and ignores other files."""
    assert sorted(references(folder)) == ["annomi-1", "c", "mibot-p"]
    assert load_source(folder).formats == {"jsonl", "mibot", "annomi"}


@pytest.mark.parametrize("name", ["x.ndjson", "X.JSONL", "x.json", "x.jsonl.gz", "X.NDJSON.GZ"])
def test_other_endings_of_our_format_are_read(tmp_path: Path, name: str) -> None:
    """Our format is read under its other endings, in upper case and packed with gzip."""
    content = json.dumps(LINE).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    assert references(tmp_path / name) == references(tmp_path) == ["c"]


@pytest.mark.parametrize(
    ("name", "content"), [("T.JSON", json.dumps(TRANSCRIPT)), ("T.CSV", TABLE), ("t.tsv", TABLE.replace(",", "\t"))]
)
def test_endings_of_the_corpora_are_read_in_any_case(tmp_path: Path, name: str, content: str) -> None:
    """The files of the corpora are read with endings in upper case, and a table with tabs."""
    (tmp_path / name).write_text(content)
    assert len(references(tmp_path / name)) == 1


def test_a_folder_of_thousand_voices_leaves_its_metadata(tmp_path: Path) -> None:
    """The conversations of a corpus are told by what is in them, and the metadata beside them are named as not read."""
    (tmp_path / "conversations").mkdir()
    (tmp_path / "metadata").mkdir()
    (tmp_path / "conversations" / "3_P5_conversation.json").write_text(json.dumps(VOICES))
    (tmp_path / "metadata" / "3_P5_metadata.json").write_text(json.dumps({"trauma_info": {}}))
    assert references(tmp_path) == references(tmp_path, "thousand-voices") == ["voices-3-P5"]
    assert load_source(tmp_path).not_read == ("metadata/3_P5_metadata.json",)


def test_a_list_of_dialogs_is_failed_esconv(tmp_path: Path) -> None:
    """A list whose items hold dialogs is FailedESConv, and a list of payloads is our own format."""
    (tmp_path / "F.json").write_text(json.dumps(ESCONV))
    assert references(tmp_path) == ["esconv-1"]
    (tmp_path / "F.json").write_text(json.dumps([LINE]))
    assert references(tmp_path) == ["c"]


def test_what_is_not_read_is_named(folder: Path) -> None:
    """Files in a folder that are not read are named, so that nothing is missing unseen."""
    (folder / "deeper" / "d.jsonl.zip").write_bytes(b"PK\x03\x04")
    assert load_source(folder).not_read == ("README.md", "deeper/d.jsonl.zip")


def test_an_archive_says_what_to_do_with_it(tmp_path: Path) -> None:
    """A path to an archive is refused with the remedy."""
    (tmp_path / "d.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(Misconfigured, match=r"d\.zip: this is an archive \(ZIP\); unpack it"):
        load_source(tmp_path / "d.zip")


def test_texts_that_were_damaged_before_are_named(tmp_path: Path) -> None:
    """A conversation whose texts a wrong encoding has damaged is named with the kind of damage."""
    (tmp_path / "a.jsonl").write_text(json.dumps(LINE | {"text": "don\u00e2\u20ac\u2122t canary"}))
    (tmp_path / "b.jsonl").write_text(json.dumps(LINE | {"conversation_id": "d", "text": "it **is** fine"}))
    (said,) = load_source(tmp_path).damaged()
    assert said.startswith("a.jsonl: 1 texts of c look damaged (mojibake)")
    assert "canary" not in said


@pytest.mark.parametrize(("name", "found"), [("a.jsonl", "c"), ("deeper/b.json", "mibot-p"), ("c.csv", "annomi-1")])
def test_a_file_is_recognised(folder: Path, name: str, found: str) -> None:
    """A file's format is recognised by its suffix."""
    assert references(folder / name) == [found]


@pytest.mark.parametrize(
    ("name", "source_format"), [("a.jsonl", "jsonl"), ("deeper/b.json", "mibot"), ("c.csv", "annomi")]
)
def test_a_named_format_reads_a_file_whatever_it_is_called(folder: Path, name: str, source_format: Format) -> None:
    """With a named format a file is read whatever its name, and a folder gives only files of that format."""
    other = folder / "renamed.txt"
    other.write_bytes((folder / name).read_bytes())
    assert references(other, source_format) == references(folder, source_format)


def test_a_path_without_conversations_is_a_sentence(folder: Path) -> None:
    """A path that is missing or has no conversations is reported as a sentence."""
    with pytest.raises(Misconfigured, match="does not exist"):
        load_source(folder / "nowhere")
    with pytest.raises(Misconfigured, match="holds no conversation of the formats jsonl, mibot, annomi"):
        load_source(folder / "README.md")
    with pytest.raises(Misconfigured, match="holds no conversation of the formats annomi"):
        load_source(folder / "deeper", "annomi")
    (folder / "empty.jsonl").write_text("")
    with pytest.raises(Misconfigured, match="holds no conversation"):
        load_source(folder / "empty.jsonl")


def test_a_conversation_must_be_in_one_file(folder: Path) -> None:
    """A conversation in two files is an error that names both and what to do, since its messages would be mixed."""
    (folder / "z.jsonl").write_text(json.dumps(LINE))
    with pytest.raises(
        Misconfigured, match=r"z\.jsonl: the conversation 'c' is in \S+a\.jsonl too\. Name one of the files"
    ):
        load_source(folder)


@pytest.mark.parametrize("source_format", ["auto", "annomi"])
def test_both_files_of_annomi_are_not_sent_twice(tmp_path: Path, source_format: Format) -> None:
    """A folder with both of AnnoMI's files, which hold the same transcripts, is refused; each of them can be named."""
    (tmp_path / "AnnoMI-simple.csv").write_text(TABLE)
    (tmp_path / "AnnoMI-full.csv").write_text(TABLE.replace("text\n", "text,annotator_id\n").replace("hi\n", "hi,3\n"))
    with pytest.raises(Misconfigured, match=r"AnnoMI-simple\.csv: .* is in \S+AnnoMI-full\.csv too"):
        load_source(tmp_path, source_format)
    for name in ("AnnoMI-simple.csv", "AnnoMI-full.csv"):
        assert references(tmp_path / name, source_format) == ["annomi-1"]


def test_a_file_that_may_not_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is reported as a sentence."""

    def refuse(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.jsonl").write_text(json.dumps(LINE))
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_source(tmp_path)


class TestSamples:
    """Tests of the sample conversations that are part of the package."""

    def test_they_show_what_their_table_says(self) -> None:
        """The samples' README lists exactly the sample files."""
        table = (SAMPLES / "README.md").read_text()
        listed = {line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")} - {"file", "---"}
        assert listed == {file.stem for file in SAMPLES.glob("*.jsonl")}
        assert len(listed) >= 8

    def test_each_is_one_readable_session_of_one_of_three_counsellors(self) -> None:
        """Each sample is one conversation with one of three counsellors, so that the demo has three therapists."""
        source = load_source(SAMPLES)
        authors = {
            str(event.payload["author"])
            for conversation in source.conversations
            for event in conversation.events
            if event.payload.get("role") == "counsellor"
        }
        assert authors == {"counsellor-mira", "counsellor-jonas", "counsellor-samir"}
        assert len(source.conversations) == len(list(SAMPLES.glob("*.jsonl")))

    def test_edits_and_deletions_name_a_message_that_was_sent_before(self) -> None:
        """Edits and deletions in the samples name a message that was sent before."""
        changed = []
        for conversation in load_source(SAMPLES).conversations:
            seen = set()
            for event in conversation.events:
                if event.payload["type"] == "message":
                    seen.add(event.payload["message_id"])
                elif event.payload["type"] in {"edit", "deletion"}:
                    changed.append(event.payload["type"])
                    assert event.payload["message_id"] in seen
        assert sorted(map(str, changed)) == ["deletion", "edit"]
