"""What Matrix users do to say a sample, in which order; `test_demo` lets them do it on a real homeserver."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from plugin.gateway.tenants import known_tenants
from plugin.local.demo import SAMPLES
from plugin.local.demo_matrix import MATRIX_TENANT, VISITORS, homeserver_of, open_a_room, say_samples
from plugin.local.demo_settings import TENANT, demo_secrets, write_settings
from plugin.local.synapse import SERVER_NAME, SynapseServer
from plugin.replay.sending import ReplayResult
from stream.runtime.settings import load_settings


class Recorder:
    """A homeserver that does nothing, and writes down what its users do."""

    def __init__(self) -> None:
        self.url = "http://127.0.0.1:1"
        self.done: list[tuple[str, str, str]] = []

    def user(self, localpart: str, display_name: str) -> RecordedUser:
        """Return a user, and note under which name people see them."""
        self.done.append((localpart, "is called", display_name))
        return RecordedUser(self, localpart)

    def service_user(self, localpart: str, _as_token: str) -> RecordedUser:
        """Return Counterpoint's own user."""
        return RecordedUser(self, localpart)

    def password_of(self, localpart: str) -> str:
        """Return a password."""
        return f"password-of-{localpart}"


class RecordedUser:
    """A user of the recorder; a room has the name that it was given, and a message is named by its words."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder, self._name = recorder, name

    def __getattr__(self, act: str) -> Any:
        def did(*given: object, name: str = "") -> str:
            about = " ".join(each._name if isinstance(each, RecordedUser) else str(each) for each in given)
            self._recorder.done.append((self._name, act, f"{about} {name}".strip()))
            return name or (f"id of {given[-1]}" if act == "say" else "")

        return did


@pytest.fixture
def recorder() -> Recorder:
    """Return a homeserver that writes down."""
    return Recorder()


def server(recorder: Recorder) -> SynapseServer:
    """Return the recorder as the homeserver that the demo starts."""
    return cast("SynapseServer", recorder)


def say(recorder: Recorder, folder: Path, *names: str) -> ReplayResult:
    """Let users say some of the bundled samples."""
    for name in names:
        (folder / f"{name}.jsonl").write_bytes((SAMPLES / f"{name}.jsonl").read_bytes())
    return say_samples(server(recorder), {"as_token": "t"}, folder, Console(file=StringIO()))


def acts(recorder: Recorder) -> list[tuple[str, str]]:
    """Return who did what, without what was said and how people are called."""
    return [(who, act) for who, act, _ in recorder.done if act not in {"say", "is called"}]


def test_a_sample_is_said_in_its_order_and_ends_with_the_clients_leaving(recorder: Recorder, tmp_path: Path) -> None:
    """Counterpoint comes first, then the client; all is said by its author, and then the client leaves."""
    said = say(recorder, tmp_path, "hello-bye")
    lines = [json.loads(line) for line in (SAMPLES / "hello-bye.jsonl").read_text().splitlines()]
    client, counsellor = (
        next(each["author"] for each in lines if each["role"] == role) for role in ("client", "counsellor")
    )
    assert acts(recorder) == [
        (counsellor, "make_room"), ("counterpoint", "join"),
        (counsellor, "invite"), (client, "join"), (client, "leave"),
    ]  # fmt: skip
    spoken = [(who, about) for who, act, about in recorder.done if act == "say"]
    assert spoken == [(each["author"], f"sample-hello-bye {each['text']}") for each in lines]
    assert said.with_messages == {"sample-hello-bye"}
    assert said.messages == len(lines)


def test_edits_and_deletions_are_those_of_their_messages(recorder: Recorder, tmp_path: Path) -> None:
    """An edit and a deletion name the messages that the homeserver has named."""
    say(recorder, tmp_path, "new-town")
    (edit,) = [about for _, act, about in recorder.done if act == "edit"]
    (gone,) = [about for _, act, about in recorder.done if act == "redact"]
    texts = {
        each["message_id"]: each["text"] for each in map(json.loads, _lines("new-town")) if each["type"] == "message"
    }
    assert edit.startswith(f"sample-new-town id of {texts['m10']}")
    assert gone == f"sample-new-town id of {texts['m17']}"


def test_without_consent_counterpoint_is_not_there(recorder: Recorder, tmp_path: Path) -> None:
    """Counterpoint is in no room whose client has not agreed, and is removed where the client agrees no longer."""
    said = say(recorder, tmp_path, "no-consent", "changed-my-mind")
    rooms = {about.split()[-1] for who, act, about in recorder.done if (who, act) == ("counterpoint", "join")}
    assert rooms == {"sample-changed-my-mind"} == said.with_messages
    removed = [about for _, act, about in recorder.done if act == "remove"]
    assert removed == ["sample-changed-my-mind counterpoint"]


def _lines(name: str) -> list[str]:
    return (SAMPLES / f"{name}.jsonl").read_text().splitlines()


def test_a_visitor_gets_a_room_and_two_logins(recorder: Recorder) -> None:
    """Whoever tries the demo gets a room with Counterpoint in it, and the passwords of both who are there."""
    out = StringIO()
    open_a_room(server(recorder), {"as_token": "t"}, Console(file=out, width=200))
    assert ("counterpoint", "join", "Try it here") in recorder.done
    assert ("client-visitor", "join", "Try it here") in recorder.done
    for name in VISITORS:
        assert f"@{name}:{SERVER_NAME}  password-of-{name}" in out.getvalue()


def test_the_homeserver_knows_the_gateway_of_this_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's tenant is one that the gateway takes, and each run's registration names that run's gateway."""
    secret = demo_secrets(tmp_path)
    for _ in range(2):
        file = write_settings(
            tmp_path,
            secret,
            bootstrap_servers="127.0.0.1:1",
            database_url="postgresql+psycopg://h/d",
            triton_url="t:1",
            usual_ports=False,
            platform=MATRIX_TENANT,
        )
        monkeypatch.setenv("COUNTERPOINT_FILE", str(file))
        settings = load_settings()
        assert known_tenants(settings.tenants)[TENANT].secrets == (secret["webhook_secret"],)
        homeserver_of(settings, secret, tmp_path)
        written = (tmp_path / "counterpoint.yaml").read_text()
        assert f'url: "http://127.0.0.1:{settings.gateway.port}/v1/{TENANT}"' in written
        assert f'hs_token: "{secret["webhook_secret"]}"' in written
