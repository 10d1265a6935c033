"""Simulated tables for tests of studies: the effects in them are known, and nobody is behind them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plugin.studies.question import TechniquesQuestion, TurnsQuestion
from plugin.studies.tables import Table


def table(frame: pd.DataFrame, name: str = "sessions.csv") -> Table:
    """Return a table as if it had been read from a file: text, or missing."""
    cells = frame.astype(object).map(lambda cell: None if pd.isna(cell) else str(cell))
    cells.index = pd.RangeIndex(2, 2 + len(cells))  # the lines of a file whose first one names the columns
    return Table(name, "0" * 64, cells)


def sessions(count: int, effect: float, seed: int = 1, **people: tuple[int, float]) -> pd.DataFrame:
    """Return sessions in which `reflection` moves `outcome` by `effect` SD and `question` does nothing.

    `people` gives, for client or counsellor, how many there are and how large their own share in the outcome is.
    """
    random = np.random.default_rng(seed)
    reflection, question, before, noise = random.normal(size=(4, count))
    frame = pd.DataFrame({"session": range(count), "reflection": reflection, "question": question, "before": before})
    outcome = effect * reflection + 0.5 * before + noise
    for name, (number, share) in people.items():
        who = random.integers(0, number, count)
        frame[name] = [f"{name}-{one}" for one in who]
        outcome += share * random.normal(size=number)[who]
    return frame.assign(outcome=outcome)


def turns(count: int, each: int, effect: float, moderated: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Return turns in which `asks` moves the client's next `words`, by `moderated` more with more `rapport`."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for session in range(count):
        own, words, rapport = random.normal(), 0.0, random.normal()
        for turn in range(1, each + 1):
            if turn % 2:
                words = own + 0.3 * words + random.normal() if turn == 1 else words
                rows.append(
                    {"session": session, "turn": turn, "role": "client", "words": words, "resists": int(words < own)}
                )
                continue
            # A session whose client says much is also one in which much is asked: no effect of one turn on the next.
            asks = own + random.normal()
            rows.append(
                {
                    "session": session,
                    "turn": turn,
                    "role": "counsellor",
                    "asks": asks,
                    "tells": random.normal(),
                    "rapport": rapport,
                }
            )
            words = own + 0.3 * words + (effect + moderated * rapport) * (asks - own) + random.normal()
    return pd.DataFrame(rows)


def techniques_question(**changes: Any) -> TechniquesQuestion:
    """Return a question about the simulated sessions."""
    asked = {
        "study": "techniques",
        "title": "Simulated sessions",
        "question": "Is a known effect found?",
        "written_on": "2026-11-30",
        "seed": 7,
        "outcomes": [{"column": "outcome", "before": "before"}],
        "predictors": [{"name": "reflection", "expected": "higher"}, {"name": "question"}],
        "no_counsellors_because": "nobody is behind simulated sessions",
    }
    return TechniquesQuestion.model_validate(asked | changes)


def turns_question(**changes: Any) -> TurnsQuestion:
    """Return a question about the simulated turns."""
    asked = {
        "study": "turns",
        "title": "Simulated turns",
        "question": "Is a known effect found?",
        "written_on": "2026-11-30",
        "seed": 7,
        "outcomes": [{"column": "words"}],
        "predictors": [{"name": "asks", "expected": "higher"}, {"name": "tells"}],
        "moderator": "rapport",
        "no_counsellors_because": "nobody is behind simulated turns",
    }
    return TurnsQuestion.model_validate(asked | changes)


def write(folder: Path, stem: str, frame: pd.DataFrame) -> None:
    """Write a simulated table as CSV."""
    frame.to_csv(folder / f"{stem}.csv", index=False)
