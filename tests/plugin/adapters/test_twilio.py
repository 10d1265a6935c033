"""Tests of what only Twilio does: what its signature covers, who is a client, and lists of events."""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from plugin.adapter_contract import NOW, SENT, Kind
from plugin.adapters.base import PlatformEvent, read_events
from plugin.adapters.twilio import Twilio, signature, spellings
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Denied, Misconfigured, Poison
from stream.contracts.messages import Deletion, Edit, Message, SessionEnd
from stream.contracts.vocabulary import Role
from stream.runtime.settings import TenantSettings
from tests.plugin.adapters.twilio_under_test import (
    CLIENT,
    CONVERSATION,
    SERVICE,
    URL,
    TwilioEventsPlatform,
    TwilioJsonPlatform,
    TwilioPlatform,
    as_events,
    form,
    iso,
    settings,
    webhook,
)

PSEUDONYMS = Pseudonyms(b"k" * 32)
WINDOW = timedelta(minutes=5)
SAID = webhook("onMessageAdded", MessageSid="IM1", Author=CLIENT, Body="hello", DateCreated=iso(SENT))


def events_of(raw: bytes, **changes: Any) -> list[PlatformEvent]:
    """Return the records of a body, for a tenant with these settings."""
    adapter = Twilio(settings(**changes))
    return read_events(adapter, adapter.parse(raw), "riverside", PSEUDONYMS)


def verify(url: str, raw: bytes, given: str, token: str = "12345") -> None:
    """Verify a body against a signature, for a tenant with this URL and token."""
    adapter = Twilio(settings(twilio={"public_url": url}))
    adapter.verify(raw, adapter.read_headers({"x-twilio-signature": given}, NOW, WINDOW), (token,))


