"""The receivers to which digests go: a mail server, and webhooks signed after Standard Webhooks."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from typing import Final, Protocol

from plugin.outbound.deliveries import Reason, Refusal
from plugin.outbound.notice import Notice, mail_of, webhook_body
from plugin.outbound.webhook import SignedWebhook
from plugin.queue.digest_preferences import Way
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import MailSettings, required_secret

TIMEOUT_S: Final = 20.0
"""Seconds for each step of a sending; a receiver that takes longer is asked again later."""
_PERMANENT: Final = 500
"""SMTP answers from here on are final."""


class Receiver(Protocol):
    """Something that takes digests. Each is served by a thread of its own, so a slow one makes no other wait."""

    way: Way
    name: str
    """The name of a webhook; empty for mail."""

    def send(self, notice: Notice, address: str) -> Refusal | None:
        """Send a digest, and return why it was not taken, or None."""


class MailServer:
    """A mail server that is reached by SMTP, in TLS unless it is on this machine."""

    way, name = Way.MAIL, ""

    def __init__(self, settings: MailSettings, now: Callable[[], datetime]) -> None:
        """Raise `Misconfigured` if the password is missing, or the file of authorities cannot be read."""
        self._settings = settings
        self._password = required_secret(settings.password, "delivery.mail.password") if settings.username else ""
        self._now = now
        self._tls = _tls_of(settings) if settings.starttls else None

    def send(self, notice: Notice, address: str) -> Refusal | None:
        """Send a digest as a mail to one address."""
        settings = self._settings
        mail = mail_of(notice, address, settings.sender, self._now())
        try:
            with closing(smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)) as smtp:
                if self._tls is not None:
                    smtp.starttls(context=self._tls)
                if settings.username:
                    smtp.login(settings.username, self._password)
                smtp.send_message(mail, from_addr=settings.sender, to_addrs=[address])
                with suppress(OSError):  # the mail is accepted, whatever becomes of the farewell
                    smtp.quit()
        except smtplib.SMTPRecipientsRefused as error:
            is_final = all(code >= _PERMANENT for code, _ in error.recipients.values())
            return Refusal(Reason.REFUSED if is_final else Reason.NOT_ACCEPTED, is_final)
        except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError):
            return Refusal(Reason.NOT_ACCEPTED)
        except OSError:  # of which every other error of smtplib is one
            return Refusal(Reason.UNREACHABLE)
        return None


def _tls_of(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError:
        raise Misconfigured("delivery.mail.ca_file holds no certificate that can be read.") from None


class WebhookReceiver:
    """A stored receiver of signed webhooks."""

    way = Way.WEBHOOK

    def __init__(self, name: str, webhook: SignedWebhook) -> None:
        self.name = name
        self._webhook = webhook

    def send(self, notice: Notice, address: str) -> Refusal | None:
        """Send a digest as a signed request."""
        del address  # everybody's digests go to the same URL, and the body says whose it is
        answer = self._webhook.post(notice.delivery_id, webhook_body(notice))
        if answer.is_taken:
            return None
        return Refusal(Reason.UNREACHABLE if answer.status is None else Reason.NOT_ACCEPTED)
