"""The commands `counterpoint people plan` and `apply`: a file, its plan, a question, and its changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from plugin.database.engine import temporary_engine, utc_now
from plugin.people.file import read_people
from plugin.people.words import plan_lines
from plugin.plain_text import counted, printable
from plugin.queue.account_changes import Actor
from plugin.queue.people import PeopleMapping, PlanDiffersError
from plugin.queue.people_rows import WantedPerson, provider_says, wanted_people
from plugin.queue.people_views import PeoplePlan
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings, required_secret


def plan(settings: Settings, console: Console, path: Path, *, disable_absent: bool) -> bool:
    """Print what a file would change and where everybody would land; return whether everybody can be placed.

    Raises:
        Misconfigured: a setting or a line of the file is wrong.
        Unavailable: the database is away.
    """
    wanted, provider = _wanted(settings, path), provider_says(settings.oidc)
    with _people(settings) as people:
        planned = people.plan(wanted, provider, disable_absent=disable_absent)
    _say(console, plan_lines(planned, disable_absent=disable_absent))
    return not planned.plan.refused


def apply(
    settings: Settings,
    console: Console,
    path: Path,
    *,
    disable_absent: bool,
    code: str | None,
    confirm: Callable[[str], bool],
) -> None:
    """Make the changes of the plan of this code, or print the plan and ask, and say what was done.

    Raises:
        Misconfigured: a setting or a line is wrong, somebody cannot be placed, or the plan is another one by now.
        Unavailable: the database is away, and nothing was changed.
    """
    wanted, provider = _wanted(settings, path), provider_says(settings.oidc)
    with _people(settings) as people:
        if code is None:
            planned = people.plan(wanted, provider, disable_absent=disable_absent)
            _say(console, plan_lines(planned, disable_absent=disable_absent))
            if planned.plan.refused:
                raise Misconfigured("Nothing was changed. Mend the file, or leave out whoever cannot be placed.")
            if planned.plan.is_empty or not confirm("Make these changes?"):
                _say(console, ("Nothing was changed.",))
                return
            code = planned.plan.code
        try:
            done = people.apply(
                wanted, provider, code, disable_absent=disable_absent, by=Actor(request_id=f"people {code}")
            )
        except PlanDiffersError:
            raise Misconfigured(
                "Nothing was changed: the file or the accounts are no longer those of this plan. Read it again:"
                f" counterpoint people plan {path}"
            ) from None
    _say(console, _done_lines(done))


def _wanted(settings: Settings, path: Path) -> tuple[WantedPerson, ...]:
    return wanted_people(read_people(path), settings.tenants, settings.oidc.issuer)


@contextmanager
def _people(settings: Settings) -> Iterator[PeopleMapping]:
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        yield PeopleMapping(engine, now=utc_now)


def _done_lines(done: PeoplePlan) -> Iterator[str]:
    yield f"Added: {len(done.added)}. Changed: {len(done.changed)}. Disabled: {len(done.disabled)}."
    without = [each.username for each in done.added if each.issuer is None]
    if without:
        yield (
            f"{counted(len(without), 'account needs a password', 'accounts need a password')}, each by `counterpoint"
            f" users password`: {', '.join(without)}."
        )


def _say(console: Console, lines: Iterator[str] | tuple[str, ...]) -> None:
    for line in lines:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)
