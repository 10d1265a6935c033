"""One run of an export: who it is for, its entries in the audit trail, and the file that it makes.

The entries come before anything is read: whoever breaks the run off has left a line that the therapists see.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import add_audit_entry
from plugin.database.engine import connect, transaction, utc_now
from plugin.database.key_encryption_key import key_encryption_key
from plugin.database.viewer import Viewer
from plugin.exports.pseudonyms import PlatformPseudonyms
from plugin.queue.export_entries import BEGUN, ExportKind, ExportPurpose, export_entry
from plugin.queue.store import Store
from stream.contracts.errors import Denied
from stream.runtime.settings import Settings, required_secret

Advance = Callable[[int], object]
"""Called with the number of sessions that were done."""
ShowProgress = Callable[[int], AbstractContextManager[Advance]]
"""Shows the progress over a number of sessions."""


@dataclass(frozen=True)
class Exporter:
    """Whoever types their own name and password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ExportRun:
    """One run of an export, of which the database is open and the person known."""

    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey = field(repr=False)
    store: Store = field(repr=False)
    pseudonyms: PlatformPseudonyms = field(repr=False)
    viewer: Viewer
    kind: ExportKind
    purpose: ExportPurpose
    export_id: UUID
    now: Callable[[], datetime] = field(repr=False)

    @property
    def entry(self) -> str:
        """What the trail calls it."""
        return export_entry(self.kind, self.purpose)

    @property
    def caller(self) -> str:
        """The request id of its entries: the export, and the operating system's user."""
        return f"export {self.export_id}, uid {os.getuid()}"

    def begin(self, therapists: Collection[UUID]) -> None:
        """Write the entry of the export, and one for each therapist whom it concerns."""
        objects = [("export", self.export_id), *(("account", account) for account in sorted(therapists))]
        with transaction(self.engine, self.viewer.user_id) as session:
            for object_type, object_id in objects:
                add_audit_entry(
                    session,
                    self.viewer,
                    purpose=self.entry,
                    object_type=object_type,
                    object_id=object_id,
                    outcome=BEGUN,
                    request_id=self.caller,
                )

    def finish(self, rows: int) -> None:
        """Write that the export is whole. Its file gets its name afterwards."""
        with transaction(self.engine, self.viewer.user_id) as session:
            add_audit_entry(
                session,
                self.viewer,
                purpose=self.entry,
                object_type="export",
                object_id=self.export_id,
                outcome=f"done {rows} rows",
                request_id=self.caller,
            )


@contextmanager
def open_run(settings: Settings, exporter: Exporter, kind: ExportKind, purpose: ExportPurpose) -> Iterator[ExportRun]:
    """Yield a run for the person whose password this is.

    Raises:
        Denied: there is no such account, or the password is not its own.
        Misconfigured: a setting is missing or wrong.
        Unavailable: the database is away.
    """
    engine, kek = connect(required_secret(settings.database.url, "database.url")), key_encryption_key(settings)
    export_id = uuid4()
    with Store(engine, kek, now=utc_now) as store:
        store.ping()
        viewer = store.authenticate(exporter.username, exporter.password, request_id=f"export {export_id}")
        if viewer is None:
            raise Denied("There is no account with this name and password.")
        pseudonyms = PlatformPseudonyms(settings.tenants)
        yield ExportRun(engine, kek, store, pseudonyms, viewer, kind, purpose, export_id, utc_now)