class TestSignature:
    """Tests of the signature with the vectors that the vendor's own library is tested with (twilio-python)."""

    FORM = form(
        {
            "CallSid": "CA1234567890ABCDE",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
            "Caller": "+14158675309",
        }
    )
    QUERY = "https://mycompany.com/myapp.php?foo=1&bar=2"

    def test_a_form_is_signed_with_the_url_and_its_sorted_parameters(self) -> None:
        """The vendor's signature of a form is ours of its URL and parameters, as they are decoded."""
        text = self.QUERY + "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
        assert signature("12345", text) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    def test_json_is_signed_with_the_hash_of_its_body(self) -> None:
        """The vendor's signature of a body is ours of its URL with the body's SHA-256."""
        digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
        assert signature("12345", f"{self.QUERY}&bodySHA256={digest}") == "a9nBmqA0ju/hNViExpshrM61xv4="

    @pytest.mark.parametrize(
        ("url", "given"),
        [
            ("https://mycompany.com/myapp.php", "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("https://mycompany.com:1234/myapp.php", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ],
    )
    def test_a_port_may_be_signed_or_not(self, url: str, given: str) -> None:
        """Twilio signs a URL with or without its port, and both are known."""
        text = "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212"
        assert given in {signature("12345", f"{one}?foo=1&bar=2{text}") for one in spellings(url)}

    def test_another_url_is_another_signature(self) -> None:
        """A delivery to another path, host or scheme is denied, since the URL is signed."""
        platform = TwilioPlatform()
        raw = platform.body(Kind.MESSAGE)
        good = platform.sign(raw, NOW)["x-twilio-signature"]
        verify(URL, raw, good, platform.secret)
        for other in (f"{URL}/", URL.replace("riverside", "meadow"), URL.replace("chat.", ""), f"{URL}:8443"):
            with pytest.raises(Denied):
                verify(other, raw, good, platform.secret)

    def test_a_space_may_be_written_in_two_ways(self) -> None:
        """The parameters are signed as they are decoded: `+` and `%20` are the same text, so the same signature."""
        platform = TwilioPlatform()
        raw = platform.body(Kind.MESSAGE, text="a b")
        verify(URL, raw.replace(b"a+b", b"a%20b"), platform.sign(raw, NOW)["x-twilio-signature"], platform.secret)

    def test_a_field_that_comes_twice_is_refused(self) -> None:
        """A form with a field twice is signed by the vendor's rule, and refused: which of them counts is not said."""
        with pytest.raises(Poison):
            events_of(form(SAID) + b"&Body=" + quote("other words").encode())


Form = ImmutableMultiDict[str, str]
TOKEN = "12345"
NAMES = st.one_of(st.sampled_from(["Body", "Author"]), st.text())
FORMS = st.lists(st.tuples(NAMES, st.text(max_size=10)), max_size=8).map(ImmutableMultiDict)
"""Parameters of which some come again, with another value or the same."""
OBJECTS = st.builds("{}{}".format, st.sampled_from("{["), st.text())
"""Bodies that are taken for JSON."""
ADDRESSES = st.sampled_from(
    [
        (f"{scheme}://chat.example{port}/events", f"{scheme}://chat.example{signed_port}/events")
        for scheme, usual in (("https", ":443"), ("http", ":80"))
        for port, other in (("", usual), (usual, ""), (":8443", ""))
        for signed_port in (port, other)
    ]
)
"""The URL of the settings, and that which is signed: with its port, without it, or with the usual one."""


class TestLibrary:
    """Tests of the signature against Twilio's own library for Python, whatever is sent."""

    @given(fields=FORMS, address=ADDRESSES)
    def test_a_form_that_the_library_signs_is_accepted(self, fields: Form, address: tuple[str, str]) -> None:
        """A form with the library's signature is accepted, whichever parameters it has and how often."""
        url, signed = address
        raw = urlencode(fields.multi_items()).encode()
        verify(url, raw, RequestValidator(TOKEN).compute_signature(signed, fields))

    @given(body=OBJECTS, address=ADDRESSES)
    def test_json_that_the_library_signs_is_accepted(self, body: str, address: tuple[str, str]) -> None:
        """JSON is accepted with the library's signature of the URL that has the hash of the body."""
        url, signed = address
        library = RequestValidator(TOKEN)
        verify(url, body.encode(), library.compute_signature(with_hash(signed, library.compute_hash(body)), {}))

    @given(fields=FORMS)
    def test_the_library_accepts_the_forms_of_these_tests(self, fields: Form) -> None:
        """A form that the stand-in for Twilio signs is accepted by the library, and with another token is not."""
        platform = TwilioPlatform()
        signed = platform.sign(urlencode(fields.multi_items()).encode(), NOW)["x-twilio-signature"]
        assert RequestValidator(platform.secret).validate(URL, fields, signed)
        assert not RequestValidator(platform.other_secret).validate(URL, fields, signed)

    @given(body=OBJECTS)
    def test_the_library_accepts_the_json_of_these_tests(self, body: str) -> None:
        """JSON that the stand-in for Twilio signs is accepted by the library, and with another body is not."""
        platform = TwilioJsonPlatform()
        signed = platform.sign(body.encode(), NOW)["x-twilio-signature"]
        library = RequestValidator(platform.secret)
        url = with_hash(URL, sha256(body.encode()).hexdigest())
        assert library.validate(url, body, signed)
        assert not library.validate(url, f"{body} ", signed)

    @pytest.mark.parametrize("kind", sorted(set(Kind) - TwilioPlatform.absent))
    def test_the_library_accepts_each_kind_of_delivery(self, kind: Kind) -> None:
        """Each delivery of the contract suite's forms is one that the library accepts."""
        platform = TwilioPlatform()
        raw = platform.body(kind)
        fields = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        assert RequestValidator(platform.secret).validate(URL, fields, platform.sign(raw, NOW)["x-twilio-signature"])


def with_hash(url: str, digest: str) -> str:
    """Return a URL as Twilio calls it with a JSON body of this hash."""
    return f"{url}?bodySHA256={digest}"


def test_without_its_url_there_is_no_adapter() -> None:
    """A tenant of Twilio without public_url is refused with the setting and an example."""
    with pytest.raises(Misconfigured, match=r"twilio\.public_url is not set"):
        Twilio(TenantSettings(platform="twilio"))


def test_an_address_is_a_client_and_a_name_is_a_counsellor() -> None:
    """A phone number or the address of a channel is a client's; a web chat's visitors are named in the settings."""
    for author, role in (
        (CLIENT, Role.CLIENT),
        ("whatsapp:+491701234567", Role.CLIENT),
        ("messenger:17", Role.CLIENT),
        ("jonas.weber", Role.COUNSELLOR),
        ("visitor-7", Role.COUNSELLOR),
    ):
        (said,) = events_of(form(SAID | {"Author": author}))
        assert isinstance(said, Message)
        assert (said.role, said.author) == (role, PSEUDONYMS.person(author))
    (said,) = events_of(form(SAID | {"Author": "visitor-7"}), twilio={"public_url": URL, "clients": ["+", "visitor-"]})
    assert isinstance(said, Message)
    assert said.role is Role.CLIENT


def test_programs_are_dropped() -> None:
    """What came over the REST API without an author, and what an author of `bots` wrote, is no talk."""
    assert events_of(form(SAID | {"Author": "system"})) == []
    assert events_of(form(SAID | {"Author": "greeter"}), bots=["greeter"]) == []


def test_a_message_may_say_itself_that_it_is_consented_to() -> None:
    """A message's own attributes decide where they have the field, whatever its channel."""
    elsewhere = SAID | {"MessagingServiceSid": "MG" + "f" * 32}
    given = {"Attributes": '{"consent": true}'}
    refused = {"Attributes": '{"consent": false}'}
    for fields, expected in ((SAID, True), (elsewhere, False), (elsewhere | given, True), (SAID | refused, False)):
        (said,) = events_of(form(fields))
        assert isinstance(said, Message)
        assert said.consent.processing is expected


@pytest.mark.parametrize("attributes", ["", "{", "[1]", "null", "7", '"text"'])
def test_attributes_that_are_no_object_hold_nothing(attributes: str) -> None:
    """Attributes that are not a JSON object have no field, and refuse nothing."""
    (said,) = events_of(form(SAID | {"Attributes": attributes}))
    assert isinstance(said, Message)
    assert said.consent.processing


@pytest.mark.parametrize(("state", "ends"), [("closed", True), ("inactive", True), ("active", False)])
def test_a_conversation_that_is_closed_or_inactive_is_over(state: str, ends: bool) -> None:
    """A conversation ends a session when it is closed, or inactive until somebody writes again."""
    raw = form(webhook("onConversationStateUpdated", StateFrom="active", StateTo=state, StateUpdated=iso(SENT)))
    assert [type(event) for event in events_of(raw)] == ([SessionEnd] if ends else [])


def test_a_list_of_events_keeps_its_order() -> None:
    """Event Streams sends several events of several conversations at once; each has its record, in their order."""
    at = iso(SENT + timedelta(seconds=5))
    raw = as_events(
        SAID,
        webhook("onParticipantAdded", ParticipantSid="MB1"),
        SAID | {"EventType": "onMessageUpdated", "Body": "hello there", "DateUpdated": at},
        webhook("onConversationStateUpdated", StateTo="closed", StateUpdated=at),
        SAID | {"MessageSid": "IM2", "ConversationSid": "CH2"},
        SAID | {"EventType": "onMessageRemoved", "DateRemoved": at},
    )
    events = events_of(raw)
    assert [type(event) for event in events] == [Message, Edit, SessionEnd, Message, Deletion]
    assert events[0].conversation_id == PSEUDONYMS.conversation(CONVERSATION) != events[3].conversation_id
    assert TwilioEventsPlatform().adapter.parse(b"[]") == []


def test_an_event_without_a_time_of_its_own_has_that_of_its_envelope() -> None:
    """An edit whose data say no time has the time at which Event Streams says that it happened."""
    (edit,) = events_of(as_events(SAID | {"EventType": "onMessageUpdated", "Body": "hello there"}))
    assert isinstance(edit, Edit)
    assert edit.edited_at == SENT
    assert edit.consent.processing
    assert SERVICE not in edit.model_dump_json()
