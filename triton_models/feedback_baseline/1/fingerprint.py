"""What these files are, in one hash: a change to any of them is another model, and needs another check."""

from __future__ import annotations

import hashlib
from pathlib import Path


def fingerprint(folder: Path) -> str:
    """SHA-256 over names and bytes of the rules, cues, patterns and weights, in hexadecimal."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in {".json", ".py", ".toml"}):
        found.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()
