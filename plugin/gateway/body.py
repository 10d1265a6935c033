"""Reading a request body that may be too long or never come to its end."""

import asyncio

from starlette.requests import ClientDisconnect, Request

READ_S = 10.0
"""A body of 256 KiB takes well under a second on any line that a chat platform has."""

_MOST_DIGITS = 18  # of a length that a body could ever have; Python refuses to read thousands of them


class Refused(Exception):  # noqa: N818 - named by what happens to the request
    """The body is not read to its end; `status` is the HTTP answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"body refused with status {status}")
        self.status = status


async def read(request: Request, limit: int) -> bytes:
    """Read at most `limit` bytes, whatever Content-Length says and however the body is cut into chunks.

    Raises:
        Refused: 413 when it is longer, 408 when it does not come within `READ_S` seconds, 400 when the sender leaves.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > _MOST_DIGITS or int(declared) > limit):
        raise Refused(413)
    parts = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for part in request.stream():
                parts += part
                if len(parts) > limit:
                    raise Refused(413)
    except TimeoutError:
        raise Refused(408) from None
    except ClientDisconnect:
        raise Refused(400) from None
    return bytes(parts)
