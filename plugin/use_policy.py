"""The use policy: what Counterpoint may be used for, and what not.

The page shows it, `counterpoint up` and the web stage print its core when they start, and `python -m plugin.use_policy`
writes docs/duties/use-policy.md to standard output.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

TITLE: Final = "How this may be used"
CORE: Final = (
    "Counterpoint is for learning after a session: for the counsellor who wrote the replies, and for the supervisor who"
    " helps them learn. Nothing that it says of a reply may count in a decision about a person: not about pay, shifts,"
    " contract, promotion, warning or dismissal, nor about a volunteer\u2019s place. Nobody is ranked or compared with"
    " others, and nobody\u2019s feelings are rated. A counsellor may contradict every point, and has no disadvantage"
    " from it."
)


@dataclass(frozen=True)
class PolicyPart:
    """One part of the policy, with its rules in the order of the page."""

    title: str
    rules: tuple[str, ...]


PARTS: Final = (
    PolicyPart(
        "What it is for",
        (
            "A counsellor reads, after the session, a few moments in which a client may have pulled back.",
            "A supervisor reads them too, judges what the model says of them, and passes on what helps.",
            "Both talk about them in supervision, and choose what to practise.",
        ),
    ),
    PolicyPart(
        "What it is not for",
        (
            "Decisions about a person: pay, shifts, tasks, contract, promotion, warning, dismissal.",
            "Comparing people: rankings, targets, quotas, averages of a counsellor or of a team.",
            "Proof in a complaint or a disciplinary case: there people read the conversation itself.",
            "Watching people at work: nothing is rated or shown while a session is open.",
            "Judging the feelings, personality, health or intentions of a counsellor.",
            "Diagnosing clients or judging their risk: the platform\u2019s own protocol handles risk.",
            "Training of models, research or publication, unless the client has agreed to that separately.",
        ),
    ),
    PolicyPart(
        "Who reads what",
        (
            "A counsellor reads their own moments that a supervisor has released, and nobody else\u2019s.",
            "A supervisor reads the sessions of their own teams, and those of no team if named for the platform.",
            "The clinical lead may read those of every team for a reason, and decides what a counsellor takes further.",
            "Whoever manages people without supervising them has no account that reads sessions.",
            "An operator runs the software, sees numbers and manages accounts, and reads no words.",
            "An auditor reads who opened and decided what, and no words.",
            "A study reads labels and numbers of clients who agreed: no words, no names, of five counsellors or more.",
            "Each opening of a session is recorded with the account that opened it.",
        ),
    ),
    PolicyPart(
        "What a counsellor may ask for",
        (
            "To be told in writing before Counterpoint reads their sessions for the first time.",
            "To contradict a point. It then stays between them and a supervisor, or the lead if they ask for one.",
            "To know what is stored about them, for how long, and who has opened or exported their sessions.",
            "To have no disadvantage from contradicting, from asking, or from what a model says.",
        ),
    ),
    PolicyPart(
        "What the software prevents, and what only people can",
        (
            "The software ranks nobody, compares nobody, and shows no average of a person or a team.",
            "Levels are stored readable: an administrator of the database could count them all the same.",
            "Tables for a study name nobody, but whoever knows a session may recognise it by its numbers.",
            "This policy forbids both, counting people and looking for them. Only people can keep to it.",
            "Whoever sees it broken tells their supervisor, or the person named for data protection.",
            "Nobody has a disadvantage from saying so.",
        ),
    ),
)


def markdown() -> str:
    """Return the policy as Markdown, with lines for the service that adopts it."""
    return "\n\n".join(_blocks()) + "\n"


def _blocks() -> Iterator[str]:
    yield f"# {TITLE}"
    yield CORE
    for part in PARTS:
        yield f"## {part.title}"
        yield "\n".join(f"- {rule}" for rule in part.rules)
    yield "## Adopted"
    yield (
        "The service fills in this part. Its name: ______. Adopted on: ______, by: ______. Discussed with the"
        " counsellors or their representatives on: ______. Named for data protection: ______. Looked at again on:"
        " ______."
    )
    yield (
        "This page is generated from `plugin/use_policy.py`. The page shows the same text to every account under"
        f" *{TITLE}*, and `counterpoint up` and the web stage print its first paragraph when they start."
    )


if __name__ == "__main__":
    sys.stdout.write(markdown())
