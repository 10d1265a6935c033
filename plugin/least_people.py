"""How many counsellors a figure must be about, so that it is about nobody in particular."""

from typing import Final

LEAST_COUNSELLORS: Final = 5
"""With fewer, a figure about all of them is a figure about each of them to whoever knows the others."""
