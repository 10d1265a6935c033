"""The random sample travels past the model: a sampled session is rated as any other, and keeps its conversation."""

from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import LeftOut, Role, Verdict
from tests.stream.feedback.builders import LLM, ScriptedModel, Time, answer, assessor, message, record, unanswered

FURTHER = message(9, Role.CLIENT, "Nadia Brandt again, see you next week.")


def sampled(session: SessionRecord) -> SessionRecord:
    """Return a session in the sample, with one client message that no exchange needs."""
    turns = (*(exchange.client_turn for exchange in session.exchanges), (FURTHER.message_id,))
    return session.model_copy(update={"messages": (*session.messages, FURTHER), "sampled_turns": turns})


async def test_a_sampled_session_keeps_its_conversation_and_names_its_model() -> None:
    """The feedback record holds every message, the client turns and the model that would have rated them."""
    session = sampled(record())
    whole = await assessor(ScriptedModel(answer()), deadline_s=5, time=Time()).feedback(session)
    assert (whole.messages, whole.sampled_turns, whole.sampled_model) == (session.messages, session.sampled_turns, LLM)


async def test_the_model_is_shown_the_same_with_and_without_the_sample() -> None:
    """What the model reads, and what it says, does not depend on whether a session is in the sample."""
    asked, said = [], []
    for session in (record(), sampled(record())):
        model = ScriptedModel(answer())
        feedback = await assessor(model, deadline_s=5, time=Time()).feedback(session)
        asked.append(model.asked)
        said.append(feedback.assessments)
    assert asked[0] == asked[1]
    assert said[0] == said[1]


async def test_a_sampled_session_that_is_left_out_passes_without_a_question() -> None:
    """A session left out keeps its conversation for the sample, and no model is asked about it."""
    session = sampled(record()).model_copy(update={"exchanges": (), "left_out": LeftOut.NO_RESISTANCE})
    model = ScriptedModel(answer())
    whole = await assessor(model, deadline_s=5, time=Time()).feedback(session)
    assert whole.messages == session.messages
    assert whole.sampled_model == LLM
    assert model.asked == []


async def test_messages_of_a_rejected_turn_stay_in_a_sampled_session() -> None:
    """The messages that only a rejected turn needed go from other sessions, and stay in a sampled one."""
    for session, kept in ((unanswered(), 0), (sampled(unanswered()), 3)):
        model = ScriptedModel(answer(verdict=Verdict.REJECTED.value))
        whole = await assessor(model, deadline_s=5, time=Time()).feedback(session)
        assert (whole.marks, len(whole.messages)) == ((), kept)


async def test_a_session_outside_the_sample_names_no_model() -> None:
    """The model of the session is said for the sample alone."""
    whole = await assessor(ScriptedModel(answer()), deadline_s=5, time=Time()).feedback(record())
    assert (whole.sampled_turns, whole.sampled_model) == ((), None)
