"""Tests of the words of an auditor's pages."""

from datetime import date
from uuid import UUID

import pytest

from plugin.database.viewer import AccountRole
from plugin.privacy.anchors import Anchor
from plugin.privacy.audit_trail import ChainVerification
from plugin.privacy.trail import TrailPurpose
from plugin.privacy.trail_kinds import TrailKind
from plugin.queue.accounts import AccountEntry
from plugin.web.trail_address import TrailAddress
from plugin.web.trail_words import KINDS, PURPOSES, anchored, filtered_by, verified

MARA = AccountEntry(UUID(int=1), "mara", "Mara", AccountRole.SUPERVISOR, None, (), is_disabled=False)
ANCHOR = Anchor(9, "ab" * 32)


def test_every_kind_and_every_purpose_has_words_of_its_own() -> None:
    """The form offers each kind and each purpose, in the order of the code, each in other words."""
    assert (list(KINDS), list(PURPOSES)) == (list(TrailKind), list(TrailPurpose))
    for words in (KINDS, PURPOSES):
        assert len(set(words.values())) == len(words)


def test_a_filter_is_said_field_by_field() -> None:
    """What narrows the trail down is named, an account by its user name, and nothing is said without a filter."""
    assert list(filtered_by(TrailAddress(), [MARA])) == []
    days = {"from": date(2026, 3, 2), "to": date(2026, 3, 3)}
    address = TrailAddress.model_validate({"kind": TrailKind.EXPORT, "account": MARA.account_id, **days})
    assert list(filtered_by(address, [MARA])) == [
        *("exports", "by or about mara"),
        *("on Mon 2 Mar 2026 or later", "on Tue 3 Mar 2026 or before"),
    ]
    assert "an account that was removed" in list(filtered_by(address, []))[1]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (ChainVerification(0, 1, None, None), "The trail is empty."),
        (ChainVerification(1, 1, ANCHOR, None), "The trail is intact: 1 entry, 1 to 9."),
        (
            ChainVerification(5, 5, ANCHOR, None),
            "The trail is intact: 5 entries, 5 to 9; retention removed those before 5.",
        ),
    ],
)
def test_an_intact_trail_is_told_in_numbers(result: ChainVerification, words: str) -> None:
    """The numbers of the entries that are kept are told, and that retention removed others."""
    assert verified(result) == words


def test_what_became_of_anchors_is_told_where_there_were_some() -> None:
    """Anchors that were found, or are older than what is kept, are counted; without any nothing is said."""
    assert anchored(ChainVerification(5, 5, ANCHOR, None)) == ""
    counted = ChainVerification(5, 5, ANCHOR, None, anchors_found=1, anchors_removed=2)
    assert anchored(counted) == "Anchors in it: 1; of entries that retention removed: 2."
