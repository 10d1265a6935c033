"""Hand-made features of a turn, which were tried and are not shipped: see RESULTS.md."""

import math
from collections.abc import Mapping

from stream.detection.phrases import _PERFUNCTORY, _asks_open_question, find_phrases
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
    """Return the cues of the text, of the question before it and of the conversation so far, by name."""
    text, question = fold(turn.given.text), fold(turn.given.previous_text or "")
    client_tokens, question_tokens = tokens(text), tokens(question)
    counts = {name: min(len(pattern.findall(text)), 5) for name, pattern in _IN_CLIENT.items()}
    counsellor_cues = {name: float(bool(pattern.search(question))) for name, pattern in _IN_COUNSELLOR.items()}
    open_question = bool(question) and _asks_open_question(question)
    words = {token.form for token in client_tokens}
    earlier = [fold(each) for each in turn.earlier]
    return {
        **counts,
        **{f"{name} a word": count / math.sqrt(max(1, len(client_tokens))) for name, count in counts.items()},
        **{f"heard {name}": value for name, value in counsellor_cues.items()},
        **{
            f"earlier {name}": min(3, sum(len(_IN_CLIENT[name].findall(each)) for each in earlier)) / 3
            for name in ("negation", "but", "inability", "unwilling", "liking", "hedge", "minimizing", "change")
        },
        "length": math.log1p(len(client_tokens)),
        "length over question": math.log((len(client_tokens) + 1) / (len(question_tokens) + 1)),
        "short": len(client_tokens) <= 3,  # noqa: PLR2004
        "short to open question": len(client_tokens) <= 3 and open_question,  # noqa: PLR2004
        "length to open question": math.log1p(len(client_tokens)) * open_question,
        "perfunctory": _PERFUNCTORY.fullmatch(text) is not None,
        "open question": open_question,
        "any question": "?" in question,
        "asks": "?" in text,
        "words of the question": len(words & {token.form for token in question_tokens}) / max(1, len(words)),
        "no to reflection": text.lstrip().startswith("no") and counsellor_cues["reflection"],
        "but to reflection": counts["but"] * counsellor_cues["reflection"],
        "negation to advice": counts["negation"] * counsellor_cues["advice"],
        "position": math.log1p(turn.position),
        "phrase": max((each.strength for each in find_phrases(turn.given.text, turn.given.previous_text)), default=0.0),
    }
