"""Tests of the gateway as an Application Service of a real Synapse, with a real Kafka: what people do there arrives.

One Synapse, one gateway and one broker serve the whole file, and each test has rooms of its own.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from plugin.adapters.matrix_registration import registration
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.matrix_user import MatrixRefusedError, MatrixUser
from plugin.local.stage_process import StageProcess
from plugin.local.synapse import SERVER_NAME, SynapseServer
from stream.contracts.ids import record_key
from stream.contracts.topics import MESSAGES
from stream.runtime import topics
from stream.runtime.settings import KafkaSettings, TenantSettings
from tests.fixtures.waiting import wait_until
from tests.plugin.gateway.gateways import TENANT

PARTITIONS = 2
OWN = "counterpoint"
AS_TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
END_EVENT = "org.example.session_end"
NOTICED = "Starting recoverer for AS ID counterpoint-harbour"
"""What Synapse logs when it begins to write down transactions for later, and when it starts with some left."""
CANARY = "a canary phrase 4711"
PSEUDONYMS = Pseudonyms(b"k" * 32)
HOMESERVER = TenantSettings.model_validate(
    {
        "platform": "matrix",
        "webhook_secrets": ["6f1d2b3c4a5e60718293a4b5c6d7e8f9"],
        "pseudonym_key": TENANT.pseudonym_key,
        "consent": {"channels": ["*"]},
        "matrix": {
            "user": f"@{OWN}:{SERVER_NAME}",
            "counsellors": [rf"@counsellor-.*:{SERVER_NAME}"],
            "end_event": END_EVENT,
        },
    }
)


@dataclass
class Chat:
    """A homeserver and a gateway that know each other, and two people."""

    synapse: SynapseServer
    gateway: StageProcess
    reader: KafkaConsumer
    own: MatrixUser
    client: MatrixUser
    counsellor: MatrixUser
    found: dict[bytes, Any] = field(default_factory=dict)
    """What the topic has, by the ids of its events, as each was first written."""

    def new_room(self) -> str:
        """Return a room of the counsellor's into which first our own user came, then the client."""
        room = self.counsellor.make_room(self.own)
        self.own.join(room)
        self.counsellor.invite(room, self.client)
        self.client.join(room)
        return room

    def records(self, room: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the types and the data of a room's records on the topic, in order, each once."""
        for records in self.reader.poll(timeout_ms=100).values():
            for record in records:
                self.found.setdefault(dict(record.headers)["ce_id"], record)
        key = record_key("harbour", PSEUDONYMS.conversation(room))
        of_room = [record for record in self.found.values() if record.key == key]
        return [(dict(each.headers)["ce_type"].decode().split(".")[1], json.loads(each.value)) for each in of_room]

    def wait_for(self, room: str, *types: str) -> list[dict[str, Any]]:
        """Wait until a room has records of these types in this order, and no other; return their data."""
        wait_until(lambda: len(self.records(room)) >= len(types), f"{len(types)} records")
        records = self.records(room)
        assert [kind for kind, _ in records] == list(types)
        return [data for _, data in records]


@pytest.fixture(scope="module")
def chat(fresh_kafka: Callable[[], KafkaBroker], run_dir: Path) -> Iterator[Chat]:
    """Yield both servers, with a client and a counsellor."""
    kafka = fresh_kafka()
    topics.create_missing_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS))
    port, health_port = free_ports(2)
    folder = run_dir / "synapse"
    folder.mkdir()
    file = folder / "counterpoint.yaml"
    file.write_text(registration("harbour", HOMESERVER, url=f"http://127.0.0.1:{port}", as_token=AS_TOKEN))
    tenant = json.loads(HOMESERVER.model_dump_json(exclude={"webhook_secrets", "pseudonym_key"}))
    assert HOMESERVER.pseudonym_key is not None
    tenant |= {
        "webhook_secrets": [secret.get_secret_value() for secret in HOMESERVER.webhook_secrets],
        "pseudonym_key": HOMESERVER.pseudonym_key.get_secret_value(),
    }
    gateway = StageProcess(
        "gateway",
        folder,
        health_url=f"http://127.0.0.1:{health_port}",
        env={
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
            "COUNTERPOINT_GATEWAY__PORT": str(port),
            "COUNTERPOINT_HEALTH__GATEWAY_PORT": str(health_port),
            "COUNTERPOINT_TENANTS": json.dumps({"harbour": tenant}),
        },
    )
    with gateway, SynapseServer(folder, [file]) as synapse:
        client = synapse.user("leonie-b", "Leonie Brandt")
        counsellor = synapse.user("counsellor-mira", "Mira")
        reader = KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
        reader.assign([TopicPartition(MESSAGES, number) for number in range(PARTITIONS)])
        yield Chat(synapse, gateway, reader, synapse.service_user(OWN, AS_TOKEN), client, counsellor)
        reader.close()


