"""The pairs of a study of turns: a counsellor's turn with the client's turns before and after it, in one session."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from plugin.studies.tables import Table
from stream.contracts.errors import Misconfigured

BEFORE: Final = "_before"
"""What stands after the name of a client's measure for its value in the turn before the counsellor's."""
OWN_BEFORE: Final = "_own_before"
"""What stands after the name of a counsellor's measure for its value in the counsellor's turn before."""
_ROLES: Final = {"client", "counsellor"}


def turn_pairs(turns: Table, client: Sequence[str], counsellor: Sequence[str]) -> pd.DataFrame:
    """Return a row for each counsellor turn that stands between two client turns, in the order of the sessions.

    Its columns are the client's measures after it and (with `_before`) before it, the counsellor's measures and (with
    `_own_before`) those of the turn before, `session`, `group` (by default the session) and `place`, from 0 at the
    start of the session to 1 at its end.

    Raises:
        Misconfigured: a column is missing, or the turns of a session do not alternate.
    """
    turns.check_unique("session", "turn")
    turns.check_columns("role")
    columns = {name: turns.numbers(name) for name in (*client, *counsellor)}
    group = turns.frame["group"] if "group" in turns.frame else turns.frame["session"]
    frame = pd.DataFrame(
        {"session": turns.frame["session"], "group": group, "turn": turns.numbers("turn"), "role": turns.frame["role"]}
        | columns
    ).sort_values(["session", "turn"], kind="stable")
    _check_roles(frame, turns.name)
    by_session = frame.groupby("session", sort=False)
    frame["place"] = by_session.cumcount() / (by_session["turn"].transform("size") - 1).clip(lower=1)
    for name in client:
        frame[f"{name}{BEFORE}"] = by_session[name].shift(1)
        frame[name] = by_session[name].shift(-1)
    for name in counsellor:
        frame[f"{name}{OWN_BEFORE}"] = by_session[name].shift(2)
    has_both = (by_session["role"].shift(1) == "client") & (by_session["role"].shift(-1) == "client")
    return frame[(frame["role"] == "counsellor") & has_both].drop(columns="role").reset_index(drop=True)


def within_sessions(pairs: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """Return how far each value lies from the mean of its session, and that mean from the mean of all rows."""
    mean = pairs.groupby("session")[name].transform("mean")
    return pairs[name] - mean, mean - pairs[name].mean()


def _check_roles(frame: pd.DataFrame, name: str) -> None:
    wrong = ~frame["role"].isin(_ROLES)
    if wrong.any():
        raise Misconfigured(f"{name}: a role is neither client nor counsellor; leave out turns of a system.")
    repeated = (frame["role"] == frame["role"].shift(1)) & (frame["session"] == frame["session"].shift(1))
    if repeated.any():
        session = frame.loc[repeated.idxmax(), "session"]
        raise Misconfigured(f"{name}: in session {session} one role has two turns in a row; join them to one.")
