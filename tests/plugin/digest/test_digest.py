"""Tests of what a digest contains and how it looks in a terminal."""

import base64
import os
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.tables import AuditEntry
from plugin.database.viewer import AccountRole, Viewer
from plugin.digest.command import print_digest
from plugin.digest.gather import Digest, gather_digest
from plugin.digest.render import render_digest
from plugin.queue.labels import NAMES_NOT_TOLD, NEEDS_HUMAN, POSSIBLE_INJECTION
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.errors import Denied, Misconfigured
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import Concern, LeftOut, Level, MarkKind, NeedsHuman, ResistanceType
from stream.runtime.settings import DatabaseSettings, Settings
from tests.plugin.conftest import People
from tests.plugin.samples import (
    KEK,
    NOW,
    PASSWORD,
    PLANTED,
    REJECTED,
    SAID,
    START,
    add_person,
    answered,
    apply_records,
    left_out,
    mark,
    record,
    sure,
)

WEEK_AGO = NOW - timedelta(days=7)


def printed(digest: Digest) -> str:
    """Return the digest as a wide terminal without colours shows it."""
    out = StringIO()
    render_digest(digest, Console(file=out, width=200, force_terminal=False))
    return out.getvalue()


def digest_of(store: Store, viewer: Viewer) -> str:
    """Return the printed digest of a person for the last week."""
    return printed(gather_digest(store, viewer, WEEK_AGO))


def test_a_supervisor_reads_the_moment_levels_reasons_and_an_alternative(
    engine: Engine, store: Store, people: People
) -> None:
    """A supervisor's digest shows the moment's words, four levels with reasons, an alternative and the model."""
    apply_records(engine, record(level=Level.WEAK))
    text = digest_of(store, people.supervisor)
    for part in (
        "For Mara: 1 session since 2026-02-24 09:00 UTC",
        "Session of 2026-03-02 18:00 UTC with Ana",
        f"Client: {SAID[0]}",
        f"Ana: {SAID[1]}",
        "Respect for Autonomy: \u25cf\u25cb weak expression. How far the reply expresses respect_for_autonomy.",
        "Stance Alignment:",
        "Emotional Resonance:",
        "Conversational Orientation:",
        "\u201cIt sounds as if\u201d",
        "resistance, confirmed by the model",
        "What somebody wrote for moments of this kind (invented, S-001): Talking has not helped so far.",
        "CPU baseline (a baseline, unvalidated",
        "Not a crisis monitor, not a diagnosis, not a performance record.",
    ):
        assert part in text


def test_a_therapist_reads_remarks_and_no_levels(engine: Engine, store: Store, people: People) -> None:
    """A therapist's digest shows remarks instead of levels, and only released sessions."""
    sent = record(level=Level.NONE)
    apply_records(engine, sent, record(started_at=START + timedelta(days=1), client_text="Another day."))
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    text = digest_of(store, people.ana)
    assert "not heard in this reply yet" in text
    assert "no expression" not in text
    assert "Another day." not in text


def test_sessions_come_in_order_of_need_and_an_abstention_says_why(
    engine: Engine, store: Store, people: People
) -> None:
    """Sessions come in order of need; an abstention shows its reason, without level or alternative."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)
    apply_records(
        engine,
        record(client_text="The first one."),
        record(
            started_at=START + timedelta(hours=3),
            client_text="I want to end it all.",
            abstain=NeedsHuman.CRITICAL_CONTENT,
            marks=(risk,),
        ),
    )
    text = digest_of(store, people.supervisor)
    assert text.index("I want to end it all.") < text.index("The first one.")
    assert "! Risk language (suicide)" in text
    assert "Needs a person." in text
    assert text.count("What somebody wrote") == 1


@pytest.mark.parametrize(
    ("names_told", "abstain", "said"),
    [
        (False, None, True),
        (False, NeedsHuman.NAMES_NOT_TOLD, False),
        (True, None, False),
    ],
)
def test_a_supervisor_is_told_where_nobody_told_the_names(
    engine: Engine, store: Store, people: People, names_told: bool, abstain: NeedsHuman | None, said: bool
) -> None:
    """The sentence on untold names stands where a model may have read such a session, and only there."""
    apply_records(engine, record(names_told=names_told, abstain=abstain))
    text = digest_of(store, people.supervisor)
    assert (NAMES_NOT_TOLD in text) is said
    assert (NEEDS_HUMAN[NeedsHuman.NAMES_NOT_TOLD] in text) is (abstain is not None)


def test_names_told_with_the_next_revision_end_the_sentence(engine: Engine, store: Store, people: People) -> None:
    """The fact is that of the latest revision."""
    apply_records(engine, record(names_told=False), record(names_told=True, revision=2))
    assert NAMES_NOT_TOLD not in digest_of(store, people.supervisor)


def test_sessions_left_out_are_counted_by_reason(engine: Engine, store: Store, people: People) -> None:
    """Sessions without feedback are counted by reason, and moments that no model looked at are counted."""
    days = [START - timedelta(hours=hour) for hour in range(1, 4)]
    apply_records(
        engine,
        record(counts=Counts(flagged_not_shown=2)),
        left_out(started_at=days[0]),
        left_out(started_at=days[1]),
        left_out(LeftOut.NO_RESISTANCE, started_at=days[2]),
    )
    text = digest_of(store, people.supervisor)
    assert "Left out: 2 sessions. Too short." in text
    assert "Left out: 1 session. No moment of resistance found." in text
    assert "2 flagged moments were not looked at." in text


def test_an_unanswered_moment_is_printed_with_what_the_model_says(engine: Engine, store: Store, people: People) -> None:
    """A supervisor's digest shows an unanswered moment with its type, and counts one that was not confirmed."""
    unanswered = mark(MarkKind.UNANSWERED_MOMENT).model_copy(update={"resistance_type": ResistanceType.BLAMING})
    later = START - timedelta(hours=1)
    apply_records(engine, record(marks=(unanswered,)))
    apply_records(engine, record(started_at=later, counts=Counts(unanswered_not_confirmed=1)))
    text = digest_of(store, people.supervisor)
    assert "! Unanswered moment: Resistance, confirmed by the model: blaming. Nobody replied" in text
    assert "1 moment was looked at and not confirmed." in text


