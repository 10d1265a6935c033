"""Calibrations under the roles of the stages: the database itself hides peers' ratings, other teams and all text."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from plugin.database.calibration_rights import OF_MOMENTS
from plugin.database.engine import transaction, utc_now
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.calibration_views import CalibrationOutcome
from plugin.queue.news import count_news
from plugin.queue.store import Store
from plugin.sink.apply import ApplyResult
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Deletion
from stream.contracts.vocabulary import Mechanism
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.queue.calibrated import AGREED, NONE, STRONG, WEAK, said
from tests.plugin.samples import KEK, NOW, TENANT, add_person, apply_records, record

__all__ = ["roles"]
AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
DONE = CalibrationOutcome.DONE
RATING = (
    "INSERT INTO calibration_ratings (calibration_id, number, account_id, session_id, levels, blind, said_at)"
    " SELECT calibration_id, number, :a, session_id, '{}', true, now() FROM calibration_moments"
)
FINAL = (
    "INSERT INTO final_levels (calibration_id, number, mechanism, session_id, level, account_id, settled_at)"
    " SELECT calibration_id, number, 'stance_alignment', session_id, 1, :a, now() FROM calibration_moments"
)
TABLES = (*OF_MOMENTS, "calibrations", "calibration_done")


class Desk:
    """Two supervisors of one team with an open calibration of one moment, under the role of the page."""

    def __init__(self, roles: Roles, people: People) -> None:
        self.roles = roles
        self.mara = people.supervisor
        self.nele = add_person(roles.owner, "nele", AccountRole.SUPERVISOR, teams=("north",))
        self.sent = record(consent=AGREED)
        apply_records(roles.owner, self.sent)
        self.store = Store(roles.by_stage["web"], KEK, now=utc_now)
        day = utc_now().date() + timedelta(days=3)
        outcome, found = self.store.calibrations.open(self.mara, [self.nele.user_id], 5, day, "UTC")
        assert outcome is DONE
        assert found is not None
        self.calibration_id: UUID = found

    def count(self, viewer: Viewer | None, table: str, stage: str = "web") -> int:
        """Return how many rows of a table a person sees."""
        with transaction(self.roles.by_stage[stage], None if viewer is None else viewer.user_id) as session:
            return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def run(self, viewer: Viewer, statement: str, **values: object) -> int:
        """Run a statement on behalf of a person, and return how many rows it changed."""
        with transaction(self.roles.by_stage["web"], viewer.user_id) as session:
            return session.execute(text(statement), values).rowcount  # type: ignore[attr-defined, no-any-return]

    def rate(self, viewer: Viewer, level: object = WEAK) -> None:
        """Rate the moment and say that one is done."""
        steps = self.store.calibration_steps
        assert steps.rate(viewer, self.calibration_id, 1, said(level), "A note.") is DONE  # type: ignore[arg-type]
        assert steps.finish(viewer, self.calibration_id) is DONE

    def end(self) -> None:
        """Let the deadline have passed."""
        with transaction(self.roles.owner) as session:
            session.execute(text("UPDATE calibrations SET deadline_at = now() - interval '1 second'"))


@pytest.fixture
def desk(roles: Roles, people: People) -> Desk:
    """Return the desk of the team."""
    return Desk(roles, people)


def test_the_page_opens_rates_compares_and_settles(desk: Desk) -> None:
    """Under the web role a calibration goes all its way."""
    desk.rate(desk.mara, NONE)
    desk.rate(desk.nele, STRONG)
    _, words = desk.store.calibrations.moment(desk.mara, desk.calibration_id, 1)
    assert words is not None
    assert words.compared is not None
    assert [(each.name, each.note) for each in words.compared.ratings.values()] == [
        ("Mara", "A note."),
        ("Nele", "A note."),
    ]
    steps = desk.store.calibration_steps
    assert steps.settle(desk.nele, desk.calibration_id, 1, {AUTONOMY: (WEAK, "Both ask.")}) is DONE
    assert len(words.to_settle) == 4
    assert desk.store.calibrations.listed(desk.mara)[0].is_over


def test_the_opener_asks_under_the_role_of_the_page(desk: Desk) -> None:
    """The opener, and nobody else, may mark a moment as one to settle."""
    assert desk.run(desk.nele, "UPDATE calibration_moments SET asked_at = now()") == 0
    desk.rate(desk.mara)
    desk.rate(desk.nele)
    assert desk.store.calibration_steps.ask(desk.mara, desk.calibration_id, 1) is DONE


def test_the_database_hides_peers_until_both_are_done(desk: Desk) -> None:
    """Whatever a query asks for, a rater sees her own rating alone until she and its author are done."""
    steps = desk.store.calibration_steps
    for viewer in (desk.mara, desk.nele):
        steps.rate(viewer, desk.calibration_id, 1, said(WEAK))
    seen = [[desk.count(each, "calibration_ratings") for each in (desk.mara, desk.nele)]]
    for viewer in (desk.mara, desk.nele):
        steps.finish(viewer, desk.calibration_id)
        seen.append([desk.count(each, "calibration_ratings") for each in (desk.mara, desk.nele)])
    assert seen == [[1, 1], [1, 1], [2, 2]]


def test_at_the_deadline_the_database_shows_all(desk: Desk) -> None:
    """After the deadline a rater sees what everybody said, whoever was done."""
    desk.store.calibration_steps.rate(desk.mara, desk.calibration_id, 1, said(WEAK))
    assert desk.count(desk.nele, "calibration_ratings") == 0
    desk.end()
    assert desk.count(desk.nele, "calibration_ratings") == 1


def test_the_digest_counts_invitations(desk: Desk) -> None:
    """Under the role of the digest an invitation is counted for who is invited."""
    for viewer, number in ((desk.nele, 1), (desk.mara, 0)):
        with transaction(desk.roles.by_stage["digest"], viewer.user_id) as session:
            assert count_news(session, viewer, utc_now() - timedelta(hours=1), utc_now()).calibrations == number


def test_nobody_else_sees_a_row(desk: Desk, people: People) -> None:
    """A supervisor who was not invited, another team's, therapists and nobody see nothing; an operator counts."""
    desk.rate(desk.mara)
    desk.rate(desk.nele)
    desk.run(desk.mara, FINAL, a=desk.mara.user_id)
    pia = add_person(desk.roles.owner, "pia", AccountRole.SUPERVISOR, teams=("north",))
    for viewer in (pia, people.other_supervisor, people.ana, people.ben, None):
        assert {table: desk.count(viewer, table) for table in TABLES} == dict.fromkeys(TABLES, 0)
    assert {table: desk.count(people.operator, table) for table in TABLES} == {
        **dict.fromkeys(OF_MOMENTS, 0),
        "calibrations": 1,
        "calibration_done": 2,
    }
    for stage in ("web", "digest"):
        assert all(desk.count(desk.mara, table, stage) for table in TABLES), stage


