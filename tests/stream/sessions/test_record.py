"""A closed session's record holds its exchanges, marks, counts and the reason for leaving it out."""

import pytest

from stream.contracts.ids import exchange_id
from stream.contracts.vocabulary import Concern, LeftOut, MarkKind, NeedsHuman, Role
from stream.sessions.rules import Rules
from tests.stream.sessions.scenario import Scenario, rules, session_id_of


def closed(scenario: Scenario, second: float = 1_000) -> Scenario:
    """End the session of a scenario and return the scenario."""
    scenario.end(second)
    return scenario


def send_flagged_turns(scenario: Scenario, strengths: list[int]) -> None:
    """Send one flagged and answered turn for each strength."""
    for turn, strength in enumerate(strengths):
        scenario.client("no " * strength + "really", turn * 10)
        scenario.counsellor("I hear that this is not for you", turn * 10 + 5)


def test_a_flagged_and_answered_turn_is_an_exchange() -> None:
    """A flagged and answered turn is an exchange with its context, reply, author, score and cues."""
    scenario = Scenario()
    scenario.ordinary_session()
    (exchange,) = closed(scenario).last_record.exchanges
    assert exchange.context == ("m1", "m2")
    assert exchange.client_turn == ("m3",)
    assert exchange.reply == ("m4",)
    assert exchange.counsellor == "counsellor"
    assert exchange.score == 0.1
    assert [(cue.message_id, cue.start, cue.end) for cue in exchange.cues] == [("m3", 0, 2)]
    assert exchange.needs_human is None
    assert exchange.exchange_id == exchange_id(session_id_of("m1"), "m3")


def test_the_record_counts_the_session() -> None:
    """The record counts messages by role, client turns, flagged turns and unanswered moments."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.system("the counsellor has left", 40)
    counts = closed(scenario).last_record.counts
    assert (counts.messages, counts.client_messages, counts.counsellor_messages) == (5, 2, 2)
    assert (counts.client_turns, counts.flagged_turns, counts.unanswered_moments) == (2, 1, 0)


def test_a_record_holds_each_needed_message_once() -> None:
    """The record holds each message that an exchange or a mark needs once, in order, and no other message."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.client("thank you", 40)
    scenario.counsellor("see you next week", 50)
    assert [m.message_id for m in closed(scenario).last_record.messages] == ["m1", "m2", "m3", "m4"]


def test_every_flagged_and_answered_turn_is_an_exchange() -> None:
    """The record has all flagged and answered turns in order, however many, since a model confirms or rejects them."""
    scenario = Scenario()
    send_flagged_turns(scenario, [1, 4, 2, 5, 3])
    record = closed(scenario).last_record
    assert [exchange.client_turn for exchange in record.exchanges] == [("m1",), ("m3",), ("m5",), ("m7",), ("m9",)]
    assert (record.counts.flagged_turns, record.counts.flagged_not_shown) == (5, 0)


def test_an_unanswered_moment_is_marked_and_not_an_exchange() -> None:
    """A flagged turn without a reply is a mark with its messages and context, and no exchange: there is no reply."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.client("no I am leaving", 40)
    record = closed(scenario).last_record
    assert len(record.exchanges) == 1
    (mark,) = record.marks
    assert (mark.kind, mark.message_ids) == (MarkKind.UNANSWERED_MOMENT, ("m5",))
    assert mark.context == ("m1", "m2", "m3", "m4")
    assert (mark.awaits_verdict, record.counts.unanswered_moments) == (True, 1)
    assert "m5" in [m.message_id for m in record.messages]


def test_the_record_holds_the_context_of_an_unanswered_moment() -> None:
    """The record holds the up to ten messages before a flagged turn without a reply, for the model that reads it."""
    scenario = Scenario()
    for turn in range(6):
        scenario.client("well that is how it goes", turn * 10)
        scenario.counsellor("tell me more about it please", turn * 10 + 5)
    scenario.client("no I am leaving", 100)
    record = closed(scenario).last_record
    assert record.exchanges == ()
    assert record.marks[0].context == tuple(f"m{number}" for number in range(3, 13))
    assert [m.message_id for m in record.messages] == [f"m{number}" for number in range(3, 14)]


def test_a_session_whose_only_moment_is_unanswered_is_not_left_out() -> None:
    """A session whose only flagged turn has no reply is not left out, so that the feedback model reads the turn."""
    scenario = Scenario()
    scenario.client("hello there I am here", 0)
    scenario.counsellor("good to see you what brings you here today", 5)
    scenario.client("no idea and no wish to talk", 10)
    record = closed(scenario).last_record
    assert record.left_out is None
    assert record.exchanges == ()
    assert len(record.marks) == 1


def test_critical_content_in_an_exchange_needs_a_human() -> None:
    """An exchange with critical content in its client turn or context needs a human, and the session is marked."""
    scenario = Scenario()
    scenario.client("the voices are back", 0)
    scenario.counsellor("shall we look at what they say", 5)
    scenario.client("no that will not help at all", 10)
    scenario.counsellor("it sounds as if you have tried", 15)
    record = closed(scenario).last_record
    assert record.exchanges[0].needs_human is NeedsHuman.CRITICAL_CONTENT
    (mark,) = record.marks
    assert (mark.kind, mark.concerns, mark.message_ids) == (
        MarkKind.CRITICAL_CONTENT,
        (Concern.HALLUCINATION,),
        ("m1",),
    )


def test_a_counsellors_words_are_no_critical_content() -> None:
    """A counsellor's text is no critical content, since counsellors must be able to ask about it."""
    scenario = Scenario()
    scenario.client("I am here again", 0)
    scenario.counsellor("do you think of wanting to kill yourself", 5)
    scenario.client("no I do not think so", 10)
    scenario.counsellor("thank you for telling me that", 15)
    record = closed(scenario).last_record
    assert record.marks == ()
    assert record.exchanges[0].needs_human is None


