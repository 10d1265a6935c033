"""Hand-made features of a turn, tried and not shipped: see RESULTS.md."""

import math
from collections.abc import Mapping

from stream.detection.phrases import _PERFUNCTORY, _asks_openly, phrases
from stream.detection.text import expressions, fold, tokens, whole_words
from training.detector.corpora import LabelledTurn

_CLIENT: Mapping[str, str] = {
    "negation": "no|not|never|none|nothing|nobody|without|dont|cant|wont|didnt|doesnt|\\w+n't",
    "but": "but|although|though|however|except",
    "yes_but": "(?:ye(?:s|ah|p)|ok(?:ay)?|sure|maybe|right|true|i know|i guess|i agree)(?:\\W+\\w+){0,8}\\W+but",
    "inability": "can't|cannot|couldn't|unable|impossible|hard|harder|difficult|tough|struggle|too much|fail|failed",
    "unwilling": "don't want|don't wanna|won't|not going to|not gonna|refuse|don't care|don't need|not ready",
    "liking": "like|love|enjoy|fun|relax|relaxing|calm|comfort|happy|good|nice|help|relief|stress|stressful|cope",
    "need": "need|have to|addicted|addiction|habit|crave|cravings|urge|used to it",
    "hedge": "maybe|perhaps|probably|guess|suppose|kind of|kinda|sort of|might|not sure|i don't know|i think",
    "minimizing": "just|only|at least|not that|not really|big deal|a little|a few|sometimes|weekend|social|everyone",
    "reason": "because|cause|since|due to|that's why",
    "change": "want to|will|going to|gonna|would like|try|trying|hope|plan|decided|start|ready|should|better|i'll",
    "past": "used to|was|were|had|did|tried|went|been|ago",
    "others": "he|she|they|him|her|them|wife|husband|mum|mom|dad|doctor|boss|friends?|kids?|people",
    "you": "you|your|you're|u",
    "me": "i|i'm|i've|i'd|i'll|me|my",
    "blame": "fault|blame|makes me|made me|because of|nag|nagging|forced|told me|tell me|make me",
    "hopeless": "pointless|hopeless|useless|no point|give up|gave up|doesn't work|never work|anyway|whatever",
}
_COUNSELLOR: Mapping[str, str] = {
    "advice": "you should|you could|you need to|have you (?:thought|considered|tried)|what if you|how about|try to",
    "reflection": "(?:so )?(?:it )?(?:sounds|seems) (?:like|as)|so you|you feel|i hear|part of you",
    "scale": "scale|(?:zero|0|one|1) to (?:ten|10)|how (?:important|confident|ready)",
    "pros_and_cons": "like about|enjoy about|good things|benefits|cons|gets? in the way|barriers?|hard about|stop you",
    "about_change": "change|quit|quitting|stop|stopping|cut(?:ting)? (?:back|down)|try|goal|plan|next step|different",
    "permission": "would it be ok|is it ok|do you mind|may i|can i|would you be (?:willing|open|interested)",
    "danger": "health|cancer|risk|dangerous|harm|damage|disease|death|problem|effects?",
}
_IN_CLIENT = {name: whole_words(expressions([pattern], {})) for name, pattern in _CLIENT.items()}
_IN_COUNSELLOR = {name: whole_words(expressions([pattern], {})) for name, pattern in _COUNSELLOR.items()}


def cues(turn: LabelledTurn) -> dict[str, float]:
    """What the text, the question before it and the conversation so far show, by name."""
    text, asked = fold(turn.given.text), fold(turn.given.previous_text or "")
    said, before = tokens(text), tokens(asked)
    counts = {name: min(len(pattern.findall(text)), 5) for name, pattern in _IN_CLIENT.items()}
    heard = {name: float(bool(pattern.search(asked))) for name, pattern in _IN_COUNSELLOR.items()}
    openly = bool(asked) and _asks_openly(asked)
    words = {token.form for token in said}
    earlier = [fold(each) for each in turn.earlier]
    return {
        **counts,
        **{f"{name} a word": count / math.sqrt(max(1, len(said))) for name, count in counts.items()},
        **{f"heard {name}": value for name, value in heard.items()},
        **{
            f"earlier {name}": min(3, sum(len(_IN_CLIENT[name].findall(each)) for each in earlier)) / 3
            for name in ("negation", "but", "inability", "unwilling", "liking", "hedge", "minimizing", "change")
        },
        "length": math.log1p(len(said)),
        "length over question": math.log((len(said) + 1) / (len(before) + 1)),
        "short": len(said) <= 3,  # noqa: PLR2004
        "short to open question": len(said) <= 3 and openly,  # noqa: PLR2004
        "length to open question": math.log1p(len(said)) * openly,
        "perfunctory": _PERFUNCTORY.fullmatch(text) is not None,
        "open question": openly,
        "any question": "?" in asked,
        "asks": "?" in text,
        "words of the question": len(words & {token.form for token in before}) / max(1, len(words)),
        "no to reflection": text.lstrip().startswith("no") and heard["reflection"],
        "but to reflection": counts["but"] * heard["reflection"],
        "negation to advice": counts["negation"] * heard["advice"],
        "position": math.log1p(turn.position),
        "phrase": max((each.strength for each in phrases(turn.given.text, turn.given.previous_text)), default=0.0),
    }
