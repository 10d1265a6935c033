"""The commands for a service's own criteria: what supervisors are asked when they review a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plugin.cli.base import SETUP_PANEL, app
from stream.runtime.settings import load_settings, required_secret

if TYPE_CHECKING:
    from plugin.queue.criteria import Criteria
    from plugin.queue.criterion_views import Criterion

criteria = typer.Typer(
    no_args_is_help=True,
    help="Questions of your service's own, which supervisors answer in a review: people alone do, and no model."
    " Run as the owner of the tables; each change is on the audit trail.",
)
app.add_typer(criteria, name="criteria", rich_help_panel=SETUP_PANEL)

Name = Annotated[str, typer.Argument(help="Short name of the criterion, such as `pacing`.")]
Word = typer.Option(help="With `--scale steps`: the words for 0, 1, 2 and 3, in this order; give it four times.")


@criteria.command("list")
def criteria_list() -> None:
    """List the criteria in the order in which they are asked, then the retired ones."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from plugin.plain_text import printable

    table = Table("name", "question", "asked of", "answers", "read by", "version", "state", box=None, pad_edge=False)
    with _criteria() as found:
        for each in found.entries():
            table.add_row(*(Text(printable(value)) for value in _cells(each)))
    Console().print(table)


@criteria.command("add")
def criteria_add(
    name: Name,
    question: Annotated[str, typer.Option(help="About what was said, never about a person; no names.")],
    about: Annotated[Literal["moment", "session"], typer.Option(help="Asked of each moment, or once of the session.")],
    scale: Annotated[
        Literal["yes_no", "levels", "steps"],
        typer.Option(help="levels: none, weak, strong. steps: 0 to 3 with words of your own."),
    ],
    word: Annotated[list[str] | None, Word] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Counsellors read the answers, with their notes, after the release.")
    ] = False,
) -> None:
    """Add a criterion, which is asked after the others.

    Example: counterpoint criteria add told --question "Was the client told about confidentiality?" --about session
    --scale yes_no
    """
    from plugin.queue.criterion_views import CriterionAbout, CriterionScale, checked_wording

    wording = checked_wording(question, CriterionScale(scale), word or [], shared=shared)
    with _criteria() as found:
        found.add(name, CriterionAbout(about), wording)
    typer.echo(f"{name.strip()} is asked of {'each moment' if about == 'moment' else 'each session'} that is reviewed.")


@criteria.command("change")
def criteria_change(
    name: Name,
    question: Annotated[str | None, typer.Option(help="Another question.")] = None,
    scale: Annotated[Literal["yes_no", "levels", "steps"] | None, typer.Option(help="Another scale.")] = None,
    word: Annotated[list[str] | None, Word] = None,
    shared: Annotated[
        bool | None, typer.Option("--shared/--not-shared", help="Whether counsellors read the answers.")
    ] = None,
) -> None:
    """Word a criterion anew, as its next version. Answers that were given keep the version to which they were given."""
    from plugin.queue.criterion_views import CriterionScale, checked_wording

    with _criteria() as found:
        stands = found.named(name)
        wanted = stands.scale if scale is None else CriterionScale(scale)
        kept = stands.words if wanted is stands.scale else ()
        wording = checked_wording(
            stands.question if question is None else question,
            wanted,
            word or kept,
            shared=stands.shared if shared is None else shared,
        )
        found.change(stands.criterion_id, stands.version, wording)
    typer.echo(f"{stands.name} is asked as its version {stands.version + 1}.")


@criteria.command("move")
def criteria_move(
    name: Name, direction: Annotated[Literal["earlier", "later"], typer.Argument(help="By one place.")]
) -> None:
    """Ask a criterion earlier or later among the others."""
    with _criteria() as found:
        stands = found.named(name)
        found.move(stands.criterion_id, up=direction == "earlier")
        order = [each.name for each in found.entries() if not each.is_retired]
    typer.echo(f"Asked in this order: {', '.join(order)}.")


@criteria.command("retire")
def criteria_retire(name: Name) -> None:
    """Ask a criterion no more; the answers to it stay."""
    with _criteria() as found:
        stands = found.named(name)
        found.retire(stands.criterion_id)
    typer.echo(f"{stands.name} is asked no more. `counterpoint criteria restore` undoes it.")


@criteria.command("restore")
def criteria_restore(name: Name) -> None:
    """Ask a retired criterion again, after the others, as it was worded last."""
    with _criteria() as found:
        stands = found.named(name)
        found.restore(stands.criterion_id)
    typer.echo(f"{stands.name} is asked again.")


def _cells(criterion: "Criterion") -> tuple[str, ...]:
    choices = " / ".join(criterion.choices.values())
    readers = "supervisors, counsellors" if criterion.shared else "supervisors"
    state = "retired" if criterion.is_retired else "asked"
    return (
        *(criterion.name, criterion.question, criterion.about.value, choices),
        *(readers, str(criterion.version), state),
    )


@contextmanager
def _criteria() -> Iterator["Criteria"]:
    from plugin.database.engine import temporary_engine, utc_now
    from plugin.queue.criteria import Criteria

    with temporary_engine(required_secret(load_settings().database.url, "database.url")) as engine:
        yield Criteria(engine, now=utc_now)
