"""Synthetic sessions: a written client and a written counsellor talk, and the talk is a file that can be replayed.

They load a system and are compared with real sessions. Every one says in its first message what it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeVar

from plugin.written_client.client import WrittenClient, first_turn, next_turn, opening
from plugin.written_client.counsellor import Manner, manner_now, reply_to, written_replies
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Ending, Force, Written, by_seed
from stream.contracts.vocabulary import ResistanceType, Role

MARK: Final = "synthetic"
"""What the references of synthetic conversations and people begin with."""
NOTICE: Final = "This session is synthetic. Its sentences were written by us, and no person speaks in it."
_BEFORE: Final = 3
"""Turns in which the client tells something, before the first that resists: a beginning, as talks have one."""

Payload = dict[str, object]
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class SyntheticSession:
    """A talk of a written client with a written counsellor."""

    reference: str
    client: WrittenClient
    manner: Manner
    ending: Ending
    said: tuple[tuple[Role, str], ...] = field(repr=False)


def synthetic_sessions(count: int, seed: str, manner: Manner) -> Iterator[SyntheticSession]:
    """Yield sessions whose clients are chosen by a seed; the same seed makes the same sessions."""
    for number in range(1, count + 1):
        own = f"{seed}/{number}"
        client = WrittenClient(
            profile=_chosen(own, "profile", tuple(profiles().values())),
            behaviour=_chosen(own, "behaviour", tuple(ResistanceType)),
            force=_chosen(own, "force", tuple(Force)),
            seed=own,
        )
        yield _talk(f"{MARK}-{seed}-{number}", client, manner)


def payloads(session: SyntheticSession) -> Iterator[Payload]:
    """Yield the lines of a session's file, in the form of `counterpoint replay`; times follow from typing."""
    said = ((Role.SYSTEM, NOTICE), *session.said)
    authors = {
        Role.SYSTEM: MARK,
        Role.CLIENT: f"{MARK}-client-{session.reference}",
        Role.COUNSELLOR: f"{MARK}-counsellor-{session.manner}",
    }
    for number, (role, text) in enumerate(said):
        yield {
            "type": "message",
            "conversation_id": session.reference,
            "message_id": f"m{number}",
            "role": role.value,
            "author": authors[role],
            "text": text,
            "consent": {"processing": True},
            "language": "en",
        }
    yield {"type": "session_end", "conversation_id": session.reference}


def _talk(reference: str, client: WrittenClient, manner: Manner) -> SyntheticSession:
    """Return a talk: the client tells something, resists, and tells more after opening up."""
    tells = [(Role.CLIENT, client.profile.say(each)) for each in client.profile.tells]
    talk = _Talk(client, manner, tells)
    for _ in range(_BEFORE - 1):
        talk.tell()
    talk.said += [tells.pop(0), (Role.COUNSELLOR, opening(client))]
    turn, replies = first_turn(client), 0
    while turn.state.ending is None:
        reply = reply_to(client.behaviour, manner, client.seed, replies)
        replies += 1
        talk.said += [(Role.CLIENT, turn.text), (Role.COUNSELLOR, client.profile.fill(reply.written.text))]
        turn = next_turn(client, turn.state, reply.levels)
    talk.said.append((Role.CLIENT, turn.text))
    if turn.state.ending is Ending.OPENED:
        talk.answer()
        while tells:
            talk.tell()
    if turn.state.ending is not Ending.LEFT:
        if talk.said[-1][0] is Role.COUNSELLOR:
            talk.said.pop()  # the last answer is a goodbye
        talk.said.append((Role.COUNSELLOR, by_seed(client.seed, written_replies().closing)[0].text))
    return SyntheticSession(reference, client, manner, turn.state.ending, tuple(talk.said))


class _Talk:
    """What was said so far, while a talk is made."""

    def __init__(self, client: WrittenClient, manner: Manner, tells: list[tuple[Role, str]]) -> None:
        self.said: list[tuple[Role, str]] = []
        self._seed = client.seed
        self._manner = manner
        self._tells = tells
        self._answers = {each: by_seed(client.seed, written_replies().ordinary[each]) for each in _PLAIN}

    def tell(self) -> None:
        """Let the client tell the next thing, and the counsellor answer."""
        self.said.append(self._tells.pop(0))
        self.answer()

    def answer(self) -> None:
        """Let the counsellor answer what the client told."""
        answers: list[Written] = self._answers[manner_now(self._manner, self._seed, -len(self.said))]
        self.said.append((Role.COUNSELLOR, answers.pop(0).text))


_PLAIN: Final = (Manner.GOOD, Manner.POOR)


def _chosen(seed: str, name: str, choice: Sequence[Choice]) -> Choice:
    return choice[int.from_bytes(sha256(f"{seed}/{name}".encode()).digest()[:8]) % len(choice)]
