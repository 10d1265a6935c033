"""Out-of-fold answers are measured by corpus: resistance, type, critical content, levels and ordered pairs."""

import math
from dataclasses import replace

import pytest

from stream.contracts.vocabulary import Mechanism
from tests.training.reader.samples import reply, reply_logits, turn, turn_logits
from training.reader.evaluate import (
    across_folds,
    by_length,
    commonest,
    critical_rows,
    critical_scores,
    level_rows,
    levels_of,
    look_alike_auc,
    look_alike_auc_by_group,
    pairs_in_order,
    recall_by_type,
    resistance_row,
    resistance_scores,
    siblings,
)
from training.reader.examples import UNKNOWN
from training.reader.targets import CRITICAL

KINDS = ["blaming", "none", "pessimism", "none"] * 4
TURNS = [turn(number, kind) for number, kind in enumerate(KINDS)]
CONFIRM = 0.5


def test_scores_are_what_is_not_none() -> None:
    """Scores of resistance and of danger are one less the probability of none."""
    logits = turn_logits(["blaming", "none"], ["none", "suicide"])
    assert resistance_scores(logits).tolist() == pytest.approx([1.0, 0.0], abs=0.01)
    assert critical_scores(logits).tolist() == pytest.approx([0.0, 1.0], abs=0.01)


def test_a_reader_that_is_right_has_the_best_figures() -> None:
    """Right answers have area, precision, recall and accuracy of 1."""
    row = resistance_row("written", TURNS, turn_logits(KINDS), CONFIRM)
    assert (row.turns, row.positive) == (16, 0.5)
    assert (row.pr_auc.value, row.auc.value, row.type_accuracy.value) == (1.0, 1.0, 1.0)
    assert (row.confirmed.precision, row.confirmed.recall) == (1.0, 1.0)
    assert row.at_recall[0.4].precision == 1.0


def test_a_wrong_type_costs_accuracy_alone() -> None:
    """Another behaviour than the coders' is a hit of resistance and a miss of type."""
    row = resistance_row(
        "written", TURNS, turn_logits(["blaming" if kind != "none" else kind for kind in KINDS]), CONFIRM
    )
    assert row.auc.value == 1.0
    assert row.type_accuracy.value == 0.5


def test_turns_that_nobody_labelled_are_left_out() -> None:
    """Turns of unknown resistance count in no figure of resistance."""
    unknown = replace(turn(99), resistance=UNKNOWN)
    row = resistance_row("written", [*TURNS, unknown], turn_logits([*KINDS, "blaming"]), CONFIRM)
    assert row.turns == 16


def test_a_higher_threshold_confirms_fewer_turns() -> None:
    """Precision and recall of confirmed moments are those at the threshold that is given."""
    row = resistance_row("written", TURNS, turn_logits(KINDS), 1.1)
    assert (row.confirmed.flagged, row.confirmed.recall) == (0.0, 0.0)


def test_critical_content_is_measured_by_lexicon_by_reader_and_by_both() -> None:
    """Recall by kind, both kinds of false alarm and every miss are told for each way of looking."""
    suicide, mania = CRITICAL.index("suicide"), CRITICAL.index("mania")
    turns = [
        turn(0, text="I want to kill myself.", critical=suicide),
        turn(1, text="I gave the cat away.", critical=suicide),
        turn(2, text="Nothing is too large for me.", critical=mania),
        turn(3, text="This heat is killing me.", critical=0, critical_look_alike=True),
        turn(4, text="We cooked.", critical=0),
    ]
    logits = turn_logits(["none"] * 5, ["none", "suicide", "none", "suicide", "none"])
    lexicon, reader, both = critical_rows(turns, logits, 0.5)
    assert [row.by for row in (lexicon, reader, both)] == ["lexicon", "reader", "both"]
    assert (lexicon.recall["suicide"], reader.recall["suicide"], both.recall["suicide"]) == (0.5, 0.5, 1.0)
    assert (both.recall["mania"], both.missed) == (0.0, ("T2",))
    assert (reader.false_alarms, reader.false_alarms_plain) == (1.0, 0.0)


def test_shares_of_nothing_are_no_number() -> None:
    """Where there is nothing to count there is no share."""
    (row, *_) = critical_rows([turn(0, critical=0)], turn_logits(["none"]), 0.5)
    assert math.isnan(row.all_recall)


