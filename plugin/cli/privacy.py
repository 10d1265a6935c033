"""The commands of privacy: erasure, retention, legal holds, keys, the audit trail and the database's roles."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plugin.cli.base import EXIT_MISCONFIGURED, PRIVACY_PANEL, SETUP_PANEL, app
from stream.runtime.settings import load_settings

hold = typer.Typer(no_args_is_help=True, help="Legal holds: conversations that neither retention nor erasure removes.")
keys = typer.Typer(no_args_is_help=True, help="The key that wraps each conversation's own key.")
audit = typer.Typer(no_args_is_help=True, help="The audit trail: verify that nobody has changed it.")
database = typer.Typer(no_args_is_help=True, help="The database's roles: what each stage may do in it.")
app.add_typer(hold, name="hold", rich_help_panel=PRIVACY_PANEL)
app.add_typer(keys, name="keys", rich_help_panel=PRIVACY_PANEL)
app.add_typer(audit, name="audit", rich_help_panel=PRIVACY_PANEL)
app.add_typer(database, name="database", rich_help_panel=SETUP_PANEL)

Tenant = Annotated[str, typer.Option(help="Whose platform; must be in the settings.")]
IsPseudonym = Annotated[bool, typer.Option("--pseudonym", help="The reference is the pseudonym already.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
Conversation = Annotated[str, typer.Option(help="The platform's own reference to the conversation.")]


@app.command(rich_help_panel=PRIVACY_PANEL)
def erase(
    tenant: Tenant,
    conversation: Annotated[str, typer.Option(help="A conversation, by the platform's own reference.")] = "",
    client: Annotated[str, typer.Option(help="A client: every conversation they wrote in, whole.")] = "",
    therapist: Annotated[str, typer.Option(help="A counsellor: the sessions they wrote in.")] = "",
    pseudonym: IsPseudonym = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a conversation or a person: rows, keys, open sessions and records in flight. Nothing of it comes back.

    Broken off, it goes on when it is run again.
    """
    from plugin.database.tables import TombstoneKind
    from plugin.privacy.commands.erase import erase as run

    given = {
        TombstoneKind.ERASURE: conversation,
        TombstoneKind.CLIENT: client,
        TombstoneKind.COUNSELLOR: therapist,
    }
    named = [(kind, reference) for kind, reference in given.items() if reference]
    if len(named) != 1:
        typer.echo("Give exactly one of --conversation, --client and --therapist.", err=True)
        raise typer.Exit(EXIT_MISCONFIGURED)
    kind, reference = named[0]
    complete = run(
        load_settings(),
        Console(),
        kind=kind,
        tenant=tenant,
        reference=reference,
        is_pseudonym=pseudonym,
        dry_run=dry_run,
        confirm=None if yes else typer.confirm,
    )
    if not complete:
        raise typer.Exit(EXIT_MISCONFIGURED)


@app.command(rich_help_panel=PRIVACY_PANEL)
def retention(dry_run: DryRun = False) -> None:
    """Remove what is older than the settings' section `retention` allows. Run it every night."""
    from plugin.privacy.commands.retention import retention as run

    run(load_settings(), Console(), dry_run=dry_run)


@hold.command("add")
def hold_add(
    tenant: Tenant,
    conversation: Conversation,
    reason: Annotated[str, typer.Option(help="Why, e.g. a file number. Stored in clear: no names, no story.")],
    pseudonym: IsPseudonym = False,
) -> None:
    """Keep a conversation as evidence: no clock, no withdrawal and no erasure removes what is stored of it."""
    from plugin.privacy.commands.holds import hold_add as run

    run(load_settings(), Console(), tenant=tenant, reference=conversation, is_pseudonym=pseudonym, reason=reason)


@hold.command("remove")
def hold_remove(tenant: Tenant, conversation: Conversation, pseudonym: IsPseudonym = False) -> None:
    """End a hold, and do what was asked for while it stood."""
    from plugin.privacy.commands.holds import hold_remove as run

    run(load_settings(), Console(), tenant=tenant, reference=conversation, is_pseudonym=pseudonym)


@hold.command("list")
def hold_list() -> None:
    """List the holds: by pseudonym, for the platform's own references are not known here."""
    from plugin.privacy.commands.holds import hold_list as run

    run(load_settings(), Console())


@keys.command("rotate")
def keys_rotate(dry_run: DryRun = False) -> None:
    """Wrap every data key with the key of the settings, while the stages run on. An interrupted run can be repeated.

    Before: make a new key; set it as database.key_encryption_key and the old one in
    database.previous_key_encryption_keys, for every stage; restart them. After: take the old one out of the settings.
    """
    from plugin.privacy.commands.keys import keys_rotate as run

    run(load_settings(), Console(), dry_run=dry_run)


@audit.command("verify")
def audit_verify(
    anchor: Annotated[
        Path | None, typer.Option(help="File of anchors that were printed earlier: is each of them still in the trail?")
    ] = None,
) -> None:
    """Prove that no entry of the trail was changed, inserted or removed, and print an anchor to keep elsewhere.

    Somebody who may rewrite the whole table can rewrite the whole chain: only anchors kept elsewhere show that.
    """
    from plugin.privacy.commands.audit import audit_verify as run

    if not run(load_settings(), Console(), anchors=anchor):
        raise typer.Exit(EXIT_MISCONFIGURED)


@audit.command("anchor")
def audit_anchor() -> None:
    """Print the newest entry's number, hash and time as one line of JSON, for a file outside of the database.

    Let cron append it every day where the database's administrators cannot write: >> anchors.jsonl
    """
    from plugin.privacy.commands.audit import audit_anchor as run

    typer.echo(str(run(load_settings())))


@database.command("roles")
def database_roles(
    apply: Annotated[bool, typer.Option("--apply", help="Run it as the user of database.url.")] = False,
) -> None:
    """Print the SQL that makes one role a stage with no more rights than it needs, or run it.

    Passwords are set from database.role_passwords (by stage: sink, web, digest, privacy, rerate) with --apply, else
    by psql's password command. Then each stage's own database.url names its role. `counterpoint migrate` keeps the
    rights up to date.
    """
    from plugin.privacy.commands.roles import database_roles as run

    run(load_settings(), apply=apply, say=typer.echo)
