"""Tests of the language model that words a client's turns: what it is told, and what of its words is taken."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

import pytest

from plugin.practice.speaker import MAX_CHARACTERS, LlmSpeaker, open_speaker
from plugin.queue.practice_views import PractisedReply
from plugin.written_client.client import ClientTurn, WrittenClient, first_turn, next_turn
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Force
from stream.contracts.vocabulary import Level, ResistanceType, Role
from stream.feedback.models.base import Deadline, RequestFailed
from stream.feedback.models.triton import Tensors
from stream.runtime.settings import FeedbackSettings

SAID = "Look, the sheet just isn't going to happen."
CLIENT = WrittenClient(profiles()["end-of-month"], ResistanceType.DISAGREEING, Force.FIRM, "a seed")
PRACTISED = PractisedReply(
    tenant="rehearsal",
    session_id=UUID(int=7),
    context=((Role.COUNSELLOR, "Shall we plan it?"),),
    client_turn=("No.",),
    reply="It is up to you, Nadia Brandt. Yours, Will Hansen",
    therapist="Will Hansen",
)


class Engine:
    """A connection to a decoupled model that says one thing, and keeps what it was asked."""

    def __init__(self, said: str = SAID, finish_reason: str = "stop", error: Exception | None = None) -> None:
        self.said = said
        self.finish_reason = finish_reason
        self.error = error
        self.asked: list[tuple[str, Tensors]] = []
        self.is_closed = False

    async def stream(
        self, model: str, inputs: Tensors, outputs: Sequence[str], deadline: Deadline
    ) -> AsyncGenerator[dict[str, str], None]:
        """Yield the words in two parts."""
        assert deadline.remaining() > 0
        self.asked.append((model, inputs))
        if self.error is not None:
            raise self.error
        half = len(self.said) // 2
        for part, reason in ((self.said[:half], ""), (self.said[half:], self.finish_reason)):
            yield dict(zip(outputs, (part, reason), strict=True))

    async def infer(self, model: str, inputs: Tensors, output: str, deadline: Deadline) -> bytes:
        """Answer nothing: nobody asks."""
        raise NotImplementedError

    async def parameters(self, model: str, deadline: Deadline) -> dict[str, str]:
        """Answer nothing: nobody asks."""
        raise NotImplementedError

    async def reload(self, model: str, deadline: Deadline) -> bool:
        """Answer nothing: nobody asks."""
        raise NotImplementedError

    async def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


def turn() -> ClientTurn:
    """Return the written turn after a reply in which little was heard."""
    return next_turn(CLIENT, first_turn(CLIENT).state, [Level.WEAK, Level.WEAK])


async def worded(engine: Engine) -> ClientTurn:
    """Return the turn as a model words it."""
    return await LlmSpeaker(engine, boundary=lambda: "b0undary").word(PRACTISED, CLIENT, turn())


async def test_a_model_says_the_written_turn_in_its_own_words() -> None:
    """The text is the model's and says so; state, force and movement are those of the state machine."""
    found = await worded(Engine(f' "{SAID}"\n'))
    assert (found.text, found.is_by_model) == (SAID, True)
    assert (found.state, found.force, found.movement) == (turn().state, turn().force, turn().movement)


async def test_it_is_told_who_it_is_what_was_said_and_no_name() -> None:
    """The prompt has the profile, the behaviour, the written turn and the talk between two lines, without names."""
    engine = Engine()
    await worded(engine)
    ((model, inputs),) = engine.asked
    prompt = inputs["text_input"]
    assert isinstance(prompt, bytes)
    text = prompt.decode()
    assert model == "feedback_llm"
    assert CLIENT.profile.concern in text
    assert "turns down what the counsellor proposes" in text
    assert turn().text in text
    assert text.count("===== b0undary") == 2
    assert "counsellor: Shall we plan it?\nclient: No.\ncounsellor: It is up to you" in text
    for name in ("Nadia", "Brandt", "Will", "Hansen"):
        assert name not in text
    sampling = json.loads(inputs["sampling_parameters"])  # type: ignore[arg-type]
    assert sampling["seed"] == turn().state.replies
    assert not {"structured_outputs", "lora_name"} & set(sampling)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "  ",
        "x" * (MAX_CHARACTERS + 1),
        "No.\nCounsellor: And now?",
        "[CLIENT_1] says no.",
        "*sighs* no",
        "No. I want to kill myself.",
    ],
)
async def test_what_no_client_types_is_thrown_away(said: str) -> None:
    """No words, too many, several lines, placeholders, stage directions and words of danger leave the written turn."""
    assert await worded(Engine(said)) == turn()


async def test_a_message_that_was_cut_off_is_thrown_away() -> None:
    """What did not come to its end is no message."""
    assert await worded(Engine(finish_reason="length")) == turn()


async def test_where_the_model_fails_the_written_turn_stands() -> None:
    """A model that is away or too slow costs nothing but its words."""
    assert await worded(Engine(error=RequestFailed("unavailable"))) == turn()

    class Slow(Engine):
        async def stream(
            self, model: str, inputs: Tensors, outputs: Sequence[str], deadline: Deadline
        ) -> AsyncGenerator[dict[str, str], None]:
            """Never answer."""
            del model, inputs, outputs, deadline
            await asyncio.Event().wait()
            yield {}

    assert await LlmSpeaker(Slow(), wait_s=0.05).word(PRACTISED, CLIENT, turn()) == turn()


async def test_only_a_language_model_speaks() -> None:
    """There is a speaker where the language model rates and may read, and none beside the baseline."""
    llm = FeedbackSettings(model="llm", triton_url="127.0.0.1:1")
    speaker = open_speaker(llm)
    assert speaker is not None
    assert await speaker.word(PRACTISED, CLIENT, turn()) == turn()  # nobody answers there
    await speaker.close()
    assert open_speaker(FeedbackSettings(triton_url="127.0.0.1:1")) is None
    assert open_speaker(llm.model_copy(update={"without_names": "abstain"})) is None


async def test_its_connection_is_closed() -> None:
    """Closing the speaker closes its connection."""
    engine = Engine()
    await LlmSpeaker(engine).close()
    assert engine.is_closed
