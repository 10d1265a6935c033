"""`make demo`: the whole of Counterpoint on one bare machine, with conversations written by us or given as files."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from plugin.database.engine import utc_now
from plugin.database.migrate import upgrade
from plugin.digest.command import print_digest
from plugin.local.all_stages import interrupt_on_sigterm, restart_ended, stage_processes, start_all, stop_all
from plugin.local.database_roles import create_stage_roles
from plugin.local.demo_desk import stored_week
from plugin.local.demo_matrix import MATRIX_TENANT, counsellor_reference, homeserver_of, open_a_room, say_samples
from plugin.local.demo_settings import NO_PLATFORM, TENANT, USERS, demo_secrets, write_first_hour, write_settings
from plugin.local.demo_week import OLDEST_S, ends_of, run_of
from plugin.local.demo_work import do_the_work
from plugin.local.environment_variables import environment_variables
from plugin.local.paths import STATE
from plugin.local.process import Process
from plugin.local.stack import Stack
from plugin.local.synapse import SynapseServer
from plugin.queue.account_changes import add_account
from plugin.queue.store import open_store
from plugin.queue.views import ConversationTotals
from plugin.replay.command import replay_source
from plugin.replay.sending import ReplayResult
from plugin.replay.sources import load_source
from plugin.tenants import pseudonyms_of
from stream.contracts.errors import CounterpointError, Misconfigured
from stream.runtime.settings import Settings, load_settings, required_secret
from stream.runtime.topics import create_missing_topics

SAMPLES = Path(__file__).with_name("samples")
MODELS = ("feedback_baseline", "reader")
"""The baseline and the model that it asks."""
STORED_TIMEOUT_S = 300.0  # from the last message to the last session's row; a sample takes seconds, a corpus a minute
POLL_INTERVAL_S = 0.5


def run_demo(
    *,
    once: bool,
    paths: Sequence[Path],
    console: Console,
    with_matrix: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> int:
    """Start everything, replay, show what came of it, and serve until Ctrl-C. Returns the exit status.

    Without `paths` the bundled samples are replayed as those of the past week, people work on some of them, and the
    supervisor's digest is shown; with them, the account of what was sent and what became of it. `with_matrix` a
    homeserver is started too, and its users say now what is in the samples.

    Raises:
        Misconfigured: `with_matrix` and `paths` are given: users say the samples alone.
    """
    if with_matrix and paths:
        raise Misconfigured("Matrix users say the samples alone: leave the conversations out, or the platform.")
    interrupt_on_sigterm()
    folder = STATE / ("matrix" if with_matrix else "replay" if paths else "demo")
    secret = demo_secrets(folder)
    try:
        with Stack(folder, models=MODELS, say=console.print) as stack:
            file = write_settings(
                folder,
                secret,
                bootstrap_servers=stack.bootstrap_servers,
                database_url=stack.database_url,
                triton_url=stack.triton_url,
                clock_tolerance_s=None if paths or with_matrix else OLDEST_S,
                platform=MATRIX_TENANT if with_matrix else NO_PLATFORM,
                measures=True,
            )
            with environment_variables(COUNTERPOINT_FILE=str(file)):
                settings = load_settings()
                homeserver = homeserver_of(settings, secret, folder) if with_matrix else None
                _run(settings, secret, folder, homeserver, once=once, paths=paths, console=console, now=now)
    except KeyboardInterrupt:
        console.print("Ended; every process it started is gone.")
    return 0


def _run(
    settings: Settings,
    secret: Mapping[str, str],
    folder: Path,
    homeserver: SynapseServer | None,
    *,
    once: bool,
    paths: Sequence[Path],
    console: Console,
    now: Callable[[], datetime],
) -> None:
    with _step(console, "topics, tables, accounts"):
        create_missing_topics(settings.kafka)
        upgrade(required_secret(settings.database.url, "database.url"))
        add_people(settings, secret)
        urls = create_stage_roles(required_secret(settings.database.url, "database.url"), say=console.print)
    running: list[Process] = [*stage_processes(settings, folder, {}, urls), *([homeserver] if homeserver else [])]
    try:
        start_all(running, console.print)
        begun = now()
        today = begun.replace(hour=0, minute=0, second=0, microsecond=0)
        if paths:
            replayed = _replay(settings, paths, begun, console)
            _print_totals(replayed, _wait_for_sessions(settings, replayed, console), console)
        elif homeserver:
            said = [say_samples(homeserver, secret, SAMPLES, console)]
            _print_totals(said, _wait_for_sessions(settings, said, console), console)
            print_digest(settings, USERS[0].name, secret[USERS[0].name], today, console)
        else:
            _replay_week(settings, begun, console)
            with stored_week(settings, begun) as week:
                do_the_work(week)
            print_digest(settings, USERS[0].name, secret[USERS[0].name], today, console)
        _print_logins(settings, secret, console, with_week=not paths and not homeserver)
        if homeserver:
            open_a_room(homeserver, secret, console)
        else:
            console.print(f"Play the platform: docs/first-hour.md, with {write_first_hour(folder, secret, settings)}")
        if not once:
            console.print("Serving until Ctrl-C.")
            restart_ended(running, console.print)
    finally:
        stop_all(running)


def add_people(settings: Settings, secret: Mapping[str, str]) -> None:
    """Add the accounts that are missing, and the teams that an earlier version of the demo did not have."""
    with open_store(settings) as store:
        entries = {entry.username: entry for entry in store.accounts.entries()}
        for user in USERS:
            entry = entries.get(user.name)
            if entry is not None and (teams := [team for team in user.teams if team not in entry.teams]):
                store.accounts.change_teams(entry.account_id, add=teams)
    for user in USERS:
        if user.name not in entries:
            add_account(
                settings,
                username=user.name,
                password=secret[user.name],
                role=user.role,
                teams=user.teams,
                display_name=user.display_name,
                tenant=TENANT if user.teams else None,
                counsellor=user.counsellor and counsellor_reference(settings, user.counsellor),
            )


def _replay(settings: Settings, paths: Sequence[Path], begun: datetime, console: Console) -> list[ReplayResult]:
    """Send each path under the name of this moment, so that a second demo sends it again."""
    run = begun.strftime("%Y%m%dT%H%M%S")
    return [
        replay_source(load_source(path, "auto"), settings, tenant=TENANT, speed="max", run=run, console=console)
        for path in paths
    ]


def _replay_week(settings: Settings, begun: datetime, console: Console) -> None:
    """Send the week of samples and wait until it is stored, unless an earlier start of the same day has done so."""
    source = replace(load_source(SAMPLES), not_read=())  # the README beside them, which nobody needs to be told
    run, pseudonyms = run_of(begun), pseudonyms_of(settings.tenants, TENANT)
    consented = [
        pseudonyms.conversation(f"{run}:{conversation.reference}")
        for conversation in source.conversations
        if any(event.payload.get("consent") for event in conversation.events)
    ]
    with open_store(settings) as store:
        is_stored = store.conversation_totals(TENANT, consented).sessions >= len(consented)
    if is_stored:
        console.print("The week is stored already: an earlier start today sent it.")
        return
    replayed = replay_source(
        source, settings, tenant=TENANT, speed="max", run=run, ends=ends_of(begun), console=console
    )
    _wait_for_sessions(settings, [replayed], console)


def _wait_for_sessions(settings: Settings, replayed: Sequence[ReplayResult], console: Console) -> ConversationTotals:
    """Wait until each conversation that got a message published has its session in the queue.

    Raises:
        CounterpointError: one is missing after `STORED_TIMEOUT_S`.
    """
    pseudonyms = pseudonyms_of(settings.tenants, TENANT)
    wanted = [pseudonyms.conversation(reference) for part in replayed for reference in part.with_messages]
    begun = time.monotonic()
    with open_store(settings) as store, console.status("waiting for the queue"):
        while True:
            totals = store.conversation_totals(TENANT, wanted)
            if totals.sessions >= len(wanted):
                console.print(f"{totals.sessions} sessions in the queue {time.monotonic() - begun:.1f} s later")
                return totals
            if time.monotonic() - begun > STORED_TIMEOUT_S:
                raise CounterpointError(
                    f"{totals.sessions} of {len(wanted)} sessions are in the queue after {STORED_TIMEOUT_S:g} s;"
                    f" look into the logs in {STATE}."
                )
            time.sleep(POLL_INTERVAL_S)


def _print_totals(replayed: Sequence[ReplayResult], totals: ConversationTotals, console: Console) -> None:
    """In = stored + left out, each with its reason."""
    sent = sum(len(part.with_messages) for part in replayed)
    messages = sum(part.messages for part in replayed)
    console.print(f"\nin: {sent} sessions ({messages} messages)")
    console.print(f"stored with feedback: {totals.stored}")
    for reason, count in sorted(totals.left_out.items()):
        console.print(f"left out, {reason.value}: {count}")
    console.print(f"assessments: {totals.assessments}")
    for why, count in sorted(totals.abstentions.items()):
        console.print(f"abstentions, {why.value}: {count}")
    balance = totals.stored + sum(totals.left_out.values())
    console.print(f"{sent} in = {totals.stored} stored + {balance - totals.stored} left out", highlight=False)


def _print_logins(settings: Settings, secret: Mapping[str, str], console: Console, *, with_week: bool) -> None:
    """Print the page's address and every account, with what it sees first of the week."""
    console.print(f"\nThe page: http://{settings.web.host}:{settings.web.port}")
    for user in USERS:
        login = f"  {user.role:<10}  {user.name:<10}  {secret[user.name]}"
        console.print(login, highlight=False, markup=False)
        if with_week:
            console.print(f"              sees first: {user.sees}", highlight=False, markup=False)


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    console.print(f"{what}: done after {time.monotonic() - begun:.1f} s")
