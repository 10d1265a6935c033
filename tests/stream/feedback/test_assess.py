"""Each exchange gets one assessment or abstention, whatever the model does."""

from dataclasses import replace
from typing import Any
from uuid import uuid5

import pytest

from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord
from stream.contracts.ids import assessment_id, input_id
from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import LeftOut, Level, Mechanism, NeedsHuman, Role, SessionState
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.patience import MAX_FAILED_REQUESTS, MAX_OUTAGES
from stream.runtime.settings import WithoutNames
from tests.stream.feedback.builders import (
    BASELINE,
    CONTEXT,
    FAILED,
    LLM,
    NAMES,
    SESSION,
    UNREADABLE,
    ScriptedModel,
    Time,
    answer,
    assessor,
    rating,
    record,
)

AUTONOMY, STANCE, *_ = Mechanism
GOOD = answer(rating(AUTONOMY, 1, (3, "What would you rather do")))
ONE_LOST = answer(rating(AUTONOMY, 1, (3, "words nobody wrote")))
TWO_LOST = answer(rating(AUTONOMY, 1, (3, "words nobody wrote")), rating(STANCE, 2))


async def feedback(model: ScriptedModel, session: SessionRecord | None = None) -> FeedbackRecord:
    """Return the feedback record of a session, with waiting that takes no time."""
    return await assessor(model, deadline_s=5, time=Time()).feedback(session or record())


async def only(model: ScriptedModel) -> Assessment | Abstention:
    """Return the result of a session with one exchange."""
    whole = await feedback(model)
    answers: list[Assessment | Abstention] = [*whole.assessments, *whole.abstentions]
    assert len(answers) == 1
    return answers[0]


async def test_a_feedback_record_has_the_answers_and_no_names() -> None:
    """A feedback record contains the session's other data unchanged, its answers and no names."""
    session = record()
    whole = await feedback(ScriptedModel(GOOD), session)
    assert whole.model_dump(exclude={"assessments", "abstentions", "sampled_model"}) == session.model_dump(
        exclude={"known_names"}
    )
    assert "known_names" not in whole.model_dump_json()
    assert [one.exchange_id for one in whole.assessments] == [session.exchanges[0].exchange_id]
    assert whole.abstentions == ()


async def test_an_answer_is_named_by_session_exchange_input_and_model() -> None:
    """An answer's id is made of session, exchange, input and model, so that a redelivery has the same id."""
    first, again = await only(ScriptedModel(GOOD)), await only(ScriptedModel(GOOD))
    shown = input_id([("m-1", 0), ("m-2", 0), ("m-3", 0)])
    assert first.assessment_id == assessment_id(SESSION, first.exchange_id, shown, LLM.key)
    assert (first.input_id, first.model) == (shown, LLM)
    assert first == again


async def test_no_known_name_reaches_the_model() -> None:
    """No known name in any message of the exchange reaches the model."""
    model = ScriptedModel(GOOD)
    await feedback(model)
    words = {word.casefold() for m in model.asked[0].messages for word in m.text.replace(",", " ").split()}
    assert not words & {part.casefold() for name in NAMES for part in name.name.split()}


async def test_an_assessment_says_how_sure_the_model_is_and_whether_text_was_planted() -> None:
    """Confidence and possible injection are part of the assessment, rejected or not."""
    for verdict in ("confirmed", "rejected"):
        one = await only(ScriptedModel(answer(verdict=verdict, confidence=0.7, possible_injection=True)))
        assert isinstance(one, Assessment)
        assert (one.verdict, one.confidence, one.possible_injection) == (verdict, 0.7, True)


async def test_a_rejected_moment_is_an_assessment_without_levels_and_asked_for_once() -> None:
    """A rejected moment without ratings costs no repair and needs no person."""
    model = ScriptedModel(answer(*(rating(mechanism, None, reason="") for mechanism in Mechanism), verdict="rejected"))
    one = await only(model)
    assert isinstance(one, Assessment)
    assert {(each.level, each.needs_human) for each in one.ratings} == {(None, None)}
    assert model.repairs == [None]


async def test_a_good_answer_is_asked_for_once() -> None:
    """A good answer is asked for once, without a repair request."""
    model = ScriptedModel(GOOD)
    assert isinstance(await only(model), Assessment)
    assert model.repairs == [None]


@pytest.mark.parametrize("first", [ONE_LOST, TWO_LOST, UNREADABLE])
async def test_one_repair_request_may_correct_an_answer(first: ModelAnswer | Exception) -> None:
    """One repair request may fix an answer, because it says what was wrong."""
    model = ScriptedModel(first, GOOD)
    one = await only(model)
    assert isinstance(one, Assessment)
    assert one.ratings[0].level is Level.WEAK
    assert model.repairs[0] is None
    assert model.repairs[1]


