"""The database roles, one for each stage, and their rights, as SQL that an administrator may run.

Rights are granted here and nowhere else. The SQL is idempotent and is run again after every migration. The owner of the
tables (the user that runs `counterpoint migrate`) is not restricted by it.
`docs/decisions/0020-roles-in-the-database.md` says why it is not a migration.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable
from sqlalchemy import make_url, text
from sqlmodel import Session

from plugin.database import criterion_rights
from plugin.database.calibration_rights import Person, calibration_policies
from plugin.database.engine import DRIVER, temporary_engine, transaction, translate_database_errors
from plugin.database.rubric_note_rights import rubric_note_policies
from plugin.database.tables import METADATA
from plugin.database.token_rights import token_policies
from stream.contracts.errors import Misconfigured

PREFIX: Final = "counterpoint_"
Grants = Mapping[str, tuple[str, ...]]

_ANSWERS_WITHOUT_WORDS: Final = (
    "SELECT (assessment_id, session_id, exchange_id, input_id, model, abstained, verdict, resistance_type, confidence,"
    " possible_injection, ratings, has_words, revision, superseded_by, stored_at)"
)
_MESSAGES_WITHOUT_TEXT: Final = "SELECT (session_id, message_id, position, revision, role, author, sent_at)"
_CRITERION_ANSWERS_WITHOUT_WORDS: Final = "SELECT (number, session_id, exchange_id, has_words)"
_CHANGED_BY_OPERATORS: Final = (
    "username, password_hash, display_name, tenant, counsellor, generation, disabled_at, removed_at"
)
"""The columns of an account that its page changes; its role is not among them."""
_KEY_IDS: Final = "SELECT (name, kek_id)"
"""Enough to see which key encryption key wrapped the service's keys."""
_NOTE_KEY_IDS: Final = "SELECT (note_id, kek_id)"
"""The same of the keys of rubric notes."""