def test_risk_language_is_marked_apart_from_other_concerns() -> None:
    """Risk language has a mark of its own, since it decides which session is looked at first."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.client("I could kill them and the voices agree", 40)
    scenario.counsellor("I am glad that you tell me", 50)
    marks = {mark.kind: mark for mark in closed(scenario).last_record.marks}
    assert marks[MarkKind.RISK_LANGUAGE].concerns == (Concern.SUICIDE,)
    assert marks[MarkKind.CRITICAL_CONTENT].concerns == (Concern.HALLUCINATION,)
    assert marks[MarkKind.RISK_LANGUAGE].message_ids == ("m5",)


def test_a_reply_that_is_not_one_counsellors_needs_a_human() -> None:
    """A reply by two counsellors or by the system needs a human and has no counsellor."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.client("no no not you too", 40)
    scenario.counsellor("I am new here", 41, author="first")
    scenario.counsellor("and I am the other one", 42, author="second")
    scenario.client("no no no people please", 50)
    scenario.system("you are number three in the queue", 51)
    scenario.client("well", 52)
    record = closed(scenario).last_record
    assert [exchange.needs_human for exchange in record.exchanges] == [
        None,
        NeedsHuman.REPLY_BY_SEVERAL,
        NeedsHuman.REPLY_BY_SYSTEM,
    ]
    assert [exchange.counsellor for exchange in record.exchanges] == ["counsellor", None, None]
    assert record.counsellors == ("counsellor", "first", "second")


def left_out(scenario: Scenario) -> LeftOut | None:
    """Close a session and return why it is left out; its record then has no exchanges, messages or names."""
    scenario.participants(Role.CLIENT, ["Robin"], 900)
    record = closed(scenario).last_record
    if record.left_out is not None:
        assert not record.exchanges
        assert not record.messages
        assert not record.known_names
        assert record.counts.messages > 0
    return record.left_out


def test_a_session_without_resistance_is_left_out() -> None:
    """A session without a flagged turn is left out."""
    scenario = Scenario()
    scenario.client("I have slept well this week at last", 0)
    scenario.counsellor("that is good to hear", 5)
    scenario.client("it is thanks to the walks in the evening", 10)
    assert left_out(scenario) is LeftOut.NO_RESISTANCE


@pytest.mark.parametrize("given", [rules(min_client_messages=3), rules(min_words=100)])
def test_a_short_session_is_left_out(given: Rules) -> None:
    """A session with too few client messages or too few words is left out."""
    scenario = Scenario(given)
    scenario.ordinary_session()
    assert left_out(scenario) is LeftOut.TOO_SHORT


def test_a_session_at_the_limits_is_not_too_short() -> None:
    """A session of exactly two client messages and ten words is not too short."""
    scenario = Scenario()
    scenario.client("no no no no", 0)
    scenario.counsellor("one two three four", 5)
    scenario.client("no no", 10)
    assert left_out(scenario) is None


