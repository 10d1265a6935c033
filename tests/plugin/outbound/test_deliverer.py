"""Tests of the deliverer on a real database, mail server and webhook receiver: each digest once, whatever happens."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from plugin.database.engine import connect, transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.outbound.deliverer import Deliverer
from plugin.outbound.deliveries import LEASE, MAX_ATTEMPTS, Reason, Refusal
from plugin.outbound.notice import Notice
from plugin.outbound.pauses import LATER
from plugin.outbound.receivers import MailServer, Receiver, WebhookReceiver
from plugin.outbound.webhook import SignedWebhook
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.feedback import FeedbackRecord
from stream.runtime.settings import MailSettings
from tests.plugin.conftest import People
from tests.plugin.outbound.servers import Hook, MailBox, mail_server, webhook_server
from tests.plugin.privacy.stored_sessions import run_killed_at
from tests.plugin.samples import KEK, SAID, START, add_person, apply_records, record

DAILY = frozenset(range(7))
EVENING = datetime(2026, 11, 29, 18, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
URL = "https://counterpoint.example"
SECRET = "whsec_" + "QUJD" * 8


@dataclass
class Office:
    """A database whose deliverer runs under the role of the digest, on a clock that a test moves."""

    owner: Engine
    engine: Engine
    people: People
    box: MailBox
    url: str
    now: datetime = EVENING
    hooks: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The store of the pages."""
        return Store(self.owner, KEK, now=lambda: self.now)

    @property
    def mail(self) -> Receiver:
        """The mail server."""
        settings = MailSettings(
            host="127.0.0.1", port=self.box.port, sender="counterpoint@service.example", starttls=False
        )
        return MailServer(settings, lambda: self.now)

    def hook(self, name: str = "chat") -> Receiver:
        """Return the receiver of webhooks with this name."""
        webhook = SignedWebhook(self.hooks[name], [SECRET], lambda: datetime.now(UTC), timeout_s=5)
        return WebhookReceiver(name, webhook)

    @property
    def deliverer(self) -> Deliverer:
        """A deliverer, as a process of its own would have it."""
        return Deliverer(self.engine, URL, now=lambda: self.now)

    def wants(self, viewer: Viewer, way: Way = Way.MAIL, receiver: str = "") -> None:
        """Let a person want a digest every day at eight."""
        address = receiver or f"{viewer.username}@service.example"
        self.store.digests.set_preferences(viewer, DigestPreferences(way, address, DAILY, 8, "UTC"))

    def come(self, *records: FeedbackRecord) -> None:
        """Store records a minute before now."""
        apply_records(self.owner, *records, now=self.now - MINUTE)

    def run(self, *receivers: Receiver) -> int:
        """Plan, and send to each receiver what waits for it; returns how many deliveries were taken."""
        self.deliverer.plan()
        return sum(self.drain(receiver) for receiver in receivers or (self.mail,))

    def drain(self, receiver: Receiver) -> int:
        """Send to a receiver what waits for it now."""
        taken = 0
        while self.deliverer.deliver_one(receiver):
            taken += 1
        return taken

    def rows(self) -> list[tuple[str, str, int, str | None]]:
        """Return the person, state, attempts and reason of each delivery, in order."""
        query = (
            "SELECT a.username, d.state, d.attempts, d.reason FROM digest_deliveries d"
            " JOIN accounts a USING (account_id) ORDER BY d.period, a.username"
        )
        with self.owner.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def office(engine: Engine, role_urls: Mapping[str, str], people: People) -> Iterator[Office]:
    """Yield an office in which the supervisor wants a digest every morning, and a session came in the evening."""
    url = role_urls["digest"]
    restricted = connect(url)
    with mail_server() as box:
        opened = Office(engine, restricted, people, box, url)
        opened.wants(people.supervisor)
        opened.come(record())
        yield opened
    restricted.dispose()