async def test_a_quotation_still_lost_costs_its_mechanism_alone() -> None:
    """A quotation that is not found after one repair request costs the level of its mechanism alone."""
    model = ScriptedModel(ONE_LOST)
    one = await only(model)
    assert isinstance(one, Assessment)
    assert (one.ratings[0].level, one.ratings[0].needs_human) == (None, NeedsHuman.EVIDENCE_NOT_FOUND)
    assert [rating.level for rating in one.ratings[1:]] == [Level.NONE] * 3
    assert len(model.asked) == 2


async def test_a_worse_repair_does_not_spoil_the_first_answer() -> None:
    """A worse repair does not replace the first answer."""
    for worse in (TWO_LOST, UNREADABLE):
        one = await only(ScriptedModel(ONE_LOST, worse))
        assert isinstance(one, Assessment)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (TWO_LOST, NeedsHuman.ANSWER_UNUSABLE),
        (UNREADABLE, NeedsHuman.ANSWER_UNUSABLE),
        (answer(verdict="not_assessed", resistance_type=None), NeedsHuman.ANSWER_UNUSABLE),
        (answer(abstain=True, abstain_reason="Not English."), NeedsHuman.MODEL_ABSTAINED),
        (answer(*(rating(mechanism, None) for mechanism in Mechanism)), NeedsHuman.MODEL_ABSTAINED),
        (FAILED, NeedsHuman.MODEL_FAILED),
    ],
    ids=["two lost", "unreadable", "no verdict", "abstains", "no level", "fails"],
)
async def test_an_exchange_without_an_answer_becomes_an_abstention(
    entry: ModelAnswer | Exception, reason: NeedsHuman
) -> None:
    """An exchange without a usable answer becomes an abstention with its reason."""
    one = await only(ScriptedModel(entry))
    assert isinstance(one, Abstention)
    assert one.reason is reason


@pytest.mark.parametrize(
    ("sure", "reason"),
    [
        ({}, NeedsHuman.CRITICAL_CONTENT),
        ({"critical_is_sure": True}, NeedsHuman.CRITICAL_CONTENT),
        ({"critical_is_sure": False}, NeedsHuman.POSSIBLE_CRITICAL_CONTENT),
    ],
    ids=["says nothing of it", "sure", "not sure"],
)
async def test_critical_content_of_either_grade_is_rated_by_nobody(sure: dict[str, bool], reason: NeedsHuman) -> None:
    """A model that names critical content is not asked again, and nothing else that it says is used."""
    model = ScriptedModel(answer(rating(AUTONOMY, 2, (3, "What would you")), critical_content="abuse", **sure), GOOD)
    whole = await feedback(model)
    assert [one.reason for one in whole.abstentions] == [reason]
    assert (whole.assessments, len(model.asked)) == ((), 1)


async def test_a_request_that_keeps_failing_while_the_model_is_there_is_given_up() -> None:
    """A request that keeps failing while the model is there is given up after three attempts."""
    model = ScriptedModel(FAILED)
    one = await only(model)
    assert isinstance(one, Abstention)
    assert len(model.asked) == MAX_FAILED_REQUESTS
    assert model.canaries == 2 * MAX_FAILED_REQUESTS


async def test_an_outage_is_waited_out_and_counts_against_nobody() -> None:
    """More outages than attempts, and the answer still comes."""
    model = ScriptedModel(*[FAILED] * (MAX_FAILED_REQUESTS + 2), GOOD, outage=3)
    assert isinstance(await only(model), Assessment)


async def test_an_input_that_brings_the_model_down_each_time_does_not_hold_its_partition_for_ever() -> None:
    """Ten outages are no chance."""
    model = ScriptedModel(FAILED, outage=1)
    one = await only(model)
    assert isinstance(one, Abstention)
    assert one.reason is NeedsHuman.MODEL_FAILED
    assert len(model.asked) == MAX_OUTAGES


@pytest.mark.parametrize(
    "reason", [NeedsHuman.CRITICAL_CONTENT, NeedsHuman.REPLY_BY_SEVERAL, NeedsHuman.REPLY_BY_SYSTEM]
)
async def test_what_no_model_may_rate_is_not_shown_to_one(reason: NeedsHuman) -> None:
    """The reason of the session stage is the reason of the abstention."""
    model = ScriptedModel(GOOD)
    whole = await feedback(model, record(needs_human=reason))
    assert [one.reason for one in whole.abstentions] == [reason]
    assert whole.assessments == ()
    assert model.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"left_out": LeftOut.NO_CONSENT},
        {"left_out": LeftOut.NO_RESISTANCE},
        {"state": SessionState.REOPENED},
        {"state": SessionState.ERASED},
    ],
)
async def test_what_is_left_out_reopened_or_erased_passes_without_a_model(changes: dict[str, Any]) -> None:
    """A session that was excluded, reopened or erased passes without a request to the model."""
    model = ScriptedModel(GOOD)
    whole = await feedback(model, record(**changes))
    assert (whole.exchanges, whole.assessments, whole.abstentions) == ((), (), ())
    assert (model.asked, model.canaries) == ([], 0)


