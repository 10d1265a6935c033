"""The four rules: from named cues in a reply to a level of rubric 0.2, with the words it rests on.

Where no cue stands, a sentence that reads like a reflection, or like advice, is named as seeming so.

Each rule reads the client turn and the reply that answers it, nothing else. What it calls "returned" are words of
the client's that the reply takes up: the one sign, visible without understanding, that a reply speaks to this client.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from .behaviours import INPUT, REFLECTION, SHIPPED, Behaviours
from .cues import STOPWORDS, Hit, find, find_words, opening
from .own_words import Fragment, key_fragment
from .text import Sentence, stems, words

NONE, WEAK, STRONG = 0, 1, 2

BEHAVIOURS = Behaviours.read(SHIPPED)
_SECOND_PERSON = re.compile(r"\byou(?:r|rself)?\b")


@dataclass(frozen=True)
class Rating:
    """A level, why, and the verbatim quotations (message number, words) that carry it."""

    level: int
    reason: str = field(repr=False)
    evidence: tuple[tuple[int, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Moment:
    """What the rules read: the client's sentences and the reply's."""

    client: list[Sentence] = field(repr=False)
    reply: list[Sentence] = field(repr=False)
    behaviours: Behaviours = field(default=BEHAVIOURS, repr=False)

    @cached_property
    def client_stems(self) -> frozenset[str]:
        """What the client turn is about."""
        return frozenset(stems(" ".join(s.folded for s in self.client), STOPWORDS))

    @cached_property
    def key(self) -> Fragment | None:
        """The client's clause that most wants an answer."""
        return key_fragment(self.client)

    def returned(self, parts: Sequence[Sentence]) -> frozenset[str]:
        """The client's words that these sentences take up."""
        return self.client_stems.intersection(stems(" ".join(s.folded for s in parts), STOPWORDS))

    def against(self, cue: str) -> list[Hit]:
        """Places of a cue that works against a mechanism; the client's own phrase, said back, is none."""
        said = "\n".join(sentence.folded for sentence in self.client)
        return [hit for hit in find(cue, self.reply) if hit.sentence.folded[hit.start : hit.end] not in said]

    @cached_property
    def questions(self) -> list[Sentence]:
        """The reply's questions."""
        return [s for s in self.reply if "?" in s.raw]

    @cached_property
    def reflecting(self) -> list[Hit]:
        """Openings of a reflection or a summary."""
        return find("reflection_opening", self.reply) + opening("summary", self.reply)

    @cached_property
    def mirrored(self) -> frozenset[Sentence]:
        """The sentences that say something back: what they hold is the client's or others', not the reply's."""
        return frozenset(hit.sentence for hit in self.reflecting)

    @cached_property
    def pressing(self) -> list[Hit]:
        """Advice, orders and warnings; what others demand, said back or quoted, is none."""
        hits = find("pressure", self.reply) + opening("order", self.reply)
        return [hit for hit in hits if hit.sentence not in self.mirrored and not _quoted(hit)]

    @cached_property
    def seems_to_reflect(self) -> list[Hit]:
        """Statements without a set phrase that read like a reflection."""
        return self._statements_like(REFLECTION, beside=self.mirrored)

    @cached_property
    def seems_to_advise(self) -> list[Hit]:
        """Statements without a set phrase that read like advice or information."""
        return self._statements_like(INPUT, beside={hit.sentence for hit in self.pressing} | self.mirrored)

    def _statements_like(self, kind: str, beside: AbstractSet[Sentence]) -> list[Hit]:
        statements = [s for s in self.reply if "?" not in s.raw and s not in beside]
        return [Hit(s, 0, len(s.raw)) for s in statements if self.behaviours.reads_like(kind, s.folded)]


def _held(level: int, reason: str, hit: Hit) -> Rating:
    """A rating that rests on words of the reply."""
    return Rating(level, f"{reason}: “{hit.quote}”", ((hit.sentence.number, hit.quote),))


def _divided(for_it: str, hit: Hit, against_it: str, other: Hit) -> Rating:
    """A weak expression: words of the reply that express the mechanism, and others that work against it."""
    if hit.quote == other.quote:
        return _held(WEAK, f"The reply {for_it} and {against_it}", hit)
    reason = f"The reply {for_it}, “{hit.quote}”, and {against_it}: “{other.quote}”"
    return Rating(WEAK, reason, tuple((h.sentence.number, h.quote) for h in (hit, other)))


