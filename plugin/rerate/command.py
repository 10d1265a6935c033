"""The command `counterpoint rerate`: what it will do, a question, and the run with a progress bar."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final
from uuid import uuid4

from rich.console import Console
from sqlalchemy import Engine

from plugin.database.engine import transaction, utc_now
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.roles import sees_every_session
from plugin.plain_text import age_words, counted
from plugin.privacy.commands.common import Database, open_database, progress_bar, say
from plugin.rerate.due import Asked, count_due
from plugin.rerate.rating import CarefulModel
from plugin.rerate.run import Run, RunReport, only_run
from stream.contracts.errors import Misconfigured
from stream.feedback.models.activation import ActivatedModel, read_activation
from stream.feedback.models.base import FeedbackModel
from stream.feedback.models.factory import open_model
from stream.runtime.settings import FeedbackSettings, Settings

FIRST: Final = 10
"""Exchanges after which the time that is left is said again, at their own speed."""


def rerate(
    settings: Settings, console: Console, *, shadow: bool, at_most: int, confirm: Callable[[str], bool] | None
) -> None:
    """Rate stored exchanges by the active model or by the one in shadow, and print what was done.

    `confirm` asks the user before a word is read; None means that nobody is asked.

    Raises:
        Misconfigured: a setting is missing or wrong, or the service lets no model read untold names.
        ModelGone: the model is away. What was rated is stored.
        Unavailable: the database is away.
    """
    if settings.feedback.without_names == "abstain":
        raise Misconfigured(
            "feedback.without_names is abstain: no model may read words whose names nobody told, and the names that"
            " were told are not stored. So no stored exchange is rated again."
        )
    beside = read_activation(settings.feedback.activation).key if shadow else None
    with open_database(settings) as database, only_run(database.engine) as is_only:
        if not is_only:
            say(console, "Another run is under way, and rates the same exchanges.")
            return
        _check(database)
        model = open_shadow(settings.feedback) if shadow else open_active(settings.feedback)
        asyncio.run(_rerate(settings, console, database, model, beside, at_most, confirm))


def open_active(settings: FeedbackSettings) -> FeedbackModel:
    """Return the configured model behind its activation."""
    return ActivatedModel(open_model(settings), partial(read_activation, settings.activation))


def open_shadow(settings: FeedbackSettings) -> FeedbackModel:
    """Return the model in shadow. It needs no activation, since what it says reaches nobody.

    Raises:
        Misconfigured: there is none.
    """
    given = settings.shadow
    if not given.model:
        raise Misconfigured("No model is in shadow: set feedback.shadow.model.")
    url = given.triton_url or settings.triton_url
    return open_model(settings.model_copy(update={"model": given.model, "triton_url": url, "lora": given.lora}))


def _check(database: Database) -> None:
    """Check the role and the key before anything is said.

    Raises:
        Misconfigured: the role sees the rows of one account alone, or the key is not the database's.
    """
    with transaction(database.engine) as session:
        if not sees_every_session(session):
            raise Misconfigured(
                "The user of database.url may not read every session; use the role rerate (`counterpoint database"
                " roles`)."
            )
        check_key_encryption_key(session, database.kek)


async def _rerate(
    settings: Settings,
    console: Console,
    database: Database,
    model: FeedbackModel,
    beside: str | None,
    at_most: int,
    confirm: Callable[[str], bool] | None,
) -> None:
    careful = CarefulModel(model, deadline_s=settings.feedback.deadline_s, per_minute=at_most)
    try:
        each_s = await careful.try_out()
        if careful.version.key == beside:
            raise Misconfigured("The model in shadow is the active one: there is nothing to compare.")
        asked = Asked.at(utc_now(), settings.retention, careful.version, beside)
        exchanges, sessions = _count(database.engine, asked)
        say(console, *_price(asked, exchanges, sessions, each_s))
        if not exchanges:
            return
        if confirm is not None and not confirm("Begin?"):
            say(console, "Nothing was read.")
            return
        run = Run(database.engine, database.kek, asked, uuid4(), utc_now)
        with progress_bar(console, "rating", exchanges) as advance:
            done = await run.rate_all(careful.rate, _steps(console, exchanges, advance))
        say(console, *_report(asked, done))
    finally:
        await model.close()


def _count(engine: Engine, asked: Asked) -> tuple[int, int]:
    with transaction(engine) as session:
        return count_due(session, asked)


def _price(asked: Asked, exchanges: int, sessions: int, each_s: float) -> Iterator[str]:
    version = asked.version
    name = f"{version.name} (weights {version.weights}, prompt {version.prompt}, rubric {version.rubric})"
    yield f"Model: {name}, {'in shadow' if asked.is_shadow else 'active'}."
    where = " whose clients agreed to secondary use" if asked.is_shadow else ""
    if not exchanges:
        yield f"Nothing to rate: no stored exchange of sessions{where} that it has not rated."
        return
    yield f"To rate: {counted(exchanges, 'exchange')} of {counted(sessions, 'session')}{where}."
    yield f"About {age_words(exchanges * each_s)}, one every {each_s:.1f} s as measured on a made-up one."
    yield (
        "It reads their words. Names that were told are not stored: those that are recognised are replaced, others"
        " reach the model."
    )
    yield (
        "It writes one row each, levels and codes without words, and an entry on the audit trail for each session."
        " What was released or reviewed stays as it is."
    )


def _steps(console: Console, exchanges: int, advance: Callable[[int], object]) -> Callable[[], None]:
    """Return what is done after each exchange."""
    began, done = time.monotonic(), 0

    def step() -> None:
        nonlocal done
        done += 1
        advance(1)
        if done == FIRST and exchanges > FIRST:
            left_s = (time.monotonic() - began) / done * (exchanges - done)
            say(console, f"At the speed of the first {FIRST}: about {age_words(left_s)} are left.")

    return step


def _report(asked: Asked, done: RunReport) -> Iterator[str]:
    abstained = f", of which it abstained from {done.abstained}" if done.abstained else ""
    yield f"Rated: {counted(done.rated, 'exchange')}{abstained}."
    if done.not_stored:
        yield f"Not stored, since they changed or were removed meanwhile: {done.not_stored}."
    if asked.is_shadow:
        yield "Compare it with the active model: `counterpoint model compare`."
