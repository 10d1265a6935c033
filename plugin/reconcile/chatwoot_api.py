"""The parts of Chatwoot's REST API that reconciliation reads: resolved conversations, and the messages of one.

Requests come one after the other, at a distance, and are tried again while the installation is busy or away.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx
from pydantic import Field
from tenacity import RetryCallState, RetryError, Retrying, retry_if_result, stop_after_attempt

from plugin.adapters.chatwoot_payloads import conversation_reference
from plugin.adapters.vendor import Fields, Moment, VendorId, read_model
from stream.contracts.base import Contract
from stream.contracts.errors import Misconfigured, Poison, Unavailable
from stream.runtime.codec import read_json
from stream.runtime.settings import TenantSettings, required_secret

DISTANCE_S: Final = 1.5
"""Between two requests: 40 a minute, since some installations limit an address to 60."""
ANSWER_WITHIN_S: Final = 20.0
ATTEMPTS: Final = 5
RETRY_AFTER_S: Final = 5.0
MAX_RETRY_AFTER_S: Final = 120.0
MAX_ANSWER_BYTES: Final = 16_000_000
"""Twenty messages of the greatest length that Chatwoot takes (150,000 characters) are 12 MB at most."""
MAX_PAGES: Final = 400
"""Of one list: 10,000 conversations, or 8,000 messages of one. A list without an end ends here."""


class ListedConversation(Contract):
    """A conversation as the list of conversations shows it."""

    id: VendorId
    account_id: VendorId
    inbox_id: VendorId | None = None
    custom_attributes: Fields = Field(default={})
    meta: Fields = Field(default={})
    status: str
    last_activity_at: Moment

    @property
    def reference(self) -> str:
        """The reference of the conversation."""
        return conversation_reference(self.account_id, self.id)


class ChatwootApi:
    """A client of one account of an installation. It only reads."""

    def __init__(
        self,
        name: str,
        settings: TenantSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raise `Misconfigured` if address, account or token is missing."""
        place, chatwoot = f"tenants.{name}.chatwoot", settings.chatwoot
        if not chatwoot.api_url or not chatwoot.account:
            raise Misconfigured(f"{place}.api_url and {place}.account are not both set.")
        self._what = f"the API of {name}"
        self._place = place
        self._sleep = sleep
        self._client = httpx.Client(
            base_url=f"{chatwoot.api_url.rstrip('/')}/api/v1/accounts/{chatwoot.account}",
            headers={"api_access_token": required_secret(chatwoot.api_token, f"{place}.api_token")},
            timeout=ANSWER_WITHIN_S,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        """Return the client, whose connections are closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def resolved(self, since: datetime) -> Iterator[ListedConversation]:
        """Yield the resolved conversations in which something happened since a time, the latest first.

        Raises:
            Unavailable: the installation does not answer, or not in this form.
            Misconfigured: it refuses the token, or knows no such account.
        """
        for page in range(1, MAX_PAGES + 1):
            asked = {"status": "resolved", "assignee_type": "all", "sort_by": "last_activity_at_desc", "page": page}
            listed = self._list("/conversations", asked, "data", "payload")
            for value in listed:
                conversation = self._conversation(value)
                if conversation.last_activity_at < since:
                    return
                yield conversation
            if not listed:
                return

    def messages(self, conversation: ListedConversation, since: datetime) -> list[Mapping[str, Any]]:
        """Return the messages of a conversation since a time, as the API has them.

        Raises:
            Unavailable: as for `resolved`.
            Misconfigured: as for `resolved`.
            Poison: a message has no time.
        """
        found: dict[int, Mapping[str, Any]] = {}
        for _ in range(MAX_PAGES):
            asked = {"before": min(found)} if found else {}
            page = self._list(f"/conversations/{conversation.id}/messages", asked, "payload")
            new = {one["id"]: one for one in page if isinstance(one.get("id"), int) and one["id"] not in found}
            found |= new
            if not new or any(read_model(_Dated, one).created_at < since for one in new.values()):
                break
        return [one for _, one in sorted(found.items()) if read_model(_Dated, one).created_at >= since]

    def _conversation(self, value: Mapping[str, Any]) -> ListedConversation:
        try:
            return read_model(ListedConversation, value)
        except Poison:
            raise Unavailable(self._what, RETRY_AFTER_S) from None

    def _list(self, path: str, asked: Mapping[str, Any], *place: str) -> list[Mapping[str, Any]]:
        value = self._get(path, asked)
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise Unavailable(self._what, RETRY_AFTER_S)
        return value

    def _get(self, path: str, asked: Mapping[str, Any]) -> object:
        again = Retrying(
            retry=retry_if_result(_is_busy),
            wait=_retry_after,
            stop=stop_after_attempt(ATTEMPTS),
            sleep=self._sleep,
        )
        self._sleep(DISTANCE_S)
        try:
            answer: httpx.Response = again(self._ask, path, asked)
        except RetryError:
            raise Unavailable(self._what, RETRY_AFTER_S) from None
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise Misconfigured(f"{self._place}.api_token: the installation refuses it.")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise Misconfigured(f"{self._place}.account: the installation knows no such account at this address.")
        if not answer.is_success:
            raise Unavailable(self._what, RETRY_AFTER_S)
        try:
            return read_json(answer.content)
        except Poison:
            raise Unavailable(self._what, RETRY_AFTER_S) from None

    def _ask(self, path: str, asked: Mapping[str, Any]) -> httpx.Response:
        """Ask once; an installation that does not answer, or without an end, counts as one that is busy."""
        try:
            with self._client.stream("GET", path, params=dict(asked)) as answer:
                content = bytearray()
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > MAX_ANSWER_BYTES:
                        return httpx.Response(httpx.codes.BAD_GATEWAY)
                return httpx.Response(answer.status_code, headers=_waiting(answer), content=bytes(content))
        except httpx.HTTPError:
            return httpx.Response(httpx.codes.SERVICE_UNAVAILABLE)


class _Dated(Contract):
    created_at: Moment


def _is_busy(answer: httpx.Response) -> bool:
    return answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS


def _waiting(answer: httpx.Response) -> dict[str, str]:
    return {"retry-after": answer.headers["retry-after"]} if "retry-after" in answer.headers else {}


def _retry_after(state: RetryCallState) -> float:
    """Return the seconds that the last answer asks us to wait, within bounds."""
    assert state.outcome is not None  # noqa: S101 - there is one whenever tenacity asks
    answer: httpx.Response = state.outcome.result()
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), MAX_RETRY_AFTER_S) if asked.isdecimal() else RETRY_AFTER_S * state.attempt_number
