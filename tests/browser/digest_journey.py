"""A digest on its way: a supervisor asks for it, it comes by mail, leads to what is new, and the next has the rest."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from plugin.database.engine import temporary_engine
from plugin.outbound.deliverer import Deliverer
from plugin.outbound.receivers import MailServer
from stream.runtime.settings import DeliverySettings, MailSettings
from tests.browser.conftest import Clock
from tests.browser.visitor import Visitor
from tests.plugin.outbound.servers import MailBox, mail_server
from tests.plugin.web.conftest import SUPERVISOR
from tests.plugin.web.samples import WORDS, record

Visit = Callable[..., Visitor]
ADDRESS = "maria@service.example"
DAY, SETTLED = timedelta(days=1), timedelta(minutes=2)


@pytest.fixture
def box() -> Iterator[MailBox]:
    """Yield a mail server on loopback."""
    with mail_server() as opened:
        yield opened


@pytest.fixture
def delivery(box: MailBox) -> DeliverySettings:
    """Return settings by which digests go out through that server."""
    mail = MailSettings(host="127.0.0.1", port=box.port, sender="counterpoint@service.example", starttls=False)
    return DeliverySettings(mail=mail)


@pytest.fixture
def deliver(site: str, page_database: str, clock: Clock, delivery: DeliverySettings) -> Callable[[], None]:
    """Return a function that sends what is due, as `counterpoint deliver --once` does."""

    def once() -> None:
        with temporary_engine(page_database) as engine:
            deliverer = Deliverer(engine, site, now=clock)
            deliverer.plan()
            while deliverer.deliver_one(MailServer(delivery.mail, clock)):
                pass

    return once


def test_a_digest_by_mail_leads_to_what_is_new(
    visit: Visit, deliver: Callable[[], None], box: MailBox, clock: Clock, put: Callable[..., None]
) -> None:
    """The mail holds numbers and a link and no word; what was read is not in the next one, and one day has one mail."""
    # given: a supervisor who wants a digest every day
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.unfold("Maria Keller")
    maria.follow("Clock and digest")
    maria.page.get_by_label("By mail").check()
    maria.fill("Mail address", ADDRESS)
    for day in maria.page.get_by_role("checkbox").all():
        day.check()
    maria.press("Save")
    maria.sees("Saved.")
    # when: its hour has come
    clock.ahead += DAY
    deliver()
    deliver()
    # then: one mail has come, with numbers and a link
    (mail,) = box.mails
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert box.recipients == [ADDRESS]
    assert "2 new sessions" in text
    assert not any(words in str(mail) for _, _, words in WORDS)
    assert "Jonas" not in str(mail)
    (link,) = re.findall(r"Read it here: (\S+)", text)
    maria.open(link)
    maria.sees("2 new sessions", "Jonas Weber", "What can be heard in the reply")
    maria.press("I have read this")
    maria.sees("Nothing new")
    # and: the next one holds only what has come since
    clock.ahead += SETTLED
    put(record("tomorrow", "counsellor-1"))
    clock.ahead += DAY
    deliver()
    assert len(box.mails) == 2
    assert "1 new session" in box.mails[1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    maria.open("/digest")
    maria.sees("1 new session")
