"""Tests of what a digest says: numbers and a link, in headers and HTML that no name can break."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest

from plugin.database.viewer import AccountRole, Viewer
from plugin.outbound.notice import SUBJECT, Notice, lines_of, mail_of, webhook_body
from plugin.queue.news import NewsCounts

NOW = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
DELIVERY = UUID("11111111-1111-4111-8111-111111111111")
MARA = Viewer(UUID("22222222-2222-4222-8222-222222222222"), "mara", "Mara Keller", AccountRole.SUPERVISOR)
NOTICE = Notice(DELIVERY, MARA, NOW - timedelta(days=7), NOW, NewsCounts(3, 1, 2, 0), "https://counterpoint.example/")
SENDER, ADDRESS = "counterpoint@service.example", "mara@service.example"
HOSTILE = (
    "Mara\r\nBcc: everybody@evil.example",
    "Mara\nContent-Type: text/html\n\n<script>alert(1)</script>",
    '"Mara" <other@evil.example>, "x',
    "Mara, other@evil.example",
    "<script>alert(1)</script>",
    '<img src=x onerror=alert(1)> & "friends"',
    "Mára \U0001f331 Ñandú",
    "a\u202egnp.exe\u2028x\x00y",
    "=?utf-8?q?Bcc:_x=40evil.example?=",
    "M" * 200,
    " ",
)


def sent(notice: Notice) -> EmailMessage:
    """Return a mail as its receiver reads it from the wire."""
    made = mail_of(notice, ADDRESS, SENDER, NOW)
    read = message_from_bytes(made.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def text_of(mail: EmailMessage, kind: str) -> str:
    """Return the plain or the HTML part of a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def named(name: str) -> Notice:
    """Return the digest of somebody with this name."""
    return replace(NOTICE, viewer=replace(MARA, display_name=name))


def test_a_mail_says_numbers_and_a_link_in_text_and_html() -> None:
    """A mail has the same numbers and link in plain text and in HTML, and says what Counterpoint is not."""
    mail = sent(NOTICE)
    for kind in ("plain", "html"):
        said = text_of(mail, kind)
        for words in ("3 new sessions", "1 release was acknowledged", "2 points were disputed", "not a diagnosis"):
            assert words in said, (kind, words)
        assert "https://counterpoint.example/digest" in said
        assert "https://counterpoint.example/preferences" in said
        assert "dispute was decided" not in said


def test_invitations_to_calibrations_are_told_in_numbers() -> None:
    """A digest says to how many calibrations somebody is invited, and names nobody."""
    invited = replace(NOTICE, counts=NewsCounts(calibrations=2))
    assert list(lines_of(AccountRole.SUPERVISOR, invited.counts)) == ["2 calibrations for you to rate"]
    assert json.loads(webhook_body(invited))["data"]["counts"]["calibrations"] == 2
    assert "1 calibration for you to rate" in text_of(sent(replace(NOTICE, counts=NewsCounts(calibrations=1))), "plain")


@pytest.mark.parametrize("role", [AccountRole.SUPERVISOR, AccountRole.LEAD])
def test_follow_ups_and_what_came_to_the_reader_are_told_in_numbers(role: AccountRole) -> None:
    """A digest says how many notes are to follow up and what came to its reader, first of all, and to a lead too."""
    assert list(lines_of(role, NewsCounts(disputed=1, handed_over=1, comments=2, follow_ups=1)))[:3] == [
        "Follow up today: 1 note",
        "1 session was handed over to you",
        "2 new comments on notes",
    ]


def test_the_headers_say_nothing_of_sessions() -> None:
    """The subject is the same every time, and automatic answers are not asked for."""
    mail = sent(NOTICE)
    assert mail["Subject"] == SUBJECT
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"].addresses[0].addr_spec == SENDER
    assert not any(digit in mail["Subject"] for digit in "0123456789")


def test_each_try_has_the_same_id() -> None:
    """A second try has the Message-ID of the first one, by which a receiver can drop it."""
    later = mail_of(NOTICE, ADDRESS, SENDER, NOW + timedelta(hours=1))
    assert later["Message-ID"] == sent(NOTICE)["Message-ID"] == f"<{DELIVERY}@counterpoint.example>"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_no_header_and_no_recipient(name: str) -> None:
    """Whatever a display name holds, the mail has one recipient, one of each header, and two parts."""
    mail = sent(named(name))
    assert [each.addr_spec for each in mail["To"].addresses] == [ADDRESS]
    assert {each.lower() for each in mail} == {
        *("from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type")
    }
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert len(mail.keys()) == 8


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_inert_in_html(name: str) -> None:
    """Whatever a display name holds, it is no tag, and the only links are ours."""
    html = text_of(sent(named(name)), "html")
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("href=") == 2
    assert "\u202e" not in html
    assert "\x00" not in html


def test_a_name_stays_readable() -> None:
    """A name with accents and emoji arrives as it is."""
    name = "Mára \U0001f331 Ñandú"
    mail = sent(named(name))
    assert mail["To"].addresses[0].display_name == name
    assert f"For {name}" in text_of(mail, "plain")


@pytest.mark.parametrize("address", ["", "nobody", "a@b\r\nBcc: c@d.example", "a@b.example, c@d.example"])
def test_an_address_that_is_none_makes_no_mail(address: str) -> None:
    """A text that is no single address makes no mail, however it came into the row."""
    with pytest.raises((ValueError, IndexError)):
        mail_of(NOTICE, address, SENDER, NOW)


def test_a_webhook_says_whose_it_is_and_how_much_is_new() -> None:
    """A webhook's body has the account, the numbers, the span and the link, and nothing else."""
    said = json.loads(webhook_body(NOTICE))
    assert said == {
        "type": "digest.ready",
        "timestamp": NOW.isoformat(),
        "data": {
            "account": str(MARA.user_id),
            "user_name": "mara",
            "since": NOTICE.since.isoformat(),
            "until": NOW.isoformat(),
            "counts": {
                "sessions": 3,
                "acknowledged": 1,
                "disputed": 2,
                "resolved": 0,
                "calibrations": 0,
                "handed_over": 0,
                "comments": 0,
                "follow_ups": 0,
            },
            "url": "https://counterpoint.example/digest",
        },
    }


def test_a_therapist_is_told_in_words_of_their_own() -> None:
    """A therapist reads what was passed on to them and what became of their disputes, in the singular too."""
    assert list(lines_of(AccountRole.THERAPIST, NewsCounts(sessions=1, resolved=2))) == [
        "1 session was passed on to you",
        "2 disputes of yours were decided",
    ]
    assert list(lines_of(AccountRole.SUPERVISOR, NewsCounts(sessions=1, resolved=1))) == [
        "1 new session",
        "1 dispute was decided",
    ]
    assert list(lines_of(AccountRole.LEAD, NewsCounts(disputed=2))) == ["2 disputes were escalated"]