GRANTS: Final[Mapping[str, Grants]] = {
    "sink": {
        "sessions": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "session_counsellors": ("SELECT", "INSERT", "DELETE"),
        "session_clients": ("SELECT", "INSERT", "DELETE"),
        "messages": ("SELECT (session_id, message_id, revision)", "INSERT", "UPDATE (text, revision)", "DELETE"),
        "exchanges": ("SELECT", "INSERT", "UPDATE", "DELETE"),  # ids and spans, no text
        "answers": (_ANSWERS_WITHOUT_WORDS, "INSERT", "UPDATE", "DELETE"),
        "decisions": ("SELECT (session_id, revision)", "DELETE"),
        "claims": ("SELECT (session_id)", "DELETE"),
        "notes": ("SELECT (note_id, session_id, exchange_id)", "DELETE"),
        "criterion_answers": (_CRITERION_ANSWERS_WITHOUT_WORDS, "DELETE"),
        "disputes": ("SELECT (dispute_id, session_id, exchange_id)", "DELETE"),
        "practice_attempts": ("SELECT (attempt_id, session_id, exchange_id)", "DELETE"),
        "acknowledgements": ("SELECT (session_id)", "DELETE"),
        "samples": ("SELECT (session_id)", "INSERT", "DELETE"),
        "look_answers": ("SELECT (session_id, message_id)", "DELETE"),
        "calibration_moments": ("SELECT (session_id, exchange_id)", "DELETE"),
        "calibration_ratings": ("SELECT (session_id, has_words)",),
        "final_levels": ("SELECT (session_id, has_words)",),
        "conversation_keys": ("SELECT", "INSERT", "DELETE"),
        "service_keys": ("SELECT", "INSERT"),
        "rubric_notes": (_NOTE_KEY_IDS,),
        "erasures": ("SELECT", "INSERT"),
        "holds": ("SELECT",),
    },
    "web": {
        "accounts": ("SELECT", "INSERT", f"UPDATE ({_CHANGED_BY_OPERATORS})"),
        "teams": ("SELECT", "INSERT"),
        "memberships": ("SELECT", "INSERT", "DELETE"),
        "sessions": ("SELECT", "UPDATE (session_id)"),  # FOR UPDATE requires a right to update
        "session_counsellors": ("SELECT",),
        "messages": ("SELECT",),
        "exchanges": ("SELECT",),
        "answers": ("SELECT",),
        "decisions": ("SELECT", "INSERT", "UPDATE"),
        "claims": ("SELECT", "INSERT", "UPDATE"),
        "labels": ("SELECT", "INSERT"),  # never changed: the latest one counts
        "notes": ("SELECT", "INSERT", "DELETE"),
        "criteria": ("SELECT", "INSERT", "UPDATE (position, retired_at)"),
        "criterion_versions": ("SELECT", "INSERT"),  # never changed: the highest one is asked
        "criterion_answers": ("SELECT", "INSERT", "UPDATE (stands, words)"),  # never changed: the latest one stands
        "acknowledgements": ("SELECT", "INSERT"),
        "disputes": ("SELECT", "INSERT"),
        "dispute_steps": ("SELECT", "INSERT"),
        "samples": ("SELECT",),
        "look_answers": ("SELECT", "INSERT"),  # never changed
        "calibrations": ("SELECT", "INSERT"),
        "calibration_done": ("SELECT", "INSERT"),
        "calibration_moments": ("SELECT", "INSERT", "UPDATE (asked_at)"),
        "calibration_ratings": ("SELECT", "INSERT", "UPDATE (levels, blind, words, said_at)"),
        "final_levels": ("SELECT", "INSERT"),  # never changed
        "handled_dead_letters": ("SELECT",),
        "digest_preferences": ("SELECT", "INSERT", "UPDATE"),
        "digest_marks": ("SELECT", "INSERT", "UPDATE"),
        "digest_deliveries": ("SELECT",),
        "practice_attempts": ("SELECT", "INSERT", "DELETE"),
        "reratings": ("SELECT",),  # for trends
        "conversation_keys": ("SELECT",),
        "service_keys": (_KEY_IDS,),
        "audit": ("INSERT",),
        "counterpoint_trail": ("SELECT",),
        "api_tokens": ("SELECT", "UPDATE (generation, last_used_on)"),  # `counterpoint tokens` makes and revokes them
        "api_replies": ("SELECT", "INSERT", "UPDATE (status, result)", "DELETE"),
        "rubric_notes": ("SELECT", "INSERT", "DELETE"),
        "rubric_note_versions": ("SELECT", "INSERT"),  # never changed; they go with their note
    },
    # The words too, in the rows of the account that it names: `counterpoint digest` and `export` ask for a password;
    # `counterpoint deliver`, which asks for none, has no key to decrypt them.
    "digest": {
        "accounts": ("SELECT",),
        "teams": ("SELECT",),
        "memberships": ("SELECT",),
        "sessions": ("SELECT",),
        "session_counsellors": ("SELECT",),
        "messages": ("SELECT",),
        "exchanges": ("SELECT",),
        "answers": ("SELECT",),
        "decisions": ("SELECT",),
        "claims": ("SELECT",),
        "labels": ("SELECT",),
        "notes": ("SELECT",),
        "criteria": ("SELECT",),
        "criterion_versions": ("SELECT",),
        "criterion_answers": ("SELECT",),
        "acknowledgements": ("SELECT",),
        "disputes": ("SELECT",),
        "dispute_steps": ("SELECT",),
        "digest_preferences": ("SELECT",),
        "digest_marks": ("SELECT",),
        "digest_deliveries": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "practice_attempts": ("SELECT",),  # a therapist's own, for the export of their own data
        "reratings": ("SELECT",),  # for the same
        "calibrations": ("SELECT",),
        "calibration_done": ("SELECT",),
        "calibration_moments": ("SELECT",),
        "calibration_ratings": ("SELECT",),
        "final_levels": ("SELECT",),
        "conversation_keys": ("SELECT",),
        "service_keys": (_KEY_IDS,),
        "rubric_notes": (_NOTE_KEY_IDS,),
        "audit": ("INSERT",),
    },
    "privacy": {
        "sessions": ("SELECT", "UPDATE", "DELETE"),
        "session_counsellors": ("SELECT", "DELETE"),
        "session_clients": ("SELECT", "DELETE"),
        "messages": (_MESSAGES_WITHOUT_TEXT, "DELETE"),
        "exchanges": ("SELECT (session_id, exchange_id)", "DELETE"),
        "answers": (_ANSWERS_WITHOUT_WORDS, "UPDATE (words)", "DELETE"),
        "decisions": ("SELECT (session_id, revision)", "DELETE"),
        "claims": ("SELECT (session_id)", "DELETE"),
        "notes": ("SELECT (note_id, session_id, exchange_id)", "DELETE"),
        "criterion_answers": (_CRITERION_ANSWERS_WITHOUT_WORDS, "UPDATE (words)", "DELETE"),
        "disputes": ("SELECT (dispute_id, session_id, exchange_id)", "DELETE"),
        "practice_attempts": ("SELECT (attempt_id, session_id, exchange_id)", "DELETE"),
        "acknowledgements": ("SELECT (session_id)", "DELETE"),
        "samples": ("SELECT (session_id)", "DELETE"),
        "look_answers": ("SELECT (session_id, message_id)", "DELETE"),
        "calibrations": ("SELECT (calibration_id, deadline_at)", "DELETE"),
        "calibration_moments": ("SELECT (calibration_id, session_id, exchange_id)", "DELETE"),
        "calibration_ratings": ("SELECT (session_id, has_words)", "UPDATE (words)"),
        "final_levels": ("SELECT (session_id, has_words)", "UPDATE (words)"),
        "conversation_keys": ("SELECT", "UPDATE", "DELETE"),
        "service_keys": ("SELECT", "INSERT", "UPDATE"),
        "rubric_notes": ("SELECT", "UPDATE (kek_id, wrapped)"),
        "erasures": ("SELECT", "INSERT"),
        "erasure_requests": ("SELECT", "INSERT", "UPDATE"),
        "retention_runs": ("SELECT", "INSERT", "UPDATE"),
        "holds": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "audit": ("SELECT", "INSERT"),  # entries are removed by the database's own function, below
        "handled_dead_letters": ("SELECT", "INSERT", "UPDATE"),
    },
    # Reads messages for a model alone: `counterpoint rerate` shows nobody a word, and reads nothing that people wrote
    # about a session.
    "rerate": {
        "sessions": ("SELECT",),
        "messages": ("SELECT",),
        "exchanges": ("SELECT",),
        "answers": (_ANSWERS_WITHOUT_WORDS,),
        "reratings": ("SELECT", "INSERT"),  # never changed
        "accounts": ("SELECT (tenant, counsellor, display_name)",),  # names that no model is told
        "conversation_keys": ("SELECT",),
        "service_keys": (_KEY_IDS,),
        "rubric_notes": (_NOTE_KEY_IDS,),
        "holds": ("SELECT",),
        "audit": ("INSERT",),
    },
}
"""The rights of each stage by table. A stage without a line for a table has no right on it; a column list leaves out
the encrypted columns."""

FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "counterpoint_operates()": ("web",),
    "counterpoint_readings(uuid)": ("web",),
    "counterpoint_audit_remove(timestamptz, integer)": ("privacy",),
    "counterpoint_therapist_remove(text, text, timestamptz)": ("privacy",),
    "counterpoint_exports_about_account()": ("web",),
    "counterpoint_token_account(bytea)": ("web",),
    "counterpoint_trail_about_account()": ("digest",),
    "counterpoint_has_opened(uuid)": ("web",),
    "counterpoint_look_answers()": ("web", "privacy"),
    "counterpoint_sample_counts()": ("web", "privacy"),
    "counterpoint_labelled_levels()": ("web", "privacy"),
    "counterpoint_dispute_counts(timestamptz)": ("web", "privacy"),
    "counterpoint_provider_role(uuid, text)": ("web",),
    "counterpoint_shadow_verdicts()": ("web", "privacy"),
    "counterpoint_shadow_levels()": ("web", "privacy"),
    "counterpoint_seen_by(uuid[], uuid[])": ("web",),
    "counterpoint_calibrated_about_account()": ("digest",),
}
"""The functions that run with the owner's rights, and the stages that may call them."""
VIEWS: Final = ("counterpoint_trail",)
"""The views of the owner: the audit trail, which the page reads on behalf of an auditor and of nobody else."""

