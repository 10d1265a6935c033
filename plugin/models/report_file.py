"""Read a report that an activation names, together with its hash."""

import hashlib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from stream.contracts.errors import Misconfigured

Report = TypeVar("Report", bound=BaseModel)


def read_report_file(path: Path, report: type[Report], written_by: str) -> tuple[Report, str]:
    """Return a report and the SHA-256 of its file; `written_by` is the command, for the error.

    Raises:
        Misconfigured: it cannot be read, or is no such report.
    """
    try:
        raw = path.read_bytes()
        return report.model_validate_json(raw), hashlib.sha256(raw).hexdigest()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise Misconfigured(f"{path} is no report of {written_by}.") from None
