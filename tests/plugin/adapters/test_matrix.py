"""Tests of what only Matrix does: rooms and members, replacements by anybody, quotations, encryption, own events."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.adapter_contract import SENT
from plugin.adapters.base import PlatformEvent, Unreadable, read_events
from plugin.adapters.matrix import Matrix
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Misconfigured, Poison
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.adapters_under_test import Payload
from tests.plugin.adapters.matrix_under_test import (
    CLIENT,
    COUNSELLOR,
    END_EVENT,
    OTHER_ROOM,
    OWN,
    ROOM,
    event,
    member,
    message,
    replacement,
    settings,
    transaction,
)

PSEUDONYMS = Pseudonyms(b"k" * 32)
REPLY: Payload = {"m.relates_to": {"m.in_reply_to": {"event_id": "$event-1"}}}


def events_of(*sent: Payload, **changes: Any) -> list[PlatformEvent]:
    """Return the records of a transaction, for a tenant with these settings."""
    adapter = Matrix(settings(**changes))
    return read_events(adapter, adapter.parse(transaction(*sent)), "riverside", PSEUDONYMS)


def text_of(content: Payload) -> str:
    """Return the text of the record of a message with this content."""
    (said,) = events_of(message(content=content))
    assert isinstance(said, Message)
    return said.text


def test_references_are_those_of_matrix() -> None:
    """The references that an operator and an account use are the room's id and the whole user id."""
    (said,) = events_of(message())
    assert isinstance(said, Message)
    assert said.conversation_id == PSEUDONYMS.conversation(ROOM)
    assert said.author == PSEUDONYMS.person(CLIENT)


def test_the_events_of_a_transaction_keep_their_order() -> None:
    """A transaction with a talk has the records of the talk, in its order."""
    events = events_of(
        member(CLIENT, "join", "invite", content={"displayname": "Leonie"}),
        message("one", number=1),
        message("two", number=2, sender=COUNSELLOR),
        event("m.reaction", {}, number=3),
        replacement("one more", of=1, number=4),
        event(END_EVENT, {}, number=5, state_key=""),
    )
    assert [type(one) for one in events] == [Participants, Message, Message, Edit, SessionEnd]


class TestRoles:
    """Tests of who is client and who counsellor."""

    @pytest.mark.parametrize(
        ("user", "role"),
        [
            ("@counsellor-mira:example.org", Role.COUNSELLOR),
            ("@leonie-b:example.org", Role.CLIENT),
            ("@counsellor-mira:example.org.evil.example", Role.CLIENT),
            ("@not-a-@counsellor-x:example.org", Role.CLIENT),
        ],
    )
    def test_an_expression_must_fit_the_whole_user_id(self, user: str, role: Role) -> None:
        """A counsellor is who fits an expression with the whole id, so that no other server's user becomes one."""
        (said,) = events_of(message(sender=user))
        assert isinstance(said, Message)
        assert said.role is role

    def test_our_own_user_and_programs_are_dropped(self) -> None:
        """What our own user or a bot of the settings writes is dropped, and its coming and going is nothing."""
        bot = "@greeter:example.org"
        sent = [
            made
            for user in (OWN, bot)
            for made in (message(sender=user), replacement("x", sender=user), member(user, "join"))
        ]
        assert events_of(*sent, member(bot, "leave", "join"), bots=[bot]) == []

    @pytest.mark.parametrize(("missing", "place"), [({"user": ""}, "user"), ({"counsellors": []}, "counsellors")])
    def test_a_tenant_without_a_needed_setting_is_refused(self, missing: dict[str, Any], place: str) -> None:
        """A tenant that does not name our user or the counsellors is refused with an example."""
        with pytest.raises(Misconfigured, match=rf"matrix\.{place} is not set.*example"):
            Matrix(settings(matrix=missing))

    @pytest.mark.parametrize("wrong", [{"counsellors": ["@(x"]}, {"user": "counterpoint"}, {"user": "@c c:x"}])
    def test_a_malformed_setting_is_refused(self, wrong: dict[str, Any]) -> None:
        """What is no regular expression, or no user id, is refused by the settings."""
        with pytest.raises(ValueError):
            TenantSettings.model_validate({"matrix": wrong})