def _unheard(moment: Moment, reason: str, *, quote_client: bool) -> Rating:
    """A rating "no expression": what is missing, beside the client's words that went unanswered."""
    if not quote_client or moment.key is None:
        return Rating(NONE, reason)
    said = moment.key
    return Rating(NONE, f"{reason} The client had said: “{said.words}”.", ((said.sentence.number, said.words),))


def respect_for_autonomy(moment: Moment) -> Rating:
    """Choice spoken of or leave asked, and nothing pressed, is strong; some room, or both at once, is weak."""
    choice, leave = find("choice", moment.reply), find("permission", moment.reply)
    soft, press = find("soft_choice", moment.reply), moment.pressing
    if (choice or leave) and not press:
        if choice:
            return _held(STRONG, "The reply says that the choice is the client's", choice[0])
        return _held(STRONG, "The reply asks before it goes on", leave[0])
    room = choice or leave or soft
    if room and press:
        return _divided("leaves some room for the client's choice", room[0], "presses at the same time", press[0])
    if room:
        return _held(WEAK, "The reply leaves some room for the client's choice without saying whose it is", room[0])
    return _no_room(moment)


def _no_room(moment: Moment) -> Rating:
    """A reply in which no choice is left: what it does instead."""
    if moment.pressing:
        said = moment.pressing[0].quote
        reason = f"The reply says what to do, “{said}”, and nothing in it leaves the choice to the client."
        return _unheard(moment, reason, quote_client=True)
    if moment.seems_to_advise:
        said = moment.seems_to_advise[0].quote
        reason = f"The reply seems to advise or inform, “{said}”, and nothing in it leaves the choice to the client."
        return _unheard(moment, reason, quote_client=False)
    return _unheard(moment, "No words on whose choice this is were found in the reply.", quote_client=False)


def stance_alignment(moment: Moment) -> Rating:
    """The view said back in the client's words, uncontested, is strong; in other words, or contested, weak."""
    agreed = find("agreement", moment.reply)
    contra = [hit for hit in moment.against("counter") if hit.sentence not in moment.mirrored]
    contra += [hit for hit in find("but", moment.reply) if any(_takes_back(moment, hit, other) for other in agreed)]
    contested = {hit.sentence for hit in contra + moment.pressing}
    # Only with a word of the client's: nearly any statement, a planted instruction too, may read like a reflection.
    seeming = [h for h in moment.seems_to_reflect if h.sentence not in contested and moment.returned([h.sentence])]
    statements = [hit for hit in opening("restatement", moment.reply) if "?" not in hit.sentence.raw]
    said_back = [
        hit
        for hit in statements + seeming
        if hit.sentence not in contested
        and len(moment.returned([hit.sentence])) >= min(2, len(moment.client_stems) or 2)
    ]
    sided = moment.reflecting + agreed
    taken_up = [hit for hit in sided if moment.returned([hit.sentence])] or said_back
    if taken_up and not contra:
        return _held(
            STRONG, "The reply takes up the client's view in the client's own words and lets it stand", taken_up[0]
        )
    held = taken_up or sided
    if held and contra:
        return _divided("takes up the client's view", held[0], "turns against it", contra[0])
    if held:
        return _held(WEAK, "The reply acknowledges the client's view, in words other than the client's", held[0])
    if seeming and not contra:
        return _held(WEAK, "The reply seems to say back the client's view", seeming[0])
    if contra:
        reason = f"The reply argues, “{contra[0].quote}”, before it has taken up how the client sees the matter."
        return _unheard(moment, reason, quote_client=True)
    return _unheard(
        moment, "No words that take up how the client sees the matter were found in the reply.", quote_client=True
    )