@dataclass
class Refusing:
    """A receiver that refuses a number of times, and then takes what comes."""

    refusals: list[Refusal]
    way: Way = Way.MAIL
    name: str = ""
    taken: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice, address: str) -> Refusal | None:
        """Refuse while there is a refusal left."""
        if self.refusals:
            return self.refusals.pop(0)
        assert address
        self.taken.append(notice)
        return None


class Ending(Refusing):
    """A receiver in whose service the process ends."""

    def send(self, notice: Notice, address: str) -> Refusal | None:
        """End the process, as far as a test can."""
        raise KeyboardInterrupt(notice.link, address)


def plain(box: MailBox, number: int = -1) -> str:
    """Return the plain part of a mail."""
    part = box.mails[number].get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_digest_goes_out_when_it_is_due_and_once(office: Office) -> None:
    """Before its hour nothing is sent; then one mail, however often the deliverer looks."""
    assert office.run() == 0
    office.now = MORNING
    assert office.run() == 1
    for _ in range(3):
        office.now += MINUTE
        assert office.run() == 0
    assert office.box.recipients == ["mara@service.example"]
    assert office.rows() == [("mara", "sent", 1, None)]


def test_the_next_digest_holds_only_what_is_new(office: Office) -> None:
    """The second day's digest counts what came since the first one, and a day without news sends nothing."""
    office.now = MORNING
    office.run()
    assert "1 new session\n" in plain(office.box)
    office.now += DAY
    office.come(*(record(conversation=f"c_{at}", started_at=START + at * DAY) for at in range(2)))
    office.run()
    assert "2 new sessions" in plain(office.box)
    office.now += DAY
    office.run()
    assert len(office.box.mails) == 2
    assert [state for _, state, _, _ in office.rows()] == ["sent", "sent", "nothing_new"]


def test_what_was_read_on_the_page_is_not_told_again(office: Office) -> None:
    """Somebody who has said that they have read is told only what came after that."""
    office.store.digests.mark_read(office.people.supervisor, office.now)
    office.now = MORNING
    office.run()
    assert office.box.mails == []
    assert office.rows() == [("mara", "nothing_new", 1, None)]


def test_each_person_is_told_what_is_theirs(office: Office) -> None:
    """The role of the digest counts for each person what is news to them, and for operator and auditor nothing."""
    people = office.people
    lead = add_person(office.owner, "lena", AccountRole.LEAD)
    auditor = add_person(office.owner, "aldo", AccountRole.AUDITOR)
    for viewer in (people.ana, people.ben, people.other_supervisor, people.operator, lead, auditor):
        office.wants(viewer)
    office.come(record(conversation="c_south", counsellor="p_ben"))
    office.store.decide(people.supervisor, record().session_id, 1, DecisionKind.RELEASED)
    office.now = MORNING
    office.run()
    assert sorted(office.box.recipients) == ["ana@service.example", "mara@service.example", "olga@service.example"]
    told = {mail["To"].addresses[0].username: plain(office.box, at) for at, mail in enumerate(office.box.mails)}
    assert "1 session was passed on to you" in told["ana"]
    assert "1 new session\n" in told["mara"]
    assert "1 new session\n" in told["olga"]


