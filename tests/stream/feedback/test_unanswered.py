"""The mark of a turn without a reply stays only where the model confirms it, or where a person must look."""

from typing import Any

import pytest

from stream.contracts.feedback import FeedbackRecord
from stream.contracts.sessions import Counts, Mark, SessionRecord
from stream.contracts.vocabulary import Concern, LeftOut, MarkKind, Mechanism, NeedsHuman, ResistanceType, Verdict
from stream.feedback.gate.check import CheckedAnswer
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.base import ExchangePart
from stream.feedback.unanswered import critical_content, settle_marks
from stream.runtime.settings import WithoutNames
from tests.stream.feedback.builders import (
    FAILED,
    LLM,
    NAMES,
    UNREADABLE,
    ScriptedModel,
    Time,
    answer,
    assessor,
    message,
    rating,
    record,
    unanswered,
)

NOTHING = [rating(mechanism, None, reason="") for mechanism in Mechanism]
CONFIRMED = answer(*NOTHING, resistance_type="unwillingness")
REJECTED = answer(*NOTHING, verdict="rejected", resistance_type=None)
RISK = Mark(kind=MarkKind.RISK_LANGUAGE, concerns=(Concern.SUICIDE,), message_ids=("m-1",))


async def feedback(
    model: ScriptedModel, session: SessionRecord | None = None, without_names: WithoutNames = "assess"
) -> FeedbackRecord:
    """Return the feedback record of a session whose last turn has no reply, with waiting that takes no time."""
    one = assessor(model, deadline_s=5, time=Time())
    object.__setattr__(one, "without_names", without_names)
    return await one.feedback(session or unanswered())


async def only_mark(model: ScriptedModel, **parts: Any) -> Mark:
    """Return the one mark that is left of such a session."""
    whole = await feedback(model, unanswered(**parts))
    (mark,) = whole.marks
    assert (whole.assessments, whole.abstentions) == ((), ())
    return mark


async def test_a_turn_that_no_model_may_read_waits_for_the_version_alone() -> None:
    """A flagged turn beside critical content is settled without a request, once a canary has told the version."""
    model = ScriptedModel(CONFIRMED, away=2)
    risk = RISK.model_copy(update={"message_ids": ("m-2",)})
    whole = await feedback(model, unanswered(marks=(risk, *unanswered().marks)))
    assert [mark.needs_human for mark in whole.marks] == [None, NeedsHuman.CRITICAL_CONTENT]
    assert (model.asked, model.canaries) == ([], 3)


async def test_a_confirmed_turn_is_marked_with_its_type_and_without_its_context() -> None:
    """A confirmed turn keeps its mark, with the type and the model, and only its own messages stay in the record."""
    whole = await feedback(ScriptedModel(CONFIRMED))
    (mark,) = whole.marks
    assert mark == Mark(
        kind=MarkKind.UNANSWERED_MOMENT,
        message_ids=("m-2",),
        resistance_type=ResistanceType.UNWILLINGNESS,
        model=LLM,
    )
    assert [one.message_id for one in whole.messages] == ["m-2"]
    assert whole.counts == Counts(flagged_turns=1, unanswered_moments=1)


async def test_a_rejected_turn_leaves_the_record_and_is_counted() -> None:
    """A rejected turn has no mark, none of its messages is passed on, and the record counts it."""
    whole = await feedback(ScriptedModel(REJECTED))
    assert (whole.marks, whole.messages) == ((), ())
    assert whole.counts == Counts(flagged_turns=1, unanswered_moments=1, unanswered_not_confirmed=1)


async def test_messages_that_something_else_needs_stay() -> None:
    """A message of a rejected turn's context stays where an exchange or another mark needs it."""
    answered, alone = record(), unanswered()
    mark = Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m-4",), context=("m-1", "m-2", "m-3"))
    messages = (*answered.messages, message(4, alone.messages[1].role, "Whatever."))
    session = answered.model_copy(update={"messages": messages, "marks": (mark,)})
    whole = await feedback(ScriptedModel(REJECTED), session)
    assert [one.message_id for one in whole.messages] == ["m-1", "m-2", "m-3"]
    assert len(whole.assessments) == 1


async def test_the_model_is_shown_the_turn_after_its_context_and_no_name() -> None:
    """The model sees context and turn, de-identified, and no reply."""
    model = ScriptedModel(CONFIRMED)
    await feedback(model)
    (asked,) = model.asked
    assert [one.part for one in asked.messages] == [ExchangePart.CONTEXT, ExchangePart.CLIENT_TURN]
    assert not asked.is_answered
    words = {word.casefold() for one in asked.messages for word in one.text.replace(",", " ").split()}
    assert not words & {part.casefold() for name in NAMES for part in name.name.split()}


