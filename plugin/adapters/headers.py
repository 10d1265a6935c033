"""What adapters do with headers: read one in its form, and compare signatures without telling how alike they are."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from plugin.adapters.base import DeniedOpenly
from stream.contracts.errors import Denied


@dataclass(frozen=True)
class HeaderForm:
    """The form of a header's value, as a pattern and in words for the developers of a platform."""

    pattern: re.Pattern[str]
    wanted: str


# Up to the year 5138; each time has exactly one spelling.
UNIX_SECONDS: Final = HeaderForm(re.compile(r"[1-9][0-9]{0,10}"), "seconds since 1970, in digits alone")
DELIVERY_ID: Final = HeaderForm(re.compile(r"[\x21-\x7e]{1,255}"), "1 to 255 visible ASCII characters")


def read_header(headers: Mapping[str, str], name: str, form: HeaderForm) -> str:
    """Return the value of a header.

    Raises:
        DeniedOpenly: It is missing or malformed.
    """
    value = headers.get(name, "")
    if not form.pattern.fullmatch(value):
        raise DeniedOpenly(name, "malformed" if value else "missing", form.wanted)
    return value


def read_signing_time(headers: Mapping[str, str], name: str, now: datetime, tolerance: timedelta) -> datetime:
    """Return the time in a header, in seconds since 1970.

    Raises:
        DeniedOpenly: It is missing or malformed, or further from `now` than `tolerance`.
    """
    signed_at = datetime.fromtimestamp(int(read_header(headers, name, UNIX_SECONDS)), UTC)
    if abs(now - signed_at) > tolerance:
        limit_s = round(tolerance.total_seconds())
        raise DeniedOpenly(name, "outside the window", f"at most {limit_s} s from our clock")
    return signed_at


def require_valid(given: Iterable[str], valid: Iterable[str]) -> None:
    """Check that one of the given signatures is valid; all are compared, so that the time tells nothing.

    Signatures are compared as text: decoding them first would accept several spellings of one.

    Raises:
        Denied: None is valid.
    """
    texts = [one.encode() for one in given]
    if not any([hmac.compare_digest(one, other.encode()) for other in valid for one in texts]):  # noqa: C419 - no early end
        raise Denied("no signature holds")
