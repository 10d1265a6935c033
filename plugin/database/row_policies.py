"""The policies of row-level security: which rows a stage sees and writes, for the person whom the transaction names."""

from collections.abc import Iterator
from typing import Final

from plugin.database import criterion_rights, queue_rights
from plugin.database.calibration_rights import calibration_policies
from plugin.database.grants import GRANTS, PREFIX
from plugin.database.outcome_rights import outcome_policies
from plugin.database.person_conditions import (
    ACCOUNT,
    ACCOUNT_ID,
    IS_LEAD,
    IS_OPERATOR,
    IS_THERAPIST,
    OWN,
    REVIEWS,
)
from plugin.database.receiver_rights import receiver_policies
from plugin.database.rehearsal_rights import rehearsal_policies
from plugin.database.risk_rights import risk_policies
from plugin.database.rubric_note_rights import rubric_note_policies
from plugin.database.token_rights import token_policies

SCOPED_TABLES: Final = (
    *("sessions", "session_counsellors", "decisions", "messages", "exchanges", "answers"),
    *("claims", "labels", "notes", "criterion_answers", "handovers"),
    "note_comments",
    *("acknowledgements", "disputes", "dispute_steps"),
    *("samples", "look_answers"),
    "practice_attempts",
    "reratings",
    "measures",
)
"""The tables whose rows belong to a session: web and digest see the rows of the account that the transaction names."""
_LISTED_TABLES: Final = frozenset({"sessions", "session_counsellors", "decisions", "claims", "acknowledgements"})
"""Those from which lists and numbers are made; an operator sees their rows too, for the numbers of all platforms."""
_OPERATED_TABLES: Final = ("accounts", "teams", "memberships", "criteria", "criterion_versions")
"""The tables that web, digest and rerate read as far as they may, and web changes on behalf of an operator alone."""
_OWN_TABLES: Final = ("digest_preferences", "digest_marks", "digest_deliveries")
"""The tables of which web sees and changes a person's own rows alone; the digest's role, which sends, sees them all."""
_UNSCOPED_STAGES: Final = ("sink", "privacy", "rerate")  # they work on every row, and show no text to anybody

_BY_WHO_REVIEWS: Final = f"{OWN} AND {REVIEWS}"
_BY_A_THERAPIST: Final = f"{OWN} AND {IS_THERAPIST}"
_DISPUTE_OF_STEP: Final = (
    "EXISTS (SELECT FROM public.disputes d WHERE d.dispute_id = dispute_steps.dispute_id"
    " AND d.session_id = dispute_steps.session_id{})"
)
_STEP_IS_THEIRS: Final = (
    f"{OWN} AND CASE WHEN kind = 'resolved' THEN {REVIEWS}"
    f" ELSE {_DISPUTE_OF_STEP.format(f' AND d.account_id = {ACCOUNT_ID}')} END"
)
_READ_BESIDE_SCOPE: Final = {
    "notes": f"(shared OR {OWN})",
    "note_comments": queue_rights.COMMENT_IS_READ,
    "handovers": REVIEWS,
    "criterion_answers": criterion_rights.read_rule(),
    "acknowledgements": f"({OWN} OR {REVIEWS})",
    "disputes": f"({OWN} OR {REVIEWS})",
    "practice_attempts": _BY_A_THERAPIST,
    "dispute_steps": _DISPUTE_OF_STEP.format(""),  # the rule of its dispute, whose own policy applies here too
    "samples": REVIEWS,
    "look_answers": REVIEWS,
    "reratings": "NOT shadow",
}
"""What must hold of a row, beside its session, before somebody reads it: a therapist reads no other's dispute."""
_WRITTEN_BY: Final = {
    "claims": _BY_WHO_REVIEWS,
    "labels": _BY_WHO_REVIEWS,
    "notes": _BY_WHO_REVIEWS,
    "note_comments": f"{OWN} AND ({REVIEWS} OR {IS_THERAPIST})",
    "handovers": f"{_BY_WHO_REVIEWS} AND {queue_rights.TO_A_REVIEWER}",
    "criterion_answers": _BY_WHO_REVIEWS,
    "acknowledgements": _BY_A_THERAPIST,
    "disputes": _BY_A_THERAPIST,
    "dispute_steps": _STEP_IS_THEIRS,
    "look_answers": _BY_WHO_REVIEWS,
    "practice_attempts": _BY_A_THERAPIST,
}
"""Who writes a row of the tables that people write in their own name alone."""
_REMOVED_BY_AUTHOR: Final = frozenset({"notes", "note_comments"})
"""The tables of which the page removes a row on behalf of its author alone, though others read it."""
# Counsellors as `sessions.counsellor_keys` has them. Each set is read once for a statement, and compared with each row.
_THEIR_COUNSELLORS: Final = f"""ARRAY(
    SELECT a.tenant || '/' || a.counsellor FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'therapist'
    UNION ALL
    SELECT o.tenant || '/' || o.counsellor FROM public.accounts a
    JOIN public.memberships mine ON mine.account_id = a.account_id
    JOIN public.memberships theirs ON theirs.team_id = mine.team_id
    JOIN public.accounts o ON o.account_id = theirs.account_id
    WHERE {ACCOUNT} AND a.role = 'supervisor')"""  # noqa: S608 - constants of this file
