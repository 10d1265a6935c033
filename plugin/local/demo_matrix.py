"""`make demo PLATFORM=matrix`: the samples as talks of Matrix users, from a real Synapse to the gateway."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from plugin.adapters.matrix_registration import registration
from plugin.local.demo_settings import TENANT, USERS
from plugin.local.matrix_user import MatrixUser
from plugin.local.synapse import SERVER_NAME, SynapseServer
from plugin.replay.conversations import RecordedConversation
from plugin.replay.sending import ReplayResult
from plugin.replay.sources import load_source
from stream.runtime.settings import Settings

OWN: Final = "counterpoint"
MATRIX_TENANT: Final[Mapping[str, Any]] = {
    "platform": "matrix",
    "consent": {"channels": ["*"]},
    "matrix": {"user": f"@{OWN}:{SERVER_NAME}", "counsellors": [rf"@counsellor-.*:{SERVER_NAME}"]},
}
"""The settings of the demo's tenant: every room in which Counterpoint's own user is."""
VISITORS: Final = ("client-visitor", "counsellor-mira")
"""Whoever tries the demo may be either: they share a room that nobody has written in."""


def homeserver_of(settings: Settings, secret: Mapping[str, str], folder: Path) -> SynapseServer:
    """Return the demo's homeserver, not started, which knows this run's gateway."""
    url = f"http://{settings.gateway.host}:{settings.gateway.port}"
    file = folder / "counterpoint.yaml"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write(registration(TENANT, settings.tenants[TENANT], url=url, as_token=secret["as_token"]))
    return SynapseServer(folder / "synapse", [file])


def counsellor_reference(settings: Settings, counsellor: str) -> str:
    """Return the reference of a counsellor of the samples on the demo's platform."""
    return f"@{counsellor}:{SERVER_NAME}" if settings.tenants[TENANT].platform == "matrix" else counsellor


def say_samples(server: SynapseServer, secret: Mapping[str, str], samples: Path, console: Console) -> ReplayResult:
    """Let users of the homeserver say all samples, each in a room of its own, and return what Counterpoint may read."""
    people = _People(server, secret["as_token"])
    conversations = load_source(samples).conversations
    said = ReplayResult(conversations=tuple(each.reference for each in conversations))
    with console.status("people chat on Matrix"):
        for conversation in conversations:
            room = _say(conversation, people)
            consented = [event for event in conversation.events if event.payload.get("consent")]
            said.messages += len(consented)
            if consented:
                said.with_messages.add(room)
    console.print(f"{len(conversations)} talks of Matrix users, {len(said.with_messages)} of them with Counterpoint")
    return said


def open_a_room(server: SynapseServer, secret: Mapping[str, str], console: Console) -> None:
    """Make a room in which whoever tries the demo can talk, and print how to log in."""
    people = _People(server, secret["as_token"])
    people.meet("Try it here", [people.user(name) for name in reversed(VISITORS)], with_counterpoint=True)
    console.print(f"\nThe homeserver: {server.url}, for any Matrix program; the room is called “Try it here”")
    for name in VISITORS:
        console.print(f"  @{name}:{SERVER_NAME}  {server.password_of(name)}", highlight=False, markup=False)
    console.print("When the client leaves the room, the session is over.")


class _People:
    """The users of the homeserver by their names in the samples, and Counterpoint's own user."""

    def __init__(self, server: SynapseServer, as_token: str) -> None:
        self._server = server
        self._users: dict[str, MatrixUser] = {}
        self.own = server.service_user(OWN, as_token)

    def user(self, name: str) -> MatrixUser:
        """Return a user, with the display name that the demo has for a counsellor."""
        if name not in self._users:
            shown = next((user.display_name for user in USERS if user.counsellor == name), name)
            self._users[name] = self._server.user(name, shown)
        return self._users[name]

    def meet(self, name: str, people: list[MatrixUser], *, with_counterpoint: bool) -> str:
        """Return a room that the first of some people made; Counterpoint came before the others, if it came."""
        first, *others = people
        room = first.make_room(*([self.own] if with_counterpoint else []), name=name)
        if with_counterpoint:
            self.own.join(room)
        for other in others:
            first.invite(room, other)
            other.join(room)
        return room


def _say(conversation: RecordedConversation, people: _People) -> str:
    """Let the people of a sample say it, and return the room in which they did."""
    messages = [event.payload for event in conversation.events if event.payload["type"] == "message"]
    names = sorted(dict.fromkeys(str(each["author"]) for each in messages), reverse=True)  # counsellors come first
    users = {name: people.user(name) for name in names}
    has_consent = any(each.get("consent") for each in messages)
    room = people.meet(conversation.reference, list(users.values()), with_counterpoint=has_consent)
    authors = {str(each["message_id"]): users[str(each["author"])] for each in messages}
    ids: dict[str, str] = {}
    for event in conversation.events:
        payload = event.payload
        message = str(payload.get("message_id"))
        match payload["type"]:
            case "message":
                ids[message] = authors[message].say(room, str(payload["text"]))
            case "edit":
                authors[message].edit(room, ids[message], str(payload["text"]))
            case "deletion":
                authors[message].redact(room, ids[message])
            case "consent_withdrawal":
                users[names[0]].remove(room, people.own)
            case "session_end":
                users[names[-1]].leave(room)
    return room
