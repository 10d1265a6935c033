"""Tests of the figures of risk signals: what is counted, and that the page states what the command prints."""

from pathlib import Path

import pytest
from rich.console import Console

from stream.contracts.vocabulary import Concern
from tests.training.corpora.samples import exchange, write_annomi
from training.corpora.written import DANGER, WrittenExchange, load_written
from training.risk_language import Heard, by_concern, in_transcripts, main, risk_concerns, table

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


def test_the_command_prints_its_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder the command prints the tables of what was written."""
    main([])
    said = capsys.readouterr().out
    assert "never said in plain words" in said
    assert "said plainly or not" in said
    assert "Transcripts" not in said


def test_a_row_without_turns_has_no_share() -> None:
    """A row of which there is nothing shows no number that was not measured."""
    console = Console(record=True, width=120)
    console.print(table("none", [Heard("abuse", 0, 0, 0)]))
    assert "nan" in console.export_text()
