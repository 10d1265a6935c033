"""Tests of what a review leaves of a session in a therapist's digest."""

from sqlalchemy import Engine

from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, STRENGTHS, Statement, level_of, rating_of, suggestion
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.conftest import People
from tests.plugin.digest.test_digest import digest_of
from tests.plugin.queue.criteria_samples import MOMENT as OF_MOMENT
from tests.plugin.queue.criteria_samples import SESSION, TOLD, WARMTH, add, say
from tests.plugin.samples import SAID, apply_records, record

UNCLEAR = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
STRONG = Opinion(Judgement.CORRECTED, level=Level.STRONG)
AUTONOMY, STANCE = Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT


def digest_after(engine: Engine, store: Store, people: People, *said: tuple[Statement, Opinion]) -> str:
    """Return the therapist's digest of a session that was released after this review."""
    sent = record()
    apply_records(engine, sent)
    for statement, opinion in said:
        outcome = store.reviews.judge(
            people.supervisor, sent.session_id, 1, sent.assessments[0].assessment_id, statement, opinion
        )
        assert outcome is DecisionOutcome.DONE
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    return digest_of(store, people.ana)


def test_what_was_withheld_is_in_no_line(engine: Engine, store: Store, people: People) -> None:
    """A therapist's digest has no line of a withheld rating, strength or suggestion, and all the others."""
    said = digest_after(
        engine, store, people, *((each, UNCLEAR) for each in (rating_of(AUTONOMY), STRENGTHS, suggestion(1)))
    )
    for gone in ("Respect for Autonomy", AUTONOMY.value, "takes the client's words seriously", "worth your time"):
        assert gone not in said, gone
    assert "Stance Alignment: comes through in part." in said


def test_both_levels_are_named(engine: Engine, store: Store, people: People) -> None:
    """A therapist's digest names the supervisor's level and the model's, and her own alone where it is withheld."""
    said = digest_after(
        engine, store, people, (level_of(AUTONOMY), STRONG), (level_of(STANCE), STRONG), (rating_of(STANCE), UNCLEAR)
    )
    assert "Respect for Autonomy, Mara: comes through clearly" in said
    assert "Respect for Autonomy, the model: comes through in part." in said
    assert "Stance Alignment, Mara: comes through clearly" in said
    assert "Stance Alignment, the model" not in said


def test_a_moment_that_is_kept_back_is_in_no_digest(engine: Engine, store: Store, people: People) -> None:
    """A therapist's digest does not mention a session whose only moment is kept back."""
    assert SAID[0] not in digest_after(engine, store, people, (MOMENT, UNCLEAR))


def test_shared_answers_to_criteria_are_in_a_therapists_digest(engine: Engine, store: Store, people: People) -> None:
    """A therapist's digest has what people said to shared criteria, with the note, and nothing of other criteria."""
    sent = record()
    apply_records(engine, sent)
    told, warmth = add(store, "told", SESSION, TOLD), add(store, "warmth", OF_MOMENT, WARMTH)
    assert say(store, people.supervisor, sent, told, "no", "Ask.\x1b[2J") is DecisionOutcome.DONE
    assert say(store, people.supervisor, sent, warmth, "none", "For us.") is DecisionOutcome.DONE
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    said = digest_of(store, people.ana)
    assert f"{TOLD.question} Mara: No" in said
    assert "Ask.\\x1b[2J" in said
    for hidden in (WARMTH.question, "For us."):
        assert hidden not in said
