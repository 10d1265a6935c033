"""The operator's rules for sessions, the position of an event in its topic, and the limits of a session."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

from stream.contracts.sessions import DetectorVersion
from stream.contracts.vocabulary import Concern
from stream.sessions.sample import SampleRule

EndRule = Literal["explicit", "idle", "both"]
FindConcerns = Callable[[str], Collection[Concern]]
"""A function that returns the concerns a lexicon finds in a client's text."""
DetectLanguage = Callable[[Iterable[str]], str | None]
"""A function that returns the language in which most of the texts are; None if it cannot tell."""

SEGMENT_MESSAGES = 32  # of one batch and session, in one write; an edit writes all of them again
SEGMENT_BYTES = 900_000  # a changelog record over the broker's 1 MB would stop the worker for good
MAX_MESSAGES = 5_000  # of one session; a day of chat is a tenth of it
MAX_TEXT_BYTES = 4_000_000  # of one session in UTF-8: ten times a day of chat, and quickly restored after a restart
CONTEXT_MESSAGES = 10  # before an exchange: what a supervisor reads to understand it
MAX_SESSIONS = 200  # remembered of one conversation, so that its head stays far below one record
LATE_MS = 10_000  # for messages that an end or a withdrawal overtook: platforms deliver side by side, and retry
RECLOSE_AFTER_MS = 2_000  # late messages come in bursts; one revision takes them all
HEAD_KEPT_MS = 7 * 86_400_000  # after the text is gone: longer than the messages topic keeps records
NAMES_KEPT_MS = 35 * 86_400_000  # after the room's last session: people who talk once a month are still known


@dataclass(frozen=True)
class Rules:
    """The operator's rules for sessions. All times are broker time, in milliseconds."""

    detector: DetectorVersion
    find_concerns: FindConcerns = field(repr=False)
    detect_language: DetectLanguage = field(repr=False)
    end_rule: EndRule = "both"
    idle_ms: int = 1_800_000
    reopen_within_ms: int = 1_800_000
    late_within_ms: int = 86_400_000
    clock_back_ms: int = 86_400_000
    clock_ahead_ms: int = 120_000
    languages: tuple[str, ...] = ("en",)
    min_client_messages: int = 2
    min_words: int = 10
    sample: SampleRule | None = None
    """The rule of the random sample; None where no key was set, and nothing is sampled."""
    risk_tenants: frozenset[str] = frozenset()
    """The tenants whose platform takes risk signals."""
    transcripts: bool = False
    """Whether measures are on, so that each close publishes the session's messages for them."""

    @property
    def text_kept_ms(self) -> int:
        """The time for which the text of a closed session is kept: until nothing can change the session any more."""
        return max(self.late_within_ms, self.reopen_within_ms)


@dataclass(frozen=True)
class Arrival:
    """The position of an event in its partition: its offset, and the broker's append time in ms since 1970."""

    offset: int
    time_ms: int
