"""Conversations for the benchmark of deliveries: synthetic sessions of written clients, many of them interleaved."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice

from bench.load import Event
from plugin.local.demo_settings import TENANT
from plugin.written_client.counsellor import Manner
from plugin.written_client.synthetic import SyntheticSession, synthetic_sessions
from stream.contracts.messages import Consent, Message, SessionEnd
from stream.contracts.vocabulary import Role

_CONSENT = Consent(processing=True)
_COUNSELLORS = 40
"""As in the load of phrases: a counsellor sees many clients."""


@dataclass(frozen=True)
class SyntheticLoad:
    """A load of synthetic sessions without end, of which `concurrent` are open at any time, in the order of sending.

    The conversation that writes next is drawn by chance, so that sessions end all the time and are interleaved.
    """

    concurrent: int
    seed: int = 1

    def events(self) -> Iterator[Event]:
        """Yield messages and ends in the order of sending, for as long as they are taken."""
        chance = random.Random(self.seed)
        waiting = (_Talk(session, chance) for number in count() for session in _some(f"{self.seed}-{number}"))
        open_ = list(islice(waiting, self.concurrent))
        while True:
            at = datetime.now(UTC)  # a session end that claims to be older than its session has no effect
            index = chance.randrange(len(open_))
            talk = open_[index]
            yield talk.next_message(at)
            if talk.is_over:
                yield SessionEnd(tenant=TENANT, conversation_id=talk.conversation_id, ended_at=at)
                open_[index] = next(waiting)


def _some(seed: str) -> Iterator[SyntheticSession]:
    return synthetic_sessions(1_000, seed, Manner.MIXED)


class _Talk:
    """A synthetic session that is being said."""

    def __init__(self, session: SyntheticSession, chance: random.Random) -> None:
        # Pseudonyms are 34 characters, as the gateway makes them.
        self.conversation_id = f"c_{chance.getrandbits(160):032x}"[:34]
        self._authors = {
            Role.CLIENT: f"p_{chance.getrandbits(160):032x}"[:34],
            Role.COUNSELLOR: f"p_{chance.randrange(_COUNSELLORS):032d}",
        }
        self._said = session.said
        self._sent = 0

    @property
    def is_over(self) -> bool:
        """Whether everything was said."""
        return self._sent == len(self._said)

    def next_message(self, at: datetime) -> Message:
        """Return the next message."""
        role, text = self._said[self._sent]
        self._sent += 1
        return Message(
            tenant=TENANT,
            conversation_id=self.conversation_id,
            message_id=f"{self.conversation_id[2:10]}-{self._sent}",
            role=role,
            author=self._authors[role],
            text=text,
            sent_at=at,
            consent=_CONSENT,
            language="en",
        )
