"""Text in a database column: sealed with its conversation's key and bound to its place.

A ciphertext that is moved to another tenant, table, row or column does not open.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugin.crypto.aes import open_sealed, seal
from plugin.crypto.keys import WrongKey


@dataclass(frozen=True)
class Place:
    """Where a ciphertext belongs. `row` is the row's key."""

    tenant: str
    table: str
    row: str
    column: str

    @property
    def bound(self) -> bytes:
        """The associated data; the separator cannot be in any of the parts."""
        return f"{self.tenant}\x1f{self.table}\x1f{self.row}\x1f{self.column}".encode()


@dataclass(frozen=True)
class TextCipher:
    """Seals and opens the text of one conversation."""

    data_key: bytes = field(repr=False)

    def encrypt(self, text: str, place: Place) -> bytes:
        """Seal text for one place. The same text never gives the same bytes twice."""
        return seal(AESGCM(self.data_key), text.encode(), place.bound)

    def decrypt(self, sealed: bytes, place: Place) -> str:
        """Open what was sealed for this place.

        Raises:
            WrongKey: another key or place, or changed bytes.
        """
        try:
            return open_sealed(AESGCM(self.data_key), sealed, place.bound).decode()
        except InvalidTag:
            raise WrongKey(f"a text of {place.table}.{place.column} cannot be opened") from None
