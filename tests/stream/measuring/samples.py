"""Transcripts written for these tests, and a reader that answers by rules and fails when told to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from stream.contracts.sessions import KnownName
from stream.contracts.transcripts import Transcript, TranscriptMessage
from stream.contracts.vocabulary import Role
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.reader import WHAT, Opinion, Pair
from tests.stream.measures.samples import ANSWERS, drawn

AT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
CLIENT, COUNSELLOR, SYSTEM = Role.CLIENT, Role.COUNSELLOR, Role.SYSTEM
TALK = (
    (CLIENT, "I do not see what talking would change."),
    (COUNSELLOR, "It sounds as if you have been let down. What would help?"),
    (CLIENT, "I am so tired of it, and ashamed."),
    (COUNSELLOR, "Tired, and ashamed of being tired."),
)


def transcript(*said: tuple[Role, str], names: Sequence[str] = (), **changes: Any) -> Transcript:
    """Return a transcript of messages that come a minute apart, by default of `TALK`."""
    messages = tuple(
        TranscriptMessage(message_id=f"m-{number}", role=role, text=text, sent_at=AT + timedelta(minutes=number))
        for number, (role, text) in enumerate(said or TALK, start=1)
    )
    fields = {
        "tenant": "sample",
        "conversation_id": "c_1",
        "session_id": UUID(int=7),
        "revision": 1,
        "first_appended_at": AT,
        "last_appended_at": AT + timedelta(hours=1),
        "language": "en",
        "clients": ("p_client",),
        "counsellors": ("p_counsellor",),
        "known_names": tuple(KnownName(role=Role.CLIENT, name=name) for name in names),
        "names_told": bool(names),
        "messages": messages,
    }
    return Transcript.model_validate(fields | changes)


class ScriptedReader:
    """A reader whose opinions are drawn from the words. `asked` are the batches of pairs that it was asked."""

    fingerprint = "15d3cdbffe95"
    answers: Mapping[str, Any] = ANSWERS

    def __init__(self, failures: int = 0, *, is_away: bool = False) -> None:
        """Fail that many requests first; with `is_away` the canary fails as long as requests do."""
        self.asked: list[list[Pair]] = []
        self.canaries = 0
        self._failures = failures
        self._is_away = is_away

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> list[Opinion]:
        """Return drawn opinions, or fail."""
        assert deadline.remaining() > 0
        self.asked.append(list(pairs))
        if self._failures:
            self._failures -= 1
            raise RequestFailed("internal")
        return list(drawn(pairs))

    async def canary(self, deadline: Deadline) -> None:
        """Pass, or fail once for each failure that is left."""
        del deadline
        self.canaries += 1
        if self._is_away and self._failures:
            self._failures -= 1
            raise ModelUnavailable("internal", WHAT)

    async def reload(self, deadline: Deadline) -> bool:
        """Say that there is no server."""
        del deadline
        return False

    async def close(self) -> None:
        """Do nothing."""
