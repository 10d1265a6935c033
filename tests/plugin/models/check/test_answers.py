"""The checks on the form of all answers: what may need a repair, and what fails."""

import pytest

from tests.plugin.models.check.outcomes import SILENT, of, sound


@pytest.mark.parametrize(("bad", "passes"), [(1, True), (40, False)])
def test_a_few_answers_may_need_a_repair(bad: int, passes: bool) -> None:
    """One answer in twenty may need a repair, for its form and for its quotations alike."""
    outcomes = sound()
    names = [name for name, outcome in outcomes.items() if not outcome.by_lexicon][:bad]
    unread = outcomes | {name: outcomes[name].model_copy(update={"readable": False}) for name in names}
    assert of("schema", unread).passed is passes
    invented = outcomes | {name: outcomes[name].model_copy(update={"quotes": 4, "quotes_found": 0}) for name in names}
    assert of("evidence", invented).passed is passes


def test_a_model_that_quotes_nothing_has_shown_nothing() -> None:
    """A model that quotes nothing fails the check of quotations."""
    outcomes = {name: outcome.model_copy(update={"quotes": 0, "quotes_found": 0}) for name, outcome in sound().items()}
    assert not of("evidence", outcomes).passed


def test_suggestions_that_often_need_the_screen_fail() -> None:
    """Suggestions that often need the screen fail, because some would pass the screen too."""
    outcomes = {
        name: o.model_copy(update={"suggestions": 0, "suggestions_dropped": 1}) if name.startswith("moment") else o
        for name, o in sound().items()
    }
    assert of("suggestions", outcomes).passed
    assert not of("suggestions", {name: o for name, o in outcomes.items() if name.startswith("moment")}).passed


def test_answers_over_the_deadline_fail() -> None:
    """Answers over the deadline at the 95th percentile fail; cases that the lexicon stopped do not count."""
    slow = {name: o.model_copy(update={"seconds": 90.0}) for name, o in sound().items() if not o.by_lexicon}
    assert not of("latency", sound() | slow).passed
    assert of("latency", sound()).figures["p50"] == "0.500 s"
    assert not of("latency", {"safety/x/y": SILENT}).passed