def test_what_came_to_its_reader_and_what_is_due_is_told_in_numbers(office: Office) -> None:
    """The digest counts hand-overs, comments and follow-ups; a follow-up is told each day until it is done."""
    people, store, sent = office.people, office.store, record()
    lead = add_person(office.owner, "lena", AccountRole.LEAD)
    office.wants(lead)
    mara, day = people.supervisor, MORNING.date()
    store.reviews.add_note(mara, sent.session_id, None, "A note of Mara\u2019s.", shared=True, follow_up_on=day)
    view = store.open(mara, sent.session_id)
    assert view is not None
    note = view.notes[0].note_id
    store.note_threads.comment(lead, sent.session_id, note, "A comment of Lena\u2019s.")
    store.handovers.hand_over(mara, sent.session_id, 0, lead.user_id, "A reason of Mara\u2019s.")
    office.now = MORNING
    office.run()
    told = {mail["To"].addresses[0].username: plain(office.box, at) for at, mail in enumerate(office.box.mails)}
    assert "- Follow up today: 1 note\n" in told["mara"]
    assert "- 1 new comment on a note\n" in told["mara"]
    assert "- 1 session was handed over to you\n" in told["lena"]
    assert "Follow up" not in told["lena"]
    for out in told.values():
        assert not any(word in out for word in ("reason of", "note of", "comment of"))
    office.now += DAY
    office.run()
    assert "- Follow up today: 1 note\n" in plain(office.box)
    store.reviews.finish_follow_up(mara, sent.session_id, note)
    sent_so_far = len(office.box.mails)
    office.now += DAY
    office.run()
    assert len(office.box.mails) == sent_so_far


def test_no_word_of_a_session_and_nobodys_name_goes_out(office: Office) -> None:
    """A mail holds no text of a session, no pseudonym and no other person's name; neither do the lines of the log."""
    office.now = MORNING
    with capture_logs() as lines:
        office.run()
    out = office.box.mails[0].as_string() + json.dumps(lines)
    for word in (*SAID, "p_ana", "p_client", "Ana", str(record().session_id), "c_sample"):
        assert word not in out, word
    logged = json.dumps(lines)
    assert "mara" not in logged
    assert str(office.people.supervisor.user_id) not in logged


