"""Tests of arbitrary replay files: conversations, or a sentence that names the place and none of the text."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.replay.sources import READERS, load_source
from stream.contracts.errors import Misconfigured
from tests.fuzz.strategies import CANARY, nested, rubbish, spoiled

LINE = {
    "type": "message", "conversation_id": "r", "message_id": "m", "role": "client", "author": "a", "at": 1.5,
    "text": CANARY, "consent": {"processing": True},
}  # fmt: skip
MIBOT = {
    "participant_id": "7",
    "utterances": [{"speaker": "counsellor", "utterance_number": 1, "text": f"hello {CANARY}"}],
}


def timed(sent_at: str) -> bytes:
    """Return a line with a time of its own."""
    return json.dumps({name: value for name, value in LINE.items() if name != "at"} | {"sent_at": sent_at}).encode()


VOICES = {"full_conversation": [f"Therapist: hello {CANARY}", f"Client: {CANARY}"]}
ESCONV = [
    {
        "survey_score": {"seeker": {"empathy": "2"}},
        "dialog": [
            {"speaker": "listener", "annotation": {"strategy": "Questions"}, "content": f"hello {CANARY}"},
            {"speaker": "speaker", "annotation": {"feedback": "3"}, "content": CANARY},
        ],
    }
]
FILES = {"thousand-voices": "1_P5_conversation.json"}
"""The names of files that say something."""

HEADER = b"transcript_id,utterance_id,interlocutor,timestamp,utterance_text\r\n"
ANNOMI = HEADER + f'1,0,therapist,00:00:01,"hello, {CANARY}"\r\n1,1,client,00:00:05,{CANARY}\r\n'.encode()
GOOD = {
    "jsonl": (json.dumps(LINE) + "\n" + json.dumps(LINE | {"message_id": "n"})).encode(),
    "mibot": json.dumps(MIBOT).encode(),
    "annomi": ANNOMI,
    "thousand-voices": json.dumps(VOICES).encode(),
    "failed-esconv": json.dumps(ESCONV).encode(),
}
ODD: dict[str, list[bytes]] = {
    "jsonl": [
        b"\xef\xbb\xbf" + GOOD["jsonl"], GOOD["jsonl"].decode().encode("utf-16"), b"\n\n \n", b"[" * 100_000,
        json.dumps(LINE | {"at": "1e999"}).encode(), json.dumps(LINE | {"at": -1}).encode(),
        json.dumps(LINE | {"at": 10**400}).encode(), json.dumps(LINE | {"conversation_id": CANARY * 100}).encode(),
        json.dumps(LINE | {"text": CANARY + "\x00"}).encode(), json.dumps(LINE | {"text": "\ud800"}).encode(),
        timed("0001-01-01T00:00:00") + b"\n" + timed("2026-01-01T00:00:00Z"), timed("9999-12-31T23:59:59-12:00"),
        json.dumps(LINE | {CANARY: CANARY, "type": CANARY}).encode(), GOOD["jsonl"].replace(b"\n", b"\r"),
    ],
    "mibot": [
        b"", b"null", b"{}", b"[" * 100_000, b"\xff\xfe", json.dumps(MIBOT | {"utterances": []}).encode(),
        json.dumps(MIBOT | {"participant_id": CANARY * 200}).encode(),
        json.dumps(MIBOT | {"participant_id": 7}).encode(),
        json.dumps(MIBOT | {"utterances": [{"speaker": CANARY, "utterance_number": 1, "text": ""}]}).encode(),
        json.dumps(MIBOT | {"utterances": [{"speaker": "client", "utterance_number": 10**400, "text": ""}]}).encode(),
        json.dumps(MIBOT | {"utterances": [{"speaker": "client", "utterance_number": 1, "text": "\x00"}]}).encode(),
    ],
    "annomi": [
        b"", HEADER, HEADER[:-2], b"\xef\xbb\xbf" + ANNOMI, ANNOMI.replace(b"hello", b"h\xe9llo"),
        ANNOMI.decode().encode("utf-16"), HEADER + b'1,0,client,00:00:01,"never closed ' + CANARY.encode(),
        HEADER + b"1,0,client,00:00:01," + b"x" * 200_000, HEADER + b"1,0,client\r\n",
        HEADER + b"1,0,client,00:00:01,a,b,c,d\r\n",
        HEADER + b"1,0,client,1:2:" + b"9" * 5_000 + b",x\r\n", HEADER + b"1,0,client,99999999999:00:00,x\r\n",
        HEADER + b"1,0,client,00:00:01,a\x00b\r\n", HEADER + b"1,0," + CANARY.encode() + b",00:00:01,x\r\n",
        HEADER + b"," * 4 + b"\r\n", ANNOMI.replace(b",", b";"), ANNOMI.replace(b"\r\n", b"\r"), HEADER * 2,
        HEADER + "1,0,client,\u0663:00:00,x\r\n".encode(),
    ],
    "thousand-voices": [
        b"", b"null", b"{}", b"[" * 100_000, b"\xff\xfe", json.dumps({"full_conversation": [CANARY]}).encode(),
        json.dumps({"full_conversation": ["Client: \ud800"]}).encode(),
        json.dumps({"full_conversation": ["Client: \x00"]}).encode(),
        json.dumps({"full_conversation": ["Client: " + "x" * 200_000]}).encode(),
    ],
    "failed-esconv": [
        b"", b"null", b"[]", b"[" * 100_000, b"[{}]", json.dumps([{"dialog": [CANARY]}]).encode(),
        json.dumps([{"dialog": [{"speaker": CANARY, "content": CANARY}]}]).encode(),
        json.dumps([{"dialog": [{"speaker": "speaker", "content": "\ud800"}]}]).encode(),
        json.dumps([{"dialog": [{"speaker": "speaker", "content": "x" * 200_000}]}]).encode(),
    ],
}  # fmt: skip


def said_of(file: Path, source_format: str) -> str:
    """Return the error message for a file that cannot be read, or "" for one that can."""
    try:
        source = load_source(file, source_format)  # type: ignore[arg-type]
    except Misconfigured as error:
        return str(error) or "nothing"
    assert all(conversation.duration_s >= 0 for conversation in source.conversations)
    return ""


@pytest.mark.parametrize("name", READERS)
def test_good_files_are_read(tmp_path: Path, name: str) -> None:
    """The undamaged files are read."""
    file = tmp_path / FILES.get(name, "file")
    file.write_bytes(GOOD[name])
    assert said_of(file, name) == ""


@pytest.mark.parametrize("name", READERS)
def test_odd_files_are_read_or_named(tmp_path: Path, name: str) -> None:
    """Files with unusual encodings, line ends or numbers are read, or refused without their text in the message."""
    for content in ODD[name]:
        file = tmp_path / FILES.get(name, "file")
        file.write_bytes(content)
        assert CANARY not in said_of(file, name)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_spoiled_files_are_read_or_named(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Files with random damage are read, or refused without their text in the message."""
    value = {"jsonl": LINE, "mibot": MIBOT, "thousand-voices": VOICES, "failed-esconv": ESCONV}.get(name)
    other = rubbish if value is None else nested(value).map(lambda one: json.dumps(one).encode())
    file = tmp_path / FILES.get(name, "file")
    file.write_bytes(data.draw(rubbish | spoiled(GOOD[name]) | other))
    assert CANARY not in said_of(file, name)
