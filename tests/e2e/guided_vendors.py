"""The vendors' platforms of the guides in docs/platforms: what each delivers of a talk, and where to.

They are the stand-ins of the adapters' contract suite, also the homeserver: a real Synapse has tests of its own
(`tests/plugin/gateway/test_synapse.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import yaml

from plugin.adapter_contract import Kind, Platform
from tests.plugin.adapters.chatwoot_under_test import INBOX, ChatwootPlatform
from tests.plugin.adapters.matrix_under_test import CLIENT, OWN, MatrixPlatform, member, transaction
from tests.plugin.adapters.rocketchat_under_test import RocketChatPlatform
from tests.plugin.adapters.twilio_under_test import SERVICE, UNTIL_THE_END, TwilioPlatform

HOST: Final = "https://counterpoint.example"
"""The machine's name in the guides, whose proxy passes `/v1/` on to the gateway."""


def name_of(platform: str) -> str:
    """Return the name that the reader of a guide chooses for their platform."""
    return f"harbour-{platform}"


@dataclass(frozen=True)
class Proxy:
    """The proxy of the guides, which passes requests of its name on to the gateway."""

    gateway: str
    http: httpx.Client

    def passes_to(self, url: str) -> str:
        """Return the address to which a request is passed on."""
        return url.replace(HOST, self.gateway)

    def request(self, method: str, url: str, raw: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Pass a request on and return the answer."""
        return self.http.request(method, self.passes_to(url), content=raw, headers=headers)


@dataclass
class Vendor:
    """A vendor's platform that is set up by a guide: what it delivers, and where to."""

    platform: Platform
    kind: str
    ending: str
    """The words by which the guide ends the talk."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What the reader writes where the guide says in words what belongs there."""

    def begin(self, at: datetime) -> list[bytes]:
        """Return what is delivered before the talk."""
        del at
        return []

    def say(self, role: str, words: str, number: int, at: datetime) -> bytes:
        """Return the delivery of a message."""
        kind = Kind.MESSAGE if role == "client" else Kind.REPLY
        return self.platform.body(kind, text=words, number=number, at=at)

    def end(self, at: datetime) -> bytes:
        """Return what is delivered when somebody does what `ending` says."""
        return self.platform.body(Kind.END, at=at - UNTIL_THE_END)

    def deliver(self, proxy: Proxy, secret: str, raw: bytes, number: int) -> None:
        """Deliver a body to the address of the guide."""
        headers = self.platform.sign(raw, datetime.now(UTC), secret, delivery=f"d-{number}")
        answer = proxy.request("POST", f"{HOST}/v1/{name_of(self.kind)}/events", raw, headers)
        assert answer.status_code == self.platform.adapter.accepted_status, answer.text
        assert answer.json() == {"outcome": "published"}


class Homeserver(Vendor):
    """A homeserver that has read the registration which the guide has its reader make."""

    def begin(self, at: datetime) -> list[bytes]:
        """Return the transactions in which Counterpoint's own user and the client come into the room."""
        people = enumerate((OWN, CLIENT), 90)
        return [transaction(member(user, "join", "invite", number=number, at=at)) for number, user in people]

    def end(self, at: datetime) -> bytes:
        """Return the transaction in which the client leaves the room."""
        return transaction(member(CLIENT, "leave", "join", number=92, at=at))

    def deliver(self, proxy: Proxy, secret: str, raw: bytes, number: int) -> None:
        """Deliver a transaction as the registration says."""
        del secret  # the registration has it
        registration = yaml.safe_load(Path("counterpoint.yaml").read_text())
        headers = self.platform.sign(raw, datetime.now(UTC), registration["hs_token"])
        url = f"{registration['url']}/_matrix/app/v1/transactions/{number}"
        answer = proxy.request("PUT", url, raw, headers)
        assert (answer.status_code, answer.json()) == (200, {})


VENDORS: Final = {
    vendor.kind: vendor
    for vendor in (
        Vendor(
            ChatwootPlatform(),
            "chatwoot",
            "Then press *Resolve*.",
            {"the secret of the webhook": ChatwootPlatform.secret, "the number of the inbox": str(INBOX)},
        ),
        Vendor(
            TwilioPlatform(url=f"{HOST}/v1/{name_of('twilio')}/events"),
            "twilio",
            "Then close the conversation.",
            {
                "the primary auth token of the account": TwilioPlatform.secret,
                "the SID of the messaging service, MG...": SERVICE,
            },
        ),
        Vendor(RocketChatPlatform(), "rocketchat", "Then close the chat."),
        Homeserver(MatrixPlatform(), "matrix", "Then let the client leave the room."),
    )
}
