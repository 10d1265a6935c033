"""Tests of reconciliation: bad deliveries and one look make the talk of perfect deliveries, and nothing withdrawn."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from plugin.adapters.base import PlatformEvent, read_events
from plugin.adapters.chatwoot import Chatwoot
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.gateway.encoding import encode_event, has_consent
from plugin.reconcile.chatwoot_api import ChatwootApi
from plugin.reconcile.reconciler import LOOK_BACK, SETTLE, ReconciledTenant, Reconciler
from plugin.reconcile.seen import Seen
from stream.contracts.errors import Unavailable
from stream.contracts.messages import (
    ConsentWithdrawal,
    Deletion,
    Erasure,
    Message,
    MessagesRecord,
    Participants,
    PersonErasure,
    SessionEnd,
)
from stream.contracts.vocabulary import Role
from tests.plugin.adapters.chatwoot_under_test import CONTACT
from tests.plugin.reconcile.chatwoot_server import ChatwootServer, Talk, tenant
from tests.stream.sessions.scenario import START, Scenario

PSEUDONYMS = Pseudonyms(b"k" * 32)
FIRST = START
LATER = FIRST + timedelta(minutes=20)


@dataclass
class MemoryTopic:
    """A topic in memory, whose records are read from the beginning by whoever has not read them."""

    records: list[tuple[MessagesRecord | PlatformEvent, datetime]] = field(default_factory=list)
    published: list[PlatformEvent] = field(default_factory=list)
    is_away: bool = False
    _read: dict[int, int] = field(default_factory=dict)

    def take(self, events: Iterable[PlatformEvent], at: datetime = FIRST) -> None:
        """Take events as the gateway publishes them."""
        self.records += [(event, at) for event in events if has_consent(event)]

    def catch_up(self, seen: Seen, since: datetime) -> None:
        """Add what was not yet read."""
        if self.is_away:
            raise Unavailable("the broker")
        for record, at in self.records[self._read.get(id(seen), 0) :]:
            if at >= since:
                seen.add(record, at)
        self._read[id(seen)] = len(self.records)

    def publish(self, events: Iterable[PlatformEvent]) -> None:
        """Take events, and note that they came from here."""
        published = list(events)
        self.published += published
        self.records += [(event, LATER) for event in published]


@dataclass
class Desk:
    """A server, the topic that its deliveries reach, and reconcilers of both."""

    settings: dict[str, Any] = field(default_factory=dict)
    server: ChatwootServer = field(default_factory=lambda: ChatwootServer(FIRST))
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    now: datetime = LATER

    def __post_init__(self) -> None:
        self.adapter = Chatwoot(tenant(**self.settings))
        self.reconciler = self.another()

    def another(self) -> Reconciler:
        """Return a reconciler that knows nothing yet, as after a crash."""
        api = ChatwootApi(
            "riverside", tenant(**self.settings), transport=self.server.transport(), sleep=lambda _seconds: None
        )
        reconciled = ReconciledTenant("riverside", api, self.adapter, PSEUDONYMS)
        return Reconciler([reconciled], self.topic, lambda: self.now)

    def deliver(self, deliveries: Iterable[bytes]) -> None:
        """Deliver events to the topic, as the gateway does."""
        for raw in deliveries:
            self.topic.take(read_events(self.adapter, self.adapter.parse(raw), "riverside", PSEUDONYMS))

    def kinds(self) -> list[str]:
        """Return the kinds of what was published, without names."""
        return [event.event_type.split(".")[1] for event in self.topic.published if not isinstance(event, Participants)]

    def lines(self, talk: Talk) -> list[tuple[str, Role, bool]]:
        """Return the talk that the stream has of a conversation, which must be over."""
        conversation = PSEUDONYMS.conversation(f"3/{talk.id}")
        scenario = Scenario()
        for second, (event, _) in enumerate(self.topic.records):
            if isinstance(event, Message | Deletion | SessionEnd) and event.conversation_id == conversation:
                scenario.apply(event, second)
        assert scenario.last_record.state.value == "closed"
        (session,) = [head.session for head in scenario.conversation.head.sessions]
        entries = sorted(scenario.conversation.entries(session), key=lambda entry: (entry.sent_at, entry.message_id))
        return [(entry.text, entry.role, entry.deleted) for entry in entries]


def ordinary_talk(server: ChatwootServer, lines: int = 8, **attributes: Any) -> Talk:
    """Return a conversation of some lines with a note among them and a deleted line, which was resolved."""
    talk = server.begin(**attributes)
    numbers = [
        server.say(talk, f"line {number}", by="contact" if number % 2 == 0 else "user") for number in range(lines)
    ]
    server.say(talk, "she sounds tired", by="user", private=True)
    server.delete(talk, numbers[2])
    server.resolve(talk)
    return talk


@pytest.mark.parametrize("seed", range(40))
def test_bad_deliveries_and_a_look_make_the_talk_of_perfect_deliveries(seed: int) -> None:
    """Whatever is lost, doubled or reordered, three talks are afterwards what they are with perfect deliveries."""
    chance = random.Random(seed)
    perfect, desk = Desk(), Desk()
    for each in (perfect, desk):
        for _ in range(3):
            ordinary_talk(each.server, 8)
    perfect.deliver(raw for talk in perfect.server.talks for raw in talk.events)
    desk.deliver(desk.server.deliveries(chance, lost=chance.choice((0.1, 0.5, 1.0))))
    assert desk.reconciler.look() == {}
    for one, other in zip(perfect.server.talks, desk.server.talks, strict=True):
        expected = perfect.lines(one)
        restored = [line for line in desk.lines(other) if line[0]]
        assert restored == [line for line in expected if line[0]]
        assert [line[0] for line in restored] == ["line 0", "line 1", *(f"line {number}" for number in range(3, 8))]


def test_what_is_published_has_the_id_of_its_delivery() -> None:
    """A message that was read has the same id as the one that was delivered, so that the two are one."""
    desk = Desk()
    talk = ordinary_talk(desk.server)
    desk.reconciler.look()
    delivered = [read_events(desk.adapter, desk.adapter.parse(raw), "riverside", PSEUDONYMS) for raw in talk.events]
    ids = {dict(encode_event(event, "d").headers)["ce_id"] for events in delivered for event in events}
    messages = [event for event in desk.topic.published if isinstance(event, Message)]
    assert len(messages) == 7
    assert {str(event.event_id).encode() for event in messages} <= ids


def test_where_nothing_was_lost_nothing_is_published() -> None:
    """After perfect deliveries there is nothing to publish, by whatever look."""
    desk = Desk()
    desk.deliver(ordinary_talk(desk.server).events)
    desk.reconciler.look()
    desk.another().look()
    assert desk.kinds() == []


def test_a_second_look_and_one_after_a_crash_publish_nothing_again() -> None:
    """What was published is on the topic: neither this nor another reconciler publishes it again."""
    desk = Desk()
    ordinary_talk(desk.server)
    desk.reconciler.look()
    first = desk.kinds()
    assert first.count("message") == 7
    desk.reconciler.look()
    desk.another().look()
    assert desk.kinds() == first


def test_a_conversation_that_has_not_changed_is_not_read_again() -> None:
    """A second look asks for the list alone, and for the messages of what has changed since."""
    desk = Desk()
    ordinary_talk(desk.server)
    other = ordinary_talk(desk.server)
    desk.reconciler.look()
    desk.server.asked.clear()
    desk.server.say(other, "and one more")
    desk.reconciler.look()
    assert {url.split("/")[-2] for url in desk.server.asked if "messages" in url} == {"2"}
    assert desk.kinds()[-2:] == ["message", "session-end"]


def test_an_end_that_was_lost_is_published() -> None:
    """A talk of which only the end was lost is ended, without anything else."""
    desk = Desk()
    desk.deliver(ordinary_talk(desk.server).events[:-1])
    desk.reconciler.look()
    assert desk.kinds() == ["session-end"]


def test_a_deletion_that_was_lost_is_published() -> None:
    """A message that is on the topic and was deleted on the platform is deleted, whatever else there is."""
    desk = Desk()
    desk.deliver(raw for raw in ordinary_talk(desk.server).events if b"message_updated" not in raw)
    desk.reconciler.look()
    assert desk.kinds() == ["deletion"]


def test_deliveries_that_may_be_on_their_way_are_waited_for() -> None:
    """A conversation in which something has just happened is left alone until it is still."""
    desk = Desk()
    talk = ordinary_talk(desk.server)
    desk.now = talk.at + SETTLE - timedelta(seconds=1)
    desk.reconciler.look()
    assert desk.kinds() == []
    desk.now = talk.at + SETTLE
    desk.reconciler.look()
    assert "message" in desk.kinds()


def test_a_message_from_before_the_look_back_is_not_published() -> None:
    """What was sent more than twelve hours ago stays lost, since its session may be forgotten."""
    desk = Desk()
    talk = desk.server.begin()
    desk.server.say(talk, "long ago")
    desk.server.say(talk, "lately", after_s=round(LOOK_BACK.total_seconds()))
    desk.server.resolve(talk)
    desk.now = talk.at + timedelta(minutes=5)
    desk.reconciler.look()
    assert [event.text for event in desk.topic.published if isinstance(event, Message)] == ["lately"]


def test_names_come_with_what_is_restored() -> None:
    """The names of client and counsellor are told again beside a restored message."""
    desk = Desk()
    ordinary_talk(desk.server)
    desk.reconciler.look()
    told = {name for event in desk.topic.published if isinstance(event, Participants)
            for one in event.participants for name in one.names}  # fmt: skip
    assert told == {"Leonie Brandt", "Jonas Weber"}


class TestRights:
    """Tests of what is never published: words whose client did not consent, or that were withdrawn or erased."""

    @pytest.mark.parametrize(
        ("attributes", "restored"),
        [
            (
                {"consent": (FIRST + timedelta(seconds=35)).isoformat()},
                ["line 3", "line 4", "line 5", "line 6", "line 7"],
            ),
            ({"consent": FIRST.isoformat()}, ["line 0", "line 1", *(f"line {number}" for number in range(3, 8))]),
            ({"consent": True}, []),
            ({"consent": False}, []),
            ({"consent": "perhaps"}, []),
        ],
    )
    def test_a_grant_counts_from_when_it_is_known_to_be_given(
        self, attributes: dict[str, Any], restored: list[str]
    ) -> None:
        """Only what was sent after the known time of a grant is published; a bare `true` says no time."""
        desk = Desk({"consent": {"field": "consent"}})
        ordinary_talk(desk.server, **attributes)
        desk.reconciler.look()
        assert [event.text for event in desk.topic.published if isinstance(event, Message)] == restored

    def test_without_a_consent_nothing_is_published(self) -> None:
        """A talk whose client consented nowhere has neither words nor an end."""
        desk = Desk({"consent": {"field": "consent"}})
        ordinary_talk(desk.server)
        desk.reconciler.look()
        assert desk.kinds() == []

    @pytest.mark.parametrize("what", ["withdrawal", "erasure", "person"])
    def test_what_was_withdrawn_or_erased_stays_away(self, what: str) -> None:
        """After a withdrawal, or an erasure of the conversation or its client, no message comes back."""
        desk = Desk()
        talk = ordinary_talk(desk.server)
        conversation = PSEUDONYMS.conversation(f"3/{talk.id}")
        erasure: dict[str, Any] = {"erasure_id": str(uuid4()), "requested_at": FIRST}
        client = PSEUDONYMS.person(f"contact/{CONTACT}")
        records: dict[str, MessagesRecord] = {
            "withdrawal": ConsentWithdrawal(tenant="riverside", conversation_id=conversation, withdrawn_at=FIRST),
            "erasure": Erasure(tenant="riverside", conversation_id=conversation, **erasure),
            "person": PersonErasure(tenant="riverside", person=client, role=Role.CLIENT, partition=0, **erasure),
        }
        desk.topic.records.append((records[what], FIRST))
        desk.reconciler.look()
        assert desk.kinds() == []

    def test_a_withdrawal_that_was_lost_is_published(self) -> None:
        """A client whose messages came and who refuses now has withdrawn, although its delivery was lost."""
        desk = Desk()
        talk = ordinary_talk(desk.server)
        desk.deliver(talk.events[:4])
        talk.attributes["consent"] = "no"
        desk.reconciler.look()
        assert desk.kinds() == ["consent-withdrawal"]
        desk.another().look()
        assert desk.kinds() == ["consent-withdrawal"]


class TestAway:
    """Tests of a platform or a broker that does not answer."""

    def test_a_platform_that_is_away_is_said_and_read_later(self) -> None:
        """What is wrong with a platform is returned, and the next look finds what this one did not."""
        desk = Desk()
        ordinary_talk(desk.server)
        desk.server.answers += [httpx.Response(500)] * 5
        with capture_logs() as logs:
            assert list(desk.reconciler.look()) == ["riverside"]
        assert [line["event"] for line in logs] == ["platform_not_read"]
        assert desk.reconciler.look() == {}
        assert "message" in desk.kinds()

    def test_what_was_found_before_the_platform_went_away_is_published(self) -> None:
        """Of two conversations the first is published although the platform does not answer for the second."""
        desk = Desk()
        ordinary_talk(desk.server)
        ordinary_talk(desk.server, 20)  # the later one, which is listed first
        answers = desk.server._answer

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(500) if "/1/messages" in request.url.path else answers(request)

        desk.server._answer = answer  # type: ignore[method-assign]
        assert list(desk.another().look()) == ["riverside"]
        assert len({event.conversation_id for event in desk.topic.published}) == 1

    def test_a_broker_that_is_away_ends_the_look(self) -> None:
        """Without the topic nothing is known and nothing is asked."""
        desk = Desk()
        ordinary_talk(desk.server)
        desk.topic.is_away = True
        with pytest.raises(Unavailable):
            desk.reconciler.look()
        assert desk.server.asked == []

    @pytest.mark.parametrize("field", [{"sender": {"name": "a canary name"}}, {"created_at": "a canary time"}])
    def test_a_conversation_that_cannot_be_read_keeps_no_other_from_it(self, field: dict[str, Any]) -> None:
        """A line in another form is logged by its place alone, and the other conversation is restored."""
        desk = Desk()
        broken = ordinary_talk(desk.server)
        ordinary_talk(desk.server)
        broken.lines[0] |= field
        with capture_logs() as logs:
            desk.reconciler.look()
        assert {event.conversation_id for event in desk.topic.published} == {PSEUDONYMS.conversation("3/2")}
        assert {line["event"] for line in logs} == {"conversation_reconciled", "conversation_not_read"}
        assert "canary" not in str(logs)