_THEIR_PLATFORM: Final = f"(SELECT a.tenant FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'supervisor')"  # noqa: S608
_IN_A_TEAM: Final = """ARRAY(
    SELECT o.tenant || '/' || o.counsellor FROM public.accounts o
    WHERE EXISTS (SELECT FROM public.memberships m WHERE m.account_id = o.account_id))"""
# The part of the rules of `plugin.queue.scope` that depends on the person; that module also checks for a release.
_SESSION_IS_VISIBLE: Final = (
    f"NOT restricted AND (counsellor_keys && {_THEIR_COUNSELLORS} OR {IS_OPERATOR} OR {IS_LEAD}"
    f" OR tenant = {_THEIR_PLATFORM} AND NOT counsellor_keys && {_IN_A_TEAM})"
)


def policy_statements() -> Iterator[str]:
    """Yield the SQL that gives every table its policies, in the place of those of earlier versions."""
    for name in SCOPED_TABLES:
        yield from _policies(name)
    for name in _OPERATED_TABLES:
        yield from _operated_policies(name)
    for name in _OWN_TABLES:
        yield from _own_policies(name)
    yield from _provider_policies()
    # A person who logs out ends their own logins.
    yield "DROP POLICY IF EXISTS counterpoint_own ON public.accounts"
    yield (
        f"CREATE POLICY counterpoint_own ON public.accounts FOR UPDATE TO {PREFIX}web USING ({OWN}) WITH CHECK ({OWN})"
    )
    yield from token_policies(f"{PREFIX}web", f"{PREFIX}digest")
    yield from queue_rights.saved_view_policies(f"{PREFIX}web", f"{PREFIX}digest")
    yield from calibration_policies(PREFIX)
    others = [PREFIX + stage for stage in GRANTS if stage != "web" and "risk_signals" in GRANTS[stage]]
    yield from risk_policies(f"{PREFIX}web", others)
    yield from receiver_policies(f"{PREFIX}web", f"{PREFIX}digest", [f"{PREFIX}privacy"])
    whole = [f"{PREFIX}sink", f"{PREFIX}privacy"]
    yield from outcome_policies(f"{PREFIX}web", f"{PREFIX}digest", whole)
    keys = [PREFIX + stage for stage in GRANTS if stage != "web" and "rubric_notes" in GRANTS[stage]]
    yield from rubric_note_policies(f"{PREFIX}web", f"{PREFIX}digest", keys)
    yield from rehearsal_policies(f"{PREFIX}web", f"{PREFIX}digest", f"{PREFIX}privacy")


