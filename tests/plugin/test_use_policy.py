"""The use policy is one text: the page, the start messages and docs/duties/use-policy.md have it from one place."""

import pytest

from plugin import use_policy
from plugin.least_people import LEAST_COUNSELLORS
from plugin.local.paths import ROOT

NUMBERS = {4: "four", 5: "five", 6: "six"}


def test_the_document_is_the_policy() -> None:
    """The document is what `python -m plugin.use_policy` writes."""
    assert (ROOT / "docs" / "duties" / "use-policy.md").read_text() == use_policy.markdown()


@pytest.mark.parametrize(
    "words", ["learning after a session", "dismissal", "volunteer", "ranked", "feelings", "contradict", "disadvantage"]
)
def test_the_core_says_what_people_fear_and_what_holds(words: str) -> None:
    """The core names the purpose, the decisions it is not for, rankings, feelings and the right to contradict."""
    assert words in use_policy.CORE


def test_the_core_is_one_paragraph() -> None:
    """The core is one line of text, so that a log line and a terminal show it whole."""
    assert "\n" not in use_policy.CORE


def test_it_says_what_goes_into_a_study() -> None:
    """The policy tells of tables for studies, with the least number of counsellors that the code asks for."""
    rules = " ".join(rule for part in use_policy.PARTS for rule in part.rules)
    assert f"of {NUMBERS[LEAST_COUNSELLORS]} counsellors or more" in rules
    notice = " ".join((ROOT / "docs" / "duties" / "notice-to-counsellors.md").read_text().split())
    assert f"fewer than {NUMBERS[LEAST_COUNSELLORS]} counsellors" in notice


def test_every_part_has_rules() -> None:
    """Every part has a title and rules, each of which is a sentence."""
    assert len({part.title for part in use_policy.PARTS}) == len(use_policy.PARTS)
    for part in use_policy.PARTS:
        assert part.rules
        assert all(rule[0].isupper() and rule.endswith(".") for rule in part.rules)
