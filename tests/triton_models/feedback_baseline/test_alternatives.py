"""The one option for a reply: from the library, with the client's own words, and nothing a counsellor could not say."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.vocabulary import Mechanism
from tests.triton_models.feedback_baseline.loading import assess, levels, part

PATTERNS: list[dict[str, str]] = part("alternatives").PATTERNS
KINDS = {None, "brief", "feeling", *part("own_words").KINDS}
FORMS = [
    pytest.param(form, pattern[form], id=f"{pattern['id']}-{form}")
    for pattern in PATTERNS
    for form in ("shifted", "quoted", "plain")
    if form in pattern
]
# Said of the counsellor: feelings, experience, identity. "I may be wrong" and "I may have missed" are about this chat.
CLAIMS = re.compile(
    r"\b(?:i (?:feel|felt|know|understand|was|am|remember|believe)|i'm|i've|me too|my own|as a)\b", re.IGNORECASE
)
ADVICE = re.compile(r"\byou (?:should|must|need to|ought|could try|have to)\b|\btry to\b|\bwhy don't\b", re.IGNORECASE)


def option(client: str, reply: str = "Okay.") -> dict[str, Any]:
    """The option for a reply; there must be exactly one."""
    (found,) = assess(client, reply)["alternatives"]
    assert isinstance(found, dict)
    return found


def test_every_pattern_has_an_id_of_its_own() -> None:
    """The id is what a supervisor can dispute and a later version can replace."""
    ids = [pattern["id"] for pattern in PATTERNS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_every_mechanism_has_patterns_for_each_kind_and_for_none(mechanism: Mechanism) -> None:
    """Every mechanism has patterns for each kind and for none."""
    kinds = {pattern.get("for") for pattern in PATTERNS if pattern["mechanism"] == mechanism}
    assert None in kinds
    assert "brief" in kinds
    assert kinds <= KINDS
    assert sum(pattern["mechanism"] == mechanism for pattern in PATTERNS) >= 5


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern["id"])
def test_a_pattern_can_always_be_completed(pattern: dict[str, str]) -> None:
    """A pattern can always be completed: each form has its slot, and one needs no words unless the kind has some."""
    assert pattern.keys() <= {"id", "mechanism", "for", "shifted", "quoted", "plain"}
    assert "{clause}" in pattern.get("shifted", "{clause}")
    assert "{words}" in pattern.get("quoted", "“{words}”")
    assert "plain" in pattern or pattern.get("for") == "feeling"
    assert not re.search(r"[{}]", pattern.get("plain", ""))


@pytest.mark.parametrize(("form", "words"), FORMS)
def test_a_pattern_claims_nothing_and_advises_nothing(form: str, words: str) -> None:
    """A pattern claims no feeling, experience or identity and gives no advice, so any counsellor can use it."""
    assert not CLAIMS.search(words), form
    assert not ADVICE.search(words.replace("You don't have to", "")), form
    assert words.endswith(("?", "."))
    assert len(words) < 180


@pytest.mark.parametrize("form_and_words", [(f.values[0], f.values[1]) for f in FORMS if "resonance" in str(f.id)])
def test_a_guessed_feeling_is_offered_as_a_guess(form_and_words: tuple[str, str]) -> None:
    """A feeling that the client has not named is not stated."""
    _, words = form_and_words
    assert "I may be wrong" in words or "Let's not hurry past how that feels" in words


@pytest.mark.parametrize(
    ("client", "pattern_id", "text_start"),
    [
        (
            "I don't want to stop drinking.",
            "stance-good-reasons",
            "It sounds as if you don't want to stop drinking, and there will be good reasons for that.",
        ),
        ("You don't listen to a word.", "stance-missed-you", "You said “You don't listen to a word”."),
        ("Honestly, this is a waste of time.", "stance-not-convinced", "You said “this is a waste of time”."),
        ("Nothing ever helps me.", "stance-looks-now", "The way it looks to you right now is “Nothing ever helps me”."),
        ("idk", "stance-few-words", "It makes sense to say little"),
        ("🙃", "stance-few-words", "It makes sense to say little"),
    ],
)
def test_the_option_follows_what_the_client_s_words_are_about(client: str, pattern_id: str, text_start: str) -> None:
    """A refusal, a doubt, not being understood, giving up, few words: each has its own pattern."""
    found = option(client)
    assert found["pattern_id"] == pattern_id
    assert found["text"].startswith(text_start)


@pytest.mark.parametrize(
    ("reply", "mechanism"),
    [
        ("Okay.", Mechanism.STANCE_ALIGNMENT),
        ("So you don't want to stop drinking.", Mechanism.RESPECT_FOR_AUTONOMY),
        ("So you don't want to stop drinking, and that's up to you.", Mechanism.EMOTIONAL_RESONANCE),
        (
            "You don't want to stop drinking, that's up to you. It sounds like you feel pressured.",
            Mechanism.CONVERSATIONAL_ORIENTATION,
        ),
    ],
)
def test_the_option_is_for_the_mechanism_least_expressed(reply: str, mechanism: Mechanism) -> None:
    """The option is for the mechanism that is least expressed, with a fixed order among equal ones."""
    assert option("I don't want to stop drinking.", reply)["mechanism"] == mechanism


@given(st.text(alphabet="I' dontwgk.,?!🙂yu\"“<{}%\n", max_size=80))
def test_an_option_is_complete_whatever_the_client_typed(client: str) -> None:
    """No slot stays open, and what is quoted is the client's own."""
    found = option(client)
    rest = found["text"]
    for slot in ("{clause}", "{words}"):
        assert slot not in rest or slot in client
    for quoted in re.findall(r"“([^”]*)”", rest):
        assert quoted in client


@pytest.mark.parametrize("name", ["{clause}", "{words}", "{0}", "%s", "$words", "<script>"])
def test_the_client_s_words_are_words_even_where_they_look_like_a_slot(name: str) -> None:
    """Completing a pattern never reads what it was completed with."""
    assert option(f"I said {name} and meant it")["text"].count(name) <= 1


def test_a_pattern_expresses_the_mechanism_it_is_for() -> None:
    """A pattern, used as a reply, is rated as expressing the mechanism that it is for."""
    client = "I don't want to stop drinking."
    order = list(Mechanism)
    for pattern in PATTERNS:
        if pattern.get("for") in (None, "refusal"):
            said = pattern.get("quoted", pattern["plain"]).replace("{words}", "I don't want to stop drinking")
            assert levels(assess(client, said))[order.index(Mechanism(pattern["mechanism"]))], pattern["id"]


def test_the_same_exchange_gets_the_same_option() -> None:
    """A redelivered session shows nothing new."""
    assert len({str(option("It was a long week at the office.")) for _ in range(5)}) == 1


def test_general_patterns_take_turns_by_the_client_s_words() -> None:
    """General patterns are chosen by the client's words, so that two moments are not always answered alike."""
    clients = [f"It was {day} when she called about the house." for day in ("monday", "friday", "sunday", "easter")]
    assert len({option(client)["pattern_id"] for client in clients}) > 1
