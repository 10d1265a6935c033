"""What the judgements have in common: cases by prefix, a result with its failures, and shares in words."""

import pytest

from plugin.models.check.case_runner import CaseOutcome
from plugin.models.check.results import MAX_SHOWN_FAILURES, make_result, not_applicable, share, with_prefix

OUTCOME = CaseOutcome(levels=None)


def test_a_prefix_is_a_whole_part_of_a_name() -> None:
    """Cases are found by the whole words of their prefix, and named by what follows it."""
    assert with_prefix({"a/b/c": OUTCOME, "ab/c": OUTCOME}, "a") == {"b/c": OUTCOME}
    assert with_prefix({"a/b/c": OUTCOME, "a/bb": OUTCOME}, "a/b") == {"c": OUTCOME}


def test_a_result_is_passed_where_nothing_failed() -> None:
    """A single failure is enough, and a report shows the first dozen."""
    assert make_result("safety", "silence", [], {"exchanges": "30"}).passed
    failed = make_result("safety", "silence", (str(number) for number in range(40)), {})
    assert not failed.passed
    assert len(failed.failures) == MAX_SHOWN_FAILURES


def test_what_does_not_apply_is_passed_with_its_reason() -> None:
    """A check that does not apply stops no model, and says why it does not."""
    result = not_applicable("published", "silence", "no path was given")
    assert result.passed
    assert result.not_applicable == "no path was given"


@pytest.mark.parametrize(("part", "whole", "words"), [(3, 4, "3 of 4 (75%)"), (0, 0, "0 of 0")])
def test_a_share_is_told_with_both_numbers(part: int, whole: int, words: str) -> None:
    """A share names what it is a share of."""
    assert share(part, whole) == words
