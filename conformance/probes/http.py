"""HTTP itself: connections, encodings, methods, paths, bodies that come slowly."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

from conformance.probe import CHAT_MODEL, Accepted, Context, probe, scenario, user
from conformance.requirement import MAY, MUST, SHOULD, field, rfc, sdk
from conformance.session import Session, encode

PATH = "/chat/completions"
JSON = {"content-type": "application/json"}


def hello(word: str, **more: Any) -> dict[str, Any]:
    """A small request; the word makes it unlike all others."""
    text = f"Answer with the single word {word}."
    return {"model": CHAT_MODEL, "messages": [user(text)], "max_tokens": 8, **more}


def _bytes(c: Context, word: str) -> bytes:
    return encode({**hello(word), "model": c.model("chat")})


# content types
probe(
    "http_charset",
    "POST",
    PATH,
    hello("apple"),
    needs="chat",
    headers={"content-type": "application/json; charset=utf-8"},
    accepted=Accepted(
        "content-type.charset.accepted",
        MUST,
        "A request declared as `application/json; charset=utf-8` is served.",
        field("https://github.com/openai/openai-openapi/issues/194"),
        ("clients in Java and .NET, which add the charset",),
    ),
)
probe(
    "http_charset_upper",
    "POST",
    PATH,
    hello("apricot"),
    needs="chat",
    headers={"content-type": "application/json;charset=UTF-8"},
    accepted=Accepted(
        "content-type.charset.upper",
        MUST,
        "A request declared as `application/json;charset=UTF-8` is served.",
        rfc(9110, "8.3.1"),
        ("clients in Java and .NET, which add the charset",),
    ),
)
probe(
    "http_accept_any",
    "POST",
    PATH,
    hello("banana"),
    needs="chat",
    headers={"accept": "*/*"},
    accepted=Accepted(
        "http.accept.any", MUST, "`Accept: */*` is served.", rfc(9110, "12.5.1"), ("curl",)
    ),
)
probe(
    "http_accept_stream",
    "POST",
    PATH,
    hello("blueberry", stream=True),
    needs="chat.stream",
    headers={"accept": "application/json"},
    accepted=Accepted(
        "http.accept.stream",
        MUST,
        "A stream is served though `Accept` says application/json, as the SDKs send it.",
        sdk("openai-python 3.51: accept: application/json, also for streams"),
        ("openai-python and openai-node: no stream at all",),
    ),
)

# bodies
probe(
    "http_leading_space",
    "POST",
    PATH,
    lambda c: b"\r\n  \n" + _bytes(c, "cherry"),
    needs="chat",
    headers=JSON,
    accepted=Accepted(
        "http.request.leading-space",
        SHOULD,
        "White space before the JSON of a request is accepted.",
        rfc(8259, "2"),
    ),
)
probe(
    "http_pretty",
    "POST",
    PATH,
    lambda c: (
        json.dumps({**hello("cranberry"), "model": c.model("chat")}, indent=2).encode() + b"\n"
    ),
    needs="chat",
    headers=JSON,
    accepted=Accepted(
        "http.request.indented",
        MUST,
        "Indented JSON with a last newline is accepted.",
        rfc(8259, "2"),
        ("curl with a file, clients that print their JSON",),
    ),
)
probe(
    "http_unicode",
    "POST",
    PATH,
    lambda c: json.dumps({**hello("größer 🍒 \u2028"), "model": c.model("chat")}).encode(),
    needs="chat",
    headers=JSON,
    accepted=Accepted(
        "http.request.escapes",
        MUST,
        "Escaped characters outside ASCII, surrogate pairs too, are accepted.",
        rfc(8259, "7"),
        ("clients that escape, as Python's json does",),
    ),
)
probe(
    "http_gzip_request",
    "POST",
    PATH,
    lambda c: gzip.compress(_bytes(c, "date"), mtime=0),
    needs="chat",
    headers={**JSON, "content-encoding": "gzip"},
    valid=False,
)


async def _pieces(data: bytes, session: Session, pause: float) -> AsyncIterator[bytes]:
    size = max(1, len(data) // 5)
    for start in range(0, len(data), size):
        if start and pause:
            await session.sleep(pause)
        yield data[start : start + size]


async def _upload(session: Session, word: str, pause: float, **headers: str) -> None:
    data = encode(session.target.fill(hello(word)))
    await session.send(
        "",
        "POST",
        PATH,
        content=_pieces(data, session, pause),
        headers={**JSON, **headers},
    )


@scenario(
    "http_chunked",
    needs="chat",
    cost=1,
    accepted=Accepted(
        "http.request.chunked",
        MAY,
        "A request body in chunks, without Content-Length, is served.",
        rfc(9112, "7.1"),
        ("fetch with a stream as body, Go's io.Reader bodies, proxies",),
    ),
)
async def chunked(session: Session) -> None:
    await _upload(session, "elderberry", 0)


@scenario(
    "http_slow",
    needs="chat",
    cost=1,
    accepted=Accepted(
        "http.request.slow",
        MUST,
        "A request body that comes in pieces over two seconds is served.",
        rfc(9112, "9.5"),
        ("clients on slow lines, uploads of images",),
    ),
)
async def slow(session: Session) -> None:
    await _upload(session, "fig", 0.45)


@scenario("http_expect", needs="chat", cost=1, valid=False)
async def expect_continue(session: Session) -> None:
    data = encode(session.target.fill(hello("grape")))
    await session.send(
        "", "POST", PATH, content=data, headers={**JSON, "expect": "100-continue"}, timeout=30.0
    )


@scenario(
    "http_header_case",
    needs="chat",
    cost=2,
    accepted=Accepted(
        "http.header-case",
        MUST,
        "Header names of a request are read without regard to case.",
        rfc(9110, "5.1"),
        ("HTTP/2 proxies, which write all names in lower case",),
    ),
)
async def header_case(session: Session) -> None:
    """Names in capitals, then in lower case."""
    key = session.key("api")
    for step, word, change in (("upper", "kiwi", str.upper), ("lower", "lemon", str.lower)):
        headers = {change("Content-Type"): "application/json"}
        if key:
            headers[change("Authorization")] = f"Bearer {key}"
        data = encode(session.target.fill(hello(word)))
        await session.send(step, "POST", PATH, content=data, headers=headers)


# answers
probe(
    "http_identity",
    "POST",
    PATH,
    hello("mango"),
    needs="chat",
    headers={"accept-encoding": "identity"},
)
probe("http_gzip_answer", "GET", "/models", headers={"accept-encoding": "gzip"}, valid=False)
probe(
    "http_gzip_error",
    "GET",
    "/models/no-such-model-at-all",
    headers={"accept-encoding": "gzip, deflate"},
    valid=False,
)
probe("http_identity_error", "GET", "/no-such-path", valid=False,
      headers={"accept-encoding": "identity"})  # fmt: skip

# methods and paths
probe("http_head", "HEAD", "/models", valid=False, timeout=30.0)
probe("http_options", "OPTIONS", PATH, valid=False, key=None, timeout=30.0)
probe("http_trailing_slash", "POST", PATH + "/", hello("melon"), needs="chat", valid=False)
probe("http_models_slash", "GET", "/models/", valid=False)
probe("http_double_slash", "POST", "/" + PATH, hello("nectarine"), needs="chat", valid=False)
probe(
    "http_query",
    "POST",
    PATH + "?api-version=2024-06-01",
    hello("olive"),
    needs="chat",
    accepted=Accepted(
        "http.query.ignored",
        SHOULD,
        "A query that a POST does not know (`api-version`) is ignored.",
        sdk("openai-python 3.51: default_query"),
    ),
)


@scenario(
    "http_stainless",
    needs="chat",
    cost=1,
    accepted=Accepted(
        "http.sdk-headers.accepted",
        MUST,
        "The headers that the SDKs send with every request are accepted.",
        sdk("openai-python 3.51 _base_client.py, openai-node 7.55 client.mjs"),
        ("openai-python, openai-node: nothing works",),
    ),
)
async def stainless(session: Session) -> None:
    headers = {
        **JSON,
        "user-agent": "OpenAI/Python 3.51.0",
        "x-stainless-lang": "python",
        "x-stainless-package-version": "3.51.0",
        "x-stainless-os": "Linux",
        "x-stainless-arch": "x64",
        "x-stainless-runtime": "CPython",
        "x-stainless-runtime-version": "3.11.7",
        "x-stainless-async": "false",
        "x-stainless-retry-count": "0",
        "x-stainless-read-timeout": "600",
        "x-client-request-id": "conformance-1",
    }
    data = encode(session.target.fill(hello("orange")))
    await session.send("", "POST", PATH, content=data, headers=headers)
