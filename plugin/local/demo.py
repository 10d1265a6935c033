"""`make demo`: the whole of Counterpoint on one bare machine, with conversations written by us or given as files."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from plugin.crypto.keys import key_from_base64
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.migrate import upgrade
from plugin.digest.digest import print_digest
from plugin.local.database_roles import stage_urls
from plugin.local.demo_settings import TEAM, TENANT, USERS, demo_secrets, write_settings
from plugin.local.environment import environment
from plugin.local.paths import STATE
from plugin.local.stack import Stack
from plugin.local.up import ctrl_c_on_sigterm, stages, start, stop, watch
from plugin.queue.accounts import add_account
from plugin.queue.store import open_store
from plugin.queue.views import Accounted
from plugin.replay.command import ask_gateway
from plugin.replay.sending import Replayed
from plugin.replay.sources import load as load_source
from stream.contracts.errors import CounterpointError
from stream.runtime.settings import Settings, load, required
from stream.runtime.topics import create_missing

SAMPLES = Path(__file__).with_name("samples")
MODELS = ("feedback_baseline",)
STORED_WITHIN_S = 300.0  # from the last message to the last session's row; a sample takes seconds, a corpus a minute
ASK_EVERY_S = 0.5


def demo(*, once: bool, paths: Sequence[Path], console: Console) -> int:
    """Start everything, replay, show what came of it, and serve until Ctrl-C. Returns the exit status.

    Without `paths` the bundled samples are replayed and the supervisor's digest is shown; with them, the account of
    what was sent and what became of it.
    """
    ctrl_c_on_sigterm()
    folder = STATE / ("replay" if paths else "demo")
    secret = demo_secrets(folder)
    try:
        with Stack(folder, models=MODELS, say=console.print) as stack:
            file = write_settings(
                folder,
                secret,
                bootstrap_servers=stack.bootstrap_servers,
                database_url=stack.database_url,
                triton_url=stack.triton_url,
            )
            with environment(COUNTERPOINT_FILE=str(file)):
                _run(load(), secret, folder, once=once, paths=paths, console=console)
    except KeyboardInterrupt:
        console.print("Ended; every process it started is gone.")
    return 0


def _run(
    settings: Settings, secret: Mapping[str, str], folder: Path, *, once: bool, paths: Sequence[Path], console: Console
) -> None:
    with _step(console, "topics, tables, accounts"):
        create_missing(settings.kafka)
        upgrade(required(settings.database.url, "database.url"))
        _add_users(settings, secret)
        urls = stage_urls(required(settings.database.url, "database.url"), say=console.print)
    running = stages(settings, folder, {}, urls)
    try:
        start(running, console.print)
        begun = datetime.now(UTC)
        replayed = _replay(settings, paths or [SAMPLES], begun, console)
        account = _wait_for_sessions(settings, replayed, console)
        if paths:
            _show_account(replayed, account, console)
        else:
            print_digest(settings, USERS[0].name, begun, console)
        _show_logins(settings, secret, console)
        if not once:
            console.print("Serving until Ctrl-C.")
            watch(running, console.print)
    finally:
        stop(running)


def _add_users(settings: Settings, secret: Mapping[str, str]) -> None:
    with open_store(settings) as store:
        missing = [user for user in USERS if store.viewer_named(user.name) is None]
    for user in missing:
        add_account(
            settings,
            username=user.name,
            password=secret[user.name],
            role=user.role,
            teams=[TEAM],
            display_name=user.display_name,
            tenant=TENANT,
            counsellor=user.counsellor,
        )


def _replay(settings: Settings, paths: Sequence[Path], begun: datetime, console: Console) -> list[Replayed]:
    """Send each path under the name of this moment, so that a second demo is another week of sessions."""
    run = begun.strftime("%Y%m%dT%H%M%S")
    return [
        ask_gateway(load_source(path, "auto"), settings, tenant=TENANT, speed="max", run=run, console=console)
        for path in paths
    ]


def _wait_for_sessions(settings: Settings, replayed: Sequence[Replayed], console: Console) -> Accounted:
    """Wait until each conversation that got a message published has its session in the queue.

    Raises:
        CounterpointError: one is missing after `STORED_WITHIN_S`.
    """
    pseudonyms = Pseudonyms(key_from_base64(required(settings.tenants[TENANT].pseudonym_key, "pseudonym_key")))
    wanted = [pseudonyms.conversation(reference) for part in replayed for reference in part.with_messages]
    begun = time.monotonic()
    with open_store(settings) as store, console.status("waiting for the queue"):
        while True:
            account = store.sessions_of(TENANT, wanted)
            if account.sessions >= len(wanted):
                console.print(f"{account.sessions} sessions in the queue {time.monotonic() - begun:.1f} s later")
                return account
            if time.monotonic() - begun > STORED_WITHIN_S:
                raise CounterpointError(
                    f"{account.sessions} of {len(wanted)} sessions are in the queue after {STORED_WITHIN_S:g} s;"
                    f" look into the logs in {STATE}."
                )
            time.sleep(ASK_EVERY_S)


def _show_account(replayed: Sequence[Replayed], account: Accounted, console: Console) -> None:
    """In = stored + left out, each with its reason."""
    sent = sum(len(part.with_messages) for part in replayed)
    messages = sum(part.messages for part in replayed)
    console.print(f"\nin: {sent} sessions ({messages} messages)")
    console.print(f"stored with feedback: {account.stored}")
    for reason, count in sorted(account.left_out.items()):
        console.print(f"left out, {reason.value}: {count}")
    console.print(f"assessments: {account.assessments}")
    for why, count in sorted(account.abstentions.items()):
        console.print(f"abstentions, {why.value}: {count}")
    balance = account.stored + sum(account.left_out.values())
    console.print(f"{sent} in = {account.stored} stored + {balance - account.stored} left out", highlight=False)


def _show_logins(settings: Settings, secret: Mapping[str, str], console: Console) -> None:
    console.print(f"\nThe page: http://{settings.web.host}:{settings.web.port}")
    for user in USERS:
        console.print(f"  {user.role:<10}  {user.name}  {secret[user.name]}", highlight=False, markup=False)


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    console.print(f"{what}: done after {time.monotonic() - begun:.1f} s")
