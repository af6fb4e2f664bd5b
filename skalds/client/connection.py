"""HTTP to a System Controller: sends a request, returns the JSON of the answer or raises its error."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from skalds.client.errors_of_answers import error_of_answer
from skalds.errors import ControllerUnreachable, OutcomeUnknown, SkaldsError

# Shorter than the server keeps idle connections, so that none is used at the moment the server closes it.
_KEEP_ALIVE_SECONDS = 2.0
# Event streams say at least something every 15 s.
_SILENCE_SECONDS = 40.0
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Connection:
    """Speaks to one controller. Proxies and passwords of the environment are not used: most controllers are local."""

    def __init__(self, url: str, token: str, timeout: float, transport: httpx.AsyncBaseTransport | None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={b"authorization": f"Bearer {token}".encode()} if token else {},
            timeout=timeout,
            limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE_SECONDS),
            transport=transport,
            trust_env=False,
            # Without TLS there is nothing to verify, and reading the certificates of the system takes 50 ms.
            verify=self.url.startswith("https:"),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        return await self._request("GET", path, query=query)

    async def post(self, path: str, body: bytes | None = None) -> Any:
        return await self._request("POST", path, body=body)

    async def put(self, path: str, value: Mapping[str, Any]) -> Any:
        return await self._request("PUT", path, body=orjson.dumps(value))

    async def delete(self, path: str) -> Any:
        return await self._request("DELETE", path)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], last_event_id: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of an event stream as they come; ends when the controller ends it, raises when it breaks off."""
        headers = {"accept": "text/event-stream"} | ({"last-event-id": last_event_id} if last_event_id else {})
        timeout = httpx.Timeout(self._http.timeout.connect, read=_SILENCE_SECONDS)
        try:
            async with self._http.stream("GET", path, params=query, headers=headers, timeout=timeout) as answer:
                if not answer.is_success:
                    raise error_of_answer(answer.status_code, _json_or_none(await answer.aread()))
                yield answer.aiter_raw()
        except httpx.HTTPError as error:
            raise self._not_answered("GET", error) from error

    async def _request(
        self, method: str, path: str, *, query: Mapping[str, str | int] | None = None, body: bytes | None = None
    ) -> Any:
        headers = {} if body is None else {"content-type": "application/json"}
        try:
            answer = await self._http.request(method, path, params=query, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise self._not_answered(method, error) from error
        value = _json_or_none(answer.content)
        if not answer.is_success:
            raise error_of_answer(answer.status_code, value)
        if value is None:
            raise SkaldsError(f"What answers at {self.url} is no System Controller: that was no JSON", url=self.url)
        return value

    def _not_answered(self, method: str, error: httpx.HTTPError) -> SkaldsError:
        reason = str(error) or type(error).__name__
        if method == "GET" or isinstance(error, _NOT_SENT):
            return ControllerUnreachable(self.url, reason)
        return OutcomeUnknown(
            f"The System Controller at {self.url} did not answer, the request may have been carried out: {reason}",
            url=self.url,
        )


def _json_or_none(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
