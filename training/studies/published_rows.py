"""Rows of FailedESConv for studies: what seekers said of conversations and replies, and the strategies; no text."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from stream.contracts.vocabulary import Role
from stream.published.conversations import PublishedConversation, PublishedUtterance
from stream.reading import count_words
from training.studies.turn_rows import Row


def session_rows(conversations: Iterable[PublishedConversation]) -> Iterator[Row]:
    """Yield a row for each conversation. Nobody is named in it, so each client has one; counsellors are not known."""
    for each in conversations:
        yield {"session": _name(each), "client": _name(each), **each.scores}


def published_turn_rows(conversations: Iterable[PublishedConversation]) -> Iterator[Row]:
    """Yield a row for each turn: of a counsellor the commonest strategy in it, of a client the first mark in it."""
    for each in conversations:
        for turn, (role, run) in enumerate(groupby(each.utterances, key=lambda said: said.role), start=1):
            said = list(run)
            row: Row = {"session": _name(each), "group": _name(each), "turn": turn, "role": role.value}
            yield row | _measures(role, said)


def _measures(role: Role, said: list[PublishedUtterance]) -> Row:
    total = sum(count_words(each.text) for each in said)
    if role is Role.CLIENT:
        return {"log_words": math.log1p(total), "mark": next((s.score for s in said if s.score is not None), None)}
    codes = Counter(each.code for each in said if each.code)
    return {"words": total, "code": codes.most_common(1)[0][0] if codes else None}


def _name(conversation: PublishedConversation) -> str:
    return f"E{conversation.name}"
