"""The links on top of every page: those of each role, in one line, with a menu for what is opened seldom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plugin.database.viewer import AccountRole

Link = tuple[str, str]
"""An address and its words."""


@dataclass(frozen=True)
class Navigation:
    """The links of a role."""

    first: tuple[Link, ...]
    """Those that fit beside each other on a laptop."""
    more: tuple[Link, ...] = ()
    """Those in the menu beside them."""
    own: tuple[Link, ...] = (("/preferences", "Clock and digest"), ("/password", "Password"))
    """Those in the menu under the person's name."""


_EXPLAIN: Final = (("/glossary", "Glossary"), ("/rubric", "Rubric"))
_LEFT_OUT: Final = ("/left-out", "Left out")
_RISK: Final = ("/risk-signals", "Risk signals")
_REVIEW: Final = (
    ("/", "Waiting"),
    ("/digest", "New"),
    ("/decided", "Decided"),
    ("/sample", "Sample"),
    ("/moments", "Moments"),
    ("/trends", "Trends"),
)
NAVIGATION: Final[Mapping[AccountRole, Navigation]] = {
    AccountRole.SUPERVISOR: Navigation(_REVIEW, (_RISK, ("/calibrations", "Calibrations"), _LEFT_OUT, *_EXPLAIN)),
    AccountRole.LEAD: Navigation(_REVIEW, (_RISK, _LEFT_OUT, *_EXPLAIN)),
    AccountRole.THERAPIST: Navigation(
        (("/", "Your sessions"), ("/digest", "New"), ("/trend", "Your trend"), ("/rehearsals", "Practise"), *_EXPLAIN)
    ),
    AccountRole.OPERATOR: Navigation(
        (("/", "Operation"), ("/health", "Health"), ("/accounts", "Accounts"), ("/criteria", "Criteria"), *_EXPLAIN),
        own=(("/preferences", "Clock"), ("/password", "Password")),
    ),
    AccountRole.AUDITOR: Navigation((("/trail", "Audit trail"),), own=(("/password", "Password"),)),
}
