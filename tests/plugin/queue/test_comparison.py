"""The comparison of a model in shadow with the active one: counted by the database, of what both were asked about."""

import json
from dataclasses import asdict

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.queue.comparison import (
    ComparedModel,
    LevelCount,
    ModelComparison,
    VerdictCount,
    compare,
    read_comparison,
)
from plugin.queue.quality import read_quality
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import Statement, level_of, rating_of
from plugin.queue.store import Store
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, Verdict
from tests.plugin.conftest import People
from tests.plugin.rerate.samples import AGREED, asked_in_shadow, rate_all
from tests.plugin.samples import MODEL, NOW, REJECTED, answered, apply_records, record
from tests.stream.feedback.builders import LLM, TriedModel, answer, rating

AUTONOMY, STANCE = Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT
CONFIRMED, REFUSED = Verdict.CONFIRMED.value, Verdict.REJECTED.value
STRONG = answer(rating(AUTONOMY, 2, (2, "It sounds as if")))
REJECTS = answer(verdict="rejected", resistance_type=None)


def found_in(engine: Engine) -> ModelComparison:
    """Return the comparison as the owner of the tables reads it."""
    with transaction(engine) as session:
        found = read_comparison(session)
    assert found is not None
    return found


def levels(found: ModelComparison, mechanism: Mechanism = AUTONOMY) -> tuple[object, object, object]:
    """Return the counted pairs of one mechanism."""
    (one,) = [each for each in found.levels if each.mechanism is mechanism]
    return one.models, one.active_and_people, one.shadow_and_people


def stored(engine: Engine, *sent: FeedbackRecord) -> None:
    """Store sessions whose clients agreed to secondary use."""
    apply_records(engine, *(each.model_copy(update={"consent": AGREED}) for each in sent))


def test_pairs_are_counted_where_both_gave_a_level() -> None:
    """A pair of levels counts as often as it occurs; where one of them is missing there is no pair."""
    found = compare(
        MODEL,
        LLM,
        [],
        [
            LevelCount(AUTONOMY, 1, 2, None, 3),
            LevelCount(AUTONOMY, 1, 2, 2, 2),
            LevelCount(AUTONOMY, 0, None, 1, 7),
            LevelCount(STANCE, None, 1, 1, 4),
        ],
    )
    assert levels(found) == (((1, 2, 5),), ((0, 1, 7), (1, 2, 2)), ((2, 2, 2),))
    assert levels(found, STANCE) == ((), (), ((1, 1, 4),))
    assert [each.mechanism for each in found.levels] == list(Mechanism)


def test_verdicts_are_compared_where_neither_abstained() -> None:
    """The same verdict counts of those that both rated; each one's abstentions are counted over all."""
    sure, unsure = NeedsHuman.CRITICAL_CONTENT.value, NeedsHuman.MODEL_ABSTAINED.value
    found = compare(
        MODEL,
        LLM,
        [
            VerdictCount(None, CONFIRMED, None, CONFIRMED, 5),
            VerdictCount(None, CONFIRMED, None, REFUSED, 2),
            VerdictCount(None, REFUSED, None, REFUSED, 1),
            VerdictCount(unsure, None, None, CONFIRMED, 3),
            VerdictCount(None, CONFIRMED, sure, None, 4),
            VerdictCount(unsure, None, unsure, None, 6),
        ],
        [],
    )
    assert (found.exchanges, found.both_rated, found.same_verdict) == (21, 8, 6)
    assert (found.active_abstained, found.shadow_abstained) == (9, 10)


