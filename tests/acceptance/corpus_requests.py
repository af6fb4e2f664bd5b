"""The corpus of wrong input as requests, byte by byte; `tests/corpus/README.md` says what the files mean."""

import base64
import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[1] / "corpus"
_SECONDS = 20
_PIECE = 1024 * 1024

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Item:
    """A request and what has to come of it."""

    name: str
    fields: Mapping[str, Any]

    @property
    def stored(self) -> int:
        return int(self.fields.get("stored", 0))

    def request(self, address: str) -> bytes:
        """The bytes to send to `host:port`."""
        if "raw" in self.fields:
            raw: str = self.fields["raw"]
            return raw.replace("{host}", address).replace("\n", "\r\n").encode("latin-1")
        return _request(self.fields, address)

    def send(self, address: str) -> Answer:
        host, _, port = address.rpartition(":")
        request = self.request(address)
        with socket.create_connection((host, int(port)), timeout=_SECONDS) as connection:
            # A server that refuses may stop reading; what it said before counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for start in range(0, len(request), _PIECE):
                    connection.sendall(request[start : start + _PIECE])
            answer = http.client.HTTPResponse(connection, method=request.split(b" ", 1)[0].decode("latin-1"))
            with contextlib.closing(answer):
                answer.begin()
                return Answer(answer.status, answer.read())


def items() -> list[Item]:
    """Every item of every file, in their order."""
    return [item for path in sorted(CORPUS.glob("*.json")) for item in _items_of(path)]


def _items_of(path: Path) -> Iterator[Item]:
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    defaults = content.get("defaults", {})
    for request, trap in _pairs(content.get("matrix", {})):
        name = f"{path.stem}: {request['name']}: {trap['name']}"
        value = _text(trap["value"])
        filled = {key: text.replace("%s", value) for key, text in request.items() if key in ("path", "body")}
        yield Item(name, {**defaults, **request, **trap, **filled})
    for fields in content.get("items", ()):
        yield Item(f"{path.stem}: {fields['name']}", {**defaults, **fields})


def _pairs(matrix: Json) -> Iterator[tuple[Json, Json]]:
    for request in matrix.get("requests", ()):
        for trap in matrix["traps"]:
            yield request, trap


def _text(value: Any) -> str:
    """Text as it stands, or made by repeating."""
    if isinstance(value, str):
        return value
    times: int = value["times"]
    parts = ["before", "repeat", "middle", "repeat_after", "after"]
    return "".join(value.get(part, "") * (times if part.startswith("repeat") else 1) for part in parts)


def _request(fields: Mapping[str, Any], address: str) -> bytes:
    body, framing = _body(fields.get("body"))
    headers: dict[str, Any] = {"Host": address, "Connection": "close"}
    if framing:
        headers["Content-Type"] = "application/json"
        headers |= framing
    headers |= fields.get("headers", {})
    lines = [f"{fields['method']} {_text(fields['path'])} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, given in headers.items() for value in _header_values(given)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _header_values(given: Any) -> list[str]:
    match given:
        case None:
            return []
        case [{"repeat": _} as value, int(times)]:
            return [_text(value)] * times
        case list():
            return [_text(value) for value in given]
        case _:
            return [_text(given)]


def _body(body: Any) -> tuple[bytes, dict[str, str]]:
    match body:
        case None:
            return b"", {}
        case {"chunks": chunks}:
            framed = [_chunk(_text(chunk).encode()) for chunk in chunks]
            return b"".join([*framed, b"0\r\n\r\n"]), {"Transfer-Encoding": "chunked"}
        case {"base64": text}:
            content = base64.b64decode(text)
        case {"list": [value, times]}:
            content = json.dumps([value] * times).encode()
        case _:
            content = _text(body).encode()
    return content, {"Content-Length": str(len(content))}


def _chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"
