"""The commands that set up a secured broker: its secret files, its users and their rights."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from plugin.cli.base import SETUP_PANEL, app
from stream.runtime.settings import load_settings

kafka = typer.Typer(no_args_is_help=True, help="A broker with TLS, a user for each stage, and rights.")
app.add_typer(kafka, name="kafka", rich_help_panel=SETUP_PANEL)

COMPOSE_HOSTS = ["kafka", "kafka-2", "kafka-3"]


@kafka.command("secrets")
def kafka_secrets(
    folder: Annotated[Path, typer.Argument(help="The folder that SECRETS in .env names.")],
    host: Annotated[
        list[str] | None, typer.Option(help="Name or address of a broker; may be given several times.")
    ] = None,
) -> None:
    """Make the broker's secret files that are missing: certificates, and a password for each user.

    The authority signs this one certificate, and its key is not kept. Put the files of your own authority there instead
    where you have one. .env.example says who must be able to read which file.
    """
    from plugin.local.kafka_secrets import write_kafka_secrets

    written = write_kafka_secrets(folder, host or COMPOSE_HOSTS, datetime.now(UTC))
    for path in written:
        typer.echo(f"made {path}")
    if not written:
        typer.echo("Every file was there.")


@kafka.command("users")
def kafka_users() -> None:
    """Set the password of each stage's user from kafka.user_passwords, and give the users their rights.

    Run it as an administrator of the broker. It can be repeated; who is connected stays so.
    """
    from stream.runtime.kafka_rights import RIGHTS, grant_missing_rights
    from stream.runtime.kafka_users import set_user_passwords

    settings = load_settings().kafka
    for user in set_user_passwords(settings):
        typer.echo(f"{user}: password set")
    given = grant_missing_rights(settings)
    typer.echo(f"{given} rights given, {len(RIGHTS) - given} were there.")