def test_three_moments_are_printed_and_the_others_counted(engine: Engine, store: Store, people: People) -> None:
    """A digest shows three confirmed moments, counts the others in one sentence and says where the further ones are."""
    sent = answered(record(moments=6), *sure(0.9, 0.8, 0.7, 0.6), REJECTED, REJECTED)
    apply_records(engine, sent)
    text = digest_of(store, people.supervisor)
    assert text.count(": resistance, confirmed by the model") == 3
    assert "1 further moment was confirmed, and 2 were looked at and not confirmed." in text
    assert f"On the page: /sessions/{sent.session_id}?further=yes" in text
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    own = digest_of(store, people.ana)
    assert own.count("Moment ") == 3
    assert "confirmed, and" not in own
    assert "further=yes" not in own


def test_planted_text_is_for_the_supervisor_alone(engine: Engine, store: Store, people: People) -> None:
    """A supervisor's digest says where text may be planted, in a rejected moment too; a therapist's does not."""
    sent = answered(record(moments=2), REJECTED | PLANTED, PLANTED)
    apply_records(engine, sent)
    text = digest_of(store, people.supervisor)
    assert text.count(POSSIBLE_INJECTION) == 2
    assert text.count("Respect for Autonomy") == 1
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    own = digest_of(store, people.ana)
    assert "Respect for Autonomy" in own
    assert POSSIBLE_INJECTION not in own


def test_a_session_in_which_nothing_was_confirmed_is_counted_as_left_out(
    engine: Engine, store: Store, people: People
) -> None:
    """A session whose moments were all rejected is no new session of the digest, but one of those left out."""
    apply_records(engine, answered(record(), REJECTED))
    text = digest_of(store, people.supervisor)
    assert "For Mara: 0 sessions" in text
    assert "Left out: 1 session. No moment of resistance found." in text


def test_a_digest_says_whose_words_a_suggestion_is(engine: Engine, store: Store, people: People) -> None:
    """A suggestion without a written exchange, by a language model, is called its own wording."""
    sent = record()
    (answer,) = sent.assessments
    alternatives = (answer.alternatives[0].model_copy(update={"written_id": None}),)
    model = answer.model.model_copy(update={"is_baseline": False, "name": "Some model"})
    apply_records(engine, answered(sent, {"alternatives": alternatives, "model": model}))
    text = digest_of(store, people.supervisor)
    assert "Worded by the model: Talking has not helped so far." in text
    assert "invented" not in text


def test_a_digest_shows_the_words_that_a_written_reply_answers(engine: Engine, store: Store, people: People) -> None:
    """A written suggestion stands beside the invented client's words that it was written for."""
    sent = record()
    (answer,) = sent.assessments
    written = answer.alternatives[0].model_copy(update={"written_for": "It goes round and round."})
    apply_records(engine, answered(sent, {"alternatives": (written,)}))
    assert (
        "What somebody wrote for moments of this kind (invented, S-001), where an invented client wrote"
        " \u201cIt goes round and round.\u201d: Talking has not helped so far."
    ) in " ".join(digest_of(store, people.supervisor).split())


def test_only_sessions_since_the_given_time_are_new(engine: Engine, store: Store, people: People) -> None:
    """A session stored earlier is not new; for a therapist the time of its release counts."""
    sent = record()
    apply_records(engine, sent, now=NOW - timedelta(days=2))
    since = NOW - timedelta(days=1)
    assert gather_digest(store, people.supervisor, since).sessions == ()
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert len(gather_digest(store, people.ana, since).sessions) == 1