SCOPED_TABLES: Final = (
    *("sessions", "session_counsellors", "decisions", "messages", "exchanges", "answers"),
    *("claims", "labels", "notes", "criterion_answers"),
    *("acknowledgements", "disputes", "dispute_steps"),
    *("samples", "look_answers"),
    "practice_attempts",
    "reratings",
)
"""The tables whose rows belong to a session: web and digest see the rows of the account that the transaction names."""
_LISTED_TABLES: Final = frozenset({"sessions", "session_counsellors", "decisions", "claims", "acknowledgements"})
"""Those from which lists and numbers are made; an operator sees their rows too, for the numbers of all platforms."""
_OPERATED_TABLES: Final = ("accounts", "teams", "memberships", "criteria", "criterion_versions")
"""The tables that web, digest and rerate read as far as they may, and web changes on behalf of an operator alone."""
_OWN_TABLES: Final = ("digest_preferences", "digest_marks", "digest_deliveries")
"""The tables of which web sees and changes a person's own rows alone; the digest's role, which sends, sees them all."""
_UNSCOPED_STAGES: Final = ("sink", "privacy", "rerate")  # they work on every row, and show no text to anybody

_SEARCH_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
"""Temporary tables last: a function that looked there first would take a caller's own `accounts` for ours."""
_ACCOUNT_ID: Final = "nullif(current_setting('counterpoint.account', true), '')::uuid"
_ACCOUNT: Final = f"a.account_id = {_ACCOUNT_ID} AND a.disabled_at IS NULL"
_IS_SUPERVISOR: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {_ACCOUNT} AND a.role = 'supervisor')"
_REVIEWS: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {_ACCOUNT} AND a.role IN ('supervisor', 'lead'))"
_IS_THERAPIST: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {_ACCOUNT} AND a.role = 'therapist')"
_OWN: Final = f"account_id = {_ACCOUNT_ID}"
_BY_WHO_REVIEWS: Final = f"{_OWN} AND {_REVIEWS}"
_BY_A_THERAPIST: Final = f"{_OWN} AND {_IS_THERAPIST}"
_DISPUTE_OF_STEP: Final = (
    "EXISTS (SELECT FROM public.disputes d WHERE d.dispute_id = dispute_steps.dispute_id"
    " AND d.session_id = dispute_steps.session_id{})"
)
_STEP_IS_THEIRS: Final = (
    f"{_OWN} AND CASE WHEN kind = 'resolved' THEN {_REVIEWS}"
    f" ELSE {_DISPUTE_OF_STEP.format(f' AND d.account_id = {_ACCOUNT_ID}')} END"
)
_READ_BESIDE_SCOPE: Final = {
    "notes": f"(shared OR {_OWN})",
    "criterion_answers": criterion_rights.read_rule(_REVIEWS),
    "acknowledgements": f"({_OWN} OR {_REVIEWS})",
    "disputes": f"({_OWN} OR {_REVIEWS})",
    "practice_attempts": _BY_A_THERAPIST,
    "dispute_steps": _DISPUTE_OF_STEP.format(""),  # the rule of its dispute, whose own policy applies here too
    "samples": _REVIEWS,
    "look_answers": _REVIEWS,
    "reratings": "NOT shadow",
}
"""What must hold of a row, beside its session, before somebody reads it: a therapist reads no other's dispute."""
_WRITTEN_BY: Final = {
    "claims": _BY_WHO_REVIEWS,
    "labels": _BY_WHO_REVIEWS,
    "notes": _BY_WHO_REVIEWS,
    "criterion_answers": _BY_WHO_REVIEWS,
    "acknowledgements": _BY_A_THERAPIST,
    "disputes": _BY_A_THERAPIST,
    "dispute_steps": _STEP_IS_THEIRS,
    "look_answers": _BY_WHO_REVIEWS,
    "practice_attempts": _BY_A_THERAPIST,
}
"""Who writes a row of the tables that people write in their own name alone."""
_IS_LEAD: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {_ACCOUNT} AND a.role = 'lead')"
_IS_OPERATOR: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {_ACCOUNT} AND a.role = 'operator')"
# Counsellors as `sessions.counsellor_keys` has them. Each set is read once for a statement, and compared with each row.
_THEIR_COUNSELLORS: Final = f"""ARRAY(
    SELECT a.tenant || '/' || a.counsellor FROM public.accounts a WHERE {_ACCOUNT} AND a.role = 'therapist'
    UNION ALL
    SELECT o.tenant || '/' || o.counsellor FROM public.accounts a
    JOIN public.memberships mine ON mine.account_id = a.account_id
    JOIN public.memberships theirs ON theirs.team_id = mine.team_id
    JOIN public.accounts o ON o.account_id = theirs.account_id
    WHERE {_ACCOUNT} AND a.role = 'supervisor')"""  # noqa: S608 - constants of this file
