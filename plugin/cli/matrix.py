"""The command for a Matrix homeserver: the file by which it knows Counterpoint."""

from pathlib import Path
from typing import Annotated

import typer

from plugin.cli.base import SETUP_PANEL, app
from stream.runtime.settings import load_settings

matrix = typer.Typer(no_args_is_help=True, help="Counterpoint beside a Matrix homeserver (docs/platforms/matrix.md).")
app.add_typer(matrix, name="matrix", rich_help_panel=SETUP_PANEL)


@matrix.callback()
def _group() -> None:
    """Keep `registration` a word of its own, though the group has no other command."""


@matrix.command("registration")
def matrix_registration(
    tenant: Annotated[str, typer.Argument(help="The tenant of the settings whose platform is `matrix`.")],
    file: Annotated[Path, typer.Argument(help="The file to write, such as counterpoint.yaml; none is replaced.")],
    url: Annotated[
        str,
        typer.Option(help="Where the homeserver reaches the gateway, without a path: https://counterpoint.example"),
    ],
    alias: Annotated[
        list[str] | None,
        typer.Option(help="Regular expression for the whole alias of rooms to read; may be given several times."),
    ] = None,
    counsellors: Annotated[
        bool,
        typer.Option("--counsellors", help="Read every room in which a counsellor of matrix.counsellors is."),
    ] = False,
) -> None:
    """Write the registration of an Application Service, which the homeserver reads at its start.

    Without --alias and --counsellors Counterpoint reads the rooms in which its own user is: whoever invites it there
    gives a client's consent, and whoever removes it withdraws it. With either it reads more, so everybody in those
    rooms must have agreed before they write. With --counsellors the file's as_token may act as any counsellor.

    The file holds two secrets and can be read by its owner alone: give it to the homeserver's user, name it under
    app_service_config_files of Synapse, and restart the homeserver. Its hs_token is the last of the tenant's
    webhook_secrets.
    """
    import os
    import secrets

    from plugin.adapters.matrix_registration import registration
    from plugin.gateway.tenants import known_tenants
    from stream.contracts.errors import Misconfigured

    tenants = load_settings().tenants
    if tenant not in tenants or tenants[tenant].platform != "matrix":
        raise Misconfigured(f'tenants.{tenant} is not set, or its platform is not "matrix".')
    known_tenants({tenant: tenants[tenant]})
    text = registration(
        tenant,
        tenants[tenant],
        url=url,
        as_token=secrets.token_hex(32),
        aliases=alias or (),
        with_counsellors=counsellors,
    )
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Misconfigured(f"{file} exists already, and a homeserver may be using it. Name another one.") from None
    except OSError as error:
        raise Misconfigured(f"{file} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "w") as made:
        made.write(text)
    typer.echo(f"made {file}; name it under app_service_config_files of the homeserver, and restart that")
