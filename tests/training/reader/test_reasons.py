"""Reasons are put on a sheet for a second reader, and what second readers gave is read back with its intervals."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from stream.contracts.vocabulary import Level, Mechanism, Verdict
from stream.feedback.models.answer import ModelAnswer, RatedMechanism
from stream.feedback.models.base import ExchangePart, ShownExchange
from tests.training.reader.samples import reply
from training.errors import DataError
from training.reader.data import Examples
from training.reader.folds import fold_of_examples
from training.reader.reasons import CRITERIA, ReasonMark, draw_replies, load_marks, marks_table, mean_marks, write_sheet

REAL = tuple(replace(reply(number), source="annomi", group=f"video/{number}") for number in range(30))
EXAMPLES = Examples((), (*REAL, *(reply(number) for number in range(30, 60))))


def answer(level: Level | None) -> ModelAnswer:
    """Return an answer with one level for all four mechanisms."""
    return ModelAnswer(
        critical_content=None,
        verdict=Verdict.CONFIRMED,
        resistance_type=None,
        ratings=tuple(
            RatedMechanism(mechanism=mechanism, evidence=(), reason="It says so.", level=level)
            for mechanism in Mechanism
        ),
        strengths=(),
        alternatives=(),
        abstain=False,
        abstain_reason="",
        possible_injection=False,
        confidence=None,
    )


def mark(reply_id: str, *marks: int, mechanism: Mechanism = Mechanism.STANCE_ALIGNMENT) -> ReasonMark:
    """Return the marks of one reason of the version `new`."""
    return ReasonMark(reply_id, "new", mechanism, marks)


def test_a_draw_holds_the_replies_of_the_fold_real_ones_first() -> None:
    """A draw holds every reply of the fold once, real ones before written ones, in the same order each time."""
    drawn = list(draw_replies(EXAMPLES, 0))
    folds = fold_of_examples(EXAMPLES.turns, EXAMPLES.replies)
    assert sorted(each.id for each in drawn) == sorted(e.id for e in EXAMPLES.replies if folds[e.group] == 0)
    assert [each.source == "written" for each in drawn] == sorted(each.source == "written" for each in drawn)
    assert drawn == list(draw_replies(EXAMPLES, 0))


def test_a_sheet_shows_the_exchange_with_each_level_and_its_reason(tmp_path: Path) -> None:
    """A line of a sheet holds the client's turn, the reply, and four levels with their reasons."""
    asked: list[ShownExchange] = []

    def assess(exchange: ShownExchange) -> ModelAnswer:
        asked.append(exchange)
        return answer(Level.WEAK)

    assert write_sheet(iter(REAL), assess, 2, tmp_path / "sheet") == 2
    lines = [json.loads(line) for line in (tmp_path / "sheet").read_text().splitlines()]
    assert [line["reply"] for line in lines] == [REAL[0].id, REAL[1].id]
    assert lines[0]["ratings"][0] == {"mechanism": "respect_for_autonomy", "level": 1, "reason": "It says so."}
    assert [(each.part, each.text) for each in asked[0].messages] == [
        (ExchangePart.CLIENT_TURN, REAL[0].before),
        (ExchangePart.REPLY, REAL[0].text),
    ]


def test_a_reply_without_levels_is_passed_over(tmp_path: Path) -> None:
    """A reply whose moment is not confirmed has no reason to be judged, and another takes its place."""
    answers = iter([answer(None), answer(Level.NONE)])
    assert write_sheet(iter(REAL), lambda _: next(answers), 1, tmp_path / "sheet") == 1
    assert json.loads((tmp_path / "sheet").read_text())["reply"] == REAL[1].id


def test_a_sheet_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    """A sheet that somebody may have filled in stays as it is."""
    (tmp_path / "sheet").write_text("mine")
    with pytest.raises(FileExistsError):
        write_sheet(iter(REAL), lambda _: answer(Level.WEAK), 1, tmp_path / "sheet")
    assert (tmp_path / "sheet").read_text() == "mine"


def test_marks_are_read_with_their_version_and_mechanism(tmp_path: Path) -> None:
    """A line of marks names reply, version and mechanism, and gives a mark by criterion."""
    (tmp_path / "marks.tsv").write_text("A1/3\tnew\tstance_alignment\t3\t2\t1\n")
    assert load_marks(tmp_path / "marks.tsv") == [mark("A1/3", 3, 2, 1)]


@pytest.mark.parametrize(
    "line",
    [
        "A1/3\tnew\tstance_alignment\t3\t2",
        "A1/3\tnew\tstance_alignment\t3\t2\t4",
        "A1/3\tnew\tstance_alignment\t0\t2\t3",
        "A1/3\tnew\tstance_alignment\tgood\t2\t3",
        "A1/3\tnew\twarmth\t3\t2\t3",
        "A1/3",
    ],
)
def test_a_line_of_another_shape_is_named(tmp_path: Path, line: str) -> None:
    """A line with too few marks, another scale or an unknown mechanism is refused by its number."""
    (tmp_path / "marks.tsv").write_text("A1/3\tnew\tstance_alignment\t3\t2\t1\n" + line + "\n")
    with pytest.raises(DataError, match="line 2 of the marks"):
        load_marks(tmp_path / "marks.tsv")


def test_the_mean_is_over_reasons_and_its_interval_over_replies() -> None:
    """A mean counts every reason once, and lies within its interval."""
    marks = [mark("a", 3, 1, 2), mark("a", 3, 1, 2, mechanism=Mechanism.EMOTIONAL_RESONANCE), mark("b", 1, 1, 2)]
    means = mean_marks(marks)
    assert [each.value for each in means] == pytest.approx([7 / 3, 1.0, 2.0])
    assert (means[0].low, means[0].high) == pytest.approx((1.0, 3.0))


def test_nothing_marked_has_no_mean() -> None:
    """Where nobody gave a mark there is no mean, and no zero that looks like one."""
    assert all(math.isnan(each.value) for each in mean_marks([]))


def test_the_table_has_a_line_for_all_mechanisms_and_one_for_each() -> None:
    """Each version has five lines, and a column by criterion."""
    table = marks_table([mark("a", 3, 2, 1)])
    assert table.row_count == 1 + len(Mechanism)
    assert [column.header for column in table.columns][-3:] == list(CRITERIA)
    assert next(iter(table.columns[3].cells)) == "3.00 [3.00, 3.00]"