REPLIES = [reply(0, (2, 1, 0, 0)), reply(1, (0, 1, 2, 1)), reply(2, (1, 0, 0, 2)), reply(3, (1, 2, 1, 0))]


def test_levels_are_the_likeliest() -> None:
    """A reply has the likeliest level of each mechanism, and right ones agree fully."""
    logits = reply_logits([each.levels for each in REPLIES])
    assert levels_of(logits, Mechanism.RESPECT_FOR_AUTONOMY) == [2, 0, 1, 1]
    assert all(row.macro_f1.value == 1.0 for row in level_rows(REPLIES, logits).values())


def test_the_better_of_two_replies_is_put_above_the_worse() -> None:
    """Of two replies to one turn the one with the higher level counts where it is put above; equal ones do not."""
    right = pairs_in_order(REPLIES, reply_logits([each.levels for each in REPLIES]))
    assert {mechanism: each.value for mechanism, each in right.items()} == dict.fromkeys(Mechanism, 1.0)
    wrong = pairs_in_order(REPLIES, reply_logits([(0, 0, 0, 0), (2, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0)]))
    assert wrong[Mechanism.RESPECT_FOR_AUTONOMY].value == wrong[Mechanism.STANCE_ALIGNMENT].value == 0.0


def test_siblings_are_the_two_replies_to_one_written_turn() -> None:
    """Replies of transcripts, and one alone, have no sibling."""
    assert list(siblings([*REPLIES[:3], reply(8, source="annomi"), reply(9, source="annomi")])) == [(0, 1)]


def test_the_baselines_know_the_number_of_words_or_nothing() -> None:
    """Beside the reader stand the commonest level, and the commonest level among replies as long."""
    train = [
        reply(0, (0, 0, 0, 0), text="one"),
        reply(1, (0, 0, 0, 0), text="one"),
        reply(2, (2, 2, 2, 2), text="a " * 40),
    ]
    assert commonest(train[2:], train)[Mechanism.STANCE_ALIGNMENT] == [0]
    assert by_length(train, train)[Mechanism.STANCE_ALIGNMENT] == [0, 0, 2]


def test_look_alikes_are_ranked_below_what_they_resemble() -> None:
    """Only turns that resist and those that look so are ranked."""
    turns = [turn(0, "blaming"), turn(1, look_alike=True), turn(2)]
    assert look_alike_auc(turns, turn_logits(["blaming", "none", "blaming"])).value == 1.0
    assert look_alike_auc(turns, turn_logits(["none", "blaming", "none"])).value == 0.0


def test_look_alikes_are_ranked_within_each_writer() -> None:
    """A writer's turns are ranked among each other alone; who wrote no look-alike, or nothing else, has no figure."""
    turns = [
        replace(turn(0, "blaming"), group="writer-A"),
        replace(turn(1, look_alike=True), group="writer-A"),
        replace(turn(2, "blaming"), group="writer-B"),
        replace(turn(3, look_alike=True), group="writer-C"),
        replace(turn(4, "blaming"), group="writer-D"),
        replace(turn(5, look_alike=True), group="writer-D"),
    ]
    found = look_alike_auc_by_group(turns, turn_logits(["blaming", "none", "none", "blaming", "none", "blaming"]))
    assert {name: own.value for name, own in found.items()} == {"writer-A": 1.0, "writer-D": 0.0}


def test_recall_is_told_by_type() -> None:
    """Each behaviour has its number of turns and the share of them that is flagged."""
    found = recall_by_type(TURNS, [kind == "blaming" for kind in KINDS])
    assert (found["blaming"], found["pessimism"]) == ((4, 1.0), (4, 0.0))
    assert math.isnan(found["excusing"][1])


def test_rules_of_thumb_are_taken_from_other_folds() -> None:
    """The levels of a fold's replies by a rule of thumb come from replies of the other folds alone."""
    known = [reply(number, (number // 8, 0, 0, 0)) for number in range(16)]
    folds = {each.group: int(each.group.removeprefix("writer-")) // 2 for each in known}
    given = across_folds(commonest, known, known, folds)
    assert given[Mechanism.RESPECT_FOR_AUTONOMY] == [1] * 8 + [0] * 8
