"""Translates what a user's settings tell pip into the settings of uv, which reads none of pip's.

Hospitals set a package mirror, a certificate authority or a proxy once, for pip: in its configuration file or in PIP_*
variables. The names on the right are those of https://docs.astral.sh/uv/reference/environment/.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_OFFLINE",  # uv has no variable for it; who uses no index has a folder of packages
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
SAFE_BY_HASHES = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
"""Look for a version in every index, as pip does: what is installed is checked by its hash, wherever it comes from."""
SECTIONS = ("global", "install", ":env:")
"""The sections of pip's configuration, the one that wins last."""


def uv_settings(python: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv: the given one, and what pip would be told where that says nothing of uv's own.

    ``python`` is an interpreter that has pip.
    """
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(environment)).stdout
    return SAFE_BY_HASHES | translate(listed) | dict(environment)


def translate(listed: str) -> dict[str, str]:
    """Return uv's variables for the lines of ``pip config list``, such as ``global.index-url='https://...'``."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found and name in UV_NAMES:
            # pip separates several values by white space, newlines among them; uv by spaces, folders by commas.
            separator = "," if name == "find-links" else " "
            found[section][UV_NAMES[name]] = separator.join(str(ast.literal_eval(value)).split())
    return {name: value for section in SECTIONS for name, value in found[section].items()}