def test_a_rating_is_written_in_its_own_name_and_in_time(desk: Desk, people: People) -> None:
    """The database refuses a rating in another's name, by somebody not invited, after the word of done or the end."""
    pia = add_person(desk.roles.owner, "pia", AccountRole.SUPERVISOR, teams=("north",))
    assert desk.run(pia, RATING, a=pia.user_id) == 0  # she sees no moment to rate
    assert desk.run(people.ana, RATING, a=people.ana.user_id) == 0
    with pytest.raises(Misconfigured):
        desk.run(desk.mara, RATING, a=desk.nele.user_id)
    desk.rate(desk.mara)
    assert desk.run(desk.mara, "UPDATE calibration_ratings SET levels = '{}'") == 0
    desk.end()
    with pytest.raises(Misconfigured):
        desk.run(desk.nele, RATING, a=desk.nele.user_id)


def test_no_rater_changes_what_a_peer_said(desk: Desk) -> None:
    """An update reaches a rater's own rows alone, even where she sees others'."""
    for viewer in (desk.mara, desk.nele):
        desk.store.calibration_steps.rate(viewer, desk.calibration_id, 1, said(WEAK))
    assert desk.run(desk.mara, "UPDATE calibration_ratings SET blind = false") == 1
    with pytest.raises(Misconfigured):
        desk.run(desk.mara, "UPDATE calibration_ratings SET account_id = account_id")


def test_nothing_is_settled_before_the_end_or_twice(desk: Desk) -> None:
    """The database refuses a final level while a rater may still rate, in another's name, and a second one."""
    with pytest.raises(Misconfigured):
        desk.run(desk.mara, FINAL, a=desk.mara.user_id)
    desk.rate(desk.mara)
    desk.rate(desk.nele)
    with pytest.raises(Misconfigured):
        desk.run(desk.mara, FINAL, a=desk.nele.user_id)
    assert desk.run(desk.mara, FINAL, a=desk.mara.user_id) == 1
    with pytest.raises(IntegrityError):
        desk.run(desk.nele, FINAL, a=desk.nele.user_id)


def test_a_calibration_is_opened_in_ones_own_name(desk: Desk, people: People) -> None:
    """The database refuses a calibration of somebody else's, one without oneself, and one by a therapist."""
    new = "INSERT INTO calibrations SELECT gen_random_uuid(), :a, ARRAY[CAST(:r AS uuid)], 1, '{}', '1', now(), now()"
    for person, account, rater in (
        (desk.nele, desk.mara, desk.nele),
        (desk.nele, desk.nele, desk.mara),
        (people.ana, people.ana, people.ana),
    ):
        with pytest.raises(Misconfigured):
            desk.run(person, new, a=account.user_id, r=rater.user_id)
    assert desk.run(desk.nele, new, a=desk.nele.user_id, r=desk.nele.user_id) == 1