async def test_levels_of_a_reply_that_does_not_exist_are_not_looked_at() -> None:
    """A model that rates all the same costs no repair, and nothing of its ratings is kept."""
    model = ScriptedModel(answer(rating(Mechanism.STANCE_ALIGNMENT, 2, (9, "words nobody wrote"))))
    assert (await only_mark(model)).resistance_type is ResistanceType.PESSIMISM
    assert model.repairs == [None]


async def test_a_mark_of_an_earlier_version_is_asked_about_without_its_context() -> None:
    """A record of an earlier version, whose mark names no context, gets its verdict from the turn alone."""
    mark = Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m-2",))
    session = unanswered(marks=(mark,), messages=unanswered().messages[1:])
    model = ScriptedModel(REJECTED)
    assert (await feedback(model, session)).marks == ()
    assert [one.part for one in model.asked[0].messages] == [ExchangePart.CLIENT_TURN]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (answer(critical_content="suicide", verdict="rejected"), NeedsHuman.CRITICAL_CONTENT),
        (
            answer(critical_content="abuse", critical_is_sure=False, verdict="rejected"),
            NeedsHuman.POSSIBLE_CRITICAL_CONTENT,
        ),
        (answer(*NOTHING, resistance_type=None), NeedsHuman.ANSWER_UNUSABLE),
        (answer(verdict="not_assessed", resistance_type=None), NeedsHuman.ANSWER_UNUSABLE),
        (answer(*NOTHING, verdict="rejected", possible_injection=True), NeedsHuman.ANSWER_UNUSABLE),
        (UNREADABLE, NeedsHuman.ANSWER_UNUSABLE),
        (answer(abstain=True, abstain_reason="Not English."), NeedsHuman.MODEL_ABSTAINED),
        (FAILED, NeedsHuman.MODEL_FAILED),
    ],
    ids=[
        "critical",
        "possibly critical",
        "no type",
        "no verdict",
        "rejected beside planted text",
        "unreadable",
        "abstains",
        "fails",
    ],
)
async def test_a_turn_without_a_verdict_keeps_its_mark_with_the_reason(
    entry: ModelAnswer | Exception, reason: NeedsHuman
) -> None:
    """A turn on which the model gives no usable verdict stays marked, since a person must look."""
    mark = await only_mark(ScriptedModel(entry))
    assert (mark.resistance_type, mark.model, mark.needs_human, mark.context) == (None, None, reason, ())


@pytest.mark.parametrize("critical", ["m-1", "m-2"])
async def test_no_model_is_asked_about_a_turn_beside_critical_content(critical: str) -> None:
    """Critical content in the turn or in its context keeps it from the model, as in an exchange."""
    model = ScriptedModel(CONFIRMED)
    (turn,) = unanswered().marks
    whole = await feedback(model, unanswered(marks=(RISK.model_copy(update={"message_ids": (critical,)}), turn)))
    assert [mark.needs_human for mark in whole.marks] == [None, NeedsHuman.CRITICAL_CONTENT]
    assert model.asked == []


async def test_no_model_is_asked_where_names_were_not_told_and_must_be() -> None:
    """Where the operator keeps rooms without told names from the model, the turn stays marked with that reason."""
    model = ScriptedModel(CONFIRMED)
    whole = await feedback(model, unanswered(known_names=(), names_told=False), without_names="abstain")
    assert [mark.needs_human for mark in whole.marks] == [NeedsHuman.NAMES_NOT_TOLD]
    assert model.asked == []


async def test_a_session_without_exchanges_waits_until_the_model_is_there() -> None:
    """A turn without a reply is held while the model is away, like an exchange."""
    model = ScriptedModel(CONFIRMED, away=2)
    assert len((await feedback(model)).marks) == 1
    assert model.canaries == 3


async def test_a_session_left_out_is_not_asked_about() -> None:
    """A session that is left out costs no request, whatever its record carries."""
    model = ScriptedModel(CONFIRMED)
    whole = await feedback(model, unanswered(left_out=LeftOut.TOO_SHORT))
    assert (model.asked, whole.marks) == ([], ())


def test_critical_content_elsewhere_in_the_session_does_not_count() -> None:
    """A mark about a message that is not near the turn keeps no model from it."""
    session = unanswered(marks=(RISK.model_copy(update={"message_ids": ("m-9",)}), *unanswered().marks))
    assert critical_content(session, session.marks[1]) is None


def test_settling_leaves_other_marks_and_settled_ones_as_they_are() -> None:
    """Marks of words and turns that have their verdict are unchanged, and a record without others is returned as is."""
    (turn,) = unanswered().marks
    settled = turn.model_copy(update={"resistance_type": ResistanceType.BLAMING, "context": ()})
    session = unanswered(marks=(RISK, settled))
    assert settle_marks(session, [], LLM) is session
    rejected = CheckedAnswer(Verdict.REJECTED, None, (), (), (), ())
    assert settle_marks(unanswered(marks=(RISK, turn, settled)), [rejected], LLM).marks == (RISK, settled)
