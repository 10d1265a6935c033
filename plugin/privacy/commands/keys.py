"""The command `counterpoint keys rotate`."""

from rich.console import Console
from rich.table import Table

from plugin.database.engine import transaction
from plugin.database.receivers_key import receivers_key
from plugin.plain_text import counted
from plugin.privacy.commands.common import open_database, progress_bar, say
from plugin.privacy.rotation import check_keys_known, count_keys, rotate_keys, rotate_receiver_secrets
from stream.runtime.settings import Settings


def keys_rotate(settings: Settings, console: Console, *, dry_run: bool) -> None:
    """Wrap all data keys with the present key encryption key.

    Raises:
        Misconfigured: a key that wrapped some of them is missing.
        Unavailable: the database is away.
    """
    with open_database(settings) as database:
        with transaction(database.engine) as session:
            counts = count_keys(session)
        table = Table("key", "data keys", "", box=None, pad_edge=False)
        for key, count in sorted(counts.by_key.items()):
            presence = "in the settings" if key in database.kek.ids else "MISSING"
            table.add_row(key, str(count), "the present one" if key == database.kek.id else presence)
        console.print(table)
        check_keys_known(database.kek, counts)
        to_rewrap = counts.count_to_rewrap(database.kek)
        if not to_rewrap or dry_run:
            say(
                console,
                f"{counted(to_rewrap, 'data key')} to wrap again." + (" Nothing was changed." if dry_run else ""),
            )
        else:
            with progress_bar(console, "wrapping", to_rewrap) as advance:
                done = rotate_keys(database.engine, database.kek, step=advance)
            say(console, f"{counted(done, 'data key')} wrapped again with key {database.kek.id}.")
        if settings.delivery.stores_receivers and not dry_run:
            done = rotate_receiver_secrets(database.engine, receivers_key(settings.delivery))
            if done:
                say(console, f"{counted(done, 'secret')} of receivers encrypted again with the present receivers' key.")
    if not dry_run and settings.database.previous_key_encryption_keys:
        say(
            console,
            "Nothing in the database needs database.previous_key_encryption_keys any more. Remove it from every stage's"
            " settings. Backups made before now still need it: keep the old key for as long as you keep them.",
        )
