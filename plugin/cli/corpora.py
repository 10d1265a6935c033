"""The commands that say which published corpora can be read, what each may be used for, and what its files hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plugin.cli.base import STUDIES_PANEL, app
from stream.contracts.errors import Misconfigured
from stream.published.formats import FORMATS, find_format

if TYPE_CHECKING:
    from stream.published.formats import PublishedFormat

corpora = typer.Typer(
    no_args_is_help=True,
    help="Published corpora of counselling: which can be read, under which licence, for what and for what not."
    " None of them comes with Counterpoint.",
)
app.add_typer(corpora, name="corpora", rich_help_panel=STUDIES_PANEL)

Name = Annotated[str, typer.Argument(help="Name of the corpus, as `corpora list` has it.")]


@corpora.command("list")
def corpora_list() -> None:
    """List the corpora with their licences as their sources state them."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "corpus", "licence, as its source states it", box=None, pad_edge=False)
    for each in FORMATS:
        table.add_row(each.name, each.title, each.licence)
    Console().print(table)
    typer.echo("What one may be used for: counterpoint corpora show NAME. This is no legal advice.")


@corpora.command("show")
def corpora_show(name: Name) -> None:
    """Say of one corpus where it is described, how its files look, what it may be used for, and what reads it.

    Example: counterpoint corpora show oncoco
    """
    found = _known(name)
    for label, words in (
        ("corpus", found.title),
        ("described in", found.source),
        ("files", found.layout),
        ("licence", found.licence),
        ("may be used for", found.may),
        ("not", found.may_not),
        ("to know", found.note),
        *(("read by", command) for command in found.commands),
    ):
        typer.echo(f"{label}: {words}")
    typer.echo("This is a lay reading of its terms and no legal advice.")


@corpora.command("check")
def corpora_check(
    name: Name, path: Annotated[Path, typer.Argument(help="A file, or a folder of conversations.")]
) -> None:
    """Read the files of a corpus and count what they hold. Nothing is sent, stored or changed.

    The first mistake is named by its place and quotes nothing.

    Example: counterpoint corpora check oncoco oncoco-messages.jsonl
    """
    from plugin.replay.corpora import contents

    for sentence in contents(_known(name).name, path):
        typer.echo(sentence)


def _known(name: str) -> "PublishedFormat":
    found = find_format(name)
    if found is None:
        raise Misconfigured(f"No corpus of that name is known. Known: {', '.join(each.name for each in FORMATS)}.")
    return found
