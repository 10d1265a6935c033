"""The words with which an auditor's pages show the trail: its kinds, the purposes of a file, and what was verified."""

from collections.abc import Iterator, Sequence
from typing import Final

from plugin.plain_text import counted
from plugin.privacy.audit_trail import ChainVerification
from plugin.privacy.trail import TrailPurpose
from plugin.privacy.trail_kinds import TrailKind
from plugin.queue.accounts import AccountEntry
from plugin.web.labels import short_day
from plugin.web.trail_address import TrailAddress

KINDS: Final = {
    TrailKind.LOGIN: "logins and logouts",
    TrailKind.READING: "reading of sessions",
    TrailKind.REVIEW: "reviews and notes",
    TrailKind.CALIBRATION: "calibrations",
    TrailKind.CRITERION: "criteria and their answers",
    TrailKind.DECISION: "released or withheld",
    TrailKind.ANSWER: "acknowledgements and disputes",
    TrailKind.PRACTICE: "practice",
    TrailKind.EXPORT: "exports",
    TrailKind.ACCOUNT: "accounts, tokens, preferences",
    TrailKind.RISK: "risk signals acknowledged",
    TrailKind.RECEIVER: "receivers of webhooks",
    TrailKind.OUTCOME: "outcomes added",
    TrailKind.RUBRIC_NOTE: "rubric notes",
    TrailKind.RERATING: "rated again by another version",
    TrailKind.REMOVAL: "erasure, holds, retention",
    TrailKind.DEAD_LETTER: "dead letters replayed or dropped",
    TrailKind.TRAIL: "the trail itself",
    TrailKind.OTHER: "everything else",
}
PURPOSES: Final = {
    TrailPurpose.INTERNAL_AUDIT: "an internal audit",
    TrailPurpose.DATA_PROTECTION: "data protection",
    TrailPurpose.INCIDENT: "an incident",
    TrailPurpose.AUTHORITY: "an authority asks for it",
}


def filtered_by(address: TrailAddress, people: Sequence[AccountEntry]) -> Iterator[str]:
    """Yield by what the trail is filtered, one phrase for each field."""
    if address.kind is not None:
        yield KINDS[address.kind]
    if address.account is not None:
        names = {entry.account_id: entry.username for entry in people}
        yield f"by or about {names.get(address.account, 'an account that was removed')}"
    if address.first is not None:
        yield f"on {short_day(address.first)} or later"
    if address.last is not None:
        yield f"on {short_day(address.last)} or before"


def verified(result: ChainVerification) -> str:
    """Return what the verification of an intact trail found, in one or two sentences."""
    if result.last is None:
        return "The trail is empty."
    removed = f"; retention removed those before {result.first}" if result.first > 1 else ""
    entries = counted(result.entries, "entry", "entries")
    return f"The trail is intact: {entries}, {result.first} to {result.last.seq}{removed}."


def anchored(result: ChainVerification) -> str:
    """Return what became of the anchors that were given; empty without any."""
    if not result.anchors_found and not result.anchors_removed:
        return ""
    return f"Anchors in it: {result.anchors_found}; of entries that retention removed: {result.anchors_removed}."
