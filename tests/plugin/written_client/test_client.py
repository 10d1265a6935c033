"""Tests of the written client as a state machine: what moves it, how it ends, and that it never says a thing twice."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.written_client.client import (
    LEAVES_AT,
    MAX_REPLIES,
    OPENS_AT,
    ClientState,
    ClientTurn,
    WrittenClient,
    first_turn,
    force_now,
    gain_of,
    next_turn,
    opening,
)
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Ending, Force, Movement, by_seed, written_turns
from stream.contracts.vocabulary import Level, ResistanceType

NOTHING, WEAK, STRONG = ([level] * 4 for level in Level)
LEVELS = st.lists(st.sampled_from(Level), max_size=4)
REPLIES = st.lists(LEVELS, min_size=MAX_REPLIES, max_size=MAX_REPLIES)
CLIENTS = st.builds(
    WrittenClient,
    profile=st.sampled_from(list(profiles().values())),
    behaviour=st.sampled_from(ResistanceType),
    force=st.sampled_from(Force),
    seed=st.text(max_size=8),
)


def client(force: Force = Force.FIRM, *, behaviour: ResistanceType = ResistanceType.EXCUSING) -> WrittenClient:
    """Return a client who says in his own words why he cannot."""
    return WrittenClient(profiles()["site-builder"], behaviour, force, "a seed")


def talk(who: WrittenClient, replies: Sequence[Sequence[Level]]) -> list[ClientTurn]:
    """Return all turns of a talk with replies of these levels, up to its end."""
    turns = [first_turn(who)]
    for levels in replies:
        if turns[-1].state.ending is None:
            turns.append(next_turn(who, turns[-1].state, levels))
    return turns


@given(CLIENTS, REPLIES)
def test_nothing_is_said_twice_in_a_talk(who: WrittenClient, replies: list[list[Level]]) -> None:
    """Whatever the replies are, no written sentence and no turn comes twice, and every turn has words."""
    turns = talk(who, replies)
    said = turns[-1].state.said
    assert len(set(said)) == len(said)
    texts = [turn.text for turn in turns]
    assert len(set(texts)) == len(texts)
    assert all(text.strip() for text in texts)


@given(CLIENTS, REPLIES)
def test_every_talk_ends(who: WrittenClient, replies: list[list[Level]]) -> None:
    """After the greatest number of replies a talk is over, and then there is no next turn."""
    last = talk(who, replies)[-1]
    assert last.state.ending is not None
    with pytest.raises(ValueError, match="ended"):
        next_turn(who, last.state, STRONG)


@given(CLIENTS, REPLIES)
def test_a_talk_follows_from_its_seed(who: WrittenClient, replies: list[list[Level]]) -> None:
    """The same client with the same seed says the same to the same ratings."""
    assert talk(who, replies) == talk(who, replies)


@given(CLIENTS, REPLIES)
def test_a_talk_ends_where_its_openness_says(who: WrittenClient, replies: list[list[Level]]) -> None:
    """A client opens up exactly at the openness of its force, leaves exactly at the other one, or time is over."""
    turns = talk(who, replies)
    for turn in turns:
        openness = turn.state.openness
        assert (turn.state.ending is Ending.OPENED) == (openness >= OPENS_AT[who.force])
        assert (turn.state.ending is Ending.LEFT) == (openness <= LEAVES_AT[who.force])
    if turns[-1].state.ending is Ending.TIME:
        assert turns[-1].state.replies == MAX_REPLIES


@given(LEVELS, st.integers(0, 3))
def test_more_heard_never_moves_less(levels: list[Level], place: int) -> None:
    """A reply in which one mechanism is expressed more moves a client at least as far."""
    if place < len(levels) and levels[place] is not Level.STRONG:
        more = [*levels[:place], Level(levels[place] + 1), *levels[place + 1 :]]
        assert gain_of(more) >= gain_of(levels)


@pytest.mark.parametrize(
    ("levels", "gain"),
    [
        ([], 0),
        (NOTHING, -1),
        ([1, 0, 0, 0], -1),
        ([1, 1, 0, 0], 0),
        ([1, 2, 0, 0], 0),
        ([2, 2, 0, 0], 1),
        ([2, 2, 1, 0], 1),
        ([2, 2, 1, 1], 2),
        (STRONG, 2),
        ([2, 2], 2),
        ([2, 0], 1),
        ([0, 0, 1], -1),
    ],
)
def test_levels_are_taken_together(levels: list[int], gain: int) -> None:
    """What is heard in a reply moves the openness as a whole; what has no level counts as the rest does."""
    assert gain_of([Level(level) for level in levels]) == gain


def test_a_reply_without_levels_moves_nothing() -> None:
    """Where nobody rated a reply, the client says something else and is as open as before."""
    first = first_turn(client())
    turn = next_turn(client(), first.state, [])
    assert (turn.state.openness, turn.movement, turn.state.ending) == (0, Movement.STAYED, None)
    assert turn.text != first.text


@pytest.mark.parametrize(("force", "replies"), [(Force.MILD, 2), (Force.FIRM, 3), (Force.HARD, 4)])
def test_who_resists_harder_takes_longer_to_open_up(force: Force, replies: int) -> None:
    """Replies in which everything is strong open a client up, the sooner the less hard it resists."""
    last = talk(client(force), [STRONG] * MAX_REPLIES)[-1]
    assert (last.state.ending, last.state.replies) == (Ending.OPENED, replies)
    assert last.text in profiles()["site-builder"].opens


@pytest.mark.parametrize(("force", "replies"), [(Force.MILD, 4), (Force.FIRM, 3), (Force.HARD, 2)])
def test_who_resists_harder_leaves_sooner(force: Force, replies: int) -> None:
    """Replies in which nothing is heard make a client leave, the sooner the harder it resists."""
    last = talk(client(force), [NOTHING] * MAX_REPLIES)[-1]
    assert (last.state.ending, last.state.replies) == (Ending.LEFT, replies)


def test_a_client_grows_softer_half_way_and_harder_below_the_beginning() -> None:
    """The force follows the openness, within its three steps."""
    assert [force_now(client(), openness) for openness in (-1, 0, 2, 3, 4)] == [
        Force.HARD,
        Force.FIRM,
        Force.FIRM,
        Force.MILD,
        Force.MILD,
    ]
    assert force_now(client(Force.MILD), 2) is Force.MILD
    assert force_now(client(Force.HARD), -1) is Force.HARD


def test_a_turn_is_of_the_behaviour_and_the_force() -> None:
    """While turns of its force are left a client says one of them, after them those of the nearest."""
    who = client()
    turns = talk(who, [[]] * MAX_REPLIES)[:-1]
    written = {
        each.written_id: force
        for (behaviour, force), found in written_turns().resisting.items()
        if behaviour is who.behaviour
        for each in found
    }
    forces = [written[said] for said in turns[-1].state.said if said in written]
    assert len(forces) == MAX_REPLIES
    assert forces[:6] == [Force.FIRM] * 6
    assert Force.FIRM not in forces[6:]


def test_some_words_answer_the_last_reply() -> None:
    """After a reply that fell flat a turn begins with words for that, unless the client would say no more."""
    fell = {each.text for each in written_turns().leads[Movement.FELL]}
    for behaviour, answers in (
        (ResistanceType.EXCUSING, True),
        (ResistanceType.CHALLENGING, True),
        (ResistanceType.MINIMUM_TALK, False),
        (ResistanceType.SIDETRACKING, False),
    ):
        turn = talk(client(behaviour=behaviour), [NOTHING])[-1]
        assert turn.text.startswith(tuple(fell)) == answers


def test_who_argues_does_not_agree_at_once() -> None:
    """A client who disputes what was said does not begin with words of agreement."""
    rose = tuple(each.text for each in written_turns().leads[Movement.ROSE])
    assert talk(client(), [STRONG])[-1].text.startswith(rose)
    assert not talk(client(behaviour=ResistanceType.CHALLENGING), [STRONG])[-1].text.startswith(rose)


def test_talks_of_other_seeds_are_others() -> None:
    """Of a hundred seeds no two make the same talk, even with the same profile, behaviour and ratings."""
    made = {
        tuple(
            turn.text
            for turn in talk(
                WrittenClient(profiles()["new-widow"], ResistanceType.RELUCTANCE, Force.FIRM, str(seed)), [WEAK] * 5
            )
        )
        for seed in range(100)
    }
    assert len(made) == 100


def test_a_client_types_in_its_own_way() -> None:
    """A client who types without capitals says the same sentence without them; the counsellor's words stay."""
    pupil = WrittenClient(profiles()["school-pupil"], ResistanceType.DISAGREEING, Force.FIRM, "1")
    said = [turn.text for turn in talk(pupil, [WEAK] * 4)]
    assert said == [text.lower() for text in said]
    assert not any(text.endswith(".") for text in said[:-1])
    assert opening(pupil) != opening(pupil).lower()


def test_words_are_in_no_repr() -> None:
    """A turn's representation shows no words."""
    turn = first_turn(client())
    assert turn.text not in repr(turn)


def test_the_order_of_a_seed_is_the_same_everywhere() -> None:
    """The order is a matter of the seed and the ids alone; this one is written down."""
    openings = by_seed("a seed", written_turns().openings)
    assert sorted(each.written_id for each in openings) == [f"opening-{number}" for number in range(1, 7)]
    assert openings == by_seed("a seed", written_turns().openings[::-1])


def test_a_state_holds_no_words() -> None:
    """What a talk has come to are numbers and ids."""
    state: ClientState = talk(client(), [WEAK] * 3)[-1].state
    assert all(" " not in said for said in state.said)
