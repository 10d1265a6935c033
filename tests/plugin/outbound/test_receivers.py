"""Tests of the receivers, against a real mail server and a real receiver of webhooks on loopback."""

import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from plugin.local.loopback import free_ports
from plugin.outbound.deliveries import Reason, Refusal
from plugin.outbound.receivers import MailServer, WebhookReceiver
from plugin.outbound.webhook import SignedWebhook
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import MailSettings
from tests.fixtures.certificates import CertificateAuthority
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.outbound.servers import PASSWORD, USER, MailBox, mail_server, webhook_server
from tests.plugin.outbound.test_notice import ADDRESS, DELIVERY, NOTICE, SENDER

SECRETS = ("whsec_" + "QUJD" * 8, "whsec_" + "REVG" * 8)


def now() -> datetime:
    """Return the time, by which a receiver judges a signature."""
    return datetime.now(UTC)


def fixed(at: datetime) -> datetime:
    """Return the time of a clock that stands still."""
    return at


def by_mail(box: MailBox, **more: object) -> MailServer:
    """Return a mail server of the settings that is this one."""
    settings = {"host": "127.0.0.1", "port": box.port, "sender": SENDER, "starttls": False, **more}
    return MailServer(MailSettings.model_validate(settings), now)


def by_webhook(url: str, clock: Callable[[], datetime] = now) -> WebhookReceiver:
    """Return a receiver with two secrets."""
    return WebhookReceiver("chat", SignedWebhook(url, SECRETS, clock, timeout_s=DEADLOCK_S))


def test_a_mail_arrives_once_at_its_address() -> None:
    """A mail goes to the one address, from the sender of the settings."""
    with mail_server() as box:
        assert by_mail(box).send(NOTICE, ADDRESS) is None
    (mail,) = box.mails
    assert (box.recipients, box.senders) == ([ADDRESS], [SENDER])
    assert mail["Message-ID"] == f"<{DELIVERY}@counterpoint.example>"


def test_a_mail_goes_in_tls_and_with_a_login(authority: CertificateAuthority) -> None:
    """A server that asks for TLS and a user gets both, and its certificate is checked."""
    certificate, key = authority.issue("mail")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    known = {"starttls": True, "username": USER, "password": SecretStr(PASSWORD)}
    with mail_server(tls) as box:
        trusting = {**known, "ca_file": authority.file}
        assert by_mail(box, **trusting).send(NOTICE, ADDRESS) is None
        assert box.encrypted == [True]
        wrong = {**trusting, "password": SecretStr("another")}
        refused = by_mail(box, **wrong).send(NOTICE, ADDRESS)
        assert refused is not None
        assert not refused.is_final, "an operator can correct a password"
        assert by_mail(box, **known).send(NOTICE, ADDRESS) == Refusal(Reason.UNREACHABLE), "nobody vouches for it"
    assert len(box.mails) == 1


def test_nothing_is_said_to_a_server_without_tls() -> None:
    """A server that offers no TLS gets neither the password nor the mail, unless that was set for loopback."""
    with mail_server() as box:
        receiver = by_mail(box, starttls=True, username=USER, password=SecretStr(PASSWORD))
        assert receiver.send(NOTICE, ADDRESS) == Refusal(Reason.NOT_ACCEPTED)
    assert box.mails == []


def test_a_server_that_refuses_is_asked_again_or_not() -> None:
    """An unknown address is final; anything else that a server says is tried again."""
    with mail_server() as box:
        box.unknown.add(ADDRESS)
        assert by_mail(box).send(NOTICE, ADDRESS) == Refusal(Reason.REFUSED, is_final=True)
        box.unknown.clear()
        for answer in ("451 try again", "552 too much"):
            box.answers.append(answer)
            assert by_mail(box).send(NOTICE, ADDRESS) == Refusal(Reason.NOT_ACCEPTED)
    (port,) = free_ports(1)
    assert by_mail(MailBox(port)).send(NOTICE, ADDRESS) == Refusal(Reason.UNREACHABLE)


def test_a_mail_server_needs_what_it_was_told(tmp_path: Path) -> None:
    """A user without a password, and a file without certificates, are said at the start."""
    with pytest.raises(Misconfigured, match=r"delivery\.mail\.password"):
        by_mail(MailBox(1), username=USER)
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(Misconfigured, match="ca_file"):
        by_mail(MailBox(1), starttls=True, ca_file=tmp_path / "ca.pem")


def test_a_webhook_is_signed_with_each_secret() -> None:
    """A receiver verifies a digest with the old secret and with the new one, by the library of the standard."""
    with webhook_server() as hook:
        receiver = by_webhook(hook.url)
        assert receiver.send(NOTICE, "chat") is None
        assert receiver.send(NOTICE, "chat") is None
    for headers, body in hook.requests:
        for secret in SECRETS:
            assert Webhook(secret).verify(body, headers) == json.loads(body)
    assert {headers["webhook-id"] for headers, _ in hook.requests} == {str(DELIVERY)}


def test_a_webhook_bears_the_time_of_its_try() -> None:
    """Each try bears its own time, so that a receiver does not take a late one for a replay."""
    with webhook_server() as hook:
        for late in (timedelta(), timedelta(hours=3)):
            at = datetime(2026, 11, 30, 8, tzinfo=UTC) + late
            assert by_webhook(hook.url, partial(fixed, at)).send(NOTICE, "chat") is None
    first, second = (int(headers["webhook-timestamp"]) for headers, _ in hook.requests)
    assert second - first == 3 * 3600


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 429, 500, 503])
def test_a_receiver_that_does_not_say_2xx_is_asked_again(status: int) -> None:
    """Any other answer means that it was not taken; a redirect is not followed, since nobody signed for that place."""
    with webhook_server() as hook:
        hook.statuses.append(status)
        refusal = by_webhook(hook.url).send(NOTICE, "chat")
        assert refusal == Refusal(Reason.NOT_ACCEPTED)
        assert len(hook.requests) == 1


def test_a_receiver_that_is_away_is_asked_again() -> None:
    """A receiver on which nobody listens is unreachable."""
    (port,) = free_ports(1)
    receiver = by_webhook(f"http://127.0.0.1:{port}/")
    assert receiver.send(NOTICE, "chat") == Refusal(Reason.UNREACHABLE)
