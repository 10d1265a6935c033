"""Tests of the measure of a session's course."""

import pytest

from stream.contracts.rubric import Technique
from stream.measures.base import Absent, take
from stream.measures.course import COUNTED, DIRECTING, DRIFT, SMALL_TALK, TALKING, CourseMeasure
from stream.measures.cues import Cue
from stream.measures.hearing import hear
from stream.measures.turns import FinishedSession
from tests.stream.measures.samples import ANSWERS, CLIENT, Opinion, heard, opinion, session, talk


def said_of(given: FinishedSession, *opinions: Opinion) -> dict[str, object]:
    """Return what the measure says: a number, or the reason of an absence."""
    found = heard(given) if not opinions else hear(given, opinions, ANSWERS)
    return {each.quantity: each.absent or each.number for each in take(CourseMeasure(), given, found)}


def test_a_session_that_keeps_to_its_matter_drifts_less() -> None:
    """Drift is the share of longer words at the end that nobody said at the beginning."""
    agenda = ["smoking worries me", "smoking worries you"] * 2
    between = ["well", "okay"] * 4
    keeps = said_of(talk(*agenda, *between, *agenda))
    leaves = said_of(talk(*agenda, *between, *["holidays abroad", "smoking"] * 2))
    assert keeps[DRIFT] == 0
    assert leaves[DRIFT] == pytest.approx(2 / 3)


def test_a_short_session_has_no_agenda() -> None:
    """Of a session of fewer than sixteen turns no drift is said."""
    assert said_of(talk(*["smoking worries me", "smoking worries you"] * 7))[DRIFT] is Absent.TOO_SHORT


def test_the_share_of_words_is_the_counsellors() -> None:
    """The share of words counts those of counsellors against all."""
    assert said_of(talk("one two three", "one"))[TALKING] == 0.25
    assert said_of(session((CLIENT, "one two")))[TALKING] == 0


def test_small_talk_and_directing_count_sentences() -> None:
    """Small talk and directing are shares of replies' sentences, by the technique that is heard."""
    given = talk("hm", "Nice weather. You must stop. What helps?", "tea", "Tea.")
    found = said_of(
        given,
        opinion(),
        opinion(Technique.CHIT_CHAT),
        opinion(Technique.CHIT_CHAT),
        opinion(Technique.ADVICE_WITHOUT_PERMISSION),
        opinion(Technique.OPEN_QUESTION),
        opinion(),
        opinion(Technique.CONFRONTATION),
    )
    assert (found[SMALL_TALK], found[DIRECTING]) == (0.25, 0.5)


def test_wordings_count_turns() -> None:
    """Wordings are counted once a reply, however often it has them."""
    given = talk("I came.", "I'm glad. I'm so proud.", "ok", "May I ask something?", "yes", "What do you think?")
    found = said_of(given)
    third = pytest.approx(1 / 3)
    assert found[COUNTED[Cue.CLAIMS_FEELING]] == third
    assert found[COUNTED[Cue.PERMISSION]] == third
    assert found[COUNTED[Cue.ASKS_VIEW]] == third
    assert found[COUNTED[Cue.CLAIMS_EXPERIENCE]] == 0


def test_nothing_of_it_is_shown() -> None:
    """Nothing of the course may be shown to people, since nobody compared it with what people say."""
    assert not any(quantity.shown for quantity in CourseMeasure().card.quantities)
