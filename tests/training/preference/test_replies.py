"""The pairs of an online round are a policy's best replies beside its worst, and replies that exist are kept."""

import json
from pathlib import Path

import pytest

from training.preference.replies import Scored, pairs_of_samples, scored_replies
from training.preference.settings import Recipe

LONG, SHORT, WORST = Scored("one two three four", 3.0), Scored("one two", 2.0), Scored("no", -1.0)


def test_the_best_reply_stands_beside_the_worst() -> None:
    """Without a limit the highest reward is preferred to the lowest."""
    (pair,) = pairs_of_samples(["P"], [[SHORT, WORST, LONG]], None)
    assert (pair.prompt, pair.chosen, pair.rejected) == ("P", LONG.text, WORST.text)


def test_under_a_limit_a_long_reply_is_never_preferred() -> None:
    """With a limit the best short reply is preferred, and a long one may only be the worst."""
    (pair,) = pairs_of_samples(["P"], [[SHORT, WORST, LONG]], 2)
    assert (pair.chosen, pair.rejected) == (SHORT.text, WORST.text)
    (pair,) = pairs_of_samples(["P"], [[SHORT, Scored("one two three four", -5.0)]], 2)
    assert pair.rejected == "one two three four"


@pytest.mark.parametrize(
    "replies",
    [[], [LONG, LONG], [Scored("one two three", 1.0)] * 2, [Scored("", 5.0), SHORT], [LONG, Scored("a b c", 0.0)]],
)
def test_a_prompt_may_give_no_pair(replies: list[Scored]) -> None:
    """Equal scores, empty replies and replies that are all too long give no pair."""
    assert pairs_of_samples(["P"], [replies], 2) == []


def test_replies_that_exist_are_not_asked_again(tmp_path: Path) -> None:
    """Kept replies are returned without a model, each counted as a step."""
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps({"prompt": n, "replies": [["Yes.", 0.5]]}) + "\n" for n in range(2)))
    steps: list[int] = []
    found = scored_replies(["a", "b"], "", tmp_path, path, Recipe(), step=lambda: steps.append(1))
    assert found == [[Scored("Yes.", 0.5)]] * 2
    assert len(steps) == 2
