"""Tests of the comparison of synthetic sessions with real ones."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.measures.samples import conversation, heard_talk
from training.errors import DataError
from training.measures.report import print_comparison
from training.measures.synthetic import compare, effect, load_synthetic, numbers_of

pytestmark = pytest.mark.usefixtures("few_resamples")

LINES = [
    {"type": "message", "conversation_id": "synthetic-1", "role": "system", "text": "This session is synthetic."},
    {"type": "message", "conversation_id": "synthetic-1", "role": "client", "text": "hi"},
    {"type": "message", "conversation_id": "synthetic-1", "role": "client", "text": "it is me"},
    {"type": "message", "conversation_id": "synthetic-1", "role": "counsellor", "text": "What helps?"},
    {"type": "session_end", "conversation_id": "synthetic-1"},
    {"type": "message", "conversation_id": "synthetic-2", "role": "client", "text": "no"},
]
REAL = [conversation(f"A{n}", "i walk " * (n + 1), "Okay.", "so", "What helps?") for n in range(4)]
MADE = [conversation(f"synthetic-{n}", "no " * (n + 5), "You should.", corpus="synthetic") for n in range(4)]


def write(folder: Path, *lines: object) -> Path:
    """Write a file with these lines."""
    out = folder / "made.jsonl"
    out.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines), encoding="utf-8")
    return out


def test_a_file_is_read_as_conversations(tmp_path: Path) -> None:
    """Messages of one side in a row are one turn, and what a system wrote is none."""
    first, second = load_synthetic(write(tmp_path, *LINES))
    assert [(turn.speaker, turn.text) for turn in first.turns] == [
        ("client", "hi it is me"),
        ("counsellor", "What helps?"),
    ]
    assert (first.id, first.corpus, first.group) == ("synthetic-1", "synthetic", "synthetic-1")
    assert len(second.turns) == 1


@pytest.mark.parametrize("line", ["no JSON", "[]", '{"type": "message", "role": "client", "text": "hi"}'])
def test_another_file_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    """A line that is no message is named by its number, without its words."""
    with pytest.raises(DataError, match="line 2") as refused:
        load_synthetic(write(tmp_path, LINES[1], line))
    assert "hi" not in str(refused.value).replace("synthesise", "")


def test_a_file_without_conversations_is_refused(tmp_path: Path) -> None:
    """A file that is missing or holds no message of anybody is refused with a sentence."""
    with pytest.raises(DataError, match="no conversation"):
        load_synthetic(write(tmp_path, LINES[0]))
    with pytest.raises(DataError, match="cannot be read"):
        load_synthetic(tmp_path / "none.jsonl")


def test_the_numbers_of_a_session_are_those_of_all_measures() -> None:
    """Beside its shape there is a number of each measure; what is said of turns is their mean."""
    numbers = numbers_of(heard_talk(REAL[1]))
    assert (numbers["turns"], numbers["words a client turn"]) == (4, 2.5)
    assert {"share_minimal", "empathy", "counsellor_words", "asks_view"} <= numbers.keys()


def test_each_quantity_stands_beside_that_of_real_sessions() -> None:
    """Means stand beside each other, and an effect is in standard deviations, synthetic less real."""
    rows = {row.name: row for row in compare([heard_talk(talk) for talk in REAL], [heard_talk(talk) for talk in MADE])}
    shape = rows["words a client turn"]
    assert (shape.corpus, shape.real.value, shape.synthetic.value) == ("annomi", 3, 6.5)
    assert shape.effect.value > 1
    assert shape.effect.low <= shape.effect.value <= shape.effect.high
    assert all(row.corpus == "annomi" for row in rows.values())


def test_an_effect_is_the_difference_in_pooled_deviations() -> None:
    """Two kinds a standard deviation apart have an effect of one; without any spread there is none."""
    apart = effect([(f"A{n}", float(n % 2)) for n in range(20)], [(f"S{n}", 1.0 + n % 2) for n in range(20)])
    assert apart.value == pytest.approx(1 / 0.51298917)
    same = effect([("A1", 1.0), ("A2", 1.0)], [("S1", 1.0), ("S2", 1.0)])
    assert f"{same:.2f}" == "-"


def test_the_table_counts_what_is_not_told_apart() -> None:
    """The tables say of how many sessions they are, and how many quantities are not told apart."""
    console = Console(width=200, record=True, file=StringIO())
    print_comparison(console, [heard_talk(talk) for talk in REAL], [heard_talk(talk) for talk in MADE])
    said = console.export_text()
    assert "4 synthetic sessions beside 4 of annomi" in said
    assert "quantities are not told apart from annomi" in said