def test_the_opener_cancels_what_she_may_no_longer_see_too(desk: Desk) -> None:
    """Under the web role a calibration is cancelled with moments whose sessions the opener no longer sees."""
    desk.rate(desk.nele)
    with transaction(desk.roles.owner) as session:
        session.execute(text("DELETE FROM memberships WHERE account_id = :a"), {"a": desk.mara.user_id})
    assert desk.count(desk.mara, "calibration_moments") == 0
    assert desk.store.calibration_steps.cancel(desk.mara, desk.calibration_id) is DONE
    with transaction(desk.roles.owner) as session:
        for table in (*OF_MOMENTS, "calibration_done"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


def test_the_database_lets_nobody_else_cancel(desk: Desk, people: People) -> None:
    """Whoever calls the function for a calibration of somebody else's, or for one that is settled, changes nothing."""
    call = "SELECT public.counterpoint_calibration_cancel(:calibration, now())"
    for viewer in (desk.nele, people.other_supervisor, people.ana, people.operator):
        with transaction(desk.roles.by_stage["web"], viewer.user_id) as session:
            assert session.scalar(text(call), {"calibration": desk.calibration_id}) is False
    desk.rate(desk.mara)
    desk.rate(desk.nele)
    desk.run(desk.nele, FINAL, a=desk.nele.user_id)
    with transaction(desk.roles.by_stage["web"], desk.mara.user_id) as session:
        assert session.scalar(text(call), {"calibration": desk.calibration_id}) is False
    assert desk.count(desk.mara, "calibration_moments") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM calibrations",
        "UPDATE calibrations SET deadline_at = 'infinity'",
        "UPDATE calibrations SET cancelled_at = NULL",
        "DELETE FROM calibration_done",
        "DELETE FROM calibration_moments",
        "UPDATE calibration_moments SET reply_words = 0",
        "DELETE FROM calibration_ratings",
        "UPDATE final_levels SET level = 2",
        "DELETE FROM final_levels",
    ],
)
def test_the_page_changes_nothing_else(roles: Roles, statement: str) -> None:
    """The web role has no right to remove anything of a calibration or to change its terms."""
    assert roles.refuses("web", statement)


@pytest.mark.parametrize("stage", ["sink", "privacy"])
def test_what_removes_moments_reads_nothing_of_them(desk: Desk, stage: str) -> None:
    """Sink and privacy remove moments by their session, and read neither levels, notes, reasons nor raters."""
    for column, table in (
        *(("levels", "calibration_ratings"), ("words", "calibration_ratings"), ("account_id", "calibration_ratings")),
        *(("level", "final_levels"), ("words", "final_levels"), ("raters", "calibrations")),
    ):
        assert desk.roles.refuses(stage, f"SELECT {column} FROM {table}"), (table, column)
    assert not desk.roles.refuses(stage, "DELETE FROM calibration_moments WHERE session_id = gen_random_uuid()")


@pytest.mark.parametrize(
    "change",
    [
        Deletion(tenant=TENANT, conversation_id="c_sample", message_id="m-1", deleted_at=NOW),
        ConsentWithdrawal(tenant=TENANT, conversation_id="c_sample", withdrawn_at=NOW),
    ],
)
def test_the_sink_takes_a_moment_out(desk: Desk, change: Deletion | ConsentWithdrawal) -> None:
    """Under the sink's role a deletion and a withdrawal remove the moment with all that was said of it."""
    desk.rate(desk.mara)
    (result,) = apply_records(desk.roles.by_stage["sink"], change)
    assert result in {ApplyResult.CHANGED, ApplyResult.ERASED}
    with transaction(desk.roles.owner) as session:
        for table in OF_MOMENTS:
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    assert desk.store.calibrations.listed(desk.nele)[0].left == 0


def test_the_database_tells_supervisors_alone_who_has_seen_a_session(desk: Desk, people: People) -> None:
    """The function answers a supervisor, about the people and sessions that she names, and nobody else."""
    desk.store.open(desk.nele, desk.sent.session_id)
    query = text("SELECT session FROM counterpoint_seen_by(ARRAY[CAST(:p AS uuid)], ARRAY[CAST(:s AS uuid)])")
    for viewer, about, expected in (
        (desk.mara, desk.nele, [desk.sent.session_id]),
        (desk.mara, desk.mara, []),
        (people.ana, desk.nele, []),
        (people.operator, desk.nele, []),
    ):
        with transaction(desk.roles.by_stage["web"], viewer.user_id) as session:
            found = session.scalars(query, {"p": about.user_id, "s": desk.sent.session_id}).all()
            assert found == expected, (viewer.username, about.username)
