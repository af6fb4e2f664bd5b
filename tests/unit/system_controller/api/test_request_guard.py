"""What the guard lets in and what it sends away."""

import json
from collections.abc import AsyncIterator

import pytest

from skalds.system_controller.api.request_guard import LARGEST_BODY, is_loopback
from skalds.system_controller.api.strict_json import DEEPEST
from tests.unit.system_controller.api.served import Served, serve

JSON = {"content-type": "application/json"}


async def post(api: Served, body: bytes, headers: dict[str, str] = JSON) -> tuple[int, str]:
    answer = await api.http.post("/api/tasks", content=body, headers=headers)
    return answer.status_code, answer.json()["code"] if answer.status_code != 201 else ""


def nested(depth: int) -> bytes:
    """A task whose body is `depth` levels deep."""
    inner = "[" * (depth - 2) + "]" * (depth - 2)
    return f'{{"className":"Demo","attachments":{{"a":{inner}}}}}'.encode()


def padded(size: int) -> bytes:
    """A task of exactly `size` bytes, most of it blanks."""
    body = b'{"className":"Demo"}'
    return body + b" " * (size - len(body))


async def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_not(api: Served) -> None:
    assert await post(api, padded(LARGEST_BODY)) == (201, "")
    assert await post(api, padded(LARGEST_BODY + 1)) == (413, "too_large")


async def test_a_body_without_a_length_is_cut_off_at_the_limit(api: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield padded(65_536)

    answer = await api.http.post("/api/tasks", content=chunks(), headers=JSON)

    assert answer.status_code == 413
    assert await api.engine.catalog.count_by_status() == {}


async def test_two_host_headers_are_nobodys(api: Served) -> None:
    headers = [("host", "localhost"), ("host", "example.org")]

    assert (await api.http.get("/api", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json5", "application/json; charset=latin-1"],
)
async def test_a_body_that_does_not_say_it_is_json_is_refused(api: Served, content_type: str) -> None:
    assert await post(api, b'{"className":"Demo"}', {"content-type": content_type}) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_say_its_charset(api: Served, content_type: str) -> None:
    assert await post(api, b'{"className":"Demo"}', {"content-type": content_type}) == (201, "")


async def test_a_compressed_body_is_refused(api: Served) -> None:
    assert await post(api, b"\x1f\x8b", {**JSON, "content-encoding": "gzip"}) == (415, "unsupported_media_type")


async def test_nesting_is_allowed_down_to_the_limit(api: Served) -> None:
    assert await post(api, nested(DEEPEST)) == (201, "")
    assert await post(api, nested(DEEPEST + 1)) == (422, "validation_failed")


@pytest.mark.parametrize(
    "value",
    [
        "[" * 5000,
        '"\\ud800"',
        '"\\u0000"',
        '{"\\u0000": 1}',
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "1" * 5000,
        '{"a": 1, "a": 2}',
        '{"a": 1, "\\u0061": 2}',
        '[{"b": {"a": 1, "a": 1}}]',
        "tru",
        "{'a': 1}",
        "[1,]",
        "",
    ],
)
async def test_json_that_not_everybody_reads_alike_is_refused(api: Served, value: str) -> None:
    body = f'{{"className":"Demo","attachments":{{"value":{value}}}}}'

    assert await post(api, body.encode()) == (422, "validation_failed")


@pytest.mark.parametrize("body", [b"\xff", b"\xef\xbb\xbf{}", b'{"className":"\xed\xa0\x80"}', b"{} {}"])
async def test_bytes_that_are_no_json_are_refused(api: Served, body: bytes) -> None:
    assert await post(api, body) == (422, "validation_failed")


@pytest.mark.parametrize("value", ["9223372036854775807", "-9223372036854775808", '"\\\\u0000"', '":\\"{["', "1.5e300"])
async def test_ordinary_json_passes(api: Served, value: str) -> None:
    body = f'{{"className":"Demo","attachments":{{"value":{value}}}}}'

    answer = await api.http.post("/api/tasks", content=body, headers=JSON)

    assert answer.status_code == 201
    assert answer.json()["attachments"]["value"] == json.loads(value)


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000", "app.localhost", "localhost."]
)
async def test_hosts_that_name_this_machine_are_answered(api: Served, host: str) -> None:
    assert is_loopback(host)
    assert (await api.call("GET", "/api", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["", "example.org", "localhost.example.org", "10.0.0.1:8000", "127.0.0.1.nip.io", "localhost:x", "[::1", "0"],
)
async def test_other_hosts_are_refused(api: Served, host: str) -> None:
    answer = await api.call("GET", "/api", headers={"host": host})

    # An address with an open bracket reads as one without; nothing but this machine has it.
    assert answer.status_code == (200 if host == "[::1" else 403)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost", 200),
        ("http://evil.example", 403),
        ("http://localhost:3000", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_pages_of_other_origins_are_refused(api: Served, origin: str, status: int) -> None:
    assert (await api.call("GET", "/api", headers={"origin": origin})).status_code == status


async def test_other_hosts_are_answered_where_that_was_asked_for() -> None:
    async with serve(loopback_only=False) as api:
        assert (await api.call("GET", "/api", headers={"host": "example.org"})).status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer s3cret", 200),
        ("bearer  s3cret", 200),
        ("Bearer s3cre", 401),
        ("Bearer s3crett", 401),
        ("Bearer ", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("Bearer s3cr\xe9t", 401),
    ],
)
async def test_with_a_token_only_its_bearer_comes_in(header: str, status: int) -> None:
    async with serve(token="s3cret") as api:
        headers = {"authorization": header.encode("latin-1"), "host": b"example.org"}
        answer = await api.http.get("/api/tasks/", headers=headers)  # type: ignore[arg-type]

        assert answer.status_code == status
        assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)
        assert "s3cret" not in answer.text


async def test_without_its_token_nothing_is_answered_at_all() -> None:
    async with serve(token="s3cret") as api:
        paths = ["/", "/api", "/api/tasks/", "/api/system/health", "/api/docs", "/api/openapi.json", "/api/nope"]

        assert {(await api.call("GET", path)).status_code for path in paths} == {401}


async def test_every_answer_says_how_long_it_took(api: Served) -> None:
    for path in ("/api", "/nope", "/api/tasks/?page=0"):
        assert float((await api.call("GET", path)).headers["x-process-time"]) >= 0


async def test_large_answers_are_compressed_if_the_client_takes_that(api: Served) -> None:
    await api.call("POST", "/api/tasks", [{"className": "Demo"}] * 9)

    compressed = await api.call("GET", "/api/tasks/")
    plain = await api.call("GET", "/api/tasks/", headers={"accept-encoding": "identity"})

    assert compressed.headers.get("content-encoding") == "gzip"
    assert "content-encoding" not in plain.headers
    assert compressed.json() == plain.json()


async def test_a_fault_of_ours_is_told_without_its_words(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(api.engine.catalog, "get", get)

    answer = await api.call("GET", "/api/tasks/task-1")

    assert (answer.status_code, answer.json()["error"]) == (500, "Internal Server Error")
    assert answer.json()["detail"] is None
    assert "secret" not in answer.text
    assert float(answer.headers["x-process-time"]) >= 0
