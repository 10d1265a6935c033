"""Examples are made from written exchanges and labelled transcripts, with what nobody knows left open."""

from pathlib import Path

from stream.contracts.vocabulary import Mechanism, ResistanceType
from tests.training.corpora.samples import parsed, write_annomi, write_labels
from training.corpora.labels import load_reply_labels, load_turn_labels
from training.corpora.transcripts import load_transcripts
from training.detector.own_set import WrittenLine
from training.reader.examples import (
    BEFORE_CHARACTERS,
    TEXT_CHARACTERS,
    UNKNOWN,
    danger_turns,
    line_turns,
    pairs_of,
    transcript_replies,
    transcript_turns,
    written_replies,
    written_turns,
)
from training.reader.targets import CRITICAL, MISTAKE_CODES, RESISTANCE, TECHNIQUES

VIDEO = "https://video/1"
ROWS = [
    ("1", VIDEO, "therapist", "How was it?"),
    ("1", VIDEO, "client", "Fine."),
    ("1", VIDEO, "therapist", "You should go on."),
    ("1", VIDEO, "client", "I want to kill myself."),
    ("2", VIDEO, "client", "Hi."),
]


def test_a_written_turn_has_its_behaviour_and_its_writer() -> None:
    """A written turn has its behaviour, what came before, and its writer as its group."""
    (turn,) = written_turns([parsed()])
    assert (turn.source, turn.group, turn.before) == ("written", "writer-Z", "How did the diary go?")
    assert (turn.resistance, turn.critical) == (RESISTANCE.index("discounting"), 0)
    assert turn.resists
    assert (turn.look_alike, turn.critical_look_alike, turn.weight) == (False, False, 1.0)


def test_of_a_critical_turn_nobody_says_whether_it_resists() -> None:
    """A critical turn has its kind, and its resistance is unknown."""
    (turn,) = written_turns([parsed(critical="mania", replies=[], better="")])
    assert (turn.resistance, turn.critical) == (UNKNOWN, CRITICAL.index("mania"))
    assert not turn.resists


def test_turns_about_danger_are_a_source_of_their_own() -> None:
    """Turns that were written about danger alone have a source and groups of their own, and teach no resistance."""
    critical, harmless = danger_turns([parsed(critical="mania", replies=[], better=""), parsed(label="none")])
    assert (critical.source, critical.group, critical.critical) == ("danger", "danger-Z", CRITICAL.index("mania"))
    assert (harmless.critical, harmless.resistance, critical.resistance) == (0, UNKNOWN, UNKNOWN)


def test_look_alikes_keep_their_mark() -> None:
    """A look-alike of resistance or of danger is marked, and is neither."""
    (turn,) = written_turns([parsed(label="none", lookalike="a refusal", critical_lookalike=True)])
    assert (turn.resistance, turn.critical, turn.look_alike, turn.critical_look_alike) == (0, 0, True, True)


def test_a_written_reply_is_read_after_the_clients_turn() -> None:
    """Both replies of an exchange have their levels, technique and mistake, and the client's turn before them."""
    first, second = written_replies([parsed()])
    assert (first.id, second.id) == ("Z-001/1", "Z-001/2")
    assert (second.before, second.levels) == ("I left it it changes nothing", (2, 1, 0, 0))
    assert (first.technique, first.mistake) == (TECHNIQUES.index("open_question"), MISTAKE_CODES.index("none"))


def test_long_texts_are_cut() -> None:
    """Of what came before the end is kept, of a turn the beginning."""
    exchange = parsed(context=[{"role": "counsellor", "text": "ab" * 900}], client=["cd" * 900])
    (turn,) = written_turns([exchange])
    assert turn.before == ("ab" * 900)[-BEFORE_CHARACTERS:]
    assert turn.text == ("cd" * 900)[:TEXT_CHARACTERS]
    assert written_replies([exchange])[0].before == ("cd" * 900)[-BEFORE_CHARACTERS:]


def test_written_lines_are_one_group() -> None:
    """Single lines resist or look so, and are never split."""
    kind, words = ResistanceType.BLAMING, {"counsellor": "How?", "client": "You!"}
    lines = [
        WrittenLine(id="1", kind="resistance", behaviour=kind, **words),
        WrittenLine(id="2", kind="look_alike", behaviour=kind, **words),
    ]
    found = line_turns(lines)
    assert [(turn.resistance, turn.look_alike) for turn in found] == [(RESISTANCE.index("blaming"), False), (0, True)]
    assert {turn.group for turn in found} == {"lines"}


def test_turns_of_transcripts_are_those_that_were_read_to_the_end(tmp_path: Path) -> None:
    """Turns of a transcript that was read to its end resist or do not; other transcripts are left out."""
    talks = load_transcripts(write_annomi(tmp_path, ROWS))
    first, second = transcript_turns(
        talks, load_turn_labels(write_labels(tmp_path / "l", "A1 C1 minimum_talk 1\nA1 done"))
    )
    assert (first.id, first.group, first.before, first.text) == ("A1/1", VIDEO, "How was it?", "Fine.")
    assert (first.resistance, first.weight) == (RESISTANCE.index("minimum_talk"), 0.6)
    assert (second.resistance, second.before) == (0, "You should go on.")


def test_of_transcripts_few_turns_teach_what_is_not_critical(tmp_path: Path) -> None:
    """Nobody labelled critical content in transcripts: one turn in ten is harmless, unless the lexicon hears some."""
    said = ["Fine.", "I want to kill myself."]
    rows = [
        ("1", VIDEO, role, text)
        for number in range(40)
        for role, text in (("therapist", "And?"), ("client", said[number // 20]))
    ]
    turns = transcript_turns(
        load_transcripts(write_annomi(tmp_path, rows)), load_turn_labels(write_labels(tmp_path / "l", "A1 done"))
    )
    assert [turn.id for turn in turns if turn.critical == 0] == ["A1/10", "A1/20"]
    assert {turn.critical for turn in turns} == {0, UNKNOWN}


def test_replies_of_transcripts_are_those_that_were_rated(tmp_path: Path) -> None:
    """A rated reply follows its client turn, with unknown levels where there are none; an absent reply is left out."""
    talks = load_transcripts(write_annomi(tmp_path, ROWS))
    levels = "A1 C1 0 2 x 1 confrontation arguing_for_change\nA1 C2 0 0 0 0 minimal -\nA2 C1 0 0 0 0 minimal -"
    (found,) = transcript_replies(talks, load_reply_labels(write_labels(tmp_path / "l", levels=levels)))
    assert (found.id, found.before, found.text) == ("A1/1", "Fine.", "You should go on.")
    assert found.levels == (0, 2, UNKNOWN, 1)
    assert len(found.levels) == len(Mechanism)
    assert found.mistake == MISTAKE_CODES.index("arguing_for_change")
    assert found.resisted


def test_pairs_are_what_came_before_and_the_text() -> None:
    """The reader is given what came before and the text."""
    assert pairs_of(written_turns([parsed()])) == [("How did the diary go?", "I left it it changes nothing")]


def test_texts_stay_out_of_repr() -> None:
    """The representation of an example shows no text."""
    assert "left" not in repr(written_turns([parsed()])) + repr(written_replies([parsed()]))