class TestWords:
    """Tests of which words of a message are its author's own."""

    def test_a_client_may_wave(self) -> None:
        """The text of an emote is its words."""
        assert text_of({"msgtype": "m.emote", "body": "shrugs"}) == "shrugs"

    @pytest.mark.parametrize(
        "kind", ["m.notice", "m.server_notice", "m.key.verification.request", "org.example.card", {}]
    )
    def test_what_no_person_said_is_dropped(self, kind: object) -> None:
        """A notice, which only programs send, and a kind of message that is not known have no record."""
        assert events_of(message(content={"msgtype": kind})) == []

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ({"msgtype": "m.image", "body": "IMG_2041.jpg"}, ""),
            ({"msgtype": "m.image", "body": "IMG_2041.jpg", "filename": "IMG_2041.jpg"}, ""),
            ({"msgtype": "m.image", "body": "my desk today", "filename": "IMG_2041.jpg"}, "my desk today"),
            ({"msgtype": "m.location", "body": "Big Ben, London", "geo_uri": "geo:51.5,0.1"}, ""),
        ],
    )
    def test_an_attachment_has_the_words_of_its_caption(self, content: Payload, text: str) -> None:
        """The name of a file and the place of a location are no words; a caption beside the name is."""
        assert text_of(content) == text

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ("> <@counsellor-mira:example.org> one\n> two\n\nI won't", "I won't"),
            ("> * <@counsellor-mira:example.org> nods\n\nI won't\n\n> no", "I won't\n\n> no"),
            ("> <@a:example.org> one\n\n> <@b:example.org> my own quotation", "> <@b:example.org> my own quotation"),
            ("> what you said\n\nI won't", "> what you said\n\nI won't"),
            ("I won't", "I won't"),
        ],
    )
    def test_quoted_words_are_not_the_authors(self, body: str, text: str) -> None:
        """What a client program puts before a reply is taken off; a quotation that somebody typed stays."""
        assert text_of({"body": body} | REPLY) == text
        assert text_of({"body": body}) == body

    @pytest.mark.parametrize("text", ["a\x00b", "x" * 20_001])
    def test_what_no_record_can_hold_is_poison_by_itself(self, text: str) -> None:
        """A NUL or a text that is too long, both of which Synapse takes, is refused as that one event."""
        adapter = Matrix(settings())
        assert adapter.read_event(message("well"))
        with pytest.raises(Poison):
            adapter.read_event(message(text))


class TestChanges:
    """Tests of edits and redactions."""

    def test_a_replacement_is_an_edit_by_its_sender(self) -> None:
        """A replacement carries the new words, without the star of older programs, and names who sent it."""
        (edit,) = events_of(replacement("other words", of=1, sender=COUNSELLOR))
        assert isinstance(edit, Edit)
        assert (edit.message_id, edit.text, edit.author) == ("$event-1", "other words", PSEUDONYMS.person(COUNSELLOR))

    def test_a_replacement_by_a_picture_has_no_words(self) -> None:
        """A replacement by an attachment leaves no words, one by a notice or by nothing is ignored."""
        changed = replacement("x")
        changed["content"]["m.new_content"] = {"msgtype": "m.image", "body": "a.png"}
        (edit,) = events_of(changed)
        assert isinstance(edit, Edit)
        assert edit.text == ""
        for nothing in ({"msgtype": "m.notice", "body": "x"}, {}, None):
            changed["content"]["m.new_content"] = nothing
            assert events_of(changed) == []

    @pytest.mark.parametrize("place", [{"redacts": "$event-1"}, {"content": {"redacts": "$event-1"}}])
    def test_a_redaction_is_a_deletion_whoever_sends_it(self, place: Payload) -> None:
        """A redaction names its message beside the content, or in it from room version 11 on."""
        (gone,) = events_of(event("m.room.redaction", {}, sender=COUNSELLOR) | place)
        assert isinstance(gone, Deletion)
        assert gone.message_id == "$event-1"

    def test_a_message_that_comes_after_its_redaction_has_nothing_left(self) -> None:
        """A message that was redacted before it was delivered has no content, and no record."""
        assert events_of(event("m.room.message", {})) == []


class TestMembers:
    """Tests of people who come and go."""

    def test_who_joins_is_named(self) -> None:
        """The display name and the first part of the user id are told names; who is only invited is not named."""
        came = member(CLIENT, "join", "invite", content={"displayname": "Leonie Brandt"})
        (told,) = events_of(came)
        assert isinstance(told, Participants)
        assert [(one.role, one.names) for one in told.participants] == [(Role.CLIENT, ("Leonie Brandt", "leonie-b"))]
        assert events_of(member(CLIENT, "invite", content={"displayname": "Leonie Brandt"})) == []

    def test_nobody_is_named_where_nobody_has_consented(self) -> None:
        """The names of a room whose messages are not processed are not published."""
        came = member(CLIENT, "join", content={"displayname": "Leonie Brandt"})
        assert events_of(came | {"room_id": OTHER_ROOM}) == []
        assert events_of(came, consent={"field": "agreed"}) == []

    @pytest.mark.parametrize(
        ("ends_by_leaving", "user", "ends"),
        [
            (["client"], CLIENT, True),
            (["client"], COUNSELLOR, False),
            (["counsellor"], COUNSELLOR, True),
            (["client", "counsellor"], CLIENT, True),
            ([], CLIENT, False),
        ],
    )
    def test_a_session_ends_with_whom_the_settings_say(self, ends_by_leaving: list[str], user: str, ends: bool) -> None:
        """Who leaves, is removed or is banned ends the session where the settings say so of their role."""
        for gone in (member(user, "leave", "join"), member(user, "ban", "join", sender=COUNSELLOR)):
            events = events_of(gone, matrix={"ends_by_leaving": ends_by_leaving})
            assert [type(one) for one in events] == ([SessionEnd] if ends else [])

    @pytest.mark.parametrize(("before", "ends"), [("join", True), (None, True), ("invite", False), ("leave", False)])
    def test_who_was_never_there_ends_nothing(self, before: str | None, ends: bool) -> None:
        """A declined invitation ends nothing. A transaction of before a restart does not say what was: it may end."""
        assert bool(events_of(member(CLIENT, "leave", before))) == ends

    def test_our_removal_from_a_room_withdraws_consent(self) -> None:
        """Whoever removes our user from a room withdraws its session."""
        for way in ("leave", "ban"):
            (withdrawal,) = events_of(member(OWN, way, "join", sender=CLIENT))
            assert isinstance(withdrawal, ConsentWithdrawal)
            assert withdrawal.withdrawn_at == SENT
        assert events_of(member(OWN, "leave", "invite")) == []


