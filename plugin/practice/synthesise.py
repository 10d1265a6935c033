"""`counterpoint practice synthesise`: a file of synthetic sessions, and what is in it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from plugin.written_client.counsellor import Manner
from plugin.written_client.synthetic import payloads, synthetic_sessions
from stream.contracts.errors import Misconfigured


def synthesise(out: Path, sessions: int, seed: str, manner: Manner) -> Iterator[str]:
    """Write a new file of synthetic sessions, and yield the lines that say what is in it.

    Raises:
        Misconfigured: there is a file of this name, or it cannot be written.
    """
    endings: Counter[str] = Counter()
    messages = 0
    try:
        with out.open("x", encoding="utf-8") as file:
            for session in synthetic_sessions(sessions, seed, manner):
                endings[session.ending] += 1
                messages += len(session.said)
                file.writelines(json.dumps(line) + "\n" for line in payloads(session))
    except OSError as error:
        raise Misconfigured(f"{out} cannot be written ({type(error).__name__}); name a new file.") from None
    counts = ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))
    yield f"SYNTHETIC: {sessions} sessions, {messages} messages; how the clients ended: {counts}."
    yield f"Next: counterpoint replay {out} --tenant NAME, of a platform of their own."
