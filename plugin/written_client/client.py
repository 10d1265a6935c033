"""The written client as a state machine: how a reply was rated moves the openness, and that decides the next turn.

Everything here is pure: the same client, seed and ratings give the same talk. No turn is said twice in a talk.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from plugin.written_client.profiles import Profile
from plugin.written_client.turns import Ending, Force, Movement, Written, by_seed, numbered, written_turns
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType

MAX_REPLIES: Final = 12
"""Replies of a talk: some twenty minutes of typing, and fewer than a behaviour has written turns."""
OPENS_AT: Final = {Force.MILD: 3, Force.FIRM: 5, Force.HARD: 7}
"""The openness at which a client opens up: after two to four replies with much in them, or three to seven others."""
LEAVES_AT: Final = {Force.MILD: -4, Force.FIRM: -3, Force.HARD: -2}
"""The openness at which a client leaves: after as many replies in a row in which hardly anything is heard."""
_HARDLY: Final = 1
_PARTLY: Final = 3
_CLEARLY: Final = 6
"""Sums of four levels: up to the first a reply moves the openness down, up to the second it moves nothing, and from the
third on, as where two mechanisms are strong and two weak, it moves it up by two instead of one."""
_ARGUING: Final = frozenset({ResistanceType.CHALLENGING, ResistanceType.DISCOUNTING})
_SAY_NO_MORE: Final = frozenset({ResistanceType.MINIMUM_TALK, ResistanceType.INATTENTION, ResistanceType.SIDETRACKING})
"""The behaviours to which an answer to the last reply would not fit."""


@dataclass(frozen=True)
class WrittenClient:
    """An invented client in one talk: who it is, how it resists at first, and the seed of its words."""

    profile: Profile
    behaviour: ResistanceType
    force: Force
    seed: str


@dataclass(frozen=True)
class ClientState:
    """What a talk has come to, without a word of it."""

    openness: int = 0
    replies: int = 0
    said: tuple[str, ...] = ()
    """The ids of everything that was written for this talk."""
    ending: Ending | None = None


@dataclass(frozen=True)
class ClientTurn:
    """The next turn of a client, and the state after it."""

    state: ClientState
    force: Force
    """How hard the client resists by now."""
    movement: Movement
    text: str = field(repr=False)
    is_by_model: bool = False
    """Whether a language model has worded it, in the place of what was written."""


def opening(client: WrittenClient) -> str:
    """Return what the counsellor said before the client's first turn."""
    return client.profile.fill(by_seed(client.seed, written_turns().openings)[0].text)


def first_turn(client: WrittenClient) -> ClientTurn:
    """Return the turn with which a talk begins."""
    return _resist(client, ClientState(), Movement.STAYED)


def next_turn(client: WrittenClient, state: ClientState, levels: Collection[Level]) -> ClientTurn:
    """Return the turn that follows a reply; `levels` are those that it was given, and none where nobody rated it.

    Raises:
        ValueError: the talk has ended.
    """
    if state.ending is not None:
        raise ValueError("the talk has ended")
    gain = gain_of(levels)
    moved = replace(state, openness=state.openness + gain, replies=state.replies + 1)
    movement = Movement.ROSE if gain > 0 else Movement.FELL if gain < 0 else Movement.STAYED
    if moved.openness >= OPENS_AT[client.force]:
        return _end(client, moved, Ending.OPENED, movement)
    if moved.openness <= LEAVES_AT[client.force]:
        return _end(client, moved, Ending.LEFT, movement)
    if moved.replies >= MAX_REPLIES:
        return _end(client, moved, Ending.TIME, movement)
    return _resist(client, moved, movement)


def gain_of(levels: Collection[Level]) -> int:
    """Return by how much a reply with these levels moves the openness; mechanisms without a level count as the others.

    What a reply expresses is taken together, since a moment may ask for one mechanism alone.
    """
    if not levels:
        return 0
    heard = sum(levels) * len(Mechanism) // len(levels)
    if heard <= _HARDLY:
        return -1
    if heard <= _PARTLY:
        return 0
    return 2 if heard >= _CLEARLY else 1


def force_now(client: WrittenClient, openness: int) -> Force:
    """Return how hard a client resists at an openness: softer from half way on, harder below the beginning."""
    if openness < 0:
        return Force(min(client.force + 1, Force.HARD))
    if openness * 2 >= OPENS_AT[client.force]:
        return Force(max(client.force - 1, Force.MILD))
    return client.force


def _resist(client: WrittenClient, state: ClientState, movement: Movement) -> ClientTurn:
    force = force_now(client, state.openness)
    turn = next(each for at in _nearest(force) for each in _unsaid(client, state, _turns(client, at)))
    spoken = [turn] if not state.replies else [*_lead(client, state, movement), turn]
    return _say(client, state, spoken, force, movement)


def _end(client: WrittenClient, state: ClientState, ending: Ending, movement: Movement) -> ClientTurn:
    opens = numbered(Ending.OPENED, client.profile.opens)
    choice = opens if ending is Ending.OPENED else written_turns().ends[ending]
    ended = replace(state, ending=ending)
    return _say(client, ended, by_seed(client.seed, choice)[:1], force_now(client, state.openness), movement)


def _say(
    client: WrittenClient, state: ClientState, spoken: list[Written], force: Force, movement: Movement
) -> ClientTurn:
    said = (*state.said, *(each.written_id for each in spoken))
    text = client.profile.say(" ".join(each.text for each in spoken))
    return ClientTurn(replace(state, said=said), force, movement, text)


def _lead(client: WrittenClient, state: ClientState, movement: Movement) -> list[Written]:
    """Return the words in front of a turn, if some are left and an answer fits to how the client resists."""
    if client.behaviour in _SAY_NO_MORE or (client.behaviour in _ARGUING and movement is Movement.ROSE):
        return []
    return _unsaid(client, state, written_turns().leads[movement])[:1]


def _turns(client: WrittenClient, force: Force) -> tuple[Written, ...]:
    return written_turns().resisting[client.behaviour, force]


def _unsaid(client: WrittenClient, state: ClientState, written: tuple[Written, ...]) -> list[Written]:
    return [each for each in by_seed(client.seed, written) if each.written_id not in state.said]


def _nearest(force: Force) -> Iterable[Force]:
    """Return all forces, the nearest first."""
    return sorted(Force, key=lambda each: abs(each - force))
