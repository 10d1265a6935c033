"""The report shows every table of a variant, and the learning curves, as a terminal can hold them."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from rich.console import Console

from stream.contracts.vocabulary import Mechanism
from stream.feedback.models.reader import READER
from stream.model_repository import version_folder
from tests.training.reader.samples import reply, reply_logits, turn, turn_logits
from training.detector import measures as detector_measures
from training.reader import measures, report
from training.reader.curve import Point
from training.reader.data import Examples
from training.reader.folds import OutOfFold
from training.reader.report import curve_table, print_report
from training.reader.served import read_served
from training.reader.targets import CRITICAL, RESISTANCE
from training.reader.unseen_thresholds import TurnThresholds

KINDS = ["blaming", "none"] * 4
TURNS = [
    *(turn(number, kind, "annomi") for number, kind in enumerate(KINDS)),
    *(turn(number, kind, "written") for number, kind in enumerate(KINDS, len(KINDS))),
    turn(20, text="I gave the cat away.", critical=CRITICAL.index("suicide")),
    turn(21, text="This heat is killing me.", critical_look_alike=True),
    turn(22, look_alike=True),
    turn(23, "blaming"),
]
SAID = [*KINDS, *KINDS, "none", "none", "none", "blaming"]
DANGER = ["none"] * (len(TURNS) - 4) + ["suicide", "none", "none", "none"]
REPLIES = [
    *(reply(number, (number % 3,) * 4, "annomi") for number in range(6)),
    *(reply(number, (number % 3,) * 4) for number in range(6, 12)),
]


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    """Draw few samples for the intervals, since a thousand take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "_RESAMPLES", 5)
        patch.setattr(detector_measures, "_RESAMPLES", 5)
        yield


@pytest.fixture(scope="module")
def printed(few_resamples: None) -> str:  # noqa: ARG001 - its effect
    """Return the report of one fold of a reader that is right everywhere."""
    return report_of(1)


def report_of(folds: int) -> str:
    """Return the report of a reader that is right everywhere, with its answers in another order than the examples."""
    found = OutOfFold(
        folds,
        tuple(each.id for each in reversed(TURNS)),
        turn_logits(SAID, DANGER)[::-1],
        np.log(np.full((len(TURNS), len(RESISTANCE)), 1 / (len(RESISTANCE) - 1))),
        tuple(each.id for each in REPLIES),
        reply_logits([each.levels for each in REPLIES]),
    )
    console = Console(width=200, file=io.StringIO())
    print_report(console, "both", Examples(tuple(TURNS), tuple(REPLIES)), found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(printed: str, *beginning: str) -> list[str]:
    """Return the cells of the first row that begins with these words."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed.splitlines() if "│" in line]
    return next(cells for cells in rows if cells[: len(beginning)] == list(beginning))


def test_it_says_how_much_of_it_is_finished(printed: str) -> None:
    """The report begins with the variant and the number of its finished folds."""
    assert printed.startswith("both: 1 of 5 folds")


def test_answers_are_matched_to_their_examples_by_id(printed: str) -> None:
    """A reader that is right has the best figures, in whatever order its answers were stored."""
    assert row(printed, "annomi")[1:3] == ["8", "0.500"]
    assert row(printed, "annomi")[3].startswith("1.00")
    assert row(printed, "written")[1] == "12"
    assert "resistance against its look-alikes, across writers: AUC 1.000" in printed
    assert "by writer: writer-11 1.000" in printed
    assert "blaming 1.00 of 4" in printed


def test_several_folds_are_measured_at_thresholds_of_the_others_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several folds the tables stand a second time, at the thresholds that each fold did not choose itself."""
    beyond = np.full(len(TURNS), 1.1)
    monkeypatch.setattr(report, "thresholds_of_other_folds", lambda *_: TurnThresholds(beyond, beyond, beyond))
    ships, unseen = report_of(2).split(report.UNSEEN, 1)
    assert row(ships, "annomi")[5] == "1.00, 1.00"
    assert row(unseen, "annomi")[5] == "0.00, 0.00"
    assert row(unseen, "reader")[1] == "0.00"
    assert report.UNSEEN not in report_of(1)


def test_a_source_without_turns_has_no_row(printed: str) -> None:
    """A corpus that is not at hand has no row of resistance."""
    assert "mibot" not in printed


def test_danger_is_told_for_lexicon_reader_and_both(printed: str) -> None:
    """Recall and false alarms stand beside each other for the lexicon, the reader, and both together."""
    assert [row(printed, by)[1] for by in ("lexicon", "reader", "both")] == ["0.00", "1.00", "1.00"]
    assert [row(printed, by)[1] for by in ("reader, surely", "both, surely")] == ["1.00", "1.00"]
    assert "missed by both: \n" in printed


def test_the_curve_of_danger_names_the_thresholds_that_ship(printed: str) -> None:
    """Both grades have a row of their own, with recall, false alarms, and turns and sessions of transcripts."""
    served = read_served(version_folder(READER))
    for threshold, name in ((served.critical, "sure"), (served.possible_critical, "possible")):
        assert row(printed, f"{threshold:.4f} {name}")[1:5] == ["1.00", "1.00", "nan", "nan"]
        assert row(printed, f"{threshold:.4f} {name}")[5:] == ["0.0000", "0 of 1"]
    assert "the lexicon alone finds critical content: annomi 0 of 1" in printed


def test_levels_stand_beside_their_rules_of_thumb(printed: str) -> None:
    """The reader's levels stand beside the words counted and the commonest level, for real and written replies."""
    for corpus in ("real replies", "written replies"):
        assert row(printed, corpus, "reader")[2] == "6"
        assert row(printed, corpus, "reader")[3].startswith("1.00")
        assert row(printed, corpus, "commonest level")
        assert row(printed, corpus, "words counted")
    assert "the better of two written replies above the worse" in printed


def test_the_report_holds_no_text(printed: str) -> None:
    """No words of a turn or a reply are printed."""
    assert "cat" not in printed
    assert "Before." not in printed


def test_a_point_of_the_curves_is_a_row() -> None:
    """Each point of the learning curves is a row with its source, its size and its figures."""
    point = Point("both", 0.5, 40, 12, 0.311, 0.422, 0.533, dict.fromkeys(Mechanism, 0.25))
    console = Console(width=200, file=io.StringIO())
    console.print(curve_table([point]))
    assert isinstance(console.file, io.StringIO)
    assert row(console.file.getvalue(), "both") == ["both", "0.50", "40", "12", "0.31", "0.42", "0.53", *["0.25"] * 4]


def test_strengths_are_told_beside_every_strong_level(printed: str) -> None:
    """Of each mechanism stands how many strong levels get a strength, and how often either is right."""
    title = printed.index("strengths, at the thresholds that ship")
    cells = row(printed[title:], "written", Mechanism.STANCE_ALIGNMENT)
    assert cells[3] == cells[4]  # a reader that is sure of all praises all
    assert cells[5:] == ["1.00", "1.00"]
