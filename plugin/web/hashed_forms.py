"""What forms with a password share: they are hashed one at a time, and what is wrong is a sentence for the person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from fastapi import Request

from plugin.http_connections import address_of
from plugin.web.dependencies import Services, client_address
from plugin.web.labels import counted
from plugin.web.login_queue import Busy
from stream.contracts.errors import Misconfigured

_BUSY: Final = (
    "Many passwords are being checked at this moment. Nothing was changed; please send it again in a few seconds."
)
_MINUTE_S: Final = 60

T = TypeVar("T")


@dataclass(frozen=True)
class Trouble:
    """Why nothing was changed, as a sentence for the person, and the status of the answer."""

    sentence: str
    status: int = 400


async def hashed(request: Request, services: Services, change: Callable[[], T]) -> T | Trouble:
    """Run a change that hashes a password in its turn; return what it returns, or what is wrong."""
    try:
        return await services.logins.run(change, address=address_of((client_address(request), 0)), is_known=True)
    except Misconfigured as error:
        return Trouble(str(error))
    except Busy:
        return Trouble(_BUSY, 503)


def check_repeated(password: str, repeated: str) -> None:
    """Check that a new password was typed twice in the same way.

    Raises:
        Misconfigured: it was not.
    """
    if password != repeated:
        raise Misconfigured("The two passwords are not the same. Please type them again.")


def too_many_tries(wait_s: float) -> str:
    """Return how long somebody waits after too many wrong passwords, in a sentence."""
    wait = counted(int(wait_s // _MINUTE_S) + 1, "minute") if wait_s >= _MINUTE_S else "a few seconds"
    return f"Too many tries. Please wait {wait}."
