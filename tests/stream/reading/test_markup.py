"""Tags, links and emphasis go, the words that they mark up stay, and typed signs are no markup."""

import pytest

from stream.reading import read_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<b>kill</b> me", "kill me"),
        ("su<b>i</b>cide", "suicide"),
        ("kill<br>me<br/>now", "kill me now"),
        ("<p>kill</p><p>me</p>", "kill me"),
        ("kill</div>\n<div>me", "kill\nme"),
        ('<a href="https://x.org">kill me</a>', "kill me"),
        ('<at id="0">Ann</at> said', "Ann said"),
        ("kill <x>me</x>", "kill me"),
        ("su<!-- x -->icide", "suicide"),
        ("<grin> a<b and c>d 1<2>0 <3 <kill me>", "<grin> a<b and c>d 1<2>0 <3 <kill me>"),
    ],
)
def test_tags(text: str, read: str) -> None:
    """Tags and comments go, with a space between blocks; what people type between angle brackets stays."""
    assert read_text(text).text == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("[kill me](https://x.org/a)", "kill me"),
        ('![kill me](a.png "b c")', "kill me"),
        ("<https://x.org/a|kill me>", "kill me"),
        ("see https://x.org/a_b*c (or [1])", "see https://x.org/a_b*c (or [1])"),
    ],
)
def test_links(text: str, read: str) -> None:
    """The words of a link are kept and its address is removed; an address in the text itself is kept."""
    assert read_text(text).text == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("**kill** *me*", "kill me"),
        ("kill **me", "kill me"),
        ("su**i**cide", "suicide"),
        ("kill *my*self", "kill myself"),
        ("*su*cide*", "su*cide"),
        ("_**kill**_ __me__", "kill me"),
        ("~~kill~~ ||me||", "kill me"),
        ("`kill` me ```now```", "kill me now"),
        ("\\*kill\\* me", "kill me"),
        ("> I want\n> to die", "I want\nto die"),
        ("su*c*de f**k a_name 2 * 3 ____ *_* don`t ~5 a|b", "su*c*de f**k a_name 2 * 3 ____ *_* don`t ~5 a|b"),
    ],
)
def test_emphasis(text: str, read: str) -> None:
    """Delimiters of emphasis go, in pairs or alone; letters left out, names, faces and gaps stay as typed."""
    assert read_text(text).text == read
