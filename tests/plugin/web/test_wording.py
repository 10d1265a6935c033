"""The words of the page: complete, plain, kind, and never a verdict on a person."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from uuid import uuid4

import pytest

from plugin.web import wording
from stream.contracts.feedback import Assessment
from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import (
    Concern,
    EndReason,
    LeftOut,
    Level,
    MarkKind,
    Mechanism,
    NeedsHuman,
    OperatingPoint,
    ResistanceType,
    Role,
    Verdict,
)
from tests.plugin.web.samples import assessment


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (wording.GLYPHS, Level),
        (wording.LEVELS_FOR_THERAPIST, Level),
        (wording.NEEDS_HUMAN, NeedsHuman),
        (wording.LEFT_OUT, LeftOut),
        (wording.CONCERNS, Concern),
        (wording.MARKS, MarkKind),
        (wording.OPERATING_POINTS, OperatingPoint),
        (wording.END_REASONS, EndReason),
        (wording.ROLES, Role),
    ],
)
def test_every_code_has_words(words: Mapping[Enum, object], codes: type[Enum]) -> None:
    """A new code without words fails here, not on somebody's page."""
    assert set(words) == set(codes)
    assert all(words.values())


def test_the_scope_says_what_the_page_is_not() -> None:
    """On every page."""
    for words in ("learning after the session", "crisis monitor", "diagnosis", "performance record", "protocol"):
        assert words in wording.SCOPE


def test_a_therapist_reads_remarks_and_no_grades() -> None:
    """No number, no word of a scale, no word of failure."""
    said = " ".join(wording.LEVELS_FOR_THERAPIST.values())
    assert not re.search(r"\d|none|weak|strong|level|score|fail|poor|good|bad", said)


def test_resistance_is_never_the_clients_fault() -> None:
    """Words describe what happened between two people."""
    said = str([value for name, value in vars(wording).items() if name.isupper()]).lower()
    assert not re.search(r"non-?complian|manipulat|difficult client|refus|stubborn|uncooperative", said)


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_a_mechanism_is_called_what_the_rubric_calls_it(mechanism: Mechanism) -> None:
    """One name everywhere."""
    assert wording.mechanism_title(mechanism) == RUBRIC[mechanism].title


@pytest.fixture
def answer() -> Assessment:
    """The sample's assessment."""
    return assessment(uuid4(), uuid4())


@pytest.mark.parametrize(
    ("verdict", "kind", "said"),
    [
        (Verdict.NOT_ASSESSED, None, "possible resistance; type not assessed"),
        (Verdict.REJECTED, None, "possible resistance; the model sees none"),
        (Verdict.CONFIRMED, None, "resistance, confirmed by the model"),
        (Verdict.CONFIRMED, ResistanceType.LIMIT_SETTING, "resistance, confirmed by the model: limit setting"),
    ],
)
def test_a_finding_stays_a_possibility_until_confirmed(
    answer: Assessment, verdict: Verdict, kind: ResistanceType | None, said: str
) -> None:
    """The detector's label is a proxy; the page says so."""
    assert wording.verdict(answer.model_copy(update={"verdict": verdict, "resistance_type": kind})) == said


def test_an_abstention_leaves_the_finding_a_possibility() -> None:
    """No model spoke."""
    assert wording.verdict(None) == "possible resistance; type not assessed"


@pytest.mark.parametrize(
    ("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_read_as_prose(words: list[str], said: str) -> None:
    """Commas, and one "and"."""
    assert wording.listed(words) == said


def test_concerns_read_as_a_phrase() -> None:
    """Underscores are for machines."""
    assert wording.concerns((Concern.HARM_TO_OTHERS, Concern.ABUSE)) == "harm to others and abuse"


@pytest.mark.parametrize(("number", "said"), [(0, "0 moments"), (1, "1 moment"), (2, "2 moments")])
def test_numbers_agree_with_their_noun(number: int, said: str) -> None:
    """Also with zero."""
    assert wording.counted(number, "moment") == said


def test_an_irregular_plural_is_given() -> None:
    """English has them."""
    assert wording.counted(2, "session waits", "sessions wait") == "2 sessions wait"


def test_a_sentence_begins_with_a_capital_and_keeps_its_names() -> None:
    """`str.capitalize` would write "maria keller"."""
    assert wording.sentence("released by Maria Keller") == "Released by Maria Keller"
    assert wording.sentence("") == ""


def test_times_read_as_people_write_them() -> None:
    """No leading zero in the day, a 24-hour clock."""
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
    assert wording.day(at) == "Tue 3 November 2026"
    assert wording.short_day(at) == "Tue 3 Nov 2026"
    assert wording.clock(at) == "09:05"
