"""The JSON of what is new for one person: the new sessions with the words of their moments, and what others did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from plugin.api.codes import StatementName
from plugin.api.list_models import Part, SessionLine
from plugin.api.own_models import OwnAnswer
from plugin.api.requests import Asked
from plugin.api.session_models import Answer, Label, Message
from plugin.queue.news import ChangeKind
from plugin.queue.opened_news import OpenedNews
from plugin.queue.therapist_news import SessionNews
from stream.contracts.base import Utc


class Change(Part):
    """Something that somebody else has done about a session, or for its reader."""

    kind: ChangeKind
    session_id: UUID
    started_at: datetime = Field(description="When the session began.")
    by: str
    at: datetime


class Invitation(Part):
    """A calibration in which the caller is to rate."""

    calibration_id: UUID
    by: str
    deadline_at: datetime
    at: datetime


class NewMoment(Part):
    """A moment of a new session, whose client turn and reply are among its messages."""

    exchange_id: UUID
    client_turn: tuple[str, ...]
    reply: tuple[str, ...]
    counsellor: str | None
    answer: Answer
    labels: Mapping[StatementName, Label]


class NewSession(Part):
    """A new session with the moments of one counsellor."""

    session: SessionLine
    messages: tuple[Message, ...] = Field(description="The client turns of the moments, and the replies to them.")
    moments: tuple[NewMoment, ...]


class CounsellorNews(Part):
    """What is new of one counsellor, in order of need."""

    name: str | None = Field(description="Null for the sessions without a counsellor.")
    sessions: tuple[NewSession, ...]


class NewsPart(Part):
    """The first news after the caller's mark; the others come after these are read."""

    since: datetime = Field(description="Up to when the caller has read; in the beginning a week ago.")
    until: datetime = Field(description="What to say once this is read.")
    more: int = Field(description="How many more sessions are new after that.")
    changes: tuple[Change, ...] = Field(description="What others did, in order.")


class News(NewsPart):
    """What is new for a supervisor or a lead."""

    counsellors: tuple[CounsellorNews, ...] = Field(description="By the alphabet, which says nothing about anybody.")
    invitations: tuple[Invitation, ...]


class OwnNewMoment(Part):
    """A moment of the therapist's own, whose client turn and reply are among the messages."""

    exchange_id: UUID
    client_turn: tuple[str, ...]
    reply: tuple[str, ...]
    answer: OwnAnswer
    labels: Mapping[StatementName, Label]


class OwnNewSession(Part):
    """A session that was passed on to the therapist."""

    session_id: UUID
    started_at: datetime
    ended_at: datetime
    released_at: datetime
    released_by: str
    messages: tuple[Message, ...] = Field(description="The client turns of the moments, and the replies to them.")
    moments: tuple[OwnNewMoment, ...]


class OwnNews(NewsPart):
    """What is new for a therapist."""

    sessions: tuple[OwnNewSession, ...]


class ReadNews(Asked):
    """Up to when a person has read what is new."""

    until: Utc


def supervisors_news(found: OpenedNews) -> News:
    """Return what is new for a supervisor or a lead as JSON holds it."""
    counsellors = [
        {
            "name": each.name,
            "sessions": [
                {"session": new.session.row, "messages": new.messages, "moments": new.moments} for new in each.sessions
            ],
        }
        for each in found.therapists
    ]
    return News.model_validate({**_part(found), "counsellors": counsellors, "invitations": found.news.invitations})


def therapists_news(found: OpenedNews) -> OwnNews:
    """Return what is new for a therapist as JSON holds it."""
    return OwnNews.model_validate(
        {**_part(found), "sessions": [_own(new) for each in found.therapists for new in each.sessions]}
    )


def _part(found: OpenedNews) -> dict[str, Any]:
    news = found.news
    return {"since": news.since, "until": news.until, "more": news.more, "changes": news.changes}


def _own(new: SessionNews) -> dict[str, Any]:
    row = new.session.row
    assert row.decision is not None  # noqa: S101 - a therapist's sessions are released
    return {
        "session_id": row.session_id,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "released_at": row.decision.at,
        "released_by": row.decision.by,
        "messages": new.messages,
        "moments": new.moments,
    }
