"""Looks at every request before anything else does, and sends away what must not come in.

    who       what `access` says
    how much  bodies up to 1 MiB; request line and headers up to 64 KiB
    what      bodies are JSON and say so; `strict_json` says what JSON we take

What passed is left in the request's scope as a value, so that it is parsed once.
"""

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skalds.errors import ValidationFailed
from skalds.system_controller.api.access import AccessRule as AccessRule
from skalds.system_controller.api.access import is_loopback as is_loopback
from skalds.system_controller.api.error_mapping import HttpRefusal, error_response, refusal_response
from skalds.system_controller.api.strict_json import parse_strict

LARGEST_BODY = 1024 * 1024
MOST_DISCARDED = 128 * LARGEST_BODY
"""How much of a body that is too large is read and thrown away, so that its sender gets to see the answer."""

LARGEST_HEAD = 64 * 1024

_JSON_VALUE = "skalds.json"
_TOO_LARGE = HttpRefusal(413, "too_large", f"The body is larger than {LARGEST_BODY} bytes", {"connection": "close"})
HEAD_TOO_LARGE = HttpRefusal(
    431, "too_large", f"The request line and its headers are larger than {LARGEST_HEAD} bytes", {"connection": "close"}
)
_NOT_JSON = HttpRefusal(415, "unsupported_media_type", "The body must be sent as application/json")
_NO_STREAM = HttpRefusal(
    415, "unsupported_media_type", "NDJSON is not supported yet: send an object, or an array of up to 500, as JSON"
)
_ENCODED = HttpRefusal(415, "unsupported_media_type", "The body must be sent without Content-Encoding")
_BROKEN_OFF = HttpRefusal(400, "bad_request", "The body was broken off")
_BAD_LENGTH = HttpRefusal(400, "bad_request", "Content-Length is no length")


def json_body(request: Request) -> Any:
    """The value of the request's body; raises `ValidationFailed` if there was none."""
    try:
        return request.scope[_JSON_VALUE]
    except KeyError:
        raise ValidationFailed.of("body", "a JSON body is required") from None


def has_body(request: Request) -> bool:
    return _JSON_VALUE in request.scope


class RequestGuard:
    """ASGI middleware in front of all routes."""

    def __init__(self, app: ASGIApp, rule: AccessRule) -> None:
        self._app = app
        self._rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = HEAD_TOO_LARGE if _head_size(scope) > LARGEST_HEAD else self._rule.refuse(headers)
        body = b""
        if refusal is None:
            body, refusal = await _read_body(headers, receive)
        if refusal is None and body:
            refusal = _refuse_media_type(headers)
        if refusal is not None:
            if refusal is _TOO_LARGE and "expect" not in headers:
                send = _after_the_rest(receive, send)
            await refusal_response(refusal, scope["path"])(scope, receive, send)
            return
        try:
            if body:
                scope[_JSON_VALUE] = parse_strict(body)
        except ValidationFailed as error:
            await error_response(error, scope["path"])(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


def _head_size(scope: Scope) -> int:
    """Bytes of the request line and the headers, but for the marks between them."""
    line = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    return line + sum(len(name) + len(value) for name, value in scope["headers"])


def _refuse_media_type(headers: Headers) -> HttpRefusal | None:
    # All headers of a name, as they mean the same as one with a list; of two types neither is meant.
    if ",".join(headers.getlist("content-encoding")).lower() not in ("", "identity"):
        return _ENCODED
    media_type, *parameters = ",".join(headers.getlist("content-type")).lower().split(";")
    if media_type.strip() == "application/x-ndjson":
        return _NO_STREAM
    charsets = [text.partition("=")[2].strip(' "') for text in parameters if text.strip().startswith("charset")]
    return None if media_type.strip() == "application/json" and charsets in ([], ["utf-8"]) else _NOT_JSON


async def _read_body(headers: Headers, receive: Receive) -> tuple[bytes, HttpRefusal | None]:
    """The whole body, or why not; stops reading as soon as it is too large."""
    announced = headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()):
        return b"", _BAD_LENGTH
    if len(announced) > 12 or int(announced) > LARGEST_BODY:
        return b"", _TOO_LARGE
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return b"", _BROKEN_OFF
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            return b"", _TOO_LARGE
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks), None


def _after_the_rest(receive: Receive, send: Send) -> Send:
    """Ends the answer only when the sender has finished: closing earlier would tear down the answer with the body."""

    async def send_and_discard(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        discarded, more = 0, True
        while more and discarded < MOST_DISCARDED:
            rest = await receive()
            discarded += len(rest.get("body", b""))
            more = rest.get("more_body", False)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_and_discard


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more, then whatever comes next (the client going away)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
