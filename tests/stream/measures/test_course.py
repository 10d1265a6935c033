"""Tests of the measure of a session's course."""

import pytest

from stream.contracts.measures import Absent
from stream.contracts.rubric import Technique
from stream.feedback.models.reader import Opinion
from stream.measures.base import take
from stream.measures.course import (
    COUNTED,
    CULTURE,
    CULTURE_TAKEN_UP,
    DIRECTING,
    DRIFT,
    SMALL_TALK,
    TAKES_UP,
    TALKING,
    CourseMeasure,
    takes_up,
)
from stream.measures.cues import Cue
from stream.measures.hearing import hear
from stream.measures.turns import FinishedSession
from tests.stream.measures.samples import ANSWERS, CLIENT, heard, opinion, session, talk


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


def test_more_wordings_count_turns() -> None:
    """Claims to understand, doing it together and pleasantries are counted once a reply too."""
    found = said_of(talk("hi", "Hello, nice to meet you.", "it is hard", "I understand.", "so", "Let's look at it."))
    third = pytest.approx(1 / 3)
    for cue in (Cue.PLEASANTRY, Cue.CLAIMS_UNDERSTANDING, Cue.JOINT):
        assert found[COUNTED[cue]] == third


def test_a_reply_takes_up_a_longer_word_of_its_client() -> None:
    """Of the replies to turns that hold a longer word, those that repeat one are counted; others offered nothing."""
    given = talk("My garden is gone.", "Your garden.", "I liked the roses", "Okay.", "so it is", "The roses.")
    assert said_of(given)[TAKES_UP] == 0.5
    assert said_of(talk("no", "Okay."))[TAKES_UP] is Absent.NOTHING_TO_MEASURE


@pytest.mark.parametrize(
    ("reply", "client", "taken"),
    [("Your Garden!", "the garden", True), ("Okay.", "the garden", False), ("Okay.", "so", None), ("", "", None)],
)
def test_taking_up_needs_a_word_to_be_taken_up(reply: str, client: str, *, taken: bool | None) -> None:
    """A client turn of short words alone offers nothing, and is neither taken up nor missed."""
    assert takes_up(reply, client) is taken


def test_culture_is_counted_where_clients_speak_of_it() -> None:
    """Client turns with a wording of culture are counted, and of the replies to them those that have one too."""
    given = talk("I pray a lot.", "What does praying give you?", "At church they know.", "Okay.", "hm", "So.")
    found = said_of(given)
    assert found[CULTURE] == pytest.approx(2 / 3)
    assert found[CULTURE_TAKEN_UP] == 0.5
    assert said_of(talk("hm", "So."))[CULTURE_TAKEN_UP] is Absent.NOTHING_TO_MEASURE


def test_nothing_of_it_is_shown() -> None:
    """Nothing of the course may be shown to people, since nobody compared it with what people say."""
    assert not any(quantity.shown for quantity in CourseMeasure().card.quantities)
