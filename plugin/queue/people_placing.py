"""The place of one person of a mapping: what their account would be, and why it cannot; pure functions."""

from collections.abc import Collection, Iterable, Mapping

from plugin.database.viewer import AccountRole
from plugin.queue.people_rows import WantedPerson
from plugin.queue.people_views import PeopleRefusal, Person, ProviderSays

Teams = Mapping[str, frozenset[str]]
"""The teams that each supervisor would have, by user name."""


def teams_of_supervisors(
    accounts: Iterable[Person], listed: Iterable[tuple[WantedPerson, Person | None]]
) -> dict[str, frozenset[str]]:
    """Return the teams that each supervisor would have, by every user name that names them."""
    teams = {each.username: each.teams for each in accounts if each.role is AccountRole.SUPERVISOR}
    for wanted, before in listed:
        if wanted.role is not AccountRole.SUPERVISOR:
            continue
        present = frozenset[str]() if before is None else before.teams
        names = (wanted.username,) if before is None else (wanted.username, before.username)
        teams |= dict.fromkeys(names, present if wanted.teams is None else wanted.teams)
    return teams


def after_of(wanted: WantedPerson, before: Person | None, teams: Teams) -> Person:
    """Return what a person's account would be; what the mapping leaves open stays as it is."""
    name = wanted.display_name
    if before is not None and (name is None or before.issuer is not None):
        name = before.display_name  # the provider says it at each login
    return Person(
        username=wanted.username if before is None else before.username,
        role=wanted.role,
        display_name=wanted.username if name is None else name,
        tenant=wanted.tenant or (None if before is None else before.tenant),
        counsellor=wanted.counsellor or (None if before is None else before.counsellor),
        teams=_teams(wanted, before, teams),
        account_id=None if before is None else before.account_id,
        issuer=wanted.issuer if before is None else before.issuer,
        subject_hash=wanted.subject_hash if before is None else before.subject_hash,
        is_disabled=before is not None and before.is_disabled,
    )


def reason_of(
    wanted: WantedPerson,
    before: Person | None,
    teams: Teams,
    provider: ProviderSays,
    removed_subjects: Collection[str],
) -> PeopleRefusal | None:
    """Return why a person cannot be placed, whoever else is in the mapping; None if they can."""
    after = after_of(wanted, before, teams)
    return (
        _of_account(wanted, before, removed_subjects)
        or _of_counsellor(wanted, before, after)
        or _of_supervisor(wanted, after, teams)
        or _of_scope(after)
        or _of_provider(wanted, before, after, provider)
    )


def _teams(wanted: WantedPerson, before: Person | None, teams: Teams) -> frozenset[str]:
    if wanted.teams is not None:
        return wanted.teams
    if wanted.supervisor is not None:
        return teams.get(wanted.supervisor, frozenset())
    return frozenset() if before is None else before.teams


def _of_account(wanted: WantedPerson, before: Person | None, removed_subjects: Collection[str]) -> PeopleRefusal | None:
    if wanted.has_unknown_provider:
        return PeopleRefusal.UNKNOWN_PROVIDER
    if wanted.subject_hash in removed_subjects:
        return PeopleRefusal.REMOVED
    if before is None:
        return None
    if wanted.subject_hash is not None and wanted.subject_hash != before.subject_hash:
        return PeopleRefusal.NAME_TAKEN
    return None if wanted.role is before.role else PeopleRefusal.ROLE_DIFFERS


def _of_counsellor(wanted: WantedPerson, before: Person | None, after: Person) -> PeopleRefusal | None:
    if wanted.has_unknown_tenant:
        return PeopleRefusal.UNKNOWN_TENANT
    if wanted.role is not AccountRole.THERAPIST:
        return PeopleRefusal.NO_THERAPIST if wanted.names_counsellor or wanted.supervisor is not None else None
    moves = before is not None and before.tenant != after.tenant  # the same person has another reference there
    lacks = after.tenant is None or after.counsellor is None
    is_open = wanted.counsellor is None and (wanted.names_counsellor or moves)
    return PeopleRefusal.NO_COUNSELLOR if lacks or is_open else None


def _of_supervisor(wanted: WantedPerson, after: Person, teams: Teams) -> PeopleRefusal | None:
    if wanted.supervisor is None:
        return None
    if wanted.supervisor not in teams:
        return PeopleRefusal.UNKNOWN_SUPERVISOR
    if not teams[wanted.supervisor]:
        return PeopleRefusal.SUPERVISOR_WITHOUT_TEAM
    return None if after.teams & teams[wanted.supervisor] else PeopleRefusal.SUPERVISOR_ELSEWHERE


def _of_scope(after: Person) -> PeopleRefusal | None:
    has_scope = bool(after.teams) or after.tenant is not None
    if after.role is AccountRole.SUPERVISOR:
        return None if has_scope else PeopleRefusal.NO_SCOPE
    return PeopleRefusal.NEEDS_NO_SCOPE if has_scope and after.role is not AccountRole.THERAPIST else None


def _of_provider(
    wanted: WantedPerson, before: Person | None, after: Person, provider: ProviderSays
) -> PeopleRefusal | None:
    if after.issuer is None:
        return None
    present = None if before is None else (before.tenant, before.counsellor)
    present_teams = frozenset[str]() if before is None else before.teams
    in_vain = (provider.teams and after.teams != present_teams) or (
        wanted.role is AccountRole.THERAPIST and provider.counsellor and (after.tenant, after.counsellor) != present
    )
    return PeopleRefusal.PROVIDER_SAYS if in_vain else None
