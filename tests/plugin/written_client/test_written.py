"""Tests of the written files: enough of everything, filled in every place, and nothing that no model may rate."""

import re
from collections.abc import Iterator

import pytest

from plugin.written_client.client import MAX_REPLIES
from plugin.written_client.counsellor import Manner, example_for, manner_now, reply_to, written_replies
from plugin.written_client.profiles import FOLDER, Profile, profiles
from plugin.written_client.turns import Ending, Force, Movement, written_turns
from stream.contracts.rubric import MISTAKES
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from stream.detection.lexicons import find_concerns

PROFILES = list(profiles().values())


def sentences() -> Iterator[str]:
    """Yield every written sentence with its places."""
    turns, replies = written_turns(), written_replies()
    for group in (*turns.resisting.values(), turns.openings, *turns.leads.values(), *turns.ends.values()):
        yield from (each.text for each in group)
    for found in (*replies.good.values(), replies.poor):
        yield from (each.written.text for each in found)
    for group in (*replies.ordinary.values(), replies.closing):
        yield from (each.text for each in group)


def test_each_behaviour_has_more_turns_than_a_talk_takes() -> None:
    """For each behaviour and force there are six turns, so that a talk never runs out of words."""
    turns = written_turns().resisting
    assert {len(found) for found in turns.values()} == {6}
    assert len(turns) == len(ResistanceType) * len(Force)
    for behaviour in ResistanceType:
        assert sum(len(turns[behaviour, force]) for force in Force) > MAX_REPLIES


def test_no_sentence_is_written_twice() -> None:
    """Of all written sentences no two are the same, whatever their capitals."""
    found = [sentence.lower() for sentence in sentences()]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda each: each.key)
def test_a_profile_fills_every_place(profile: Profile) -> None:
    """With the words of any profile no place is left, nothing speaks of danger, and no sentence is very long."""
    filled = [profile.fill(sentence) for sentence in sentences()]
    said = [*filled, *profile.opens, *profile.tells]
    for words in said:
        assert not re.search(r"[{}]|  ", words)
        assert find_concerns(words) == ()
        assert 1 < len(words) < 250
    assert 14 < profile.age < 100
    assert len(profile.opens) >= 3
    assert len(profile.tells) >= 6
    assert not re.search(r"^[aeiou]", profile.other)  # "a {other}"


def test_a_place_begins_a_sentence_with_a_capital() -> None:
    """A place with a capital gives the same words with one."""
    profile = profiles()["exam-student"]
    assert profile.fill("{Step} is {step}, {Hour}.") == (
        "The breathing exercise is the breathing exercise, Before an exam."
    )


def test_the_words_say_whose_they_are() -> None:
    """Each file says in its head that we wrote it, so that nobody takes it for what clients said."""
    for name in ("profiles.toml", "turns.toml", "replies.toml"):
        head = "\n".join((FOLDER / name).read_text(encoding="utf-8").splitlines()[:2])
        assert re.search(r"for this project; (nobody ever said it|none of them is anybody)", head)


def test_there_are_words_for_each_movement_and_end() -> None:
    """A client who leaves, and one whose time is over, have last words; every movement has its answers."""
    turns = written_turns()
    assert set(turns.ends) == set(Ending) - {Ending.OPENED}
    assert set(turns.leads) == set(Movement)
    assert all(len(found) >= 6 for found in (*turns.ends.values(), *turns.leads.values()))


def test_replies_have_a_level_of_each_mechanism() -> None:
    """Good replies to a behaviour express more than any poor one; each of the poor makes a mistake of the rubric."""
    replies = written_replies()
    for found in (*replies.good.values(), replies.poor):
        assert all(len(each.levels) == len(Mechanism) for each in found)
    assert max(sum(each.levels) for each in replies.poor) < min(
        sum(each.levels) for found in replies.good.values() for each in found
    )
    mistakes = {each.written.written_id.rsplit("-", 1)[0] for each in replies.poor}
    assert mistakes == {each.code for each in MISTAKES} - {"collusion"}


def test_a_manner_decides_the_reply() -> None:
    """A good counsellor gives good replies, a poor one poor ones, and a mixed one both."""
    good = {each.written for each in written_replies().good[ResistanceType.EXCUSING]}
    given = {
        manner: [reply_to(ResistanceType.EXCUSING, manner, "1", place).written in good for place in range(20)]
        for manner in Manner
    }
    assert all(given[Manner.GOOD])
    assert not any(given[Manner.POOR])
    assert 0 < sum(given[Manner.MIXED]) < 20
    assert {manner_now(Manner.MIXED, "1", place) for place in range(20)} == {Manner.GOOD, Manner.POOR}


def test_replies_are_given_anew_only_after_all_others() -> None:
    """A counsellor goes through the replies of a behaviour before one comes again."""
    first = [reply_to(ResistanceType.BLAMING, Manner.GOOD, "1", place).written.written_id for place in range(10)]
    assert len(set(first[:5])) == 5
    assert first[5:] == first[:5]


def test_an_example_is_a_good_reply_in_the_profiles_words() -> None:
    """The example for a turn has the profile's words in its places, and another follows it."""
    examples = [example_for(profiles()["new-widow"], ResistanceType.DISAGREEING, "1", place) for place in (0, 1)]
    assert len(set(examples)) == 2
    assert not any("{" in each for each in examples)
    assert all(level in Level for each in written_replies().good[ResistanceType.DISAGREEING] for level in each.levels)
