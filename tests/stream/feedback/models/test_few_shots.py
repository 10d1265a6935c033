"""The worked examples: what a model imitates must be what our own gate lets through."""

import jsonschema
import pytest

from stream.contracts.vocabulary import Concern, Level, Mechanism, Verdict
from stream.feedback.gate.blame import contains_blame
from stream.feedback.gate.quotes import find_quote
from stream.feedback.gate.suggestions import find_fault
from stream.feedback.models.answer import parse_answer
from stream.feedback.models.base import ExchangePart
from stream.feedback.models.few_shots import FEW_SHOTS, FewShot
from stream.feedback.models.llm import answer_schema

CASES = pytest.mark.parametrize("shot", FEW_SHOTS, ids=["resists", "does not resist", "needs a person"])


@CASES
def test_an_example_answer_is_what_decoding_is_held_to(shot: FewShot) -> None:
    """Every field, in the order of the schema, readable by us."""
    jsonschema.Draft202012Validator(answer_schema()).validate(shot.answer)
    assert list(shot.answer) == answer_schema()["required"]
    assert parse_answer(shot.answer_json.encode()).ratings


@CASES
def test_an_example_quotes_words_at_the_stated_place(shot: FewShot) -> None:
    """An example quotes the reply for levels 1 and 2, and the client turn or nothing for level 0."""
    for rating in parse_answer(shot.answer_json.encode()).ratings:
        parts = set()
        for quotation in rating.evidence:
            message = shot.exchange.message(quotation.message)
            assert message is not None
            assert find_quote(quotation.quote, message.text) is not None
            parts.add(message.part)
        if rating.level is Level.NONE:
            assert parts <= {ExchangePart.CLIENT_TURN}
        elif rating.level is not None:
            assert ExchangePart.REPLY in parts


@CASES
def test_an_example_says_nothing_we_would_drop(shot: FewShot) -> None:
    """An example has no blame in its reasons and no suggestion that the gate would drop."""
    answer = parse_answer(shot.answer_json.encode())
    conversation = "\n".join(message.text for message in shot.exchange.messages)
    for words in (*(rating.reason for rating in answer.ratings), *answer.strengths):
        assert not contains_blame(words, conversation)
    assert [find_fault(other.text) for other in answer.alternatives] == [None] * len(answer.alternatives)


def test_together_they_show_every_kind_of_answer() -> None:
    """The few-shot examples together show every kind of answer: verdicts, levels, a critical one and no alternative."""
    answers = [parse_answer(shot.answer_json.encode()) for shot in FEW_SHOTS]
    assert {answer.verdict for answer in answers} == {Verdict.CONFIRMED, Verdict.REJECTED}
    assert {rating.level for answer in answers for rating in answer.ratings} == {*Level, None}
    (critical,) = [answer for answer in answers if answer.critical_content is not None]
    assert critical.critical_content is Concern.DELUSION
    assert critical.abstain
    assert [rating.level for rating in critical.ratings] == [None] * len(Mechanism)
    assert (critical.alternatives, critical.strengths) == ((), ())
    assert {len(answer.alternatives) for answer in answers if answer is not critical} == {0, 1}
