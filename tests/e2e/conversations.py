"""Made-up conversations for end-to-end tests, one with plain resistance and one without any."""

from tests.fixtures.system import PlatformConversation

ScriptedLine = tuple[str, str]

RESISTANT: tuple[ScriptedLine, ...] = (
    ("counsellor", "Hi, thanks for coming back today. Did you go for the walk on Sunday?"),
    ("client", "Yes, I went with my sister, thank you."),
    ("counsellor", "Have you thought about keeping a diary of what you drink?"),
    ("client", "No. I don't want to quit drinking and I'm not going to stop, I like it too much to give it up."),
    ("counsellor", "It sounds like it matters to you, and it's your choice. Shall we look at your sleep today?"),
    ("client", "Yes, please. I would like that."),
    ("counsellor", "Is Tuesday at five still good for you?"),
    ("client", "Yes, please, at five."),
    ("counsellor", "See you on Tuesday then."),
)
"""A conversation with one flagged client turn among calm ones, answered by one counsellor."""

CALM: tuple[ScriptedLine, ...] = (
    ("counsellor", "Hello again. Did you go for the walk on Sunday?"),
    ("client", "Yes, I went with my sister, thank you."),
    ("counsellor", "Is Friday at four still good for you?"),
    ("client", "Yes, at four."),
)
"""A conversation in which nothing is flagged: the detector flags most client turns, but not plain answers as these."""


def send_lines(platform: PlatformConversation, lines: tuple[ScriptedLine, ...]) -> None:
    """Send the lines one after the other."""
    for role, words in lines:
        platform.say(role, words)
