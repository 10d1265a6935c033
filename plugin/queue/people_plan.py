"""The plan for a service's people: what a mapping would make of the accounts that there are; pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from plugin.database.viewer import AccountRole
from plugin.queue.people_placing import after_of, reason_of, teams_of_supervisors
from plugin.queue.people_rows import WantedPerson
from plugin.queue.people_views import Changed, People, PeoplePlan, PeopleRefusal, Person, ProviderSays, Refused

MAY_BE_ABSENT: Final = frozenset({AccountRole.THERAPIST, AccountRole.SUPERVISOR})
"""The roles of which a mapping may be the whole list: none disables the operators who would undo it."""


@dataclass(frozen=True)
class _Placed:
    """A person of the mapping with their account, if there is one, and with what they would be."""

    wanted: WantedPerson
    before: Person | None
    after: Person
    reason: PeopleRefusal | None


def plan_people(
    people: People, wanted: Iterable[WantedPerson], provider: ProviderSays, *, disable_absent: bool = False
) -> PeoplePlan:
    """Return what a mapping would make of these accounts; the order of its people does not matter.

    Nobody is removed, and nobody is disabled because the mapping leaves them out, unless `disable_absent` says so: then
    it is the whole list of therapists and supervisors.
    """
    listed = _with_accounts(people.accounts, wanted)
    teams = teams_of_supervisors(people.accounts, listed)
    placed = [
        _Placed(
            each,
            before,
            after_of(each, before, teams),
            reason_of(each, before, teams, provider, people.removed_subjects),
        )
        for each, before in listed
    ]
    named = {each.before.account_id for each in placed if each.before is not None}
    unnamed = sorted((each for each in people.accounts if each.account_id not in named), key=lambda each: each.username)
    placed = _without_counsellors_of_others(_without_repeated(placed), unnamed)
    dropped = [each for each in unnamed if disable_absent and each.role in MAY_BE_ABSENT and not each.is_disabled]
    good = [each for each in placed if each.reason is None]
    return PeoplePlan(
        added=tuple(each.after for each in good if each.before is None),
        changed=tuple(
            Changed(each.before, each.after) for each in good if each.before is not None and each.before != each.after
        ),
        unchanged=tuple(each.after for each in good if each.before == each.after),
        refused=tuple(
            Refused(each.wanted.username, each.reason, each.before) for each in placed if each.reason is not None
        ),
        disabled=tuple(dropped),
        absent=tuple(each for each in unnamed if each not in dropped),
    )


def _with_accounts(
    accounts: Iterable[Person], wanted: Iterable[WantedPerson]
) -> list[tuple[WantedPerson, Person | None]]:
    """Return each person, by user name, with their account: that of the subject, or else that of the user name."""
    by_name = {each.username: each for each in accounts}
    by_subject: Mapping[tuple[str | None, str | None], Person] = {
        (each.issuer, each.subject_hash): each for each in by_name.values() if each.subject_hash is not None
    }
    return [
        (each, by_subject.get((each.issuer, each.subject_hash)) or by_name.get(each.username))
        for each in sorted(wanted, key=lambda each: each.username)
    ]


def _without_repeated(placed: list[_Placed]) -> list[_Placed]:
    """Refuse whoever is named twice: by user name, by subject, or by both names of one account."""
    names = Counter(each.wanted.username for each in placed)
    subjects: Mapping[str | None, int] = Counter(
        each.wanted.subject_hash for each in placed if each.wanted.subject_hash is not None
    )
    accounts: Mapping[UUID | None, int] = Counter(each.before.account_id for each in placed if each.before is not None)
    return [
        replace(each, reason=PeopleRefusal.TWICE)
        if names[each.wanted.username] > 1
        or subjects[each.wanted.subject_hash] > 1
        or (each.before is not None and accounts[each.before.account_id] > 1)
        else each
        for each in placed
    ]


def _without_counsellors_of_others(placed: list[_Placed], unnamed: list[Person]) -> list[_Placed]:
    """Refuse whoever would have a counsellor whom another account has then."""
    after = [*(each.after for each in placed if each.reason is None), *unnamed]
    after += [each.before for each in placed if each.reason is not None and each.before is not None]
    holders: Mapping[tuple[str | None, str | None], int] = Counter(
        (each.tenant, each.counsellor) for each in after if each.counsellor is not None
    )
    return [
        replace(each, reason=PeopleRefusal.COUNSELLOR_TAKEN)
        if each.reason is None and holders[each.after.tenant, each.after.counsellor] > 1
        else each
        for each in placed
    ]
