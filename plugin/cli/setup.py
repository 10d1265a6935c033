"""Topics, database and the look at everything, before the first stage runs."""

from typing import Annotated

import typer
from rich.console import Console

from plugin.cli.base import AWAY, SETUP, app
from stream.runtime.settings import load


@app.command(rich_help_panel=SETUP)
def topics() -> None:
    """Create the topics that are missing on the broker. Partitions are fixed for life; nothing is ever shrunk."""
    from stream.runtime.topics import compare, create_missing

    settings = load()
    created = create_missing(settings.kafka)
    for name in created:
        typer.echo(f"created {name} with {settings.kafka.partitions} partitions")
    differences = compare(settings.kafka)
    for sentence in differences:
        typer.echo(sentence, err=True)
    if differences:
        raise typer.Exit(AWAY)
    if not created:
        typer.echo("All topics stand as they should.")


@app.command(rich_help_panel=SETUP)
def acls(
    apply: Annotated[bool, typer.Option("--apply", help="Give these rights, as the user of the settings.")] = False,
) -> None:
    """Print the rights that each stage's user needs on the broker, as `kafka-acls` commands; or give them."""
    from stream.runtime import kafka_rights

    settings = load()
    if apply:
        given = kafka_rights.apply(settings.kafka)
        typer.echo(f"{given} rights given, {len(kafka_rights.RIGHTS) - given} were there.")
        return
    for line in kafka_rights.commands(settings.kafka.bootstrap_servers):
        typer.echo(line)


@app.command(rich_help_panel=SETUP)
def migrate() -> None:
    """Bring the database to this version's schema."""
    from plugin.database.migrate import pending, upgrade
    from plugin.database.roles import renew
    from stream.runtime.settings import required

    url = required(load().database.url, "database.url")
    steps = pending(url)
    upgrade(url)
    if renew(url):
        typer.echo("The rights of the stages' roles are those of this version.")
    typer.echo(f"{len(steps)} migrations applied." if steps else "The database is up to date.")


@app.command(rich_help_panel=SETUP)
def check() -> None:
    """Look at settings, secrets, topics, database and model, and say in sentences what is wrong and how to mend it."""
    from plugin.check import check as run

    console = Console()
    troubles = 0
    for finding in run():
        troubles += finding.mend is not None
        mark = "[green]ok[/]   " if finding.mend is None else "[red]wrong[/]"
        console.print(f"{mark} ", end="")
        console.print(f"{finding.about}: {finding.sentence}", markup=False, highlight=False)
        if finding.mend:
            console.print(f"      {finding.mend}", markup=False, highlight=False)
    if troubles:
        raise typer.Exit(AWAY)
