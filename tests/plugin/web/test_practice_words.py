"""Tests of the original and an attempt side by side, as pure functions of their answers."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from plugin.queue.labels import LEVELS_FOR_THERAPIST, NEEDS_HUMAN
from plugin.queue.practice_views import Attempt, Rated, Unrated
from plugin.web.layout import MomentPage, moment_pages
from plugin.web.practice_words import (
    NOT_RATED,
    REJECTED,
    UNRATED,
    attempts_at,
    comparisons,
    draft_of,
    is_by_another_version,
    without_levels,
)
from stream.contracts.feedback import Abstention, Assessment, Rating
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, Verdict
from tests.plugin.samples import MODEL
from tests.plugin.web.samples import view

WHEN = datetime(2026, 11, 4, 20, 0, tzinfo=UTC)


def moment() -> MomentPage:
    """Return the sample's moment."""
    return moment_pages(view())[0]


def original() -> Assessment:
    """Return the answer to the sample's reply."""
    answer = moment().assessment
    assert answer is not None
    return answer


def attempt(rated: Rated, exchange: UUID | None = None, text: str = "Another reply.") -> Attempt:
    """Return an attempt at the sample's moment."""
    return Attempt(uuid4(), exchange or moment().moment.exchange_id, WHEN, rated, text)


def with_level(level: Level | None, **more: object) -> Attempt:
    """Return an attempt whose first mechanism has another level than the original's."""
    first, *others = original().ratings
    new = Rating(
        mechanism=first.mechanism, level=level, needs_human=None if level is not None else NeedsHuman.EVIDENCE_NOT_FOUND
    )
    return attempt(Rated(original().model_copy(update={"ratings": (new, *others), **more})))


def test_each_mechanism_stands_beside_the_original() -> None:
    """Levels, reasons and quotes of both replies stand side by side in the order of the mechanisms."""
    both = comparisons(moment(), with_level(Level.STRONG))
    assert [each.mechanism for each in both] == list(Mechanism)
    first = both[0]
    assert first.original.level == LEVELS_FOR_THERAPIST[Level.NONE]
    assert first.original.quotes == ("you should try it",)
    assert first.attempt.level == LEVELS_FOR_THERAPIST[Level.STRONG]
    assert both[1].original == both[1].attempt


def test_a_mechanism_without_a_level_says_why() -> None:
    """A level that the gate set aside is no level, with its reason."""
    side = comparisons(moment(), with_level(None))[0].attempt
    assert (side.level, side.reason, side.quotes) == (NOT_RATED, NEEDS_HUMAN[NeedsHuman.EVIDENCE_NOT_FOUND], ())


def test_an_attempt_without_levels_says_why_and_compares_nothing() -> None:
    """An abstention and a rejected moment have a sentence each, and nothing side by side."""
    abstention = Abstention(
        assessment_id=uuid4(),
        exchange_id=uuid4(),
        input_id=uuid4(),
        model=MODEL,
        reason=NeedsHuman.MODEL_ABSTAINED,
    )
    rejected = original().model_copy(update={"verdict": Verdict.REJECTED})
    for answer, words in ((abstention, NEEDS_HUMAN[NeedsHuman.MODEL_ABSTAINED]), (rejected, REJECTED)):
        one = attempt(Rated(answer))
        assert without_levels(one) == words
        assert comparisons(moment(), one) == []
    assert without_levels(with_level(Level.WEAK)) == ""


def test_another_version_is_named() -> None:
    """An attempt that another model or rubric rated is told apart, a validation in between is not."""
    assert not is_by_another_version(moment(), with_level(Level.WEAK))
    validated = MODEL.model_copy(update={"validated": True})
    assert not is_by_another_version(moment(), with_level(Level.WEAK, model=validated))
    newer = MODEL.model_copy(update={"weights": "0.2"})
    assert is_by_another_version(moment(), with_level(Level.WEAK, model=newer))


def test_drafts_and_attempts_of_one_moment_are_told_apart() -> None:
    """The attempts of a moment come with the latest first, without its draft and without those of other moments."""
    first, second = with_level(Level.NONE), with_level(Level.STRONG)
    draft = attempt(Rated(unrated=Unrated.AWAY))
    elsewhere = attempt(Rated(original()), exchange=uuid4())
    every = (first, elsewhere, second, draft)
    assert attempts_at(every, moment()) == [second, first]
    assert draft_of(every, moment().moment.exchange_id) is draft
    assert draft_of(every, elsewhere.exchange_id) is None


def test_every_reason_has_words() -> None:
    """Each reason why there is no answer has a kind sentence that says that the words are kept."""
    assert set(UNRATED) == set(Unrated)
    assert all("kept" in words for words in UNRATED.values())
