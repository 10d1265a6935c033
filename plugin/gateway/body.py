"""Reading of a request body that may be too long or may never end."""

import asyncio

from starlette.requests import ClientDisconnect, Request

READ_S = 10.0
"""The longest time for one body; 256 KiB take well under a second on any connection that a chat platform has."""

_MOST_DIGITS = 18  # more than any real length needs; Python refuses to convert thousands of digits


class BodyRejected(Exception):  # noqa: N818 - named by what happens to the request
    """An error that stops the reading of a body; `status` is the HTTP status of the answer, `wanted` what to send."""

    def __init__(self, status: int, wanted: str = "") -> None:
        super().__init__(f"body refused with status {status}")
        self.status = status
        self.wanted = wanted


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body of at most `limit` bytes, whatever Content-Length says and however it is split into chunks.

    Raises:
        BodyRejected: 413 when it is longer, 408 when it does not come within `READ_S` seconds, 400 when the sender
            leaves.
    """
    too_long = f"at most {limit} bytes"
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > _MOST_DIGITS or int(declared) > limit):
        raise BodyRejected(413, too_long)
    parts = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for part in request.stream():
                parts += part
                if len(parts) > limit:
                    raise BodyRejected(413, too_long)
    except TimeoutError:
        raise BodyRejected(408, f"the whole body within {READ_S:g} s") from None
    except ClientDisconnect:
        raise BodyRejected(400) from None
    return bytes(parts)
