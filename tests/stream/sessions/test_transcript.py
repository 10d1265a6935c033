"""A transcript orders the messages of a session, and client turns are its runs of client messages."""

from dataclasses import replace
from datetime import timedelta

from stream.contracts.vocabulary import NeedsHuman, Role
from stream.sessions.rules import CONTEXT_MESSAGES
from stream.sessions.state import Entry, Scored
from stream.sessions.transcript import ClientTurn, client_turns, transcript
from tests.stream.sessions.scenario import START

ROLES = {"c": Role.CLIENT, "t": Role.COUNSELLOR, "u": Role.COUNSELLOR, "s": Role.SYSTEM}


def entries(script: str, flagged: str = "") -> list[Entry]:
    """Return one message a letter: c client, t and u two counsellors, s system. An x in `flagged` flags its place."""
    marks = flagged.ljust(len(script))
    return [
        Entry(
            message_id=f"{letter}{place}",
            offset=place,
            appended_ms=place,
            touched=place,
            touched_ms=place,
            role=ROLES[letter],
            author=letter,
            sent_at=START + timedelta(seconds=place),
            text="words",
            scored=Scored(score=0.5 if marks[place] == "x" else 0.1, flagged=marks[place] == "x")
            if letter == "c"
            else None,
        )
        for place, letter in enumerate(script)
    ]


def names(part: tuple[Entry, ...]) -> str:
    """Return the ids of messages in one string."""
    return " ".join(entry.message_id for entry in part)


def turns_and_replies(script: str) -> list[tuple[str, str]]:
    """Return the ids of the client turns of a script, each with those of its reply."""
    return [(names(turn.messages), names(turn.reply)) for turn in client_turns(entries(script))]


def only_turn(script: str, flagged: str = "") -> ClientTurn:
    """Return the one client turn of a script."""
    (turn,) = client_turns(entries(script, flagged))
    return turn


def test_messages_are_in_the_order_in_which_they_were_sent() -> None:
    """Messages are in the order in which they were sent, however they arrived."""
    spoken = entries("ctct")
    assert names(transcript(reversed(spoken))) == "c0 t1 c2 t3"


def test_messages_of_one_time_are_in_the_order_of_arrival() -> None:
    """Messages sent at one time are in the order of arrival, not in that of their ids.

    Many platforms give times in whole seconds.
    """
    spoken = [replace(e, sent_at=START, message_id=f"{9 - e.offset}") for e in entries("ctc")]
    assert names(transcript(spoken)) == "9 8 7"


def test_a_deleted_message_is_not_in_the_transcript() -> None:
    """A deleted message is not in the transcript, so it is in no turn either."""
    spoken = [replace(e, deleted=e.offset == 1) for e in entries("ctc")]
    assert names(transcript(spoken)) == "c0 c2"


def test_a_turn_is_a_maximal_run_of_one_role() -> None:
    """A turn is a maximal run of messages of one role, since people write one thought in several messages."""
    assert turns_and_replies("cctcttc") == [("c0 c1", "t2"), ("c3", "t4 t5"), ("c6", "")]


def test_a_counsellors_opening_belongs_to_no_client_turn() -> None:
    """A counsellor's first messages are context of the client turn after them, not a reply."""
    assert turns_and_replies("tctt") == [("c1", "t2 t3")]
    assert names(only_turn("tct").context) == "t0"


def test_a_session_without_a_client_has_no_client_turn() -> None:
    """A session without client messages has no client turn, nor has an empty one."""
    assert turns_and_replies("tst") == []
    assert turns_and_replies("") == []


def test_a_notice_does_not_hide_the_counsellors_reply() -> None:
    """A notice between a client turn and the counsellor's reply does not hide the reply."""
    assert turns_and_replies("cst") == [("c0", "t2")]
    assert only_turn("cst").reply_needs_human is None


def test_a_notice_does_not_split_the_counsellors_reply() -> None:
    """A notice within a counsellor's reply neither splits the reply nor becomes a part of it."""
    assert turns_and_replies("ctstc") == [("c0", "t1 t3"), ("c4", "")]


def test_a_bot_message_is_the_reply_if_the_client_continues_after_it() -> None:
    """A system message is the reply if the client continues after it, and then needs a human."""
    first, second = client_turns(entries("csct"))
    assert (names(first.messages), names(first.reply)) == ("c0", "s1")
    assert first.reply_needs_human is NeedsHuman.REPLY_BY_SYSTEM
    assert first.counsellor is None
    assert names(second.reply) == "t3"


def test_a_notice_at_the_end_answers_nothing() -> None:
    """A notice after the client's last messages is no reply, such as one that the room was closed."""
    assert turns_and_replies("ctcs") == [("c0", "t1"), ("c2", "")]


def test_a_reply_of_two_counsellors_has_no_author() -> None:
    """A reply by two counsellors has no author and needs a human."""
    turn = only_turn("ctu")
    assert turn.counsellor is None
    assert turn.reply_needs_human is NeedsHuman.REPLY_BY_SEVERAL


def test_a_reply_belongs_to_its_author() -> None:
    """A reply belongs to its author, also where two counsellors write in one session."""
    assert [turn.counsellor for turn in client_turns(entries("ctcu"))] == ["t", "u"]


def test_a_turn_is_flagged_if_any_of_its_messages_is() -> None:
    """A turn is flagged if any of its messages is, and has the highest of their scores."""
    assert only_turn("cct", " x").flagged
    assert only_turn("cct", " x").score == 0.5
    assert not only_turn("cct").flagged
    assert only_turn("cct").score == 0.1


def test_the_context_is_the_ten_messages_before() -> None:
    """The context of a turn is the ten messages before it, of any role, in order."""
    spoken = entries("tc" * 8 + "t" + "c" + "t")
    last = client_turns(spoken)[-1]
    assert names(last.messages) == "c17"
    assert names(last.context) == names(tuple(spoken[17 - CONTEXT_MESSAGES : 17]))


def test_the_first_turns_have_less_context() -> None:
    """The first turns of a session have no context, or less than ten messages."""
    assert only_turn("ct").context == ()
    assert names(client_turns(entries("ctct"))[1].context) == "c0 t1"


def test_no_text_shows_in_a_repr() -> None:
    """The `repr` of a client turn, which may be in a traceback, shows none of its text."""
    assert "words" not in repr(only_turn("ctct"[:2], "x"))
