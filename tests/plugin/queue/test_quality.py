"""The numbers of quality: agreement with supervisors, disputes, and looks, from a real database."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from plugin.database.engine import transaction
from plugin.least_people import LEAST_COUNSELLORS
from plugin.queue.dispute_views import Ground
from plugin.queue.look_views import LookAnswer, TurnAnswers
from plugin.queue.quality import (
    MIN_LEVELS,
    MIN_RELEASED,
    DisputeRate,
    LevelLabel,
    Quality,
    agreement,
    dispute_rate,
    read_quality,
)
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import STRENGTHS, Statement, level_of, rating_of
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.conftest import People
from tests.plugin.queue.sampled import ALL_NO, sampled
from tests.plugin.samples import MODEL, NOW, apply_records, record

STANCE, RESONANCE = Mechanism.STANCE_ALIGNMENT, Mechanism.EMOTIONAL_RESONANCE


def label(
    statement: Statement,
    judgement: Judgement,
    *,
    machine: int | None = 1,
    own: int | None = None,
    assessment: UUID | None = None,
    model: str = "a",
) -> LevelLabel:
    """Return a label about a level."""
    return LevelLabel(assessment or uuid4(), statement, judgement, own, machine, model)


def agreed(machine: int, **more: object) -> LevelLabel:
    """Return a word of agreement with a level."""
    return label(rating_of(STANCE), Judgement.AGREED, machine=machine, **more)  # type: ignore[arg-type]


def corrected(machine: int, own: int, **more: object) -> LevelLabel:
    """Return an own level beside the machine's."""
    return label(level_of(STANCE), Judgement.CORRECTED, machine=machine, own=own, **more)  # type: ignore[arg-type]


def quality_of(engine: Engine) -> Quality:
    """Return the numbers as the owner of the tables reads them."""
    with transaction(engine) as session:
        return read_quality(session, NOW)


def test_kappa_is_of_levels_agreed_with_and_set() -> None:
    """Agreement with every level gives a kappa of 1; own levels beside others lower it."""
    whole = [agreed(number % 3) for number in range(MIN_LEVELS)]
    (found,) = agreement(whole)
    assert (found.mechanism, found.levels, found.kappa) == (STANCE, MIN_LEVELS, 1)
    (lower,) = agreement([*whole, *(corrected(2, 0) for _ in range(10))])
    assert lower.kappa is not None
    assert lower.kappa < 1
    assert lower.levels == MIN_LEVELS + 10


def test_no_kappa_from_few_levels_or_from_one_level_throughout() -> None:
    """Below the least number, and where all levels are alike, there is a count and no kappa."""
    (few,) = agreement(agreed(number % 3) for number in range(MIN_LEVELS - 1))
    (alike,) = agreement(agreed(1) for _ in range(MIN_LEVELS))
    assert (few.levels, few.kappa) == (MIN_LEVELS - 1, None)
    assert (alike.levels, alike.kappa) == (MIN_LEVELS, None)


def test_an_own_level_counts_before_a_word_of_agreement() -> None:
    """Where a supervisor did both about one level, her own level is what she says."""
    one = uuid4()
    (found,) = agreement([agreed(2, assessment=one), corrected(2, 0, assessment=one)])
    assert found.levels == 1


@pytest.mark.parametrize("judgement", [Judgement.UNDONE, Judgement.WITHHELD])
def test_what_is_undone_or_withheld_says_nothing_of_a_level(judgement: Judgement) -> None:
    """A statement that was undone, or withheld for its words, has no level to compare."""
    assert agreement([label(rating_of(STANCE), judgement)]) == ()


def test_a_mechanism_without_a_level_of_the_machine_is_not_compared() -> None:
    """Where the machine gave no level, an own level has nothing beside it."""
    beside_nothing = label(level_of(STANCE), Judgement.CORRECTED, machine=None, own=2)
    assert [each.levels for each in agreement([corrected(1, 2), beside_nothing])] == [1]


def test_models_and_mechanisms_are_apart() -> None:
    """Each model and each mechanism has a number of its own."""
    found = agreement([agreed(1), agreed(1, model="b"), label(rating_of(RESONANCE), Judgement.AGREED)])
    assert [(each.model, each.mechanism) for each in found] == [("a", STANCE), ("a", RESONANCE), ("b", STANCE)]


def test_disputes_are_counted_from_enough_sessions_of_enough_counsellors() -> None:
    """Below either least number there is no rate; with few counsellors not even how many are disputed."""
    enough = dispute_rate(MIN_RELEASED, 5, LEAST_COUNSELLORS)
    assert enough == DisputeRate(MIN_RELEASED, 5, 5 / MIN_RELEASED)
    assert dispute_rate(MIN_RELEASED - 1, 5, LEAST_COUNSELLORS) == DisputeRate(MIN_RELEASED - 1, 5, None)
    for disputed in (0, 5):
        few = dispute_rate(MIN_RELEASED, disputed, LEAST_COUNSELLORS - 1)
        assert few == DisputeRate(MIN_RELEASED, None, None)


def test_labels_and_disputes_are_read_from_the_database(store: Store, engine: Engine, people: People) -> None:
    """The latest label of a level counts; the dispute of one counsellor is in no number."""
    sent = record(level=Level.WEAK)
    apply_records(engine, sent, record(conversation="c_other"))
    answer = sent.assessments[0].assessment_id
    for opinion in (Opinion(Judgement.AGREED), Opinion(Judgement.UNDONE)):
        store.reviews.judge(people.supervisor, sent.session_id, 1, answer, rating_of(RESONANCE), opinion)
    own = Opinion(Judgement.CORRECTED, level=Level.STRONG)
    store.reviews.judge(people.supervisor, sent.session_id, 1, answer, level_of(STANCE), own)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    store.disputes.dispute(people.ana, sent.session_id, NOW, answer, STRENGTHS, Ground.UNCLEAR, "Which words?")
    found = quality_of(engine)
    assert [(each.mechanism, each.levels) for each in found.agreement] == [(STANCE, 1)]
    assert found.agreement[0].model.startswith(MODEL.name)
    assert found.disputes == DisputeRate(released=1, disputed=None, rate=None)


def test_looks_are_read_from_the_database_by_version(store: Store, engine: Engine, people: People) -> None:
    """The answers of a look count under the versions of detector and model that the session had."""
    one = sampled()
    other = sampled(conversation="c_other").model_copy(
        update={"sampled_model": MODEL.model_copy(update={"weights": "0.2"})}
    )
    apply_records(engine, one, other, sampled(conversation="c_waits"))
    said = ALL_NO | {0: TurnAnswers(LookAnswer.YES, LookAnswer.NO)}
    for each in (one, other):
        store.looks.answer(people.supervisor, each.session_id, 1, said)
    found = quality_of(engine)
    assert (found.sampled, found.looked_at) == (3, 2)
    assert [(each.version.name, each.turns, each.precision.turns) for each in found.estimates] == [
        (MODEL.name, 3, 1),
        (MODEL.name, 3, 1),
    ]
    assert found.estimates[0].version != found.estimates[1].version
    assert found.estimates[0].version.detector == "linear 0.1 (alone)"