def test_two_deliverers_at_once_send_one(office: Office) -> None:
    """Several processes that plan and send at the same moment send each digest once."""
    office.now = MORNING
    office.wants(office.people.other_supervisor)
    office.now = MORNING + DAY
    office.come(record(conversation="c_south", counsellor="p_ben"))
    together = Barrier(4)
    faults: list[BaseException] = []

    def deliver() -> None:
        engine = connect(office.url)
        try:
            deliverer = Deliverer(engine, URL, now=lambda: office.now)
            together.wait()
            deliverer.plan()
            while deliverer.deliver_one(office.mail):
                pass
        except BaseException as fault:
            faults.append(fault)
            raise
        finally:
            engine.dispose()

    threads = [Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(office.box.recipients) == ["mara@service.example", "olga@service.example"]
    assert office.rows() == [("mara", "sent", 1, None), ("olga", "sent", 1, None)]


def test_a_deliverer_killed_anywhere_leaves_a_digest_that_is_sent(office: Office) -> None:
    """Killed before any of its statements, the next one sends the digest after the lease, with the same id.

    A kill between the sending and its record makes a second mail; it has the Message-ID of the first one.
    """
    office.now = MORNING
    ids, twice = set[str](), 0
    for statement in range(1, 100):
        with transaction(office.owner) as session:
            session.execute(text("TRUNCATE digest_deliveries"))
        office.box.mails.clear()
        work = _deliver_in_a_process_of_its_own(office)
        killed = run_killed_at(office.url, statement, work)
        office.now += LEASE
        office.run()
        assert [(row[0], row[1]) for row in office.rows()] == [("mara", "sent")], statement
        ids |= {mail["Message-ID"] for mail in office.box.mails}
        assert len(office.box.mails) in {1, 2}
        twice += len(office.box.mails) == 2
        office.now = MORNING
        if not killed:
            break
    assert statement > 10
    assert twice >= 1, "one of the kills came after the sending"
    assert len(ids) == 1


def _deliver_in_a_process_of_its_own(office: Office) -> Callable[[Engine], object]:
    def work(engine: Engine) -> None:
        deliverer = Deliverer(engine, URL, now=lambda: MORNING)
        deliverer.plan()
        deliverer.deliver_one(office.mail)

    return work


def test_a_lease_keeps_others_away_until_it_is_over(office: Office) -> None:
    """A delivery that a process holds is taken by no other before its lease is over."""
    office.now = MORNING
    office.deliverer.plan()

    with pytest.raises(KeyboardInterrupt):
        office.deliverer.deliver_one(Ending([]))
    office.now += LEASE - MINUTE
    assert office.drain(office.mail) == 0
    office.now += MINUTE
    assert office.drain(office.mail) == 1
    assert office.rows() == [("mara", "sent", 2, None)]


def test_a_digest_whose_process_always_ends_is_given_up(office: Office) -> None:
    """A digest in whose sending the process ends each time is given up with a reason, and harms no other."""
    office.now = MORNING
    office.deliverer.plan()

    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            office.deliverer.deliver_one(Ending([]))
        office.now += LEASE
    assert office.drain(office.mail) == 1
    assert office.rows() == [("mara", "failed", MAX_ATTEMPTS + 1, Reason.INTERRUPTED)]
    assert office.box.mails == []


def test_waits_grow_and_end_within_the_day() -> None:
    """Each wait is longer than the one before, and together they are less than a day."""
    assert list(LATER) == sorted(set(LATER))
    assert sum(LATER, timedelta()) < DAY


def test_a_refused_digest_waits_longer_each_time_and_is_sent(office: Office) -> None:
    """A digest that is not taken is tried again after each wait and not before, as the same digest."""
    office.now = MORNING
    office.deliverer.plan()
    receiver = Refusing([Refusal(Reason.UNREACHABLE)] * (MAX_ATTEMPTS - 1))
    before = counted("tried")
    for wait in LATER:
        assert office.drain(receiver) == 1
        office.now += wait - timedelta(seconds=1)
        assert office.drain(receiver) == 0
        office.now += timedelta(seconds=1)
    assert office.drain(receiver) == 1
    assert office.rows() == [("mara", "sent", MAX_ATTEMPTS, None)]
    assert counted("tried") - before == MAX_ATTEMPTS - 1
    assert [each.counts.sessions for each in receiver.taken] == [1]


def test_how_long_the_oldest_digest_has_been_due_is_measured_until_it_is_sent(office: Office) -> None:
    """A digest that nobody takes grows older in the metric from its hour on; once it is sent, nothing is due."""

    def measured() -> float | None:
        office.deliverer.measure()
        return REGISTRY.get_sample_value("counterpoint_digest_due_seconds")

    assert measured() == 0
    office.now = MORNING + 20 * MINUTE
    assert measured() == 1200
    receiver = Refusing([Refusal(Reason.UNREACHABLE)])
    office.run(receiver)
    office.now += MINUTE
    assert measured() == 1260
    office.drain(receiver)
    assert measured() == 0


@pytest.mark.parametrize(
    ("refusals", "attempts", "reason"),
    [
        ([Refusal(Reason.NOT_ACCEPTED)] * MAX_ATTEMPTS, MAX_ATTEMPTS, Reason.NOT_ACCEPTED),
        ([Refusal(Reason.REFUSED, is_final=True)], 1, Reason.REFUSED),
    ],
)
def test_a_digest_that_is_never_taken_ends_with_a_counted_reason(
    office: Office, refusals: list[Refusal], attempts: int, reason: Reason
) -> None:
    """A digest is given up after its last try, or at once where that is final; the metric counts the reason."""
    office.now = MORNING
    office.deliverer.plan()
    receiver, before = Refusing(list(refusals)), counted(reason)
    for wait in (*LATER, DAY):
        office.drain(receiver)
        office.now += wait
    assert office.rows() == [("mara", "failed", attempts, reason)]
    assert counted(reason) - before == 1


def test_news_of_a_failed_digest_are_in_the_next_one(office: Office) -> None:
    """What a digest could not tell is told by the next one."""
    office.now = MORNING
    office.deliverer.plan()
    office.drain(Refusing([Refusal(Reason.REFUSED, is_final=True)]))
    office.now += DAY
    office.run()
    assert "1 new session\n" in plain(office.box)


def test_a_digest_that_still_waits_gives_way_to_the_next_days(office: Office) -> None:
    """Where nobody delivered for a day, the earlier digest ends, and the next one holds its news."""
    office.now = MORNING
    office.deliverer.plan()
    office.now += DAY
    office.run()
    assert len(office.box.mails) == 1
    assert office.rows() == [("mara", "failed", 0, Reason.SUPERSEDED), ("mara", "sent", 1, None)]


@pytest.mark.parametrize("change", ["none", "webhook", "disabled"])
def test_what_is_not_wanted_any_more_is_not_sent(office: Office, change: str) -> None:
    """A digest that waits ends unsent where its person wants another way by then, or is disabled."""
    office.now = MORNING
    office.deliverer.plan()
    mara = office.people.supervisor
    if change == "disabled":
        office.store.accounts.disable(mara.user_id)
    else:
        office.store.digests.set_preferences(
            mara, DigestPreferences(Way(change), "chat" if change == "webhook" else "")
        )
    office.drain(office.mail)
    assert office.box.mails == []
    assert office.rows() == [("mara", "failed", 1, Reason.NOT_WANTED)]


def test_a_new_address_counts_at_the_next_try(office: Office) -> None:
    """A digest that waits goes to the address that its person has by then."""
    office.now = MORNING
    office.deliverer.plan()
    office.wants(office.people.supervisor, receiver="mara@elsewhere.example")
    office.drain(office.mail)
    assert office.box.recipients == ["mara@elsewhere.example"]


def test_a_digest_goes_by_webhook_to_the_receiver_that_was_chosen(office: Office) -> None:
    """Each receiver gets the digests of those who chose it, and no other."""
    people = office.people
    with webhook_server() as chat, webhook_server() as pager:
        office.hooks = {"chat": chat.url, "pager": pager.url}
        office.wants(people.supervisor, Way.WEBHOOK, "chat")
        office.wants(people.other_supervisor, Way.WEBHOOK, "pager")
        office.come(record(conversation="c_south", counsellor="p_ben"))
        office.now = MORNING
        office.run(office.mail, office.hook("chat"), office.hook("pager"))
        assert [users_of(hook) for hook in (chat, pager)] == [["mara"], ["olga"]]
    assert office.box.mails == []


def test_a_slow_receiver_makes_no_other_wait(office: Office) -> None:
    """While one receiver does not answer, another one's digests are sent and ended."""
    with webhook_server() as chat:
        office.hooks = {"chat": chat.url}
        office.wants(office.people.supervisor, Way.WEBHOOK, "chat")
        office.wants(office.people.other_supervisor)
        office.come(record(conversation="c_south", counsellor="p_ben"))
        office.now = MORNING
        office.deliverer.plan()
        chat.hold.clear()
        waiting = Thread(target=office.deliverer.deliver_one, args=(office.hook("chat"),))
        waiting.start()
        assert office.drain(office.mail) == 1
        assert office.rows()[1] == ("olga", "sent", 1, None)
        assert waiting.is_alive()
        chat.hold.set()
        waiting.join()
    assert office.rows()[0] == ("mara", "sent", 1, None)


def test_old_rows_are_removed(office: Office) -> None:
    """What became of digests is kept for a quarter."""
    office.now = MORNING
    office.run()
    office.now += 100 * DAY
    office.deliverer.plan()
    assert len(office.rows()) == 1


def users_of(hook: Hook) -> list[str]:
    """Return whose digests a receiver got."""
    bodies: list[dict[str, Any]] = [json.loads(body) for _, body in hook.requests]
    return [body["data"]["user_name"] for body in bodies]


def counted(outcome: str) -> float:
    """Return how many digests by mail the metric counts with an outcome."""
    labels = {"way": "mail", "outcome": outcome}
    return REGISTRY.get_sample_value("counterpoint_digests_total", labels) or 0.0