_THEIR_PLATFORM: Final = f"(SELECT a.tenant FROM public.accounts a WHERE {_ACCOUNT} AND a.role = 'supervisor')"  # noqa: S608
_IN_A_TEAM: Final = """ARRAY(
    SELECT o.tenant || '/' || o.counsellor FROM public.accounts o
    WHERE EXISTS (SELECT FROM public.memberships m WHERE m.account_id = o.account_id))"""
# The part of the rules of `plugin.queue.scope` that depends on the person; that module also checks for a release.
_SESSION_IS_VISIBLE: Final = (
    f"NOT restricted AND (counsellor_keys && {_THEIR_COUNSELLORS} OR {_IS_OPERATOR} OR {_IS_LEAD}"
    f" OR tenant = {_THEIR_PLATFORM} AND NOT counsellor_keys && {_IN_A_TEAM})"
)


_OPERATES_FUNCTION: Final = (
    "CREATE OR REPLACE FUNCTION public.counterpoint_operates() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER"
    f" {_SEARCH_PATH} AS $$ SELECT {_IS_OPERATOR} $$"
)


def statements() -> Iterator[str]:
    """Yield the SQL statements that create the roles and grant their rights, in order.

    Roles are created without a password: no login as one of them is possible before its password is set.
    """
    yield _SEARCH_PATH
    for stage in GRANTS:
        role = f"{PREFIX}{stage}"
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN;"
            " END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    # Nobody but the owner makes tables or functions here, temporary ones included, that could stand before ours.
    yield (
        "DO $$ BEGIN EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$"
    )
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    all_roles = ", ".join(PREFIX + stage for stage in GRANTS)
    yield _OPERATES_FUNCTION
    for name, stages in FUNCTIONS.items():
        yield f"REVOKE ALL ON FUNCTION public.{name} FROM PUBLIC, {all_roles}"
        yield f"GRANT EXECUTE ON FUNCTION public.{name} TO {', '.join(PREFIX + stage for stage in stages)}"
    for name in (*(table.name for table in METADATA.sorted_tables), *VIEWS):
        yield f"REVOKE ALL ON public.{name} FROM {all_roles}"
    yield f"GRANT SELECT ON public.alembic_version TO {all_roles}"
    for stage, grants in GRANTS.items():
        for name, rights in grants.items():
            yield f"GRANT {', '.join(rights)} ON public.{name} TO {PREFIX}{stage}"
    for name in SCOPED_TABLES:
        yield from _policies(name)
    for name in _OPERATED_TABLES:
        yield from _operated_policies(name)
    for name in _OWN_TABLES:
        yield from _own_policies(name)
    yield from _provider_policies()
    for former in ("listed()", "reads(uuid)"):  # of earlier versions
        yield f"DROP FUNCTION IF EXISTS public.{PREFIX}{former}"
    # A person who logs out ends their own logins.
    yield "DROP POLICY IF EXISTS counterpoint_own ON public.accounts"
    yield (
        f"CREATE POLICY counterpoint_own ON public.accounts FOR UPDATE TO {PREFIX}web"
        f" USING ({_OWN}) WITH CHECK ({_OWN})"
    )
    yield from token_policies(f"{PREFIX}web", _OWN)
    yield from calibration_policies(PREFIX, Person(_ACCOUNT_ID, _IS_SUPERVISOR, _IS_OPERATOR))
    keys = [PREFIX + stage for stage in GRANTS if stage != "web" and "rubric_notes" in GRANTS[stage]]
    yield from rubric_note_policies(f"{PREFIX}web", keys, account=_ACCOUNT)


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
    yield f"CREATE POLICY counterpoint_own ON public.{table} TO {PREFIX}web USING ({_OWN}) WITH CHECK ({_OWN})"
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
        yield from criterion_rights.replace_policy(PREFIX, _session_is_visible(table), _REVIEWS)
    if table == "notes":
        yield f"DROP POLICY IF EXISTS counterpoint_author ON public.{table}"
        yield (
            f"CREATE POLICY counterpoint_author ON public.{table} AS RESTRICTIVE FOR DELETE TO {PREFIX}web"
            f" USING ({_OWN})"
        )
    check = f"{condition} AND {_WRITTEN_BY[table]}" if table in _WRITTEN_BY else condition
    yield (
        f"CREATE POLICY counterpoint_scope ON public.{table} TO {PREFIX}web, {PREFIX}digest"
        f" USING ({condition}) WITH CHECK ({check})"
    )


