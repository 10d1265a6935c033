"""One hash over these files and the reader's: a change to any of them is another model, and needs another check."""

from __future__ import annotations

import hashlib
from pathlib import Path

READER = Path("reader", "1")
"""The reader's files, in the same model repository."""
_READ = {".json", ".npy", ".onnx", ".py"}


def reader_folder(own: Path) -> Path:
    """Return the folder of the reader that goes with the baseline in `own`."""
    return own.parents[1] / READER


def fingerprint(folder: Path) -> str:
    """Return SHA-256 over names and bytes of the code, the library and the reader, in hexadecimal."""
    found = hashlib.sha256()
    for part in (folder, reader_folder(folder)):
        for path in sorted(path for path in part.iterdir() if path.suffix in _READ):
            found.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()
