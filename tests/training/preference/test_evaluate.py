"""A policy's wins are counted prompt by prompt, and the published figures stand beside ours as not comparable."""

import pytest
from rich.console import Console

from tests.training.preference.samples import item
from training.preference.evaluate import NOTE, START, policy_row, policy_table, reward_lines
from training.preference.replies import Scored

START_REPLIES = [Scored("one two", 0.0), Scored("one two three", 0.0), Scored("one", 0.0)]


def test_a_policy_wins_where_its_reward_is_higher() -> None:
    """A higher reward is a win, and a tie is none."""
    row = policy_row("offline", [Scored("a", 1.0), Scored("a", -1.0), Scored("a", 0.0)], START_REPLIES, 2)
    assert row.wins.value == pytest.approx(1 / 3)
    assert row.words == 1


def test_under_the_limit_a_long_reply_cannot_win() -> None:
    """A reply over the limit loses however high its reward, and one within it wins over a longer one."""
    row = policy_row("online", [Scored("a b c", 9.0), Scored("a", -1.0), Scored("a", 1.0)], START_REPLIES, 2)
    assert row.wins.value == pytest.approx(2 / 3)
    assert row.wins_within.value == pytest.approx(2 / 3)
    row = policy_row("online", [Scored("a b c", 9.0)] * 3, START_REPLIES, 2)
    assert (row.wins.value, row.wins_within.value) == (1.0, 0.0)


def test_the_published_figures_stand_beside_ours() -> None:
    """The table shows the published win rates in the rows of their stages, and says why they cannot be compared."""
    rows = [policy_row(stage, START_REPLIES, START_REPLIES, 2) for stage in (START, "offline", "online-short")]
    console = Console(width=200, record=True)
    console.print(policy_table(rows, 2))
    said = " ".join(console.export_text().split())
    for shown in ("29.3, 18.5", "72.9, 49.3", "online-short"):
        assert shown in said
    assert "87.0" not in said
    assert NOTE[:40] in said


def test_the_reward_model_stands_beside_counting_words() -> None:
    """Pair accuracy of the reward model is told beside that of length alone and the published one."""
    items = [item(0, "Longer reply.", "No."), item(2, "No.", "Longer reply.")]
    reward, words = reward_lines(items, [1.0, 0.5])
    assert "1.000 [1.000, 1.000] of 2 held-out pairs" in reward
    assert ".978" in reward
    assert "0.500" in words
