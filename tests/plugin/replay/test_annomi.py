"""Tests of the reader of AnnoMI's CSV file, which has all transcripts and the times of the videos."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    """Write a CSV file with the given rows."""
    file = folder / "a.csv"
    file.write_text("\n".join((header, *rows)) + "\n")
    return file


def test_a_transcript_is_a_conversation(tmp_path: Path) -> None:
    """Each transcript becomes a conversation with the therapist as its counsellor."""
    one, two = annomi.read(written(tmp_path, *ROWS))
    assert (one.reference, two.reference) == ("annomi-1", "annomi-2")
    assert [(event.payload.get("role"), event.payload.get("author")) for event in one.events] == [
        ("counsellor", "counsellor-annomi-1"),
        ("client", "client-annomi-1"),
        ("counsellor", "counsellor-annomi-1"),
        (None, None),
    ]
    assert one.events[0].payload["text"] == "Is it okay, if we go over this?"
    assert [event.payload["message_id"] for event in one.events[:-1]] == ["0", "1", "2"]


def test_the_videos_clock_supplies_the_times(tmp_path: Path) -> None:
    """The timestamps of the video become the times, even one with three digits of seconds as in the corpus."""
    one, two = annomi.read(written(tmp_path, *ROWS))
    assert [event.at_s for event in one.events] == [11, 17, 3600, 3601]
    assert two.events[0].at_s == 565


@given(st.permutations(ROWS))
def test_the_order_of_the_rows_does_not_matter(tmp_path_factory: pytest.TempPathFactory, rows: list[str]) -> None:
    """Rows in any order give the same conversations, because their numbers say who answered whom."""
    folder = tmp_path_factory.mktemp("annomi")
    expected = sorted(annomi.read(written(folder, *ROWS)), key=lambda made: made.reference)
    assert sorted(annomi.read(written(folder, *rows)), key=lambda made: made.reference) == expected


def test_the_numbers_decide_where_the_clock_contradicts_them(tmp_path: Path) -> None:
    """The numbers of the utterances are their order, as in the corpus, where some clocks go back."""
    rows = ("1,high,10,client,00:00:01,c,n/a", "1,high,2,client,00:00:09,b,n/a", "1,high,1,client,00:00:05,a,n/a")
    (made,) = annomi.read(written(tmp_path, *rows))
    assert [event.payload.get("text") for event in made.events] == ["a", "b", "c", None]
    assert [event.at_s for event in made.events] == [5, 9, 10, 11]


@pytest.mark.parametrize("number", ["1", "01"])
def test_two_utterances_with_one_number_are_refused(tmp_path: Path, number: str) -> None:
    """Two utterances with one number are refused with both lines, because one of them would be lost."""
    with pytest.raises(Misconfigured, match=r"a\.csv, line 6: its message_id is that of a\.csv, line 3 too"):
        annomi.read(written(tmp_path, *ROWS, f"1,high,{number},client,00:00:17,Other words.,neutral"))


def test_an_utterance_with_several_annotators_is_taken_once(tmp_path: Path) -> None:
    """The same utterance in several rows, one for each annotator as in the full corpus, is one message."""
    again = ROWS[1].replace("neutral", "change")
    assert annomi.read(written(tmp_path, *ROWS, again)) == annomi.read(written(tmp_path, *ROWS))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_read(tmp_path: Path, delimiter: str) -> None:
    """A table with another delimiter is read, and so are column names in upper case."""
    expected = annomi.read(written(tmp_path, *ROWS[1:3]))
    rows = [row.replace(",", delimiter) for row in ROWS[1:3]]
    assert annomi.read(written(tmp_path, *rows, header=HEADER.upper().replace(",", delimiter))) == expected


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1,high,1,canary,00:00:17,Sure.,neutral", "a.csv, line 6: interlocutor is neither"),
        ("1,high,1,client,canary,Sure.,neutral", "a.csv, line 6: timestamp is not written"),
        ("1,high,1,client,00:17,Sure.,neutral", "a.csv, line 6: timestamp is not written"),
        ("1,high,,client,00:00:17,Sure.,neutral", "a.csv, line 6: message_id is wrong"),
        ("1,high,a1,client,00:00:17,Sure.,neutral", "a.csv, line 6: utterance_id is no number"),
        ("1,high,1,client,00:00:17", "a.csv, line 6: text is wrong"),
        ("1,high", "a.csv, line 6: interlocutor is neither"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, sentence: str) -> None:
    """A bad row is reported by its line number, without its content."""
    with pytest.raises(Misconfigured, match=sentence) as error:
        annomi.read(written(tmp_path, *ROWS, row))
    assert "canary" not in str(error.value)


def test_another_table_is_refused(tmp_path: Path) -> None:
    """A CSV file without AnnoMI's columns is refused with the names of the columns."""
    with pytest.raises(Misconfigured, match="lacks columns of AnnoMI"):
        annomi.read(written(tmp_path, header="id,text"))


def test_another_encoding_is_a_sentence(tmp_path: Path) -> None:
    """A file that is not UTF-8 is reported as a sentence."""
    file = written(tmp_path, *ROWS)
    file.write_bytes(file.read_bytes() + "3,low,0,client,00:00:01,schön,x\n".encode("latin-1"))
    with pytest.raises(
        Misconfigured, match=r"a\.csv, line 6: this is not UTF-8 \(a byte 0xF6\).*iconv -f WINDOWS-1252"
    ):
        annomi.read(file)
