"""Every adapter of ours keeps the contract of adapters, which docs/adapters.md shows to those who write one."""

import random
from itertools import permutations

import pytest

from plugin.adapter_contract import SENT, AdapterContract, Kind, Platform
from plugin.adapter_contract.receiving import event_of, events_of
from plugin.adapter_contract.repeating import talk_of
from plugin.adapters.webhook import StandardWebhook
from stream.contracts.errors import Poison
from stream.contracts.messages import Message, SessionEnd
from stream.contracts.vocabulary import DeadLetterReason, Role
from tests.plugin.adapters.adapters_under_test import StandardWebhookPlatform
from tests.plugin.adapters.chatwoot_under_test import ChatwootPlatform, UnsignedChatwootPlatform
from tests.plugin.adapters.matrix_under_test import MatrixPlatform
from tests.plugin.adapters.rocketchat_under_test import RocketChatPlatform
from tests.plugin.adapters.twilio_under_test import TwilioEventsPlatform, TwilioJsonPlatform, TwilioPlatform
from tests.stream.sessions.scenario import START, Scenario

WEBHOOK = StandardWebhookPlatform(StandardWebhook())
VENDORS: tuple[Platform, ...] = (
    ChatwootPlatform(),
    UnsignedChatwootPlatform(),
    TwilioPlatform(),
    TwilioJsonPlatform(),
    TwilioEventsPlatform(),
    RocketChatPlatform(),
    MatrixPlatform(),
)
"""The platforms of all other adapters; a new adapter adds its platform here and is tested by the whole suite."""


def name_of(platform: Platform) -> str:
    """Return the name of a platform in the names of tests."""
    return type(platform).__name__


class TestVendors(AdapterContract):
    """Tests of the adapters for platforms of somebody else."""

    @pytest.fixture(params=VENDORS, ids=name_of)
    def platform(self, request: pytest.FixtureRequest) -> Platform:
        """Return a platform."""
        platform: Platform = request.param
        return platform


class TestWebhook(AdapterContract):
    """Tests of our own webhook, of which a document of ours says what is sent."""

    @pytest.fixture
    def platform(self) -> Platform:
        """Return a platform that sends it."""
        return WEBHOOK

    def test_what_nobody_needs_is_no_event(self, platform: Platform) -> None:
        """An event of an unknown kind is named as unknown, since the document lists the kinds."""
        with pytest.raises(Poison) as poison:
            platform.adapter.parse(platform.body(Kind.UNKNOWN))
        assert poison.value.reason is DeadLetterReason.UNKNOWN_TYPE

    def test_numbers_for_ids_and_times_are_understood_or_refused(self, platform: Platform) -> None:
        """Numbers for ids and times are refused, since the document asks for neither."""
        with pytest.raises(Poison):
            platform.adapter.parse(platform.body(Kind.NUMBERS))

    def test_client_and_counsellor_are_told_apart(self, platform: Platform) -> None:
        """A message is the client's and a reply the counsellor's; their author is what the sender says."""
        message, reply = event_of(platform, Kind.MESSAGE), event_of(platform, Kind.REPLY)
        assert isinstance(message, Message)
        assert isinstance(reply, Message)
        assert (message.role, reply.role) == (Role.CLIENT, Role.COUNSELLOR)


@pytest.mark.parametrize("platform", [WEBHOOK, *VENDORS], ids=name_of)
def test_doubled_and_shuffled_deliveries_are_the_same_talk(platform: Platform) -> None:
    """Six messages, each twice and in any order, and their end, make the one session that they are."""
    *bodies, end = talk_of(platform)
    expected = _talk(platform, [*bodies, end])
    assert [text for text, _ in expected] == [f"line {number}" for number in range(1, 7)]
    chance = random.Random(7)
    for first, second in list(permutations(range(6), 2))[::5]:
        shuffled = [*bodies, bodies[first], bodies[second], *bodies]
        chance.shuffle(shuffled)
        assert _talk(platform, [*shuffled, end]) == expected


def _talk(platform: Platform, bodies: list[bytes]) -> list[tuple[str, Role]]:
    """Return the lines of the one session that deliveries make, in their order."""
    scenario = Scenario()
    for second, raw in enumerate(bodies):
        for event in events_of(platform, raw):
            if isinstance(event, Message | SessionEnd):  # names are their conversation's, and have their own tests
                scenario.apply(event, (SENT - START).total_seconds() + second / 10)
    (session,) = [head.session for head in scenario.conversation.head.sessions]
    entries = sorted(scenario.conversation.entries(session), key=lambda entry: entry.sent_at)
    assert scenario.last_record.state.value == "closed"
    return [(entry.text, entry.role) for entry in entries]