def test_a_session_without_a_counsellor_is_left_out() -> None:
    """A session without counsellor messages is left out, even if a system message answers the client."""
    scenario = Scenario()
    scenario.client("no is anybody here at all", 0)
    scenario.system("you are number three in the queue", 1)
    scenario.client("no I will not wait any longer now", 2)
    assert left_out(scenario) is LeftOut.NO_COUNSELLOR_MESSAGE


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("en", None), ("EN-us", None), ("en-GB", None), (None, None),
        ("de", LeftOut.LANGUAGE_NOT_SUPPORTED), ("de-AT", LeftOut.LANGUAGE_NOT_SUPPORTED),
        ("eng", LeftOut.LANGUAGE_NOT_SUPPORTED),
    ],
)  # fmt: skip
def test_the_first_part_of_the_declared_language_decides(language: str | None, reason: LeftOut | None) -> None:
    """The first part of the declared language decides; a session without a language counts as supported."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.client("and so on", 40, language=language)
    assert left_out(scenario) is reason
    assert scenario.last_record.language == language


def test_the_language_declared_last_counts() -> None:
    """The language declared last counts, since the platform may correct it during the session."""
    scenario = Scenario()
    scenario.client("hallo", 0, language="de")
    scenario.ordinary_session(10)
    scenario.client("well then", 50, language="en")
    assert left_out(scenario) is None


@pytest.mark.parametrize("language", [None, "en"])
def test_a_language_that_the_models_do_not_know_is_detected_from_the_texts(language: str | None) -> None:
    """A session in another language is left out as such, whether none was declared or the one of the models.

    It is never one in which no moment was found.
    """
    scenario = Scenario()
    for second in range(0, 60, 10):
        scenario.client("nein ich will heute nicht", second, language=language)
        scenario.counsellor("das ist in Ordnung", second + 5)
    assert left_out(scenario) is LeftOut.LANGUAGE_NOT_SUPPORTED
    assert scenario.last_record.language == "de"


def test_the_counsellors_words_tell_the_language_where_the_clients_do_not() -> None:
    """If the client's words are too few to detect the language, it is detected from the counsellor's."""
    scenario = Scenario()
    scenario.client("ja", 0)
    scenario.counsellor("nein heute geht es leider nicht, wollen wir es morgen noch einmal versuchen", 5)
    scenario.client("ok", 10)
    assert left_out(scenario) is LeftOut.LANGUAGE_NOT_SUPPORTED


def test_a_language_that_the_models_know_is_accepted_undeclared() -> None:
    """A session in one of the languages of the models is accepted without a declaration."""
    scenario = Scenario(rules(languages=("de",)))
    scenario.client("nein ich will heute nicht", 0)
    scenario.counsellor("das ist in Ordnung", 5)
    scenario.client("no no heute nicht mehr danke", 10)
    scenario.counsellor("gut", 15)
    assert left_out(scenario) is None
    assert scenario.last_record.language == "de"


def test_words_are_counted_in_scripts_without_spaces() -> None:
    """A session in a script without spaces is not too short because it has few spaces."""
    scenario = Scenario(rules(min_words=10))
    scenario.client("no \u6211\u4e0d\u77e5\u9053\u8fd9\u6837", 0)
    scenario.counsellor("\u6709\u6ca1\u6709\u7528", 5)
    scenario.client("ok", 10)
    assert left_out(scenario) is None


def test_a_left_out_session_keeps_its_risk_language() -> None:
    """A session that is left out keeps the mark of risk language with its messages, and no other messages."""
    scenario = Scenario()
    scenario.client("I could kill somebody", 0)
    scenario.client("no", 1)
    scenario.client("the voices say so", 2)
    record = closed(scenario).last_record
    assert record.left_out is LeftOut.NO_COUNSELLOR_MESSAGE
    (mark,) = record.marks
    assert (mark.kind, mark.message_ids) == (MarkKind.RISK_LANGUAGE, ("m1",))
    assert [m.message_id for m in record.messages] == ["m1"]
    assert record.exchanges == ()


def test_the_record_names_the_detector() -> None:
    """The record holds the detector's name, version and operating point, on which the meaning of a flag depends."""
    scenario = Scenario()
    scenario.ordinary_session()
    assert closed(scenario).last_record.detector == scenario.rules.detector


def test_words_are_counted_of_client_and_counsellor_alone() -> None:
    """Only the words of client and counsellor count, so that a long notice does not make a session long enough."""
    scenario = Scenario(rules(min_words=20))
    scenario.client("no no", 0)
    scenario.system("please mind our rules " * 20, 1)
    scenario.counsellor("yes", 2)
    scenario.client("no", 3)
    assert left_out(scenario) is LeftOut.TOO_SHORT
