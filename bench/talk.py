"""Conversations for measuring: made by a seed from phrases of our own, many of them interleaved.

Nothing here was ever said by a client. What is realistic is the shape: who writes, how long, in which order.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from stream.contracts.ids import message_event_id, record_key
from stream.contracts.messages import Consent, Message, SessionEnd
from stream.contracts.vocabulary import Role
from stream.runtime.codec import Encoded, encode

TENANT = "bench"
_CONSENT = Consent(processing=True)

# Words in a message: log-normal, as lengths of chat lines are. Median 12 and 15, means about 17 and 19; a tenth of all
# is longer than 34 words; none longer than 120.
_WORDS = {Role.CLIENT: (12.0, 0.85), Role.COUNSELLOR: (15.0, 0.7)}
_MOST_WORDS = 120
_SAME_AGAIN = 0.25  # the same person writes the next line too: chat comes in bursts
_RESISTS = 0.04  # share of client lines with a resisting turn of phrase, before what the detector finds by itself

_CLIENT = """
i have not slept well again this week|work was too much and then my sister called|it is the same every evening when
i come home|sometimes i just sit in the car for a while before going in|my friends say i should take a break|i do not
know where to begin with all of this|the exam is in three weeks and the books are still closed|we argued about money
and the kitchen|i tried the breathing thing twice|it helped a bit on monday|then it came back during the meeting|maybe
it is just the winter|i used to run along the river every morning|my flatmate is away so it is very quiet|honestly i
feel a bit better when it rains|i wrote it down like we said|there is this one colleague who never answers|i forgot to
eat until four|the doctor said my blood is fine|it is hard to explain to anyone here|i would like to call my brother
but not yet|last year was easier somehow|i moved the desk to the window|the dog keeps me going out at least
"""
_RESISTING = """
you don't really understand what it is like|i already told you that i am not going to stop|that is not what i said|i
don't want to talk about this|this isn't helping at all|it's fine really there is no problem|yeah but that won't work
for me|my wife is the one who should be here|what good is talking about it
"""
_COUNSELLOR = """
it sounds as if the evenings weigh on you most|what would a good enough evening look like for you|you have kept going
through a lot|take the time that you need|what made monday a little lighter|i am hearing two things in what you
write|would it be all right to look at that together|you know best what fits into your day|what have you already
tried|how did that feel when it happened|that took some courage|if you imagine next week what would you like to be
different|thank you for telling me|i wonder what you would say to a friend in your place|we can go at your pace
"""


def _phrases(block: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phrase.split()) for phrase in " ".join(block.split()).split("|"))


_SAID = {Role.CLIENT: _phrases(_CLIENT), Role.COUNSELLOR: _phrases(_COUNSELLOR)}
_RESISTED = _phrases(_RESISTING)


Event = Message | SessionEnd


@dataclass(frozen=True)
class Load:
    """`sessions` of `messages` each, `at_once` of them open at any time, in the order of sending.

    Whoever writes next is drawn by chance, so that sessions end all along and messages of one session stand apart.
    """

    sessions: int
    messages: int
    at_once: int = 500
    seed: int = 1
    start: datetime = datetime(2026, 3, 2, 18, tzinfo=UTC)
    ends: bool = True

    @property
    def total(self) -> int:
        """How many messages that makes, without the ends."""
        return self.sessions * self.messages

    def events(self) -> Iterator[Event]:
        """All of it."""
        chance = random.Random(self.seed)
        waiting = (_Room(number, chance) for number in range(self.sessions))
        open_ = list(islice(waiting, self.at_once))
        at = self.start
        while open_:
            at += timedelta(milliseconds=10)
            place = chance.randrange(len(open_))
            room = open_[place]
            yield room.says(at)
            if room.said == self.messages:
                if self.ends:
                    yield SessionEnd(tenant=TENANT, conversation_id=room.name, ended_at=at)
                follower = next(waiting, None)
                open_[place : place + 1] = [] if follower is None else [follower]


class _Room:
    def __init__(self, number: int, chance: random.Random) -> None:
        # Pseudonyms are 34 characters, as the gateway makes them; a counsellor sees many clients.
        self.name = f"c_{chance.getrandbits(160):032x}"[:34]
        self._who = {Role.CLIENT: f"p_{chance.getrandbits(160):032x}"[:34], Role.COUNSELLOR: f"p_{number % 40:032d}"}
        self._role = Role.COUNSELLOR
        self._chance = chance
        self.said = 0

    def says(self, at: datetime) -> Message:
        self.said += 1
        if self._chance.random() > _SAME_AGAIN:
            self._role = Role.CLIENT if self._role is Role.COUNSELLOR else Role.COUNSELLOR
        return Message(
            tenant=TENANT,
            conversation_id=self.name,
            message_id=f"{self.name[2:10]}-{self.said}",
            role=self._role,
            author=self._who[self._role],
            text=line(self._chance, self._role),
            sent_at=at,
            consent=_CONSENT,
            language="en",
        )


def line(chance: random.Random, role: Role) -> str:
    """One chat line."""
    median, spread = _WORDS[role]
    wanted = min(_MOST_WORDS, max(1, round(median * chance.lognormvariate(0, spread))))
    words: list[str] = []
    if role is Role.CLIENT and chance.random() < _RESISTS:
        words += chance.choice(_RESISTED)
    while len(words) < wanted:
        words += chance.choice(_SAID[role])
    return " ".join(words[: max(wanted, 1)])


def encoded(event: Event) -> Encoded:
    """The event as a platform that writes to Kafka itself would send it."""
    name = event.message_id if isinstance(event, Message) else "end"
    event_id = message_event_id(event.tenant, event.conversation_id, name, 0)
    key = record_key(event.tenant, event.conversation_id)
    return encode(event, event_type=event.event_type, event_id=event_id, key=key)
