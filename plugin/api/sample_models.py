"""The JSON of the random sample: what waits for a blind look, the look itself, and its answers."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugin.api.list_models import MAX_PAGE, Part
from plugin.api.requests import Asked, Revision
from plugin.api.session_models import Message
from plugin.queue.look_views import Look, LookAnswer, TurnAnswers
from plugin.queue.paging import PAGE
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import NeedsHuman, Verdict

MAX_TURNS: Final = 700
"""Client turns of one request, which fit into a body; a sampled session has far fewer."""


class SampleQuery(BaseModel):
    """Which part of the sample."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cursor: str | None = Field(default=None, max_length=64, description="The `next_cursor` of the part before.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)


class SampledSession(Part):
    """A session of the sample that waits for a look, without anything that the machine says of it."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    turns: int = Field(description="The number of client turns.")
    is_seen: bool = Field(description="Whether the caller has opened the session, and cannot look at it any more.")


class SampledPart(Part):
    """A part of the sessions that wait for a look, the oldest first."""

    sessions: tuple[SampledSession, ...] = Field(validation_alias="rows")
    total: int = Field(description="The sessions of the whole list.")
    next_cursor: str | None = Field(default=None, description="The place of the next part; null at the list's end.")


class LookAnswers(Part):
    """A supervisor's answers about one client turn."""

    resistance: LookAnswer = Field(description="Whether the client resists in it.")
    critical: LookAnswer = Field(description="Whether critical content is spoken of in it.")


class SaidByMachine(Part):
    """What the machine said of one client turn when the answers were stored."""

    shown: bool = Field(description="Whether the turn is shown at once as a confirmed moment.")
    verdict: Verdict | None
    needs_human: NeedsHuman | None = Field(description="Why there is no verdict on a turn that was flagged.")
    critical: bool = Field(description="Whether there is a sign for critical content.")
    possible_critical: bool = Field(description="Whether there is a possible sign, and no sure one.")


class LookTurn(Part):
    """A client turn of a look; `said` and `machine` are null before the answers."""

    position: int = Field(description="Its position in the session, by which it is answered.")
    message_ids: tuple[str, ...]
    said: LookAnswers | None
    machine: SaidByMachine | None


class LookedAtSession(Part):
    """A session of the sample: the conversation alone, and after the caller's answers what the machine says."""

    session_id: UUID
    revision: int
    started_at: datetime
    ended_at: datetime
    messages: tuple[Message, ...] = Field(description="All of them, in order, without names of authors.")
    turns: tuple[LookTurn, ...] = Field(description="In order; each is to be answered.")
    is_answered: bool
    model: ModelVersion | None = Field(description="The feedback model that says so; null before the answers.")


class AnsweredTurn(Asked):
    """What a supervisor says of one client turn."""

    position: Annotated[int, Field(ge=0, lt=10_000, strict=True)]
    resistance: LookAnswer
    critical: LookAnswer


class AnswerLook(Asked):
    """What a supervisor says of every client turn of the revision that she has read."""

    revision: Revision
    turns: Annotated[tuple[AnsweredTurn, ...], Field(min_length=1, max_length=MAX_TURNS)]

    @model_validator(mode="after")
    def _each_turn_once(self) -> Self:
        if len(self.answers) < len(self.turns):
            raise ValueError("each turn is answered once")
        return self

    @property
    def answers(self) -> dict[int, TurnAnswers]:
        """The answers by the position of their turn."""
        return {each.position: TurnAnswers(each.resistance, each.critical) for each in self.turns}


def looked_at_session(found: Look) -> LookedAtSession:
    """Return a look as JSON holds it."""
    answered = found.answered or {}
    return LookedAtSession.model_validate(
        {
            "session_id": found.session_id,
            "revision": found.revision,
            "started_at": found.started_at,
            "ended_at": found.ended_at,
            "messages": found.messages,
            "turns": [
                {
                    "position": position,
                    "message_ids": message_ids,
                    "said": answered[position].answers if position in answered else None,
                    "machine": answered[position].machine if position in answered else None,
                }
                for position, message_ids in sorted(found.turns.items())
            ],
            "is_answered": found.answered is not None,
            "model": found.model,
        }
    )
