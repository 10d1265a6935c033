"""The baseline as the in-process fallback loads it, by the path of one file, with a scripted reader."""

import importlib
from functools import cache
from types import ModuleType
from typing import Any

from stream.contracts.vocabulary import Mechanism
from stream.model_repository import MODEL_REPOSITORY, import_model_file, version_folder
from tests.fixtures.scripted_reader import ScriptedReader, scripted_answers, scripted_library

MODEL = MODEL_REPOSITORY / "feedback_baseline"
VERSION_FOLDER = version_folder(MODEL.name)
NAME = "feedback_baseline_under_test"


@cache
def baseline() -> ModuleType:
    """The module `baseline.py`; its siblings are found in its own folder, and nothing is added to the search path."""
    return import_model_file(VERSION_FOLDER / "baseline.py", NAME)


def part(name: str) -> ModuleType:
    """Return one of the modules beside `baseline.py`."""
    baseline()
    return importlib.import_module(f"{NAME}.{name}")


def request(client: str | list[str], reply: str | list[str], context: str = "") -> dict[str, Any]:
    """A request as the adapter makes it: messages numbered from 1 in order."""
    messages = [("context", "counsellor", context)] if context else []
    messages += [("client_turn", "client", text) for text in ([client] if isinstance(client, str) else client)]
    messages += [("reply", "counsellor", text) for text in ([reply] if isinstance(reply, str) else reply)]
    return {
        "schema": "3",
        "messages": [
            {"number": number, "part": where, "role": role, "text": text}
            for number, (where, role, text) in enumerate(messages, 1)
        ],
    }


def reader() -> ScriptedReader:
    """A scripted reader that has read nothing yet."""
    return ScriptedReader(baseline().Opinion)


def assess_request(asked: Any, own: ScriptedReader | None = None) -> dict[str, Any]:
    """The answer to a request, by a scripted reader."""
    module = baseline()
    answer: dict[str, Any] = module.assess(
        asked, (own or reader()).read, scripted_answers(module), scripted_library(module)
    )
    return answer


def assess(client: str | list[str], reply: str | list[str], context: str = "") -> dict[str, Any]:
    """The answer to an exchange, by a scripted reader."""
    return assess_request(request(client, reply, context))


def ratings(answer: dict[str, Any]) -> dict[Mechanism, dict[str, Any]]:
    """An answer's ratings by mechanism."""
    return {Mechanism(rating["mechanism"]): rating for rating in answer["ratings"]}


def levels(answer: dict[str, Any]) -> tuple[int | None, ...]:
    """An answer's levels in the order of the vocabulary."""
    return tuple(ratings(answer)[mechanism]["level"] for mechanism in Mechanism)