def _session_is_visible(table: str) -> str:
    """Return the condition that the session of a row is visible: the policy of the sessions applies here too."""
    condition = f"EXISTS (SELECT FROM public.sessions s WHERE s.session_id = {table}.session_id)"
    return condition if table in _LISTED_TABLES else f"{condition} AND NOT {_IS_OPERATOR}"


def apply_roles(url: str, passwords: Mapping[str, str]) -> None:
    """Create the roles and grant their rights, all of it or nothing; `passwords` are by stage.

    Raises:
        Misconfigured: the user of `url` may not create roles, `passwords` names an unknown stage, or the tables do not
            exist yet.
        Unavailable: PostgreSQL does not answer.
    """
    if unknown := passwords.keys() - GRANTS.keys():
        raise Misconfigured(
            f"database.role_passwords names {', '.join(sorted(unknown))}; roles are {', '.join(GRANTS)}."
        )
    try:
        with (
            temporary_engine(url) as engine,
            translate_database_errors(),
            engine.connect() as borrowed,
            borrowed.begin(),
        ):
            connection = borrowed.connection.driver_connection
            assert isinstance(connection, Connection)  # noqa: S101 - `connect` takes no other driver
            for statement in statements():
                connection.execute(statement.encode())
            for stage, password in passwords.items():
                _set_password(connection, PREFIX + stage, password)
    except InsufficientPrivilege:
        raise Misconfigured(
            "The user of database.url may not create roles. Let an administrator of the server run what"
            " `counterpoint database roles` prints, in this database."
        ) from None
    except (UndefinedTable, UndefinedColumn):
        raise Misconfigured("The database's schema is not this version's. Run `counterpoint migrate` first.") from None


def roles_exist(session: Session) -> bool:
    """Return whether the roles exist in this database."""
    return session.scalar(text("SELECT to_regproc('public.counterpoint_operates')")) is not None


def sees_every_session(session: Session) -> bool:
    """Return whether this database role sees the sessions of everybody, and not those of one account alone."""
    return bool(
        session.scalar(
            text(
                "SELECT NOT row_security_active('public.sessions') OR EXISTS (SELECT FROM pg_policies p WHERE"
                " p.tablename = 'sessions' AND p.policyname = 'counterpoint_whole' AND current_user = ANY (p.roles))"
            )
        )
    )


def renew_grants(url: str) -> bool:
    """Grant the rights again after a migration, if the roles exist; returns whether they do."""
    with temporary_engine(url) as engine, transaction(engine) as session:
        exist = roles_exist(session)
    if exist:
        apply_roles(url, {})
    return exist


def url_for_role(url: str, stage: str, password: str) -> str:
    """Return the URL of the same database for the role of a stage."""
    return (
        make_url(url)
        .set(drivername=DRIVER, username=PREFIX + stage, password=password)
        .render_as_string(hide_password=False)
    )


def _set_password(connection: Connection, role: str, password: str) -> None:
    """Set a role's password by its verifier alone, since a statement may appear in the server's log."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier.decode()))
    )
