"""Says what a run is worth on groups it has not learned from, beside the published figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.table import Table

from training.estimate import Estimate
from training.preference.data import Item, is_short
from training.preference.replies import Scored
from training.reader.measures import share

START = "start"
"""The model that a run begins with, before any stage."""
PUBLISHED: dict[str, tuple[str, str]] = {
    START: ("29.3, 18.5", "28.5, 15.0"),
    "offline": ("72.9, 49.3", "58.5, 37.0"),
    "online": ("87.0, 77.0", "69.4, 46.4"),
}
"""Win rates in percent of 8B and 3B policies against GPT-4o, without and with a length limit (arXiv 2502.19731)."""
PUBLISHED_REWARD = "published, best against worst of four answers: 3B .981, 8B .978"
NOTE = (
    "The published win rates are against GPT-4o and judged by it; these are against the start and judged by this run's"
    " own reward model, which the online policies were trained to please. They cannot be compared."
)


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """What the replies of one policy are worth beside those of the start."""

    stage: str
    wins: Estimate
    wins_within: Estimate
    """Where a reply of more words than the limit cannot win."""
    words: float


def policy_row(stage: str, replies: Sequence[Scored], start: Sequence[Scored], limit: int) -> PolicyRow:
    """Compare the replies of a policy with those of the start, prompt by prompt; a tie is no win."""
    prompts = [str(place) for place in range(len(replies))]
    wins = [own.score > other.score for own, other in zip(replies, start, strict=True)]
    within = [
        is_short(own.text, limit) and (won or not is_short(other.text, limit))
        for own, other, won in zip(replies, start, wins, strict=True)
    ]
    words = fmean(len(each.text.split()) for each in replies)
    return PolicyRow(stage, share(wins, prompts), share(within, prompts), words)


def policy_table(rows: Sequence[PolicyRow], limit: int) -> Table:
    """Return the policies with their win rates, and the published ones beside them."""
    table = Table(title="Policies: wins over the start", title_justify="left")
    for column in (
        "stage",
        "wins [95%]",
        f"wins within {limit} words",
        "words a reply",
        "published 8B, %: free, limited *",
        "published 3B, % *",
    ):
        table.add_column(column)
    for row in rows:
        published = PUBLISHED.get(row.stage, ("-", "-"))
        first = row.stage == START
        wins = ("-", "-") if first else (f"{row.wins:.2f}", f"{row.wins_within:.2f}")
        table.add_row(row.stage, *wins, f"{row.words:.0f}", *published)
    table.caption = f"* {NOTE}"
    return table


def reward_lines(items: Sequence[Item], leads: Sequence[float]) -> list[str]:
    """Return the pair accuracy of the reward model, and of counting words, as sentences; intervals are over prompts."""
    prompts = [item.prompt for item in items]
    right = share([lead > 0 for lead in leads], prompts)
    longer = share([len(item.chosen.split()) > len(item.rejected.split()) for item in items], prompts)
    return [
        (
            f"reward model: the preferred reply put above in {right:.3f} of {len(items)} held-out pairs"
            f" ({PUBLISHED_REWARD})"
        ),
        f"counting words: the longer reply is the preferred one in {longer:.3f}",
    ]