def test_synapse_reaches_the_gateway(chat: Chat) -> None:
    """Synapse asks the gateway whether it answers, and is answered."""
    assert chat.own.ping_service("counterpoint-harbour")["duration_ms"] >= 0


def test_an_account_is_made_once(chat: Chat) -> None:
    """A user whose account is there is logged in with its password, and may do what they may."""
    again = chat.synapse.user("leonie-b", "Somebody else")
    assert again.user_id == chat.client.user_id
    assert again.token != chat.client.token
    assert again.make_room()


def test_a_talk_arrives_as_it_was_said(chat: Chat) -> None:
    """Names, messages of both, an edit, a redaction and an end arrive in order, with pseudonyms and in their roles."""
    room = chat.new_room()
    first = chat.client.say(room, "I don't see the point of this. 💬")
    second = chat.counsellor.say(room, "What would have to be different?")
    chat.client.edit(room, first, "I still don't see the point.")
    chat.counsellor.redact(room, second)
    chat.client.send(room, "m.room.message", {"msgtype": "m.image", "body": "desk.jpg", "url": "mxc://x/y"})
    chat.client.send(room, "m.room.message", {"msgtype": "m.notice", "body": "I am a program."})
    chat.counsellor.set_state(room, END_EVENT, {})
    names, said, reply, edit, gone, picture, end = chat.wait_for(
        room, "participants", "message", "message", "edit", "deletion", "message", "session-end"
    )
    assert names["participants"] == [{"role": "client", "names": ["Leonie Brandt", "leonie-b"]}]
    assert (said["role"], said["text"], said["consent"]["processing"]) == (
        "client", "I don't see the point of this. 💬", True,
    )  # fmt: skip
    assert (reply["role"], reply["text"]) == ("counsellor", "What would have to be different?")
    assert (edit["message_id"], edit["text"]) == (first, "I still don't see the point.")
    assert edit["author"] == said["author"] == PSEUDONYMS.person(chat.client.user_id)
    assert gone["message_id"] == second
    assert (picture["role"], picture["text"]) == ("client", "")
    assert said["sent_at"] <= reply["sent_at"] <= edit["edited_at"] <= end["ended_at"]


def test_words_that_somebody_puts_into_anothers_mouth_are_told_apart(chat: Chat) -> None:
    """Synapse delivers a counsellor's replacement of the client's words; its record names the counsellor."""
    room = chat.new_room()
    chat.counsellor.edit(room, chat.client.say(room, "No."), "Yes, gladly.")
    _, said, edit = chat.wait_for(room, "participants", "message", "edit")
    assert edit["author"] == PSEUDONYMS.person(chat.counsellor.user_id) != said["author"]


def test_who_leaves_ends_the_session_and_our_removal_withdraws_it(chat: Chat) -> None:
    """The client's leaving is the end; the removal of our own user is a withdrawal, and nothing comes after it."""
    room = chat.new_room()
    chat.client.say(room, "I have to go.")
    chat.client.leave(room)
    chat.wait_for(room, "participants", "message", "session-end")
    other = chat.new_room()
    chat.client.say(other, "I don't want this any more.")
    chat.counsellor.remove(other, chat.own)
    chat.client.say(other, CANARY)
    chat.counsellor.say(room, "See you next week.")
    chat.wait_for(room, "participants", "message", "session-end", "message")
    chat.wait_for(other, "participants", "message", "consent-withdrawal")