def test_reading_a_digest_is_audited(engine: Engine, store: Store, people: People) -> None:
    """Reading a digest is recorded in the audit trail, since it shows the same text as a page."""
    sent = record()
    apply_records(engine, sent)
    gather_digest(store, people.supervisor, WEEK_AGO)
    with Session(engine) as session:
        (entry,) = session.exec(select(AuditEntry).where(col(AuditEntry.purpose) == "digest")).all()
        assert (entry.object_id, entry.account_id) == (str(sent.session_id), people.supervisor.user_id)


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b[2J\x1b[H",
        "\x1b]8;;http://sample.invalid\x07",
        "\r",
        "\x9b31m",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ue000",
        "\x07",
    ],
)
def test_no_text_can_steer_the_terminal(engine: Engine, store: Store, people: People, attack: str) -> None:
    """Characters of a text that could steer a terminal are printed as their escapes."""
    apply_records(engine, record(client_text=f"Look {attack} here"))
    text = digest_of(store, people.supervisor)
    assert attack not in text
    assert attack[0].encode("unicode_escape").decode() in text


def test_markup_in_a_text_is_printed_as_it_is(engine: Engine, store: Store, people: People) -> None:
    """Rich markup in a text is printed as it is."""
    apply_records(engine, record(client_text="I am [bold red]fine[/] :boom:"))
    assert "I am [bold red]fine[/] :boom:" in digest_of(store, people.supervisor)


def settings_of(url: str) -> Settings:
    """Return the settings of a database with the key of the samples."""
    values = {"url": url, "key_encryption_key": base64.b64encode(KEK.secret).decode()}
    return Settings(database=DatabaseSettings.model_validate(values))


def console() -> tuple[StringIO, Console]:
    """Return a wide terminal and what it shows."""
    out = StringIO()
    return out, Console(file=out, width=200)


@pytest.mark.usefixtures("people")
def test_a_digest_is_printed_for_the_person_who_knows_the_password(engine: Engine, queue_url: str) -> None:
    """A digest is printed after its person's password, in any spelling of the name; a time without offset is UTC."""
    apply_records(engine, record(), now=datetime.now(UTC))
    out, screen = console()
    print_digest(settings_of(queue_url), "mara", PASSWORD, None, screen)
    print_digest(settings_of(queue_url), " MARA", PASSWORD, datetime(2020, 1, 1), screen)  # noqa: DTZ001 - as typed
    assert out.getvalue().count(SAID[0]) == 2
    assert "since 2020-01-01 00:00 UTC" in out.getvalue()


@pytest.mark.parametrize("name", ["mara", "nobody", "otto", ""])
@pytest.mark.parametrize("typed", ["", "wrong", PASSWORD + " "], ids=["nothing", "wrong", "a blank too many"])
def test_without_the_password_nothing_is_printed(
    engine: Engine, queue_url: str, people: People, name: str, typed: str
) -> None:
    """Without the password nothing is printed, to the owner of the tables neither, and no name is confirmed."""
    apply_records(engine, record(), now=datetime.now(UTC))
    out, screen = console()
    with pytest.raises(Denied, match="no account with this name and password"):
        print_digest(settings_of(queue_url), name, typed, None, screen)
    assert out.getvalue() == ""
    assert people.operator.username == "otto"


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        (AccountRole.OPERATOR, "An operator reads no sessions"),
        (AccountRole.AUDITOR, "An auditor reads no sessions"),
        (AccountRole.LEAD, "every new session of every team"),
    ],
)
def test_some_roles_have_no_digest_in_a_terminal(
    engine: Engine, queue_url: str, role: AccountRole, sentence: str
) -> None:
    """Who reads no sessions gets a sentence instead of a digest, and so does the lead, for whom none is new."""
    apply_records(engine, record(), now=datetime.now(UTC))
    add_person(engine, "vera", role)
    out, screen = console()
    with pytest.raises(Misconfigured, match=sentence):
        print_digest(settings_of(queue_url), "vera", PASSWORD, None, screen)
    assert out.getvalue() == ""


@pytest.mark.usefixtures("people")
def test_the_trail_names_the_person_and_who_ran_the_command(engine: Engine, queue_url: str) -> None:
    """The audit trail names the person for the login and each reading, and the operating system's user."""
    apply_records(engine, record(), now=datetime.now(UTC))
    print_digest(settings_of(queue_url), "mara", PASSWORD, None, console()[1])
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).where(col(AuditEntry.request_id) == f"digest, uid {os.getuid()}"))
        assert [(entry.purpose, entry.role) for entry in entries] == [("login", "supervisor"), ("digest", "supervisor")]


def test_notes_to_follow_up_are_named_without_their_words(engine: Engine, store: Store, people: People) -> None:
    """A supervisor's digest names the sessions of the notes that are due, and not what she wrote."""
    sent = record()
    apply_records(engine, sent)
    store.reviews.add_note(
        people.supervisor, sent.session_id, None, "Ask again.", shared=False, follow_up_on=NOW.date()
    )
    digest = gather_digest(store, people.supervisor, NOW + timedelta(days=1))
    assert digest.sessions == ()
    assert f"Follow up your note: session of 2026-03-02 18:00 UTC with Ana, /sessions/{sent.session_id}" in printed(
        digest
    )
    assert "Ask again" not in printed(digest)
    assert "Follow up" not in printed(gather_digest(store, people.ana, NOW))
