"""The folders in which local runs find the repository and keep their state."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
"""The repository: the model folder, the server environment and our state lie beside the code."""

STATE: Final = ROOT / ".counterpoint"
"""Everything local runs write: jars, data directories, logs. Removing it loses only local data."""

SERVER_PYTHON: Final = ROOT / ".venv-triton" / "bin" / "python"

SYNAPSE_PYTHON: Final = ROOT / ".venv-synapse" / "bin" / "python"
