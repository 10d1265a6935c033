"""A user of a Matrix homeserver, as a chat program acts for one: rooms, messages, edits, redactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx

from stream.contracts.errors import CounterpointError

ANSWER_S: Final = 30.0
"""How long an answer may take: milliseconds on an idle machine, many times that on a busy one."""


class MatrixRefusedError(CounterpointError):
    """A homeserver's refusal, with its status and code, and nothing of what was sent."""


def new_client() -> httpx.Client:
    """Return a client that goes through no proxy, whatever the environment names."""
    return httpx.Client(trust_env=False, timeout=ANSWER_S)


@dataclass(frozen=True)
class MatrixUser:
    """A user who is logged in."""

    url: str
    user_id: str
    token: str = field(repr=False)
    # One client for all requests, since making one costs more than a request.
    http: httpx.Client = field(default_factory=new_client, repr=False, compare=False)

    def make_room(self, *invited: MatrixUser, name: str = "") -> str:
        """Make a private room without encryption, invite people, and return its id."""
        asked = {"preset": "private_chat", "name": name, "invite": [user.user_id for user in invited]}
        return str(self._ask("POST", "createRoom", asked)["room_id"])

    def invite(self, room: str, user: MatrixUser) -> None:
        """Invite somebody into a room."""
        self._ask("POST", f"rooms/{_part(room)}/invite", {"user_id": user.user_id})

    def join(self, room: str) -> None:
        """Accept an invitation."""
        self._ask("POST", f"join/{_part(room)}", {})

    def leave(self, room: str) -> None:
        """Leave a room."""
        self._ask("POST", f"rooms/{_part(room)}/leave", {})

    def remove(self, room: str, user: MatrixUser) -> None:
        """Remove somebody from a room."""
        self._ask("POST", f"rooms/{_part(room)}/kick", {"user_id": user.user_id})

    def say(self, room: str, text: str) -> str:
        """Send a message and return its id."""
        return self.send(room, "m.room.message", {"msgtype": "m.text", "body": text})

    def edit(self, room: str, message: str, text: str) -> str:
        """Send other words for a message, as chat programs do, and return the id of the edit."""
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": message}
        content = new | {"body": f"* {text}", "m.new_content": new, "m.relates_to": relation}
        return self.send(room, "m.room.message", content)

    def redact(self, room: str, message: str) -> None:
        """Take a message away."""
        self._ask("PUT", f"rooms/{_part(room)}/redact/{_part(message)}/{uuid4()}", {})

    def send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        """Send an event and return its id."""
        return str(self._ask("PUT", f"rooms/{_part(room)}/send/{_part(kind)}/{uuid4()}", content)["event_id"])

    def set_state(self, room: str, kind: str, content: dict[str, Any]) -> None:
        """Change a part of a room's state."""
        self._ask("PUT", f"rooms/{_part(room)}/state/{_part(kind)}", content)

    def ping_service(self, service: str) -> dict[str, Any]:
        """Let the homeserver ask an Application Service whether it answers; only its own user may."""
        return self._ask("POST", f"appservice/{_part(service)}/ping", {}, version="v1")

    def _ask(self, method: str, path: str, body: dict[str, Any], version: str = "v3") -> dict[str, Any]:
        address, headers = f"{self.url}/_matrix/client/{version}/{path}", {"authorization": f"Bearer {self.token}"}
        return content_of(self.http.request(method, address, json=body, headers=headers))


def content_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the content of an answer.

    Raises:
        MatrixRefusedError: It is a refusal.
    """
    content: dict[str, Any] = answer.json()
    if not answer.is_success:
        raise MatrixRefusedError(f"The homeserver refused: {answer.status_code} {content.get('errcode', '')}")
    return content


def _part(text: str) -> str:
    return quote(text, safe="")
