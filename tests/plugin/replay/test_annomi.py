"""AnnoMI's CSV: all transcripts in one file, with the clock of the video."""

from pathlib import Path

import pytest

from plugin.replay import annomi
from stream.contracts.errors import Misconfigured

HEADER = "transcript_id,mi_quality,utterance_id,interlocutor,timestamp,utterance_text,client_talk_type"
ROWS = (
    '1,high,0,therapist,00:00:11,"Is it okay, if we go over this?",n/a',
    "1,high,1,client,00:00:17,Sure.,neutral",
    "2,low,0,therapist,00:09:025,Hello,n/a",
    "1,high,2,therapist,01:00:00,Thanks,n/a",
)


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    """A CSV file."""
    file = folder / "a.csv"
    file.write_text("\n".join((header, *rows)) + "\n")
    return file


def test_a_transcript_is_a_conversation(tmp_path: Path) -> None:
    """The therapist is its counsellor; quotes and commas are the CSV's."""
    one, two = annomi.read(written(tmp_path, *ROWS))
    assert (one.reference, two.reference) == ("annomi-1", "annomi-2")
    assert [(step.payload.get("role"), step.payload.get("author")) for step in one.steps] == [
        ("counsellor", "counsellor-annomi-1"),
        ("client", "client-annomi-1"),
        ("counsellor", "counsellor-annomi-1"),
        (None, None),
    ]
    assert one.steps[0].payload["text"] == "Is it okay, if we go over this?"
    assert [step.payload["message_id"] for step in one.steps[:-1]] == ["0", "1", "2"]


def test_the_videos_clock_supplies_the_times(tmp_path: Path) -> None:
    """One timestamp of the corpus has three digits of seconds."""
    one, two = annomi.read(written(tmp_path, *ROWS))
    assert [step.at_s for step in one.steps] == [11, 17, 3600, 3601]
    assert two.steps[0].at_s == 565


def test_the_header_tells_the_corpus(tmp_path: Path) -> None:
    """Whatever other columns there are, whatever the file is called."""
    assert annomi.recognised(written(tmp_path, *ROWS))
    assert not annomi.recognised(written(tmp_path, header="id,text"))
    (tmp_path / "empty.csv").write_text("")
    assert not annomi.recognised(tmp_path / "empty.csv")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1,high,1,canary,00:00:17,Sure.,neutral", "a.csv, line 6: interlocutor is neither"),
        ("1,high,1,client,canary,Sure.,neutral", "a.csv, line 6: timestamp is not written"),
        ("1,high,1,client,00:17,Sure.,neutral", "a.csv, line 6: timestamp is not written"),
        ("1,high,,client,00:00:17,Sure.,neutral", "a.csv, line 6: message_id is wrong"),
        ("1,high,1,client,00:00:17", "a.csv, line 6: text is wrong"),
        ("1,high", "a.csv, line 6: interlocutor is neither"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, sentence: str) -> None:
    """By the number an editor shows."""
    with pytest.raises(Misconfigured, match=sentence) as error:
        annomi.read(written(tmp_path, *ROWS, row))
    assert "canary" not in str(error.value)


def test_another_table_is_refused(tmp_path: Path) -> None:
    """Naming the columns it should have."""
    with pytest.raises(Misconfigured, match="lacks columns of AnnoMI"):
        annomi.read(written(tmp_path, header="id,text"))


def test_another_encoding_is_a_sentence(tmp_path: Path) -> None:
    """Not a traceback."""
    file = written(tmp_path, *ROWS)
    file.write_bytes(file.read_bytes() + "3,low,0,client,00:00:01,schön,x\n".encode("latin-1"))
    with pytest.raises(Misconfigured, match="UnicodeDecodeError"):
        annomi.read(file)
