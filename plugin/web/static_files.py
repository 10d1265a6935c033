"""The files that the pages load: our own, and htmx, which comes in a package that the pages also do without."""

import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from fastapi.staticfiles import StaticFiles

from plugin.web.render import FOLDER

HTMX: Final = "htmx.js"
_PACKAGE: Final = "django-htmx"
_FILE: Final = "django_htmx/static/django_htmx/htmx-2.min.js"


def find_htmx(package: str = _PACKAGE) -> Path | None:
    """Return the file of htmx, or None where its package is not installed; no code of the package is imported."""
    try:
        found = Path(str(distribution(package).locate_file(_FILE)))
    except PackageNotFoundError:
        return None
    return found if found.is_file() else None


class PageFiles(StaticFiles):
    """The files under `/static`; browsers keep them and ask each time whether they have changed."""

    def __init__(self, htmx: Path | None) -> None:
        """Serve our own files, and `htmx` where it is given."""
        super().__init__(directory=FOLDER / "static")
        self._htmx = htmx

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return the place of a file."""
        if path == HTMX and self._htmx is not None:
            return str(self._htmx), self._htmx.stat()
        return super().lookup_path(path)
