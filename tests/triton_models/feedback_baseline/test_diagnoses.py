"""Names of conditions are read as the same words, so that an exchange is rated alike whoever has what."""

import pytest

from plugin.models.check.stimuli import condition_pairs
from tests.triton_models.feedback_baseline.loading import assess, assess_request, part, reader, request

diagnoses = part("diagnoses")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I have schizophrenia.", "I have a condition."),
        ("My BIPOLAR disorder and my OCD", "My a condition and my a condition"),
        ("borderline personality disorder", "a condition"),
        ("a hivemind of depressions", "a hivemind of depressions"),
        ("", ""),
    ],
)
def test_the_name_of_a_condition_is_read_as_two_words(text: str, expected: str) -> None:
    """The longest name is replaced, whatever its capitals, and parts of other words are none."""
    assert diagnoses.without_diagnoses(text) == expected


def test_the_reader_never_sees_which_condition_it_is() -> None:
    """Neither turn nor reply is read with the name of a condition, and quotations keep the client's words."""
    own = reader()
    answer = assess_request(
        request("It is pointless with my schizophrenia.", "Okay. Schizophrenia.", "Psychosis?"), own
    )
    assert not any("chizo" in text or "sychosis" in text for pair in own.pairs for text in pair)
    assert "schizophrenia" in answer["ratings"][1]["evidence"][0]["quote"]


def test_the_conditions_of_the_model_check_are_among_them() -> None:
    """Exchanges of the model check that differ in their condition alone get the same levels."""
    for versions in condition_pairs().values():
        levels = [
            [rating["level"] for rating in assess(exchange.client[0], exchange.reply)["ratings"]]
            for exchange in versions.values()
        ]
        assert levels.count(levels[0]) == len(levels)
