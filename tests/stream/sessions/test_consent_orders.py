"""Consent over every order of a session's events: what may be kept is decided by what was said, not by when it came."""

from collections.abc import Callable
from itertools import permutations

import pytest

from stream.contracts.errors import Poison
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import Role, SessionState
from tests.stream.sessions.scenario import MINUTE, Scenario, rules

BOTH = Consent(processing=True, secondary_use=True)
ONE = Consent(processing=True)
NONE = Consent()
WITHHELD = "nobody agreed that this is kept"
Step = Callable[[Scenario, float], object]


def says(name: str, words: str, sent: float, consent: Consent, role: Role = Role.CLIENT) -> Step:
    """A message that was sent at a second, whenever it arrives."""
    return lambda scenario, at: scenario.say(role, words, at, message_id=name, sent=sent, consent=consent)


STEPS: dict[str, Step] = {
    "granted": says("a", "hello I agree to this", 0, BOTH),
    "reply": says("b", "thank you for telling me", 10, BOTH, Role.COUNSELLOR),
    "withheld": says("c", WITHHELD, 20, NONE),
    "edited": lambda scenario, at: scenario.edit("a", "hello I agree to this now", at, edited=15, consent=BOTH),
    "edited without consent": lambda scenario, at: scenario.edit("a", WITHHELD, at, edited=25, consent=NONE),
}


def play(steps: tuple[str, ...], *last: Step) -> Scenario:
    """Let the steps come a second apart, then the last ones; refused ones are refused."""
    scenario = Scenario(rules(min_words=0, min_client_messages=1))
    given = [*(STEPS[name] for name in steps), *last]
    for second, step in enumerate(given, start=30):
        try:
            step(scenario, second)
        except Poison:
            pass
        assert WITHHELD not in scenario.stored_text
    return scenario


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids="-".join)
def test_in_no_order_are_words_without_consent_kept(order: tuple[str, ...]) -> None:
    """And those with it are there, in the words that stand."""
    scenario = play(order, lambda t, at: t.end(at, ended=30))
    scenario.tick(40 * MINUTE)
    last = scenario.last_record
    assert last.state is SessionState.CLOSED
    assert last.counts.messages == 2
    assert last.consent == BOTH
    assert WITHHELD not in last.model_dump_json()


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("order", list(permutations(("granted", "reply", "edited"))), ids="-".join)
def test_a_withdrawal_at_any_place_is_the_last_word(order: tuple[str, ...], place: int) -> None:
    """Before, between, after the close, after all: nothing of what was sent before it stays or comes back."""
    steps: list[Step] = [*(STEPS[name] for name in order), lambda scenario, at: scenario.end(at, ended=12)]
    steps.insert(place, lambda scenario, at: scenario.withdraw(at, withdrawn=28))
    scenario = play((), *steps)
    scenario.tick(40 * MINUTE)
    assert "agree" not in scenario.stored_text
    assert "thank you" not in scenario.stored_text
    told = scenario.records[-1:] or scenario.published[-1:]
    assert all(isinstance(each, ConsentWithdrawal) or each.state is SessionState.ERASED for each in told)  # type: ignore[union-attr]
    if place == 0:
        assert scenario.records == []


@pytest.mark.parametrize("place", range(4))
def test_an_erasure_at_any_place_leaves_nothing_of_what_was_sent_before(place: int) -> None:
    """It travels on, whatever was there."""
    steps: list[Step] = [STEPS["granted"], STEPS["reply"], lambda scenario, at: scenario.end(at, ended=12)]
    steps.insert(place, lambda scenario, at: scenario.erase(at))
    scenario = play((), *steps)
    scenario.tick(40 * MINUTE)
    assert any(isinstance(each, Erasure) for each in scenario.published)
    assert "agree" not in scenario.stored_text


def test_an_edit_that_came_before_a_withdrawal_is_not_kept_waiting_after_it() -> None:
    """Its original is of the time before too, so it will never be heard; a later edit of something new waits."""
    scenario = play((), lambda t, at: t.withdraw(at, withdrawn=28), STEPS["edited"])
    assert "agree" not in scenario.stored_text
    scenario.edit("z", "said after it", 40)
    assert "said after it" in scenario.stored_text


@pytest.mark.parametrize("order", list(permutations(("first", "second", "third"))), ids="-".join)
@pytest.mark.parametrize("without", ["first", "second", "third", None])
def test_secondary_use_is_a_flag_of_its_own_and_needs_every_message(
    order: tuple[str, ...], without: str | None
) -> None:
    """Processing alone is no consent to anything else, whichever message lacks it and whenever it comes."""
    scenario = Scenario(rules(min_words=0, min_client_messages=1))
    sent = {"first": 0.0, "second": 10.0, "third": 20.0}
    for second, name in enumerate(order, start=30):
        says(name, "some words", sent[name], ONE if name == without else BOTH)(scenario, second)
    scenario.end(40)
    assert scenario.last_record.consent == Consent(processing=True, secondary_use=without is None)
