"""The database roles, one for each stage, and their rights, as SQL that an administrator may run.

The SQL is idempotent and is run again after every migration. The owner of the tables (the user that runs
`counterpoint migrate`) is not restricted by it. `docs/decisions/0020-roles-in-the-database.md` says why it is not a
migration.
"""

from collections.abc import Iterator, Mapping

from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable
from sqlalchemy import make_url, text
from sqlmodel import Session

from plugin.database.engine import DRIVER, temporary_engine, transaction, translate_database_errors
from plugin.database.grants import GRANTS, PREFIX
from plugin.database.owner_functions import SEARCH_PATH, VIEWS, former_function_statements, function_statements
from plugin.database.row_policies import policy_statements
from plugin.database.tables import METADATA
from stream.contracts.errors import Misconfigured


def statements() -> Iterator[str]:
    """Yield the SQL statements that create the roles and grant their rights, in order.

    Roles are created without a password: no login as one of them is possible before its password is set.
    """
    yield SEARCH_PATH
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
    yield from function_statements()
    all_roles = ", ".join(PREFIX + stage for stage in GRANTS)
    for name in (*(table.name for table in METADATA.sorted_tables), *VIEWS):
        yield f"REVOKE ALL ON public.{name} FROM {all_roles}"
    yield f"GRANT SELECT ON public.alembic_version TO {all_roles}"
    for stage, grants in GRANTS.items():
        for name, rights in grants.items():
            yield f"GRANT {', '.join(rights)} ON public.{name} TO {PREFIX}{stage}"
    yield from policy_statements()
    yield from former_function_statements()


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
