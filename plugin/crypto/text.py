"""Encryption of text in a database column, with the key of its conversation and bound to its row and column.

A ciphertext that is moved to another tenant, table, row or column does not decrypt.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugin.crypto.aes import open_sealed, seal
from plugin.crypto.keys import WrongKey


@dataclass(frozen=True)
class ColumnBinding:
    """The tenant, table, row and column that a ciphertext is bound to. `row` is the row's primary key."""

    tenant: str
    table: str
    row: str
    column: str

    @property
    def associated_data(self) -> bytes:
        """The associated data of the encryption. None of the parts contains the separator."""
        return f"{self.tenant}\x1f{self.table}\x1f{self.row}\x1f{self.column}".encode()


@dataclass(frozen=True)
class TextCipher:
    """A cipher that encrypts and decrypts the text of one conversation."""

    data_key: bytes = field(repr=False)

    def encrypt(self, text: str, binding: ColumnBinding) -> bytes:
        """Encrypt text for one column of one row. Every call returns different bytes, even for the same text."""
        return seal(AESGCM(self.data_key), text.encode(), binding.associated_data)

    def decrypt(self, sealed: bytes, binding: ColumnBinding) -> str:
        """Decrypt a text that was encrypted for this column and row.

        Raises:
            WrongKey: another key, another row or column, or changed bytes.
        """
        try:
            return open_sealed(AESGCM(self.data_key), sealed, binding.associated_data).decode()
        except InvalidTag:
            raise WrongKey(f"a text of {binding.table}.{binding.column} cannot be opened") from None
