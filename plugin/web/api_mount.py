"""The place at which the web stage serves the JSON API, which shares the pages' store and their limit of failures."""

import time
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response

from plugin.api.app import PATH, create_api, refused
from plugin.api.caller import Services as ApiServices
from plugin.api.problems import nothing_here
from plugin.api.rate import RequestRate
from plugin.web.attempts import LoginAttempts, Visitor
from plugin.web.dependencies import Services

API: Final = f"{PATH}/"


@dataclass(frozen=True)
class TokenAttempts:
    """A count of tokens that were not valid among the failed logins: a token counts as the name of an account does."""

    logins: LoginAttempts

    def begin(self, token: str, address: str) -> float:
        """Begin an attempt and return 0, or return the seconds until one is accepted."""
        return self.logins.begin(Visitor(token, address), time.time())

    def end(self, token: str, address: str, *, failed: bool) -> None:
        """End an attempt that has begun."""
        self.logins.end(Visitor(token, address), failed=failed)


def mount_api(app: FastAPI, services: Services) -> None:
    """Serve the API under its path."""
    attempts = TokenAttempts(services.attempts)
    settings = services.settings
    served = ApiServices(services.store, attempts, RequestRate(), services.tenants, settings.oidc, settings.delivery)
    app.mount(PATH, create_api(served), name="api")


def refuse_body(request: Request, status: int, sentence: str) -> Response:
    """Answer a body that is not taken: a program gets a problem document, a browser a sentence."""
    return refused(status, sentence) if is_for_api(request) else PlainTextResponse(sentence, status)


def is_for_api(request: Request) -> bool:
    """Return whether a program asks: a path with the end of a line is below the API's, but does not reach it."""
    return str(request.scope["path"]).startswith(API)


def answer_unknown_path() -> Response:
    """Answer a program that asks for what does not exist."""
    return nothing_here().response
