"""The commands about written clients: sessions that two of them make, and a check of their turns with the model."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plugin.cli.base import MODELS_PANEL, app
from plugin.written_client.counsellor import Manner
from stream.runtime.settings import load_settings

practice = typer.Typer(no_args_is_help=True, help="Written clients, with whom therapists practise on the page.")
app.add_typer(practice, name="practice", rich_help_panel=MODELS_PANEL)


@practice.callback()
def about() -> None:
    """Written clients, with whom therapists practise on the page."""


@practice.command()
def synthesise(
    out: Annotated[Path, typer.Argument(help="New file, JSON Lines, which `counterpoint replay` sends.")],
    sessions: Annotated[int, typer.Option(help="How many sessions.", min=1)] = 100,
    manner: Annotated[Manner, typer.Option(help="How the written counsellor replies.")] = Manner.MIXED,
    seed: Annotated[str, typer.Option(help="The same seed makes the same sessions.")] = "1",
) -> None:
    """Write sessions of a written client with a written counsellor: for load, for demonstrations, for comparisons.

    Each says in its first message that it is synthetic. Replay them to a platform of their own, not to people's.

    Example: counterpoint practice synthesise load.jsonl --sessions 500
    """
    from plugin.practice.synthesise import synthesise as write

    for line in write(out, sessions, seed, manner):
        typer.echo(line)


@practice.command()
def check() -> None:
    """Have the active model rate a good and a poor reply to every written turn, and print what it makes of them.

    It tells how often a therapist gets a rating, and whether the client moves as it should. Everything was written by
    us; nothing is stored.
    """
    from plugin.practice.rater import open_rater
    from plugin.practice.turn_check import check_turns, table

    Console().print(table(check_turns(open_rater(load_settings().feedback))))