def emotional_resonance(moment: Moment) -> Rating:
    """A feeling named and tied to what was told is strong; a stock phrase, or a feeling only asked about, is weak."""
    own = {hit.sentence for hit in find("own_feeling", moment.reply)}
    away = moment.against("dismissal")
    seeming = {hit.sentence for hit in find_words("seeming", moment.reply) + moment.reflecting}
    about_client = seeming | {s for s in moment.reply if _SECOND_PERSON.search(s.folded)}
    named = [
        h for h in find_words("feeling", moment.reply) if h.sentence in about_client - own and not _within(h, away)
    ]
    offered = [h for h in named if "?" not in h.sentence.raw or h.sentence in seeming]
    general = [h for h in find_words("general_feeling", moment.reply) if h.sentence in seeming]
    weak = named + find("stock_empathy", moment.reply) + general + find("asks_feeling", moment.reply)
    if offered and moment.returned(moment.reply) and not away:
        return _held(STRONG, "The reply names a feeling and ties it to what the client told", offered[0])
    if weak and away:
        return _divided("hears a feeling", weak[0], "plays it down", away[0])
    if offered:
        return _held(WEAK, "The reply names a feeling without tying it to what the client told", offered[0])
    if weak:
        return _held(WEAK, "The reply acknowledges or asks for a feeling in general words", weak[0])
    if away:
        reason = f"The reply plays down what the client may feel: “{away[0].quote}”"
        return _unheard(moment, reason, quote_client=False)
    return _unheard(
        moment,
        "No words that name a feeling were found in the reply.",
        quote_client=bool(find_words("feeling", moment.client)),
    )


def conversational_orientation(moment: Moment) -> Rating:
    """One next thing that takes up the client's words is strong; a general or closed way on, or several, is weak."""
    asked = find("open_question", moment.questions)
    ways = asked + find("focus", moment.reply) + find("invitation", moment.reply)
    closed = [Hit(s, 0, len(s.raw)) for s in moment.questions]
    turned = moment.against("topic_change")
    returned = moment.returned(moment.reply)
    if turned and not returned:
        return _unheard(moment, f"The reply leaves what the client brought: “{turned[0].quote}”", quote_client=True)
    if len(moment.questions) > 2:  # noqa: PLR2004 - two may be one with its alternative
        return _held(WEAK, "The reply asks several things at once, beginning with", closed[0])
    specific = [hit for hit in ways if _specific(moment, hit)]
    if specific and not turned:
        return _held(STRONG, "The reply opens one next thing that takes up the client's words", specific[0])
    if ways:
        return _held(WEAK, "The reply opens a way on without taking up the client's words", ways[0])
    if closed:
        return _held(WEAK, "The reply asks a question that can be answered by yes or no", closed[0])
    return _unheard(moment, "No question, invitation or next step was found in the reply.", quote_client=False)


def _takes_back(moment: Moment, but: Hit, agreed: Hit) -> bool:
    """Whether a "but" follows an agreement: in its sentence, or at the start of a later one."""
    if but.sentence == agreed.sentence:
        return agreed.end <= but.start
    return but.start == 0 and moment.reply.index(agreed.sentence) < moment.reply.index(but.sentence)


def _within(hit: Hit, others: Sequence[Hit]) -> bool:
    """Whether a cue is part of another one: the "sad" of "don't be sad"."""
    return any(o.sentence == hit.sentence and o.start <= hit.start and hit.end <= o.end for o in others)


def _quoted(hit: Hit) -> bool:
    """Whether a quotation has begun before the cue and not ended."""
    before = hit.sentence.raw[: hit.start]
    return before.count('"') % 2 == 1 or before.count("“") > before.count("”")


def _specific(moment: Moment, way: Hit) -> bool:
    """Whether a way on speaks to this client: by the client's words in it, or beside it and content of its own."""
    if moment.returned([way.sentence]):
        return True
    content = stems(way.sentence.folded, STOPWORDS)
    return len(content) >= 2 and len(words(way.sentence.folded)) >= 5 and bool(moment.returned(moment.reply))  # noqa: PLR2004


RULES = {
    "respect_for_autonomy": respect_for_autonomy,
    "stance_alignment": stance_alignment,
    "emotional_resonance": emotional_resonance,
    "conversational_orientation": conversational_orientation,
}
STRENGTHS = {
    "respect_for_autonomy": "The choice is left with the client, in plain words.",
    "stance_alignment": "The client's own view is said back and allowed to stand.",
    "emotional_resonance": "A feeling is named and tied to what the client told.",
    "conversational_orientation": "One clear next thing is opened from where the client stands.",
}
"""What a reply does well where a mechanism is strong."""
