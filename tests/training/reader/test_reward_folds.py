"""Scores of replies come from heads that saw nothing of their writers, and only ids and numbers are kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.training.corpora.samples import parsed, reply
from tests.training.reader.samples import reply as real_reply
from tests.training.reader.samples import reply_logits
from training.corpora.ratings import written_pairs
from training.errors import DataError
from training.reader.data import Examples
from training.reader.examples import UNKNOWN, written_replies, written_turns
from training.reader.folds import FOLDS, fold_of_examples
from training.reader.reward_folds import (
    Scores,
    accuracy,
    compute_reward_fold,
    finished_scores,
    print_rewards,
    real_pairs,
)

EXCHANGES = [
    parsed(id=f"{writer}-{number:03}", replies=[reply("No."), reply("It is yours.", (2, 2, 2, 2))])
    for writer in "PQRSTUVWXY"
    for number in range(2)
]
REAL = [real_reply(100, (0, 0, 0, 0), "annomi", "Real."), real_reply(104, (2, 2, 2, 2), "annomi", "Real and long.")]
EXAMPLES = Examples(tuple(written_turns(EXCHANGES)), (*written_replies(EXCHANGES), *REAL))
PAIRS = written_pairs(EXCHANGES)


def read(texts: Sequence[tuple[str, str]]) -> tuple[Any, Any]:
    """Return logits of no level, and vectors that hold the number of letters."""
    return reply_logits([(0, 0, 0, 0)] * len(texts)), np.array([[float(len(text)), 1.0] for _, text in texts])


def test_a_fold_scores_the_replies_of_its_own_writers(tmp_path: Path) -> None:
    """All folds together score each reply once, and the head of a fold puts longer replies above as it learned."""
    for fold in range(FOLDS):
        compute_reward_fold(EXAMPLES, PAIRS, fold, read, tmp_path)
    found = finished_scores(tmp_path)
    assert found.folds == FOLDS
    assert set(found.reward) == {each.id for pair in PAIRS for each in (pair.chosen, pair.rejected)} | {
        reply.id for reply in REAL
    }
    assert accuracy(PAIRS, found.reward).value == 1.0
    assert accuracy(PAIRS, found.levels).value == 0.0


def test_a_head_learns_nothing_of_the_writers_it_is_measured_on(tmp_path: Path) -> None:
    """Preferences of a fold's own writers do not change its scores."""
    own = fold_of_examples(EXAMPLES.turns, EXAMPLES.replies)
    others = [pair for pair in PAIRS if own[pair.group] != 0]
    upside_down = [
        type(pair)(pair.group, pair.prompt, pair.rejected, pair.chosen) for pair in PAIRS if own[pair.group] == 0
    ]
    compute_reward_fold(EXAMPLES, PAIRS, 0, read, tmp_path / "plain")
    compute_reward_fold(EXAMPLES, [*others, *upside_down], 0, read, tmp_path / "turned")
    assert finished_scores(tmp_path / "plain").reward == finished_scores(tmp_path / "turned").reward


def test_a_finished_fold_is_not_computed_again(tmp_path: Path) -> None:
    """A fold whose scores are there is not read again."""
    compute_reward_fold(EXAMPLES, PAIRS, 1, read, tmp_path)

    def fail(texts: Sequence[tuple[str, str]]) -> tuple[Any, Any]:
        raise AssertionError(len(texts))

    compute_reward_fold(EXAMPLES, PAIRS, 1, fail, tmp_path)


def test_no_text_is_kept(tmp_path: Path) -> None:
    """The file of a fold holds ids and numbers."""
    compute_reward_fold(EXAMPLES, PAIRS, 0, read, tmp_path)
    with np.load(tmp_path / "fold-0.npz", allow_pickle=False) as saved:
        assert set(saved.files) == {"ids", "reward", "levels"}
    assert b"It is yours" not in (tmp_path / "fold-0.npz").read_bytes()


def test_without_a_finished_fold_the_command_is_named(tmp_path: Path) -> None:
    """Where no fold is finished the error says which command makes one."""
    with pytest.raises(DataError, match=r"training\.reader reward"):
        finished_scores(tmp_path)


def test_real_replies_are_paired_by_the_same_ratings() -> None:
    """Scored replies of transcripts make pairs by the mapping; those without four levels or without a score do not."""
    unrated = real_reply(108, (2, 2, 2, UNKNOWN), "annomi")
    unscored = real_reply(112, (2, 2, 2, 2), "annomi")
    scores = {each.id: 0.0 for each in (*REAL, unrated)}
    (pair,) = real_pairs([*REAL, unrated, unscored], Scores(1, scores, scores))
    assert (pair.chosen.id, pair.rejected.id) == (REAL[1].id, REAL[0].id)


def test_the_report_shows_each_kind_of_pair_beside_the_baselines(tmp_path: Path) -> None:
    """The table has a row for the head and each baseline, and a column for each kind of pair with its number."""
    for fold in range(FOLDS):
        compute_reward_fold(EXAMPLES, PAIRS, fold, read, tmp_path)
    console = Console(width=200, record=True)
    print_rewards(console, PAIRS, EXAMPLES, finished_scores(tmp_path))
    said = console.export_text()
    for shown in (
        "two written replies (20)",
        "better reply, written reply (20)",
        "different turns (1)",
        "5 of 5 folds",
    ):
        assert shown in said
    for row in ("reward head", "sum of the reader's levels", "words"):
        assert row in said
    assert "1.000 [1.000, 1.000]" in said