def test_nothing_of_a_room_comes_before_our_user_does(chat: Chat) -> None:
    """What was said before our own user came is never sent, also while it is only invited."""
    room = chat.counsellor.make_room(chat.client)
    chat.client.join(room)
    chat.client.say(room, CANARY)
    chat.counsellor.invite(room, chat.own)
    chat.client.say(room, CANARY)
    chat.own.join(room)
    chat.client.say(room, "You may read this.")
    (said,) = chat.wait_for(room, "message")
    assert said["text"] == "You may read this."


def test_an_encrypted_room_is_counted_and_named_and_stops_nothing(chat: Chat) -> None:
    """Encrypted messages leave nothing but a count and one line with the room's pseudonym; other rooms go on."""
    room, other = chat.new_room(), chat.new_room()
    chat.counsellor.set_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    for _ in range(3):
        chat.client.send(room, "m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": CANARY})
    chat.client.say(other, "one")
    chat.wait_for(other, "participants", "message")
    chat.wait_for(room, "participants")
    lines = [json.loads(line) for line in chat.gateway.log.read_text().splitlines() if "room_encrypted" in line]
    assert [line["conversation_id"] for line in lines] == [PSEUDONYMS.conversation(room)]
    metrics = httpx.get(f"{chat.gateway.health_url}/metrics", trust_env=False).text
    assert 'counterpoint_gateway_events_total{outcome="encrypted",tenant="harbour"} 4.0' in metrics


def test_what_synapse_lets_through_and_no_record_can_hold_stops_nothing(chat: Chat) -> None:
    """A NUL, a text that is too long and a deep content are left out or read, and what comes after them arrives."""
    room = chat.new_room()
    for odd in ("a\x00b", "x" * 20_001):
        chat.client.say(room, odd)
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    chat.client.send(room, "m.room.message", {"msgtype": "m.text", "body": "deep", "org.example.deep": deep})
    chat.client.say(room, "well")
    _, *said = chat.wait_for(room, "participants", "message", "message")
    assert [each["text"] for each in said] == ["deep", "well"]
    with pytest.raises(MatrixRefusedError):  # what would be too deep for the gateway is too deep for Synapse
        chat.client.send(room, "m.room.message", {"msgtype": "m.text", "body": "x", "org.example.deep": _nested(190)})


def _nested(depth: int) -> dict[str, Any]:
    return {"a": _nested(depth - 1)} if depth else {}


def test_nothing_is_lost_or_reordered_while_either_side_is_away(chat: Chat) -> None:
    """What was said while the gateway, and then Synapse too, was stopped arrives once both are back, in its order.

    Synapse keeps in memory what is said until it has noticed that the gateway is away, so the test waits for that:
    docs/platforms/matrix.md says what a restart at another moment loses.
    """
    room, lines = chat.new_room(), [f"line {number}" for number in range(1, 13)]
    people = [chat.client, chat.counsellor]
    noticed = chat.synapse.log.read_text().count(NOTICED)

    def say(some: list[str]) -> None:
        for line in some:
            people[lines.index(line) % 2].say(room, line)

    say(lines[:4])
    chat.wait_for(room, "participants", *["message"] * 4)
    chat.gateway.stop()
    say(lines[4:5])
    wait_until(lambda: chat.synapse.log.read_text().count(NOTICED) > noticed, "Synapse notices that nobody answers")
    say(lines[5:8])
    chat.synapse.restart()
    say(lines[8:10])
    chat.gateway.start()
    say(lines[10:])
    _, *said = chat.wait_for(room, "participants", *["message"] * len(lines))
    assert [each["text"] for each in said] == lines
    assert [each["role"] for each in said] == ["client", "counsellor"] * 6


def test_no_log_of_the_gateway_holds_words_or_tokens(chat: Chat) -> None:
    """The gateway's log has neither a word of anybody nor a token, after all that was tried here."""
    log = chat.gateway.log.read_text()
    for words in (CANARY, "I don't see the point", "Leonie", chat.client.user_id, AS_TOKEN):
        assert words not in log
