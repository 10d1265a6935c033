"""Tests of `counterpoint deliver` as a process: what it refuses, what it sends, and how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.local.loopback import free_ports
from plugin.outbound.stage import run
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.receivers import Receivers
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.plugin.conftest import People
from tests.plugin.outbound.servers import MailBox, mail_server, webhook_server
from tests.plugin.outbound.test_deliverer import MORNING
from tests.plugin.samples import KEK, apply_records, record

KEY_TEXT = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM="
KEY = KeyEncryptionKey.from_base64(KEY_TEXT)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def box() -> Iterator[MailBox]:
    """Yield a mail server."""
    with mail_server() as opened:
        yield opened


@pytest.fixture
def given(engine: Engine, role_urls: Mapping[str, str], people: People, box: MailBox) -> dict[str, str]:
    """Return the environment of a deliverer that has a digest to send at once, and no key of any text."""
    wanted = DigestPreferences(Way.MAIL, "mara@service.example", frozenset(range(7)), 8, "UTC")
    Store(engine, KEK, now=lambda: MORNING.replace(year=2020)).digests.set_preferences(people.supervisor, wanted)
    apply_records(engine, record(), now=datetime.now(UTC) - timedelta(hours=1))
    (port,) = free_ports(1)
    return {
        "COUNTERPOINT_DATABASE__URL": role_urls["digest"],
        "COUNTERPOINT_WEB__PUBLIC_URL": "https://counterpoint.example",
        "COUNTERPOINT_DELIVERY__MAIL__HOST": "127.0.0.1",
        "COUNTERPOINT_DELIVERY__MAIL__PORT": str(box.port),
        "COUNTERPOINT_DELIVERY__MAIL__SENDER": "counterpoint@service.example",
        "COUNTERPOINT_DELIVERY__MAIL__STARTTLS": "false",
        "COUNTERPOINT_HEALTH__DELIVER_PORT": str(port),
    }


def deliver(folder: Path, given: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start `counterpoint deliver` in a folder of its own, without settings of this machine."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOINT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "plugin.cli", "deliver", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_once_sends_what_is_due_and_ends(given: dict[str, str], box: MailBox, tmp_path: Path) -> None:
    """With `--once` it sends what is due and ends well; a second one finds nothing to send."""
    for _ in range(2):
        process = deliver(tmp_path, given, "--once")
        _, said = process.communicate(timeout=DEADLOCK_S)
        assert process.returncode == 0, said
        assert "mara" not in said
        assert "service.example" not in said
    assert box.recipients == ["mara@service.example"]


def test_a_stored_receiver_gets_releases_and_the_digests_of_who_chose_it(
    given: dict[str, str], engine: Engine, people: People, box: MailBox, tmp_path: Path
) -> None:
    """A receiver that gets both is told of a release, and of the digest of the person who chose it by its name."""
    store = Store(engine, KEK, now=lambda: datetime.now(UTC))
    with webhook_server() as hook:
        _, secret = Receivers(engine, now=lambda: datetime.now(UTC)).add(KEY, "chat", hook.url, set(ReceiverKind), None)
        wanted = DigestPreferences(Way.WEBHOOK, "chat", frozenset(range(7)), 8, "UTC")
        Store(engine, KEK, now=lambda: MORNING.replace(year=2020)).digests.set_preferences(people.supervisor, wanted)
        store.decide(people.supervisor, record().session_id, 1, DecisionKind.RELEASED)
        mine = {
            "COUNTERPOINT_DELIVERY__MAIL__HOST": "",
            "COUNTERPOINT_DELIVERY__RECEIVERS_KEY": KEY_TEXT,
            "COUNTERPOINT_DELIVERY__PRIVATE_NETWORKS": '["127.0.0.0/8"]',
        }
        process = deliver(tmp_path, {**given, **mine}, "--once")
        _, said = process.communicate(timeout=DEADLOCK_S)
        assert process.returncode == 0, said
    assert [Webhook(secret).verify(body, headers)["type"] for headers, body in hook.requests] == [
        *("feedback.released", "digest.ready"),
    ]
    assert hook.url not in said
    assert box.recipients == []


def test_it_runs_until_it_is_stopped(given: dict[str, str], box: MailBox, tmp_path: Path) -> None:
    """Without it, it is ready, counts what it sends, and ends well at SIGTERM."""
    process = deliver(tmp_path, given)
    health = f"http://127.0.0.1:{given['COUNTERPOINT_HEALTH__DELIVER_PORT']}"
    try:
        wait_until(lambda: box.recipients or process.poll() is not None, "the digest was sent")
        assert box.recipients == ["mara@service.example"]
        assert httpx.get(f"{health}/readyz").status_code == 200
        sent = 'counterpoint_digests_total{outcome="sent",way="mail"} 1.0'
        wait_until(lambda: sent in httpx.get(f"{health}/metrics").text, "it is counted")
        metrics = httpx.get(f"{health}/metrics").text
        assert "counterpoint_digest_due_seconds " in metrics
        assert 'counterpoint_build_info{stage="deliver"' in metrics
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=DEADLOCK_S)
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"COUNTERPOINT_WEB__PUBLIC_URL": ""}, "web.public_url"),
        ({"COUNTERPOINT_DELIVERY__MAIL__HOST": ""}, "delivery.mail.host"),
        ({"COUNTERPOINT_DELIVERY__MAIL__USERNAME": "counterpoint"}, "delivery.mail.password"),
        ({"COUNTERPOINT_DELIVERY__RECEIVERS_KEY": "c2hvcnQ="}, "delivery.receivers_key"),
        ({"COUNTERPOINT_DATABASE__URL": ""}, "database.url"),
    ],
)
def test_it_refuses_to_start_without_what_it_needs(
    change: dict[str, str], wrong: str, given: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where a setting is missing, a sentence names it and nothing is sent."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**given, **change}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=wrong):
        run(Settings(), once=True)


def test_the_role_of_the_digest_is_enough_and_no_other_does_it(
    given: dict[str, str], role_urls: Mapping[str, str], box: MailBox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Under the role of another stage it ends with a sentence, and nothing is sent."""
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for stage in sorted(set(role_urls) - {"digest"}):
        monkeypatch.setenv("COUNTERPOINT_DATABASE__URL", role_urls[stage])
        with pytest.raises(Misconfigured, match="may not"):
            run(Settings(), once=True)
    assert box.recipients == []


def test_each_person_sees_their_own_rows_alone(
    given: dict[str, str], role_engines: Mapping[str, Engine], people: People
) -> None:
    """The role of the pages sees and changes the preferences, marks and deliveries of the account it names alone."""
    del given
    engine = role_engines["web"]
    store = Store(engine, KEK, now=lambda: MORNING)
    assert store.digests.preferences(people.supervisor).receiver == "mara@service.example"
    store.digests.mark_read(people.ana, MORNING)
    with transaction(engine, people.ana.user_id) as session:
        assert session.scalar(text("SELECT count(*) FROM digest_preferences")) == 0
        assert session.scalar(text("SELECT count(*) FROM digest_marks")) == 1
        changed = session.execute(text("UPDATE digest_preferences SET receiver = 'x@y.example' RETURNING account_id"))
        assert changed.all() == []
