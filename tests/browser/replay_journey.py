"""The whole way: a conversation is replayed through all stages, and is found on the pages of those concerned."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

from playwright.sync_api import Browser
from rich.console import Console

from plugin.local.demo import SAMPLES, add_people
from plugin.local.demo_settings import TENANT
from plugin.replay.command import replay_source
from plugin.replay.sources import load_source
from tests.browser.looks import LAPTOP, Looks
from tests.browser.visitor import Visitor
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import DEADLOCK_S, wait_until

SAMPLE = "sleep-and-phone"
OWN = "Moment {}: your own level of Respect for Autonomy"


def test_a_replayed_conversation_reaches_its_therapist(
    start_system: Callable[..., RunningSystem], browser: Browser, looks: Looks
) -> None:
    """A replay comes through real broker, model and database; a first-time supervisor corrects and releases it."""
    # given: a conversation that is replayed through the gateway, until it is in the queue
    system = start_system()
    add_people(system.settings, system.secret)
    source = load_source(SAMPLES / f"{SAMPLE}.jsonl", "auto")
    with ThreadPoolExecutor() as thread:  # the browser's driver has an event loop in this one
        silent = Console(file=StringIO())
        thread.submit(
            replay_source, source, system.settings, tenant=TENANT, speed="max", run="journey", console=silent
        ).result()
    wait_until(lambda: system.rows("SELECT 1 FROM sessions"), "the session is stored")

    def person(name: str) -> Visitor:
        address = f"http://{system.settings.web.host}:{system.settings.web.port}"
        context = browser.new_context(base_url=address, viewport=LAPTOP)
        context.set_default_timeout(DEADLOCK_S * 1000)
        visitor = Visitor(context.new_page(), looks)
        visitor.log_in(name, system.secret[name])
        return visitor

    # when: the supervisor follows what the pages offer first, each time
    supervisor = person("supervisor")
    supervisor.sees("1 session waits for you")
    supervisor.follow("Begin with the first")
    supervisor.sees("Jonas (sample)", "Not reviewed yet")
    supervisor.press("Review it")
    rated = supervisor.page.get_by_role("group", name="your own level of Respect for Autonomy").first
    supervisor.press("strong", rated)
    supervisor.sees("Sample Supervisor: \u25cf\u25cfstrong expression")
    supervisor.press("Release to the counsellor", supervisor.part("decision"))
    supervisor.sees("This is the end of the list")
    # then: the therapist reads it
    jonas = person("jonas")
    jonas.sees("from Sample Supervisor")
    jonas.page.locator(".rows a").click()
    jonas.sees("Respect for Autonomy Sample Supervisor:", "baseline", "unvalidated")
    jonas.press("I have read this")
    jonas.sees("You acknowledged this on")
    for visitor in (supervisor, jonas):
        visitor.page.context.close()