def test_the_database_counts_what_was_rated_in_shadow(engine: Engine) -> None:
    """Levels, verdicts and abstentions of the valid answers are counted beside those in shadow."""
    stored(engine, answered(record(moments=4), {}, {}, REJECTED, {}))
    rate_all(engine, TriedModel(STRONG, REJECTS, REJECTS, answer(abstain=True)), asked_in_shadow())
    found = found_in(engine)
    assert (found.active, found.shadow) == (ComparedModel.of(MODEL), ComparedModel.of(LLM))
    assert (found.exchanges, found.both_rated, found.same_verdict) == (4, 3, 2)
    assert (found.active_abstained, found.shadow_abstained) == (0, 1)
    assert levels(found) == (((1, 2, 1),), (), ())
    assert levels(found, STANCE)[0] == ((1, 0, 1),)


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ([(rating_of(AUTONOMY), Opinion(Judgement.AGREED))], 1),
        ([(level_of(AUTONOMY), Opinion(Judgement.CORRECTED, level=Level.STRONG))], 2),
        (
            [
                (level_of(AUTONOMY), Opinion(Judgement.CORRECTED, level=Level.NONE)),
                (rating_of(AUTONOMY), Opinion(Judgement.AGREED)),
            ],
            0,
        ),
        (
            [
                (level_of(AUTONOMY), Opinion(Judgement.CORRECTED, level=Level.NONE)),
                (level_of(AUTONOMY), Opinion(Judgement.UNDONE)),
            ],
            None,
        ),
        ([(rating_of(AUTONOMY), Opinion(Judgement.AGREED)), (rating_of(AUTONOMY), Opinion(Judgement.UNDONE))], None),
        ([(rating_of(STANCE), Opinion(Judgement.AGREED))], None),
    ],
    ids=["agreed", "own", "own before agreed", "own undone", "agreed undone", "another mechanism"],
)
def test_a_supervisors_level_is_the_one_that_counts_elsewhere(
    engine: Engine, store: Store, people: People, said: list[tuple[Statement, Opinion]], level: int | None
) -> None:
    """The latest label of a statement counts, and an own level before a word of agreement."""
    sent = record()
    stored(engine, sent)
    rate_all(engine, TriedModel(STRONG), asked_in_shadow())
    for statement, opinion in said:
        answer_id = sent.assessments[0].assessment_id
        store.reviews.judge(people.supervisor, sent.session_id, 1, answer_id, statement, opinion)
    expected = ((), ()) if level is None else (((1, level, 1),), ((2, level, 1),))
    assert levels(found_in(engine))[1:] == expected


def test_what_was_compared_last_is_shown(engine: Engine) -> None:
    """Of several versions the pair that was rated last is compared, and never mixed with another."""
    stored(engine, record())
    rate_all(engine, TriedModel(STRONG), asked_in_shadow())
    newer = LLM.model_copy(update={"weights": "2"})
    rate_all(engine, TriedModel(REJECTS, version=newer), asked_in_shadow(newer))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE reratings SET rated_at = rated_at + interval '1 s' WHERE model_key = :key"), {"key": newer.key}
        )
    found = found_in(engine)
    assert (found.shadow.weights, found.exchanges, found.same_verdict) == ("2", 1, 0)
    assert levels(found)[0] == ()


def test_a_validation_is_no_other_version(engine: Engine) -> None:
    """Answers of one version from before and after its validation are counted together."""
    second = record(conversation="c_2")
    validated = {"model": MODEL.model_copy(update={"validated": True})}
    stored(engine, record(), answered(second, validated))
    rate_all(engine, which=asked_in_shadow())
    assert found_in(engine).exchanges == 2


@pytest.mark.parametrize(
    "change", ["UPDATE sessions SET restricted = true", "UPDATE answers SET superseded_by = 2", "DELETE FROM reratings"]
)
def test_nothing_is_compared_that_does_not_count(engine: Engine, change: str) -> None:
    """Hidden sessions and superseded answers are in no number; without anything there is no comparison."""
    stored(engine, record())
    rate_all(engine, which=asked_in_shadow())
    with engine.begin() as connection:
        connection.execute(text(change))
    with transaction(engine) as session:
        assert read_comparison(session) is None


def test_what_the_active_model_rated_again_is_no_comparison(engine: Engine) -> None:
    """Rows that a trend shows are not those of a model in shadow."""
    stored(engine, record())
    rate_all(engine)
    with transaction(engine) as session:
        assert read_comparison(session) is None
        assert read_quality(session, NOW).shadow is None


def test_the_comparison_is_part_of_the_numbers_of_quality(engine: Engine) -> None:
    """It is among the numbers of the operator's page, in values that JSON has."""
    stored(engine, record())
    rate_all(engine, which=asked_in_shadow())
    with transaction(engine) as session:
        found = read_quality(session, NOW)
    assert json.loads(json.dumps(asdict(found)))["shadow"]["exchanges"] == 1