def _operated_policies(table: str) -> Iterator[str]:
    yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS counterpoint_read ON public.{table}"
    readers = ", ".join(PREFIX + stage for stage in ("web", "digest", "rerate"))
    yield f"CREATE POLICY counterpoint_read ON public.{table} FOR SELECT TO {readers} USING (true)"
    condition = "(SELECT public.counterpoint_operates())"
    yield f"DROP POLICY IF EXISTS counterpoint_operated ON public.{table}"
    yield (
        f"CREATE POLICY counterpoint_operated ON public.{table} TO {PREFIX}web"
        f" USING ({condition}) WITH CHECK ({condition})"
    )


def _own_policies(table: str) -> Iterator[str]:
    yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS counterpoint_own ON public.{table}"
    yield f"CREATE POLICY counterpoint_own ON public.{table} TO {PREFIX}web USING ({OWN}) WITH CHECK ({OWN})"
    yield f"DROP POLICY IF EXISTS counterpoint_sends ON public.{table}"
    yield f"CREATE POLICY counterpoint_sends ON public.{table} TO {PREFIX}digest USING (true) WITH CHECK (true)"


def _provider_policies() -> Iterator[str]:
    """Let web write the accounts of the provider that the transaction names, and no local account, as people log in."""
    issuer = "nullif(current_setting('counterpoint.issuer', true), '')"
    theirs = f"issuer = {issuer}"
    member = (
        f"EXISTS (SELECT FROM public.accounts a WHERE a.account_id = memberships.account_id AND a.issuer = {issuer})"
    )
    for table, right, rule in (
        ("accounts", "INSERT", f"WITH CHECK ({theirs})"),
        ("accounts", "UPDATE", f"USING ({theirs}) WITH CHECK ({theirs})"),
        ("memberships", "INSERT", f"WITH CHECK ({member})"),
        ("memberships", "DELETE", f"USING ({member})"),
        ("teams", "INSERT", f"WITH CHECK ({issuer} IS NOT NULL)"),
    ):
        name = f"counterpoint_provider_{right.lower()}"
        yield f"DROP POLICY IF EXISTS {name} ON public.{table}"
        yield f"CREATE POLICY {name} ON public.{table} FOR {right} TO {PREFIX}web {rule}"


def _policies(table: str) -> Iterator[str]:
    yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    unscoped_roles = ", ".join(PREFIX + stage for stage in _UNSCOPED_STAGES)
    yield f"DROP POLICY IF EXISTS counterpoint_whole ON public.{table}"
    yield f"CREATE POLICY counterpoint_whole ON public.{table} TO {unscoped_roles} USING (true) WITH CHECK (true)"
    condition = _SESSION_IS_VISIBLE if table == "sessions" else _session_is_visible(table)
    yield f"DROP POLICY IF EXISTS counterpoint_scope ON public.{table}"
    if table in _READ_BESIDE_SCOPE:
        condition = f"{condition} AND {_READ_BESIDE_SCOPE[table]}"
    if table == criterion_rights.TABLE:
        yield from criterion_rights.replace_policy(PREFIX, _session_is_visible(table))
    if table in _REMOVED_BY_AUTHOR:
        yield f"DROP POLICY IF EXISTS counterpoint_author ON public.{table}"
        yield (
            f"CREATE POLICY counterpoint_author ON public.{table} AS RESTRICTIVE FOR DELETE TO {PREFIX}web"
            f" USING ({OWN})"
        )
    check = f"{condition} AND {_WRITTEN_BY[table]}" if table in _WRITTEN_BY else condition
    yield (
        f"CREATE POLICY counterpoint_scope ON public.{table} TO {PREFIX}web, {PREFIX}digest"
        f" USING ({condition}) WITH CHECK ({check})"
    )


def _session_is_visible(table: str) -> str:
    """Return the condition that the session of a row is visible: the policy of the sessions applies here too."""
    condition = f"EXISTS (SELECT FROM public.sessions s WHERE s.session_id = {table}.session_id)"
    return condition if table in _LISTED_TABLES else f"{condition} AND NOT {IS_OPERATOR}"
