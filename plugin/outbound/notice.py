"""What a digest says on its way out: numbers and a link, as a mail and as the body of a webhook.

It never holds words of a session, nor a name other than its reader's: mail is read on locked screens and kept by
others' servers. Who it is about is on the page, after a login.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from plugin.database.viewer import AccountRole, Viewer
from plugin.plain_text import SCOPE, counted, printable
from plugin.queue.news import NewsCounts

SUBJECT: Final = "What is new in Counterpoint"
"""The same every time: what a locked screen shows says nothing of anybody's sessions."""
DIGEST_PAGE: Final = "/digest"
PREFERENCES_PAGE: Final = "/preferences"


@dataclass(frozen=True)
class Notice:
    """A digest for one person."""

    delivery_id: UUID
    viewer: Viewer
    since: datetime
    until: datetime
    counts: NewsCounts
    public_url: str

    @property
    def link(self) -> str:
        """The page on which the person reads what is new."""
        return self.public_url.rstrip("/") + DIGEST_PAGE


def mail_of(notice: Notice, address: str, sender: str, now: datetime) -> EmailMessage:
    """Return a digest as a mail in plain text and HTML; each try of it has the same Message-ID.

    Raises:
        ValueError: address or sender is no mail address.
    """
    mail = EmailMessage()
    name = one_line(notice.viewer.display_name)
    host = urlsplit(notice.public_url).hostname or "counterpoint.invalid"
    mail["From"] = Address("Counterpoint", addr_spec=sender)
    mail["To"] = Address(name, addr_spec=address)
    mail["Subject"] = SUBJECT
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{notice.delivery_id}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"  # no answer of an absent person comes back
    lines = tuple(lines_of(notice.viewer.role, notice.counts))
    preferences = notice.public_url.rstrip("/") + PREFERENCES_PAGE
    text = [f"For {name}", "", *(f"- {line}" for line in lines), "", f"Read it here: {notice.link}", ""]
    mail.set_content("\n".join([*text, SCOPE, f"When and how this reaches you: {preferences}", ""]))
    mail.add_alternative(_html(name, lines, notice.link, preferences), subtype="html")
    return mail


def webhook_body(notice: Notice) -> str:
    """Return a digest as the body of a webhook, the same for each try of it."""
    counts = notice.counts
    data = {
        "account": str(notice.viewer.user_id),
        "user_name": notice.viewer.username,
        "since": notice.since.isoformat(),
        "until": notice.until.isoformat(),
        "counts": {
            "sessions": counts.sessions,
            "acknowledged": counts.acknowledged,
            "disputed": counts.disputed,
            "resolved": counts.resolved,
            "calibrations": counts.calibrations,
            "handed_over": counts.handed_over,
            "comments": counts.comments,
            "follow_ups": counts.follow_ups,
        },
        "url": notice.link,
    }
    return json.dumps({"type": "digest.ready", "timestamp": notice.until.isoformat(), "data": data})


def lines_of(role: AccountRole, counts: NewsCounts) -> Iterator[str]:
    """Yield what is new in numbers, one line for each kind; to a lead a session is no news because it is new."""
    yield from _lines_for_the_reader(counts)
    if role is AccountRole.LEAD:
        if counts.disputed:
            yield counted(counts.disputed, "dispute was escalated", "disputes were escalated")
        return
    is_therapist = role is AccountRole.THERAPIST
    if counts.sessions and is_therapist:
        yield counted(counts.sessions, "session was passed on to you", "sessions were passed on to you")
    elif counts.sessions:
        yield counted(counts.sessions, "new session")
    if counts.acknowledged:
        yield counted(counts.acknowledged, "release was acknowledged", "releases were acknowledged")
    if counts.disputed:
        yield counted(counts.disputed, "point was disputed", "points were disputed")
    if counts.resolved:
        of_whom = " of yours" if is_therapist else ""
        yield counted(counts.resolved, f"dispute{of_whom} was decided", f"disputes{of_whom} were decided")
    if counts.calibrations:
        yield counted(counts.calibrations, "calibration for you to rate", "calibrations for you to rate")


def _lines_for_the_reader(counts: NewsCounts) -> Iterator[str]:
    """Yield what the reader wanted to come back to, and what others did for them."""
    if counts.follow_ups:
        yield f"Follow up today: {counted(counts.follow_ups, 'note')}"
    if counts.handed_over:
        yield counted(counts.handed_over, "session was handed over to you", "sessions were handed over to you")
    if counts.comments:
        yield counted(counts.comments, "new comment on a note", "new comments on notes")


def one_line(name: str) -> str:
    """Return a name as it may stand in a header: without line breaks and without characters that cannot be seen."""
    return printable(name).replace("\n", " ").strip()


def _html(name: str, lines: tuple[str, ...], link: str, preferences: str) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(SUBJECT)}</title></head><body>'
        f'<p>For {escape(name)}</p><ul>{items}</ul><p><a href="{escape(link)}">Read it in Counterpoint</a></p>'
        f'<p><small>{escape(SCOPE)} <a href="{escape(preferences)}">When and how this reaches you</a></small></p>'
        "</body></html>"
    )