class TestConsent:
    """Tests of which messages are processed."""

    def test_a_room_may_be_one_where_everybody_has_consented(self) -> None:
        """A channel of the settings is a room, and `*` is all that the homeserver sends."""
        for channels, is_given in (([ROOM], True), (["*"], True), ([OTHER_ROOM], False), ([], False)):
            (said,) = events_of(message(), consent={"channels": channels})
            assert isinstance(said, Message)
            assert said.consent.processing == is_given

    @pytest.mark.parametrize(
        ("value", "is_given"),
        [(True, True), (SENT.isoformat(), True), ((SENT + timedelta(1)).isoformat(), False), (False, False)],
    )
    def test_a_message_may_carry_its_consent(self, value: object, is_given: bool) -> None:
        """The field of the settings is one of the message's content, which decides where it is set."""
        (said,) = events_of(message(content={"org.example.agreed": value}), consent={"field": "org.example.agreed"})
        assert isinstance(said, Message)
        assert said.consent.processing == is_given


@pytest.mark.parametrize(
    "sent",
    [
        event("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"}),
        event("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, state_key=""),
    ],
)
def test_an_encrypted_room_is_named_by_its_pseudonym(sent: Payload) -> None:
    """What is encrypted is refused as unreadable, with the conversation and nothing else of it."""
    with pytest.raises(Unreadable) as unreadable:
        events_of(sent)
    assert unreadable.value.conversation_id == PSEUDONYMS.conversation(ROOM)
    assert "AwgA" not in str(unreadable.value)


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ("text", "type"),
        (None, "type"),
        ({"type": 7}, "type"),
        ({key: value for key, value in message().items() if key != "room_id"}, "room_id"),
        (message(content={"body": {"a": 1}}), "text"),
        (message(content={"body": 7}), "text"),
        (replacement("x") | {"content": {"m.new_content": {"msgtype": "m.text", "body": "x"},
                                         "m.relates_to": {"rel_type": "m.replace"}}}, "message"),
        (event("m.room.redaction", {}), "message"),
        (event("m.room.member", {"membership": "join"}), "state_key"),
        (message(number=1) | {"event_id": "$ü"}, "event_id"),
        (message() | {"origin_server_ts": 10**300}, "origin_server_ts"),
    ],
)  # fmt: skip
def test_what_no_homeserver_sends_is_named_by_its_place(sent: object, place: str) -> None:
    """An event that is none, or has another form, is poison with its place."""
    with pytest.raises(Poison) as poison:
        Matrix(settings()).read_event(sent)
    assert poison.value.place.startswith(place)
    assert poison.value.reason in {DeadLetterReason.BAD_SCHEMA, DeadLetterReason.BAD_JSON}


ODD: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, 7, 1.5, "", "x", "$e", "m.image", "join", [], [7], {}, {"event_id": "$e"}, {"a": [{}]})
)
TYPES = ("m.room.message", "m.room.redaction", "m.room.member", "m.room.encrypted", END_EVENT)
PARTS = ("event_id", "room_id", "sender", "origin_server_ts", "state_key", "redacts", "unsigned", "content")
CONTENT = ("msgtype", "body", "filename", "m.relates_to", "m.new_content", "membership", "displayname", "redacts")


@given(
    kind=st.sampled_from(TYPES),
    parts=st.dictionaries(st.sampled_from(PARTS), ODD),
    content=st.dictionaries(st.sampled_from(CONTENT), ODD),
    is_replaced=st.booleans(),
)
def test_whatever_an_event_holds_it_stops_nothing(
    kind: str, parts: Payload, content: Payload, is_replaced: bool
) -> None:
    """An event with anything in its parts is read, ignored or poison, and never another error.

    An error would make the homeserver send its transaction again for ever.
    """
    adapter = Matrix(settings())
    made = message(content=content, type=kind) | parts
    if is_replaced:
        made["content"] = content | {"m.relates_to": {"rel_type": "m.replace", "event_id": "$event-1"}}
    try:
        payload = adapter.read_event(made)
        if payload is not None:
            read_events(adapter, [payload], "riverside", PSEUDONYMS)
    except (Poison, Unreadable):
        pass


def test_a_state_event_is_an_end_and_a_message_of_its_type_is_none() -> None:
    """Only a state event ends a session: sending one takes a right in the room that the platform gives."""
    assert events_of(event(END_EVENT, {}, state_key=""))
    assert events_of(event(END_EVENT, {})) == []
    assert events_of(event(END_EVENT, {}, state_key=""), matrix={"end_event": ""}) == []
