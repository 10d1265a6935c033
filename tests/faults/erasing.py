"""The command `erase` as an operator runs it, for tests that erase while faults happen."""

import io

from rich.console import Console

from plugin.database.tables import TombstoneKind
from plugin.local.demo_settings import TENANT
from plugin.privacy.commands.erase import erase
from tests.fixtures.system import RunningSystem


def erase_and_capture_output(system: RunningSystem, kind: TombstoneKind, reference: str) -> str:
    """Erase as an operator does, and return what is printed."""
    screen = io.StringIO()
    done = erase(
        system.settings,
        Console(file=screen, width=200),
        kind=kind,
        tenant=TENANT,
        reference=reference,
        is_pseudonym=False,
        dry_run=False,
        confirm=None,
    )
    assert done, screen.getvalue()
    return screen.getvalue()
