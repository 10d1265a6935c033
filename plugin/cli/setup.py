"""Topics, database and the look at everything, before the first stage runs."""

from typing import Annotated

import typer
from rich.console import Console

from plugin.cli.base import EXIT_UNAVAILABLE, SETUP_PANEL, app
from stream.runtime.settings import load_settings


@app.command(rich_help_panel=SETUP_PANEL)
def topics() -> None:
    """Create the topics that are missing on the broker. Partitions are fixed for life; nothing is ever shrunk."""
    from stream.runtime.topics import create_missing_topics, topic_differences

    settings = load_settings()
    created = create_missing_topics(settings.kafka)
    for name in created:
        typer.echo(f"created {name} with {settings.kafka.partitions} partitions")
    differences = topic_differences(settings.kafka)
    for sentence in differences:
        typer.echo(sentence, err=True)
    if differences:
        raise typer.Exit(EXIT_UNAVAILABLE)
    if not created:
        typer.echo("All topics stand as they should.")


@app.command(rich_help_panel=SETUP_PANEL)
def acls(
    apply: Annotated[bool, typer.Option("--apply", help="Give these rights, as the user of the settings.")] = False,
) -> None:
    """Print the rights that each stage's user needs on the broker, as `kafka-acls` commands; or give them."""
    from stream.runtime import kafka_rights

    settings = load_settings()
    if apply:
        given = kafka_rights.grant_missing_rights(settings.kafka)
        typer.echo(f"{given} rights given, {len(kafka_rights.RIGHTS) - given} were there.")
        return
    for line in kafka_rights.acl_commands(settings.kafka.bootstrap_servers):
        typer.echo(line)


@app.command(rich_help_panel=SETUP_PANEL)
def migrate() -> None:
    """Bring the database to this version's schema."""
    from plugin.database.audit import set_audit_minimum
    from plugin.database.engine import temporary_engine, transaction
    from plugin.database.migrate import pending_migrations, upgrade
    from plugin.database.roles import renew_grants
    from stream.runtime.settings import required_secret

    settings = load_settings()
    url = required_secret(settings.database.url, "database.url")
    steps = pending_migrations(url)
    upgrade(url)
    if renew_grants(url):
        typer.echo("The rights of the stages' roles are those of this version.")
    days = settings.retention.audit_days
    with temporary_engine(url) as engine, transaction(engine) as session:
        if set_audit_minimum(session, days):
            typer.echo(f"The audit trail is kept for {days:g} days at least, whoever wants to remove it.")
    typer.echo(f"{len(steps)} migrations applied." if steps else "The database is up to date.")


@app.command(rich_help_panel=SETUP_PANEL)
def check() -> None:
    """Look at settings, secrets, topics, database and model, and say in sentences what is wrong and how to mend it."""
    from plugin.check import check_deployment

    console = Console()
    troubles = 0
    for finding in check_deployment():
        troubles += finding.remedy is not None
        mark = "[green]ok[/]   " if finding.remedy is None else "[red]wrong[/]"
        console.print(f"{mark} ", end="")
        console.print(f"{finding.subject}: {finding.sentence}", markup=False, highlight=False)
        if finding.remedy:
            console.print(f"      {finding.remedy}", markup=False, highlight=False)
    if troubles:
        raise typer.Exit(EXIT_UNAVAILABLE)
