"""The functions about exports show a role the entries about the account that it names, and about no other."""

from uuid import UUID

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.queue.export_entries import ExportKind, ExportPurpose, export_entry
from plugin.queue.store import Store
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.exports.samples import export_run
from tests.plugin.samples import KEK, NOW, apply_records, record

__all__ = ["roles"]

EXPORTS, TRAIL = "counterpoint_exports_about_account()", "counterpoint_trail_about_account()"
OF_ONE = "counterpoint_trail_of_account()"


def purposes(roles: Roles, stage: str, account: UUID | None, function: str) -> list[str]:
    """Return the purposes of the entries that a role sees on behalf of an account."""
    with transaction(roles.by_stage[stage], account) as session:
        return list(session.scalars(text(f"SELECT purpose FROM public.{function}")))


def test_a_therapist_alone_is_shown_the_entries_about_them(roles: Roles, people: People) -> None:
    """The web role sees exports, the digest role the whole trail of one therapist; for others there is nothing."""
    sent = record()
    apply_records(roles.owner, sent)
    Store(roles.owner, KEK, now=lambda: NOW).open(people.supervisor, sent.session_id)
    export_run(roles.by_stage["digest"], people.supervisor).begin([people.ana.user_id])
    exported = export_entry(ExportKind.REVIEWS, ExportPurpose.MODEL_QUALITY)
    assert purposes(roles, "web", people.ana.user_id, EXPORTS) == [exported]
    assert purposes(roles, "digest", people.ana.user_id, TRAIL) == ["review", exported]
    for account in (None, people.ben.user_id, people.supervisor.user_id, people.operator.user_id):
        assert purposes(roles, "web", account, EXPORTS) == []
        assert purposes(roles, "digest", account, TRAIL) == []


def test_each_person_is_shown_what_they_did(roles: Roles, people: People) -> None:
    """The digest role sees the entries of what the person did on whose behalf it reads, and of nobody else's acts."""
    sent = record()
    apply_records(roles.owner, sent)
    store = Store(roles.owner, KEK, now=lambda: NOW)
    store.open(people.supervisor, sent.session_id)
    store.reviews.claim(people.other_supervisor, sent.session_id)
    assert purposes(roles, "digest", people.supervisor.user_id, OF_ONE) == ["review"]
    assert purposes(roles, "digest", people.other_supervisor.user_id, OF_ONE) == ["claim"]
    for account in (None, people.ana.user_id, people.operator.user_id):
        assert purposes(roles, "digest", account, OF_ONE) == []


@pytest.mark.usefixtures("people")
def test_other_roles_call_neither(roles: Roles) -> None:
    """No role but the page's lists exports, and no role but that of exports reads a trail."""
    for function, caller in ((EXPORTS, "web"), (TRAIL, "digest"), (OF_ONE, "digest")):
        for stage in set(roles.by_stage) - {caller}:
            assert roles.refuses(stage, f"SELECT * FROM public.{function}"), (stage, function)
