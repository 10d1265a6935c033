"""Made-up conversations for end-to-end tests, one with plain resistance and one without any."""

from tests.fixtures.system import PlatformConversation

ScriptedLine = tuple[str, str]

RESISTANT: tuple[ScriptedLine, ...] = (
    ("counsellor", "Hi, thanks for coming back today. How has the week been with the drinking?"),
    ("client", "Same as ever really. I had a few most nights."),
    ("counsellor", "Have you thought about keeping a diary of what you drink?"),
    ("client", "No. I don't want to quit drinking and I'm not going to stop, I like it too much to give it up."),
    ("counsellor", "It sounds like it matters to you, and it's your choice. What would you like us to look at today?"),
    ("client", "I don't know. My sleep maybe, that has been bad."),
    ("counsellor", "What happens on the nights when you cannot sleep?"),
    ("client", "I lie there and think about work until three."),
    ("counsellor", "That sounds exhausting."),
)
"""A conversation with one flagged client turn among calm ones, answered by one counsellor."""

CALM: tuple[ScriptedLine, ...] = (
    ("counsellor", "Hello again. How did the walk go on Sunday?"),
    ("client", "Really well, thank you. My sister came with me and we went round the lake."),
    ("counsellor", "That is lovely to hear. What made it go well?"),
    ("client", "Planning it on Friday helped. I want to do it again next weekend."),
)
"""A conversation in which nothing is flagged."""


def send_lines(platform: PlatformConversation, lines: tuple[ScriptedLine, ...]) -> None:
    """Send the lines one after the other."""
    for role, words in lines:
        platform.say(role, words)
