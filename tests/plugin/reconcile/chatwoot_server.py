"""A Chatwoot for tests: it answers the REST API in this process, and delivers its events badly.

It pages as Chatwoot does (25 conversations, 20 messages before an id) and can be busy, away or closed to our token.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.adapters_under_test import Payload, raw_of
from tests.plugin.adapters.chatwoot_under_test import ACCOUNT, CONTACT, INBOX, USER, conversation, message, settings

TOKEN = "token-of-a-user-who-reads"
URL = "https://chat.example"
CONVERSATIONS, MESSAGES = 25, 20
"""How many a page holds."""


def tenant(**changes: Any) -> TenantSettings:
    """Return the settings of a tenant whose API may be asked, and in whose inbox everybody has consented."""
    api = {"api_url": URL, "account": str(ACCOUNT), "api_token": TOKEN}
    return settings(**{"consent": {"field": "consent", "channels": [str(INBOX)]}, "chatwoot": api} | changes)


@dataclass
class Talk:
    """A conversation as the server keeps it: its lines as the API shows them, and what would be delivered of it."""

    id: int
    at: datetime
    attributes: Payload = field(default_factory=dict)
    status: str = "open"
    lines: list[Payload] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)

    def shown(self) -> Payload:
        """Return the conversation as the list of conversations shows it."""
        return {
            "id": self.id,
            "account_id": ACCOUNT,
            "inbox_id": INBOX,
            "status": self.status,
            "custom_attributes": self.attributes,
            "meta": {"sender": {"id": CONTACT, "name": "Leonie Brandt", "type": "contact"}},
            "last_activity_at": int(self.at.timestamp()),
        }


@dataclass
class ChatwootServer:
    """The server. `answers` replaces the next answers; `asked` lists the paths and queries of all requests."""

    first: datetime
    talks: list[Talk] = field(default_factory=list)
    answers: list[httpx.Response | Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _last_id: int = 0

    def begin(self, **attributes: Any) -> Talk:
        """Begin a conversation, in which the fields of a client may be set."""
        self.talks.append(Talk(len(self.talks) + 1, self.first, attributes))
        return self.talks[-1]

    def say(self, talk: Talk, text: str, *, by: str = "contact", after_s: int = 10, **flags: Any) -> int:
        """Add a line to a conversation, with its event, and return its id."""
        self._last_id += 1
        talk.at += timedelta(seconds=after_s)
        person, name = (CONTACT, "Leonie Brandt") if by == "contact" else (USER, "Jonas Weber")
        line = {
            "id": self._last_id,
            "content": text,
            "content_attributes": {},
            "message_type": 0 if by == "contact" else 1,
            "private": False,
            "created_at": int(talk.at.timestamp()),
            "sender": {"id": person, "name": name, "type": by},
        } | flags
        talk.lines.append(line)
        self._send(talk, line, "message_created")
        return self._last_id

    def delete(self, talk: Talk, number: int) -> None:
        """Delete a line: Chatwoot keeps it with other words and a flag."""
        (line,) = [line for line in talk.lines if line["id"] == number]
        line |= {"content": "This message was deleted", "content_attributes": {"deleted": True}}
        self._send(talk, line, "message_updated")

    def resolve(self, talk: Talk) -> None:
        """Resolve a conversation, which leaves an activity among its lines."""
        talk.status = "resolved"
        self.say(talk, "Conversation was marked resolved", message_type=2, sender=None)
        talk.events.pop()  # an activity is not delivered
        shown = conversation(id=talk.id, status="resolved", custom_attributes=talk.attributes)
        times = {"updated_at": talk.at.timestamp() + 0.25, "timestamp": int(talk.at.timestamp())}
        talk.events.append(raw_of(shown | times | {"event": "conversation_status_changed"}))

    def deliveries(self, chance: random.Random, lost: float = 0.3, twice: float = 0.2) -> Iterator[bytes]:
        """Yield what is delivered: some are lost, some come twice, and neighbours change places."""
        for talk in self.talks:
            kept = [raw for raw in talk.events if chance.random() >= lost]
            kept += [raw for raw in kept if chance.random() < twice]
            placed = sorted(enumerate(kept), key=lambda one: one[0] + chance.random() * 3)
            yield from (raw for _, raw in placed)

    def transport(self) -> httpx.MockTransport:
        """Return what an HTTP client reaches this server by."""
        return httpx.MockTransport(self._answer)

    def _send(self, talk: Talk, line: Payload, event: str) -> None:
        kind = {0: "incoming", 1: "outgoing", 2: "activity"}[line["message_type"]]
        at = datetime.fromtimestamp(line["created_at"], self.first.tzinfo)
        said = message(line["content"], number=line["id"], at=at, event=event, message_type=kind)
        shown = conversation(id=talk.id, custom_attributes=talk.attributes)
        flags = {name: line[name] for name in ("content_attributes", "private", "sender")}
        talk.events.append(raw_of(said | flags | {"conversation": shown}))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if request.headers.get("api_access_token") != TOKEN or request.method != "GET":
            return httpx.Response(401)
        path = request.url.path.removeprefix(f"/api/v1/accounts/{ACCOUNT}/conversations")
        if path == "":
            return httpx.Response(200, json={"data": {"meta": {}, "payload": self._page(request)}})
        if path.endswith("/messages"):
            return httpx.Response(200, json={"meta": {}, "payload": self._lines(path, request)})
        return httpx.Response(404)

    def _page(self, request: httpx.Request) -> list[Payload]:
        wanted = [talk for talk in self.talks if talk.status == request.url.params["status"]]
        listed = sorted(wanted, key=lambda talk: talk.at, reverse=True)
        start = (int(request.url.params["page"]) - 1) * CONVERSATIONS
        return [talk.shown() for talk in listed[start : start + CONVERSATIONS]]

    def _lines(self, path: str, request: httpx.Request) -> list[Payload]:
        (talk,) = [talk for talk in self.talks if str(talk.id) == path.split("/")[1]]
        before = int(request.url.params.get("before", 10**9))
        return [line for line in talk.lines if line["id"] < before][-MESSAGES:]
