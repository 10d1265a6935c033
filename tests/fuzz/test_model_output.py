"""Tests of arbitrary model output: a checked answer, or `UnusableAnswer` without the model's words."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.vocabulary import Mechanism, Verdict
from stream.feedback.gate.check import check_answer
from stream.feedback.models.answer import UnusableAnswer, parse_answer
from tests.fuzz.strategies import CANARY, nested, rubbish, spoiled
from tests.stream.feedback.builders import CLIENT, CONTEXT, REPLY, answer_json, prepared, rating

GOOD = answer_json(
    rating(Mechanism.RESPECT_FOR_AUTONOMY, 2, (3, "What would you rather do"), reason=f"It asks. {CANARY}"),
    strengths=[CANARY], alternatives=[{"text": CANARY, "mechanism": "stance_alignment", "written_id": None}],
)  # fmt: skip
ORIGINALS = {"m-1": CONTEXT, "m-2": CLIENT, "m-3": REPLY}
PROSE = (
    b"Certainly! Here is my feedback: " + GOOD, b"```json\n" + GOOD + b"\n```", GOOD[: len(GOOD) // 2], GOOD + GOOD,
    b"N/A", b"", b"null", b"[]", b'"' + b"a" * 1_000_000 + b'"', b"[" * 200_000, b'{"ratings": ' + b"9" * 50_000 + b"}",
    json.dumps(json.loads(GOOD) | {"strengths": ["x" * 500_000]}).encode(), "\ufeff".encode() + GOOD,
    GOOD.decode().encode("utf-16"), GOOD.replace(b'"level": 2', b'"level": NaN'),
    GOOD.replace(b'"level": 2', b'"level": 3'),
    GOOD.replace(b'"level": 2', b'"level": 2.5'), GOOD.replace(b'"message": 3', b'"message": 0'),
    GOOD.replace(b'"message": 3', b'"message": 1' + b"0" * 30), GOOD.replace(b"What", b"\\ud800"),
)  # fmt: skip


def held(raw: bytes) -> str:
    """Parse an answer and check it against its exchange; return the error message if it cannot be used, else ""."""
    try:
        answer = parse_answer(raw)
    except UnusableAnswer as unusable:
        return str(unusable)
    one, deidentifier = prepared()
    for is_baseline in (True, False):
        checked = check_answer(answer, one, is_baseline=is_baseline, reveal=deidentifier.reveal)
        for rated in checked.ratings:
            assert (rated.level is None) == (rated.needs_human is not None or checked.verdict is Verdict.REJECTED)
            for evidence in rated.evidence:
                assert ORIGINALS[evidence.message_id][evidence.start : evidence.end] == evidence.quote
        assert CANARY not in repr(checked)
    return ""


def test_prose_cut_and_huge_answers_cannot_be_used() -> None:
    """Prose, truncated and huge answers are refused without their words in the message."""
    for raw in PROSE:
        said = held(raw)
        assert said.startswith("the model's answer cannot be used") or b'"message": 1000' in raw
        assert CANARY not in said


@settings(max_examples=300)
@given(data=st.data())
def test_a_spoiled_answer_is_checked_or_refused(data: st.DataObject) -> None:
    """An answer with random damage is checked or refused, without its words in the message."""
    whole = json.loads(GOOD)
    raw = data.draw(rubbish | spoiled(GOOD) | nested(whole).map(lambda value: json.dumps(value).encode()))
    assert CANARY not in held(raw)


words = st.sampled_from([*REPLY.split(), *CLIENT.split(), "[CLIENT_1]", "\u2019", "nobody"])
spans = st.lists(words, min_size=1, max_size=8).map(" ".join) | st.text(min_size=1, max_size=30)


@settings(max_examples=300)
@given(quotes=st.lists(st.tuples(st.integers(-1, 5), spans), max_size=3), level=st.integers(-1, 3))
def test_a_quotation_is_found_in_the_words_or_costs_its_level(quotes: list[tuple[int, str]], level: int) -> None:
    """A stored quote is found in the original text at its place, whatever span the answer claims."""
    made: Any = answer_json(rating(Mechanism.STANCE_ALIGNMENT, level, *quotes))
    held(made)