async def test_a_session_without_moments_passes_while_no_model_was_ever_there() -> None:
    """A session in which nothing was flagged passes without a request, though no canary has told a version yet."""
    model = ScriptedModel(GOOD)
    whole = await feedback(model, record(exchanges=()))
    assert (whole.assessments, whole.abstentions, model.canaries) == ((), (), 0)


async def without_names(model: ScriptedModel, setting: WithoutNames, **changes: Any) -> FeedbackRecord:
    """Return the feedback record of a session under a setting for names that nobody told."""
    one = replace(assessor(model, deadline_s=5, time=Time()), without_names=setting)
    return await one.feedback(record(**changes))


async def test_where_nobody_told_the_names_the_record_says_so() -> None:
    """The record says whether names were sent; by default the session is assessed, with recognised names replaced."""
    model = ScriptedModel(GOOD)
    whole = await without_names(model, "assess", names=(), client=["my name is Zebedee. No."])
    assert whole.names_told is False
    assert len(whole.assessments) == 1
    assert "Zebedee" not in "".join(m.text for m in model.asked[0].messages)
    assert (await without_names(ScriptedModel(GOOD), "assess")).names_told is True


async def test_with_the_setting_no_model_reads_a_session_without_names() -> None:
    """With `abstain` every exchange of such a session abstains, and the model is not asked; others are assessed."""
    model = ScriptedModel(GOOD)
    whole = await without_names(model, "abstain", names=())
    assert [one.reason for one in whole.abstentions] == [NeedsHuman.NAMES_NOT_TOLD]
    assert (whole.assessments, model.asked) == ((), [])
    assert len((await without_names(ScriptedModel(GOOD), "abstain")).assessments) == 1


async def test_a_stronger_reason_takes_precedence_over_names_that_nobody_told() -> None:
    """The reason of the session stage stays the reason of the abstention."""
    critical = NeedsHuman.CRITICAL_CONTENT
    whole = await without_names(ScriptedModel(GOOD), "abstain", names=(), needs_human=critical)
    assert [one.reason for one in whole.abstentions] == [critical]


async def test_names_told_later_bring_an_answer_of_the_model() -> None:
    """An abstention for want of names has an id of its own, so that the next revision is not kept from its answer."""
    (withheld,) = (await without_names(ScriptedModel(GOOD), "abstain", names=())).abstentions
    (assessed,) = (await without_names(ScriptedModel(GOOD), "abstain", revision=2)).assessments
    assert withheld.assessment_id != assessed.assessment_id


async def test_names_in_a_record_of_an_earlier_version_were_told() -> None:
    """A record of an earlier version that has names counts as one whose names were sent."""
    whole = await without_names(ScriptedModel(GOOD), "abstain", names_told=False)
    assert whole.names_told is True
    assert len(whole.assessments) == 1


async def test_a_written_reply_is_offered_once_in_a_session() -> None:
    """The second moment gets a spare where the first has the same written reply; a language model has no spares."""
    reply = {"text": "What matters most?", "mechanism": STANCE.value}
    both = answer(alternatives=[reply | {"written_id": "R-001"}], spares=[reply | {"written_id": "R-002"}])
    session = after_an_earlier_turn()
    (exchange,) = session.exchanges
    again = exchange.model_copy(update={"exchange_id": uuid5(exchange.exchange_id, "again")})
    twice = session.model_copy(update={"exchanges": (exchange, again)})
    whole = await feedback(ScriptedModel(both, version=BASELINE), twice)
    assert [one.alternatives[0].written_id for one in whole.assessments] == ["R-001", "R-002"]
    whole = await feedback(ScriptedModel(both, version=LLM), twice)
    assert [len(one.alternatives) for one in whole.assessments] == [1, 1]


async def test_no_written_reply_is_offered_to_a_clients_first_words() -> None:
    """A written reply is offered once the client has written before, and not to the first words of a session."""
    written = {"text": "What matters most?", "mechanism": STANCE.value, "written_id": "R-001"}
    model = ScriptedModel(answer(alternatives=[written]), version=BASELINE)
    for session, offered in ((record(), []), (after_an_earlier_turn(), ["R-001"])):
        (one,) = (await feedback(model, session)).assessments
        assert [each.written_id for each in one.alternatives] == offered


def after_an_earlier_turn() -> SessionRecord:
    """Return a session of one exchange before which the client has written something."""
    session = record(context=("We argued again.", CONTEXT))
    first, *later = session.messages
    client = first.model_copy(update={"role": Role.CLIENT, "author": "p_client"})
    return session.model_copy(update={"messages": (client, *later)})
