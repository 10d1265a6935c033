"""Tests of the figures of risk signals: what is counted, and that the page states what the command prints."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from stream.contracts.vocabulary import Concern
from stream.feedback.models.reader import load_answers
from stream.risk.opinion import CriticalContent
from tests.training.corpora.samples import exchange, write_annomi
from training.corpora.written import DANGER, WrittenExchange, load_written
from training.reader.folds import SHIPPED_FOLD, OutOfFold, finished_folds
from training.risk_language import (
    OUT_OF_FOLD,
    Heard,
    ReaderAnswers,
    by_concern,
    by_lexicon,
    in_transcripts,
    main,
    risk_concerns,
    table,
    unseen,
    unseen_in_transcripts,
)

PAGE = Path(__file__).parents[2] / "docs" / "risk-signal.md"
VIDEO = "https://video/1"
# Written by us.
PLAIN, DENIED, HARMLESS = "i want to kill myself", "i'm not suicidal", "the bus was late"


def test_each_message_is_heard_by_itself() -> None:
    """A turn raises a signal if one of its messages does, and other critical content raises none."""
    assert risk_concerns([HARMLESS, PLAIN]) == {Concern.SUICIDE}
    assert risk_concerns([DENIED]) == {Concern.SUICIDE}
    assert risk_concerns(["i hear voices that nobody else hears"]) == frozenset()


def test_turns_are_counted_by_what_they_are_about() -> None:
    """A turn counts under its kind: heard, and named rightly; a harmless one by whether it sounds dangerous."""
    turns = [
        exchange("Y-001", critical="suicide", client=[PLAIN]),
        exchange("Y-002", critical="suicide", client=[HARMLESS]),
        exchange("Y-003", critical="abuse", client=[PLAIN]),
        exchange("Y-004", critical="mania", client=[HARMLESS]),
        exchange("Y-005", critical_lookalike=True, client=[DENIED]),
        exchange("Y-006", client=[HARMLESS]),
    ]
    found = {each.what: each for each in by_concern([WrittenExchange.model_validate(turn) for turn in turns])}
    assert found["suicide"] == Heard("suicide", 2, 1, 1)
    assert found["abuse"] == Heard("abuse", 1, 1, 0)
    assert found["other critical content"] == Heard("other critical content", 1, 0)
    assert found["harmless, sounds dangerous"] == Heard("harmless, sounds dangerous", 1, 1)
    assert found["harmless, others"] == Heard("harmless, others", 1, 0)
    assert found["suicide"].share == 0.5


def test_of_transcripts_the_share_is_counted(tmp_path: Path) -> None:
    """Of a corpus it is counted how many client turns would raise a signal, whoever may be right."""
    rows = [("1", VIDEO, "therapist", "How was it?"), ("1", VIDEO, "client", PLAIN), ("1", VIDEO, "therapist", "Oh.")]
    rows.append(("1", VIDEO, "client", HARMLESS))
    assert list(in_transcripts(write_annomi(tmp_path, rows))) == [Heard("annomi", 2, 1)]


def test_the_page_states_what_the_command_prints() -> None:
    """Every row of the page has the numbers of today's word list."""
    written, danger = by_concern(load_written()), by_concern(load_written(DANGER))
    page = PAGE.read_text()
    for one, other in zip(written, danger, strict=True):
        cells = [f"{each.turns} | {each.heard} ({each.share:.2f})" for each in (one, other)]
        assert f"| {one.what} | {' | '.join(cells)} |" in page


def test_the_page_states_what_the_reader_adds() -> None:
    """Every row of the page has the numbers of the word list, and of the reader that ships, of either grade."""
    answers = ReaderAnswers(finished_folds(OUT_OF_FOLD, SHIPPED_FOLD))
    turns = unseen(answers)
    ways = (by_lexicon, answers.with_lexicon("sure"), answers.with_lexicon("possible"))
    page = PAGE.read_text()
    for rows in zip(*(by_concern(turns, way) for way in ways), strict=True):
        cells = " | ".join(f"{row.heard} ({row.share:.2f})" for row in rows)
        assert f"| {rows[0].what} | {rows[0].turns} | {cells} |" in page
        assert rows[0].heard <= rows[1].heard <= rows[2].heard


def test_the_reader_is_asked_where_the_word_list_hears_nothing() -> None:
    """What the word list hears stands; otherwise the answer of the reader does, where it reaches the grade."""
    content = CriticalContent.from_answers(load_answers())
    logits = np.zeros((2, content.start + len(content.kinds)))
    logits[:, content.start + content.kinds.index(Concern.ABUSE)] = [12.0, 1.5]
    answers = ReaderAnswers(OutOfFold(1, ("Y-001", "Y-002"), logits, np.zeros(2), (), np.zeros((0, 1))))
    plain, surely, possibly = (
        WrittenExchange.model_validate(exchange(name, client=[text]))
        for name, text in (("Y-001", PLAIN), ("Y-001", HARMLESS), ("Y-002", HARMLESS))
    )
    sure, possible = answers.with_lexicon("sure"), answers.with_lexicon("possible")
    assert sure(plain) == {Concern.SUICIDE}
    assert sure(surely) == possible(possibly) == {Concern.ABUSE}
    assert sure(possibly) == frozenset()
    assert "Y-003" not in answers


def test_of_transcripts_only_unseen_conversations_count(tmp_path: Path) -> None:
    """What the reader would add in transcripts is counted in conversations that it has not seen alone."""
    rows = [("1", VIDEO, "therapist", "How was it?"), ("1", VIDEO, "client", PLAIN)]
    answers = ReaderAnswers(OutOfFold(1, (), np.zeros((0, 24)), np.zeros(0), (), np.zeros((0, 1))))
    found = list(unseen_in_transcripts(write_annomi(tmp_path, rows), answers, "sure"))
    assert [row.turns for row in found] in ([], [0])


def test_the_command_prints_its_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder the command prints the tables of what was written."""
    main([])
    said = capsys.readouterr().out
    assert "never said in plain words" in said
    assert "said plainly or not" in said
    assert "unseen by the reader" in said
    assert "Transcripts" not in said


def test_a_row_without_turns_has_no_share() -> None:
    """A row of which there is nothing shows no number that was not measured."""
    console = Console(record=True, width=120)
    console.print(table("none", [Heard("abuse", 0, 0, 0)]))
    assert "nan" in console.export_text()
