"""The order of a session's messages, and its client turns."""

from dataclasses import replace
from datetime import timedelta

from stream.contracts.vocabulary import NeedsHuman, Role
from stream.sessions.rules import CONTEXT_MESSAGES
from stream.sessions.state import Entry, Scored
from stream.sessions.transcript import ClientTurn, client_turns, transcript
from tests.stream.sessions.scenario import START

ROLES = {"c": Role.CLIENT, "t": Role.COUNSELLOR, "u": Role.COUNSELLOR, "s": Role.SYSTEM}


def entries(script: str, flagged: str = "") -> list[Entry]:
    """One message a letter: c client, t and u two counsellors, s system. `flagged` marks places with an x."""
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
    """The ids of messages, in one string."""
    return " ".join(entry.message_id for entry in part)


def told(script: str) -> list[tuple[str, str]]:
    """Client turns and their replies."""
    return [(names(turn.messages), names(turn.reply)) for turn in client_turns(entries(script))]


def only(script: str, flagged: str = "") -> ClientTurn:
    """Return the one client turn of a script."""
    (turn,) = client_turns(entries(script, flagged))
    return turn


def test_messages_stand_in_the_order_they_were_sent() -> None:
    """However they arrived."""
    spoken = entries("ctct")
    assert names(transcript(reversed(spoken))) == "c0 t1 c2 t3"


def test_messages_of_one_time_stand_as_they_arrived() -> None:
    """Many platforms tell whole seconds; a name must not decide."""
    spoken = [replace(e, sent_at=START, message_id=f"{9 - e.offset}") for e in entries("ctc")]
    assert names(transcript(spoken)) == "9 8 7"


def test_a_deleted_message_is_not_in_the_transcript() -> None:
    """Neither as words nor as a turn."""
    spoken = [replace(e, deleted=e.offset == 1) for e in entries("ctc")]
    assert names(transcript(spoken)) == "c0 c2"


def test_a_turn_is_a_maximal_run_of_one_role() -> None:
    """People write one thought in several messages."""
    assert told("cctcttc") == [("c0 c1", "t2"), ("c3", "t4 t5"), ("c6", "")]


def test_a_counsellors_opening_belongs_to_no_client_turn() -> None:
    """It is context, not a reply."""
    assert told("tctt") == [("c1", "t2 t3")]
    assert names(only("tct").context) == "t0"


def test_a_session_without_a_client_has_no_client_turn() -> None:
    """Nor has an empty one."""
    assert told("tst") == []
    assert told("") == []


def test_a_notice_does_not_hide_the_counsellors_reply() -> None:
    """Between the client's words and the reply."""
    assert told("cst") == [("c0", "t2")]
    assert only("cst").reply_needs_human is None


def test_a_notice_does_not_split_the_counsellors_reply() -> None:
    """Nor does it become part of it."""
    assert told("ctstc") == [("c0", "t1 t3"), ("c4", "")]


def test_a_bot_that_the_client_goes_on_after_was_the_reply() -> None:
    """A client turn that a system message answers needs a human."""
    first, second = client_turns(entries("csct"))
    assert (names(first.messages), names(first.reply)) == ("c0", "s1")
    assert first.reply_needs_human is NeedsHuman.REPLY_BY_SYSTEM
    assert first.counsellor is None
    assert names(second.reply) == "t3"


def test_a_notice_at_the_end_answers_nothing() -> None:
    """The room was closed; the client's last words had no reply."""
    assert told("ctcs") == [("c0", "t1"), ("c2", "")]


def test_a_reply_of_two_counsellors_is_nobodys() -> None:
    """A person must look whose words they were."""
    turn = only("ctu")
    assert turn.counsellor is None
    assert turn.reply_needs_human is NeedsHuman.REPLY_BY_SEVERAL


def test_a_reply_belongs_to_its_author() -> None:
    """Two counsellors in one session each have their own replies."""
    assert [turn.counsellor for turn in client_turns(entries("ctcu"))] == ["t", "u"]


def test_a_turn_is_flagged_if_any_of_its_messages_is() -> None:
    """Its score is the highest of them."""
    assert only("cct", " x").flagged
    assert only("cct", " x").score == 0.5
    assert not only("cct").flagged
    assert only("cct").score == 0.1


def test_the_context_is_the_ten_messages_before() -> None:
    """Of any role, in order, and no more."""
    spoken = entries("tc" * 8 + "t" + "c" + "t")
    last = client_turns(spoken)[-1]
    assert names(last.messages) == "c17"
    assert names(last.context) == names(tuple(spoken[17 - CONTEXT_MESSAGES : 17]))


def test_the_context_of_the_beginning_is_what_there_is() -> None:
    """Nothing, or less than ten."""
    assert only("ct").context == ()
    assert names(client_turns(entries("ctct"))[1].context) == "c0 t1"


def test_no_text_shows_in_a_repr() -> None:
    """A client turn in a traceback shows none of its words."""
    assert "words" not in repr(only("ctct"[:2], "x"))
