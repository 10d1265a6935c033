"""Consent decides which messages are kept, in every order in which a session's events arrive."""

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
    """Return a step that sends a message with a sending time of its own, whenever it arrives."""
    return lambda scenario, at: scenario.say(role, words, at, message_id=name, sent=sent, consent=consent)


STEPS: dict[str, Step] = {
    "granted": says("a", "hello I agree to this", 0, BOTH),
    "reply": says("b", "thank you for telling me", 10, BOTH, Role.COUNSELLOR),
    "withheld": says("c", WITHHELD, 20, NONE),
    "edited": lambda scenario, at: scenario.edit("a", "hello I agree to this now", at, edited=15, consent=BOTH),
    "edited without consent": lambda scenario, at: scenario.edit("a", WITHHELD, at, edited=25, consent=NONE),
}


def play(steps: tuple[str, ...], *last: Step) -> Scenario:
    """Apply the steps a second apart, then the last ones; a step may be refused."""
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
    """Messages and edits without consent are never kept, and those with consent are, in any order of arrival."""
    scenario = play(order, lambda t, at: t.end(at, ended=30))
    scenario.tick(40 * MINUTE)
    last = scenario.last_record
    assert last.state is SessionState.CLOSED
    assert last.counts.messages == 2
    assert last.consent == BOTH
    assert WITHHELD not in last.model_dump_json()


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("order", list(permutations(("granted", "reply", "edited"))), ids="-".join)
def test_a_withdrawal_at_any_place_drops_everything_sent_before(order: tuple[str, ...], place: int) -> None:
    """A withdrawal drops everything sent before it, wherever it comes among the messages and the close."""
    steps: list[Step] = [*(STEPS[name] for name in order), lambda scenario, at: scenario.end(at, ended=12)]
    steps.insert(place, lambda scenario, at: scenario.withdraw(at, withdrawn=28))
    scenario = play((), *steps)
    scenario.tick(40 * MINUTE)
    assert "agree" not in scenario.stored_text
    assert "thank you" not in scenario.stored_text
    latest = scenario.records[-1:] or scenario.published[-1:]
    assert all(isinstance(each, ConsentWithdrawal) or each.state is SessionState.ERASED for each in latest)  # type: ignore[union-attr]
    if place == 0:
        assert scenario.records == []


@pytest.mark.parametrize("place", range(4))
def test_an_erasure_at_any_place_drops_everything_sent_before(place: int) -> None:
    """An erasure drops everything sent before it and is passed on, wherever it comes."""
    steps: list[Step] = [STEPS["granted"], STEPS["reply"], lambda scenario, at: scenario.end(at, ended=12)]
    steps.insert(place, lambda scenario, at: scenario.erase(at))
    scenario = play((), *steps)
    scenario.tick(40 * MINUTE)
    assert any(isinstance(each, Erasure) for each in scenario.published)
    assert "agree" not in scenario.stored_text


def test_an_edit_of_an_unknown_message_does_not_wait_after_a_withdrawal() -> None:
    """An edit whose message is not here is refused after a withdrawal or an erasure, whatever time it claims.

    Its message may be one that was removed.
    """
    for edited in (15.0, 40.0):
        for remove in ("withdraw", "erase"):
            scenario = play((), lambda t, at, how=remove: getattr(t, how)(at), STEPS["edited"])  # type: ignore[misc]
            with pytest.raises(Poison):
                scenario.edit("z", WITHHELD, 3_600, edited=edited)
            assert "agree" not in scenario.stored_text
            assert WITHHELD not in scenario.stored_text


@pytest.mark.parametrize("order", list(permutations(("first", "second", "third"))), ids="-".join)
@pytest.mark.parametrize("without", ["first", "second", "third", None])
def test_secondary_use_needs_the_consent_of_every_message(order: tuple[str, ...], without: str | None) -> None:
    """A session has consent to secondary use only if all its messages have it, in any order of arrival."""
    scenario = Scenario(rules(min_words=0, min_client_messages=1))
    sent = {"first": 0.0, "second": 10.0, "third": 20.0}
    for second, name in enumerate(order, start=30):
        says(name, "some words", sent[name], ONE if name == without else BOTH)(scenario, second)
    scenario.end(40)
    assert scenario.last_record.consent == Consent(processing=True, secondary_use=without is None)
