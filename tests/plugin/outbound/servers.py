"""Real receivers on loopback: a mail server and a receiver of webhooks, which keep what came and refuse on demand."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from plugin.local.loopback import ADDRESS, free_ports

USER, PASSWORD = "counterpoint", "a password of this test"


@dataclass
class MailBox:
    """A mail server's mails, and the answers that it gives to the next ones."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """What it says to the next mails instead of accepting them."""
    unknown: set[str] = field(default_factory=set)
    """Addresses that it does not know."""

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient that it knows."""
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """Keep a mail, unless it is to be refused."""
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[MailBox]:
    """Yield a mail server; with `tls` it accepts nothing before STARTTLS and a login."""
    box = MailBox()
    secured: dict[str, Any] = {}
    if tls is not None:
        secured = {
            "tls_context": tls,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": lambda _server, _session, _envelope, _mechanism, given: AuthResult(
                success=isinstance(given, LoginPassword)
                and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
            ),
        }
    (box.port,) = free_ports(1)
    controller = Controller(box, hostname=ADDRESS, port=box.port, **secured)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Hook:
    """A receiver's requests, and the statuses with which it answers the next ones."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    """Set where it answers at once; cleared it lets everybody wait."""


@contextmanager
def webhook_server() -> Iterator[Hook]:
    """Yield a receiver of webhooks."""
    hook = Hook()
    hook.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            hook.hold.wait()
            self.send_response(hook.statuses.pop(0) if hook.statuses else 204)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((ADDRESS, 0), Handler)
    server.daemon_threads = True
    hook.url = f"http://{ADDRESS}:{server.server_address[1]}/digests"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
